# SPDX-License-Identifier: Apache-2.0
"""What a machine has of what `make gpu-check` wants, and for each thing that is missing what it is for and how to bring it."""
import dataclasses
import datetime
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

# Header, what it is for, package of Debian and Ubuntu. What cmake/dependencies.cmake asks for.
HEADERS = (
    ("boost/filesystem.hpp", "files and programs' options, in every tool", "libboost-filesystem-dev libboost-program-options-dev"),
    ("fmt/format.h", "text, everywhere", "libfmt-dev"),
    ("nlohmann/json.hpp", "configurations and reports", "nlohmann-json3-dev"),
    ("toml++/toml.h", "train.toml and study.toml", "libtomlplusplus-dev"),
    ("eigen3/Eigen/Core", "linear algebra on the CPU", "libeigen3-dev"),
    ("zlib.h", "compressed data sets", "zlib1g-dev"),
    ("nlopt.h", "the search's models", "libnlopt-dev"),
    ("hdf5/serial/hdf5.h", "the study's file", "libhdf5-dev"),
    ("doctest/doctest.h", "the tests", "doctest-dev"),
    ("mpi.h", "ranks that find each other", "libopenmpi-dev"),
)
INCLUDES = ("/usr/include", "/usr/local/include", "/usr/include/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu/openmpi/include", "/usr/include/doctest")

# An Open MPI that runs from any folder; tried in its Debian 12 version (4.1.4), 6.4 MB.
MPI_PACKAGES = """openmpi-bin openmpi-common libopenmpi3 libpmix2 libhwloc15 libevent-core-2.1-7 libevent-pthreads-2.1-7 libucx0 libfabric1
libpsm-infinipath1 libpsm2-2 libnl-3-200 libnl-route-3-200 librdmacm1 libibverbs1 libmunge2 libltdl7 libnuma1""".split()
MPI_RECIPE = f"""MPI is missing. It is for runs of several ranks. Where there is no network and nobody may install packages, carry it as a folder:
  on a Debian or Ubuntu machine with a network:
    mkdir mpi && cd mpi && apt-get download {' '.join(MPI_PACKAGES[:9])} \\
      {' '.join(MPI_PACKAGES[9:])}
    for f in *.deb; do dpkg -x $f ..; done             # or unpack there: `ar x`, `tar xf data.tar.*`
  on this machine, with P being the folder usr that came out:
    export OPAL_PREFIX=$P PMIX_INSTALL_PREFIX=$P/lib/x86_64-linux-gnu/pmix2 PATH=$P/bin:$PATH
    export LD_LIBRARY_PATH=$P/lib/x86_64-linux-gnu/openmpi/lib:$P/lib/x86_64-linux-gnu
or let `make gpu-bundle` pack it, together with everything else, on a machine that has it; here then: tests/gpu/check.py --bundle FOLDER"""
MPI_OF_BUNDLE = "mpi/usr/bin/orterun"
BUNDLE_ADVICE = """`make gpu-bundle`, on a machine where the project builds, packs programs and libraries into one folder; here then:
  tests/gpu/check.py --bundle FOLDER"""


def output_of(*argv, seconds=20):
    """What a command prints, "" when it cannot be run or fails."""
    try:
        result = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()


def commit_of(folder):
    return output_of("git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*")


@dataclasses.dataclass
class Machine:
    gpus: list = dataclasses.field(default_factory=list)  # (name, driver, memory)
    no_gpu: str = ""     # why there is none
    nvcc: str = ""       # path
    nvcc_version: str = ""
    cuda_libraries: list = dataclasses.field(default_factory=list)  # folders with cuBLAS, NCCL, cuDNN
    mpirun: str = ""
    python: str = ""     # one with PyTorch and CUDA
    torch: str = ""      # its version
    no_torch: str = ""
    headers_missing: list = dataclasses.field(default_factory=list)

    def facts(self, commit):
        """For the table's head. commit: of what is checked, "" where it is not known."""
        name, driver, memory = self.gpus[0] if self.gpus else ("none", "", "")
        facts = {"date": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
                 "GPU": f"{len(self.gpus)} x {name}, {memory}, driver {driver}" if self.gpus else "none",
                 "CUDA": f"nvcc {self.nvcc_version}" if self.nvcc else "no nvcc",
                 "PyTorch": self.torch or f"none: {self.no_torch}",
                 "MPI": output_of(self.mpirun, "--version").partition("\n")[0] if self.mpirun else "none",
                 "host": f"{processor()}, {os.cpu_count()} threads, Linux {platform.release()}"}
        if commit:
            facts["commit"] = commit
        return facts


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return re.search(r"^model name\s*: (.*)$", file.read(), re.M).group(1)
    except (OSError, AttributeError):
        return platform.machine()


def find_gpus(machine):
    if not shutil.which("nvidia-smi"):
        machine.no_gpu = "there is no nvidia-smi"
        return
    table = output_of("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader")
    machine.gpus = [tuple(word.strip() for word in line.split(",")) for line in table.splitlines() if line.count(",") == 2]
    if not machine.gpus:
        machine.no_gpu = "nvidia-smi shows none"


def find_nvcc(machine):
    homes = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"]
    places = [shutil.which("nvcc"), *(f"{home}/bin/nvcc" for home in homes if home)]
    machine.nvcc = next((place for place in places if place and os.access(place, os.X_OK)), "")
    if machine.nvcc:
        found = re.search(r"V(\d+\.\d+\.\d+)", output_of(machine.nvcc, "--version"))
        machine.nvcc_version = found.group(1) if found else "of unknown version"


def find_cuda_libraries(machine):
    """The toolkit's folder, and those of NVIDIA's Python packages, which PyTorch brings along."""
    folders = []
    if machine.nvcc:
        home = pathlib.Path(os.path.realpath(machine.nvcc)).parent.parent
        folders += [home / "lib64", home / "targets/x86_64-linux/lib", home / "lib"]
    if machine.python:
        script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
        site = output_of(machine.python, "-c", script)
        folders += sorted(pathlib.Path(site).glob("nvidia/*/lib")) if site else []
    wanted = ("libcublasLt.so*", "libnccl.so*", "libcudnn.so*", "libcublas.so*")
    found = [folder.resolve() for folder in folders if any(any(folder.glob(pattern)) for pattern in wanted)]
    machine.cuda_libraries = list(dict.fromkeys(map(str, found)))


def find_torch(machine):
    script = "import torch; print(torch.__version__, torch.cuda.is_available())"
    for python in dict.fromkeys(filter(None, (os.environ.get("PYTHON"), sys.executable, shutil.which("python3"), "/usr/bin/python3"))):
        version, _, available = output_of(python, "-c", script, seconds=120).partition(" ")
        if available == "True":
            machine.python, machine.torch, machine.no_torch = python, version, ""
            return
        if version:
            machine.no_torch = f"PyTorch {version} of {python} sees no GPU"
    machine.no_torch = machine.no_torch or "PyTorch is not installed"


def look(bundle=None):
    """bundle: a folder of `make gpu-bundle`, or None."""
    machine = Machine()
    find_gpus(machine)
    find_nvcc(machine)
    if machine.gpus:
        find_torch(machine)
    find_cuda_libraries(machine)
    carried = bundle / MPI_OF_BUNDLE if bundle else None  # which the bundle's programs are linked against
    machine.mpirun = str(carried) if carried and carried.exists() else shutil.which("mpirun") or ""
    machine.headers_missing = [entry for entry in HEADERS if not any((pathlib.Path(folder) / entry[0]).exists() for folder in INCLUDES)]
    return machine


def advice(machine, has_bundle):
    """Lines on what is missing, what it is for and how to bring it."""
    lines = []
    if not machine.python:
        lines.append(f"{machine.no_torch}: it is the rival, its rows are skipped. PYTHON=... names another interpreter; "
                     "without a network carry its wheels (pip download torch, pip install --no-index)")
    if not machine.mpirun:
        lines.append(MPI_RECIPE)
    if has_bundle:
        return lines
    if not machine.nvcc:
        lines.append("nvcc is missing: it builds the plugin. Set CUDA_HOME, `module load cuda`, or carry a build: " + BUNDLE_ADVICE)
    tools = [tool for tool in ("cmake", "g++") if not shutil.which(tool)]
    lines += [f"{tool} is missing: it builds the project. apt-get install {tool}" for tool in tools]
    lines += [f"{header} is missing: {use}. apt-get install {package}" for header, use, package in machine.headers_missing]
    if tools or machine.headers_missing:
        lines.append("Without a network: " + BUNDLE_ADVICE)
    return lines
