#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs what tests/gpu/check.py needs into one folder, for a GPU machine that can neither build the project nor install anything.

    bundle.py [--build FOLDER] [--no-build] BUNDLE

In BUNDLE are then: bin, bench, tests and lib*: the programs, stripped, and the plugin beside them as in a build; libs: the shared
libraries they need; mpi: an Open MPI that runs from any folder, from Debian's packages; the check itself (BUNDLE/tests/gpu/check.py);
and bundle.json. The machine brings the rest: libc and libstdc++ no older than here, the driver, and from CUDA's toolkit or NVIDIA's
Python packages cuBLAS, NCCL and cuDNN, which alone would fill a gigabyte. That nothing else is missing is checked in the end, file by
file. At most 64 MiB.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_machine  # noqa: E402
import check_programs  # noqa: E402
from check_machine import MPI_PACKAGES, commit_of, output_of  # noqa: E402
from check_programs import SOURCE  # noqa: E402

MOST_BYTES = 64 << 20
PROGRAMS = ("bin/hpo-train", "bench/gpu_step", "bench/gpu_rates", f"tests/{check_programs.GRADIENTS}")
# What the machine brings.
LIBC = r"ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libresolv|libutil|libmvec|libstdc\+\+|libgcc_s"
GPU = r"libcuda|libnvidia-ml|libcublas|libcublasLt|libnccl|libcudnn\w*"
THE_MACHINES = re.compile(rf"({LIBC}|{GPU})\.so(\.\d+)*")


class Incomplete(Exception):
    pass


def is_elf(file):
    if file.is_symlink() or not file.is_file():
        return False
    with open(file, "rb") as content:
        return content.read(4) == b"\x7fELF"


def needed_by(file):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", str(file)))


def missing(folder):
    """{file: libraries that neither the folder nor the machine has}."""
    files = [file for file in folder.rglob("*") if file.is_file() or file.is_symlink()]
    names = {file.name for file in files}
    found = {}
    for file in filter(is_elf, files):
        lacks = [name for name in needed_by(file) if name not in names and not THE_MACHINES.fullmatch(name)]
        if lacks:
            found[file.relative_to(folder).as_posix()] = lacks
    return found


def copy(file, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, to)
    if is_elf(to):
        subprocess.run(["strip", "--strip-debug", str(to)], check=False, stderr=subprocess.DEVNULL)


def copy_libraries(folder, build):
    """Into libs, as the linker finds them here, what the files of the folder need and do not have, and what those need."""
    while lacks := missing(folder):
        wanted = {name for names in lacks.values() for name in names}
        places = dict(re.findall(r"(\S+) => (/\S+)", "\n".join(output_of("ldd", str(folder / file)) for file in lacks)))
        places |= {file.name: str(file) for file in build.glob("lib*/**/*.so*")}
        if unknown := sorted(name for name in wanted if name not in places):
            raise Incomplete(f"{', '.join(unknown)}: needed by {', '.join(lacks)}, and not found here")
        for name in wanted:
            copy(pathlib.Path(places[name]).resolve(), folder / "libs" / name)


def copy_mpi(folder):
    """Open MPI out of the installed packages of Debian. Returns what it is, "" where those are not there."""
    version = output_of("dpkg-query", "-W", "-f=${Version}", "openmpi-bin")
    if not version:
        return ""
    for package in MPI_PACKAGES:
        for line in output_of("dpkg", "-L", package).splitlines():
            file = pathlib.Path(line)
            if not file.exists() or file.is_dir() or re.search(r"/(doc|man|lintian|bug)/", line):
                continue
            to = folder / "mpi" / re.sub(r"^/(?!usr/|etc/)", "usr/", line).lstrip("/")
            if file.is_symlink() and not os.readlink(file).startswith("/"):
                to.parent.mkdir(parents=True, exist_ok=True)
                to.unlink(missing_ok=True)
                to.symlink_to(os.readlink(file))
            else:
                copy(file, to)
    return f"Open MPI {version}"


def portable(tests, build):
    """Commands of tests, with the places of the build, the sources, mpirun and Python left open."""
    def word_of(word):
        name = pathlib.Path(word).name
        if word.startswith("/") and re.fullmatch(r"(mpirun|mpiexec)(\.openmpi)?|orterun", name):
            return "@MPIRUN@"
        if word.startswith("/") and re.fullmatch(r"python3?(\.\d+)?", name):
            return "@PYTHON@"
        return word.replace(str(build), "@BUNDLE@").replace(str(SOURCE), "@BUNDLE@")

    return [{**test, "command": [word_of(word) for word in test["command"]]} for test in tests]


def programs_of(tests):
    """Files of the bundle that the tests' commands name, but for scripts, all of which are packed."""
    words = {word.removeprefix("@BUNDLE@/") for test in tests for word in test["command"] if word.startswith("@BUNDLE@/")}
    return sorted(word for word in words if not word.endswith(".py"))


def pack(build, folder, programs, tests):
    """Fills an empty folder from a build. Returns what was packed. Throws Incomplete."""
    tests = portable(tests, build)
    for name in dict.fromkeys([*programs, *programs_of(tests)]):
        if not (build / name).is_file():
            raise Incomplete(f"{build / name} has not been built")
        copy(build / name, folder / name)
    for plugin in build.glob("lib*/**/hpo-batch/libhpo_cuda.so"):
        copy(plugin, folder / plugin.relative_to(build))
    mpi = copy_mpi(folder)
    copy_libraries(folder, build)
    for script in [*SOURCE.glob("tests/gpu/*.py"), SOURCE / "tests/bench/gpu_rival.py"]:
        copy(script, folder / script.relative_to(SOURCE))
    record = {"schema": 1, "commit": commit_of(SOURCE), "mpi": mpi, "tests": tests}
    (folder / "bundle.json").write_text(json.dumps(record, indent=1) + "\n")
    size = sum(file.lstat().st_size for file in folder.rglob("*"))
    if size > MOST_BYTES:
        largest = sorted(folder.rglob("*"), key=lambda file: -file.lstat().st_size)[:5]
        raise Incomplete(f"{size >> 20} MiB are more than {MOST_BYTES >> 20}; the largest: {', '.join(file.name for file in largest)}")
    return {"size": size, **record}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build-gpu")
    parser.add_argument("--no-build", action="store_true", help="take the build as it is")
    parser.add_argument("bundle", type=pathlib.Path)
    options = parser.parse_args()
    build, folder = options.build.absolute(), options.bundle.absolute()
    if folder.exists() and any(folder.iterdir()) and not (folder / "bundle.json").exists():
        sys.exit(f"bundle: {folder} is not empty, and no bundle: name another folder")
    machine = check_machine.look()
    build.mkdir(parents=True, exist_ok=True)
    if not options.no_build:
        programs, why = check_programs.built(build, machine, 3600, build)
        if not programs:
            sys.exit(f"bundle: {why}; the log is in {build}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        packed = pack(build, folder, PROGRAMS, check_programs.gpu_tests(build, check_programs.environment([])))
    except Incomplete as error:
        sys.exit(f"bundle: {error}")
    print(f"{folder}: {packed['size'] / (1 << 20):.1f} MiB, {packed['mpi'] or 'without MPI: there are no packages of Open MPI here'}, "
          f"{len(packed['tests'])} tests of label gpu")
    print(f"there: {folder.name}/tests/gpu/check.py --bundle {folder.name}")


if __name__ == "__main__":
    main()
