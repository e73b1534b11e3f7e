# SPDX-License-Identifier: Apache-2.0
"""The programs that the check runs: built here, or out of a bundle."""
import dataclasses
import json
import os
import pathlib
import shutil
import sys

from check_machine import commit_of
from check_run import Clock, run

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
GRADIENTS = "test_train_gpu"  # has the derivatives against finite differences, in double, on the CPU
TARGETS = ("hpo-train", "hpo_cuda", "gpu_step", "gpu_rates", GRADIENTS)


@dataclasses.dataclass
class Programs:
    root: pathlib.Path  # of a build or a bundle: bin, bench, tests
    tests: list         # of label gpu: {"name", "command", "environment", "seconds"}; "" in a command: no mpirun
    env: dict           # for all of them
    mpirun: str = ""    # "": none
    commit: str = ""    # "": not known

    def path(self, name):
        return str(self.root / name)

    @property
    def hpo_train(self):
        return self.path("bin/hpo-train")

    def has_plugin(self):
        return any(self.root.glob("lib*/**/libhpo_cuda.so"))


def environment(cuda_libraries, bundle=None):
    """Programs find the CUDA libraries of the machine, and in a bundle everything else beside them."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMIX_", "PMI_", "SLURM_", "HPO_"))}
    folders = list(cuda_libraries)
    if bundle:
        mpi = bundle / "mpi/usr"
        folders = [str(bundle / "libs"), *folders]
        if mpi.exists():
            library = mpi / "lib/x86_64-linux-gnu"
            folders = [str(library / "openmpi/lib"), str(library), *folders]
            env |= {"OPAL_PREFIX": str(mpi), "PMIX_INSTALL_PREFIX": str(library / "pmix2"), "PATH": f"{mpi / 'bin'}:{env.get('PATH', '')}"}
    if env.get("LD_LIBRARY_PATH"):
        folders.append(env["LD_LIBRARY_PATH"])
    # Any user, more ranks than cores, ranks of one machine; NCCL without its service on a port that two runs would share.
    return env | {"LD_LIBRARY_PATH": ":".join(folders), "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                  "OMPI_MCA_btl": "self,vader,tcp", "OMPI_MCA_plm": "isolated", "OMPI_MCA_pml": "ob1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
                  "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_mpi_yield_when_idle": "1", "OMP_NUM_THREADS": "1",
                  "OPENBLAS_NUM_THREADS": "1", "NCCL_RAS_ENABLE": "0", "NCCL_DEBUG": "WARN"}


def gpu_tests(build, env, seconds=30):
    """CTest's tests of label gpu, with what it takes to run them without CTest."""
    listing = run(["ctest", "--show-only=json-v1", "-L", "^gpu$"], seconds, env=env, cwd=build)
    found = []
    for test in json.loads(listing.out or "{}").get("tests", []):
        properties = {entry["name"]: entry["value"] for entry in test.get("properties", [])}
        if "command" in test:
            found.append({"name": test["name"], "command": test["command"], "environment": list(properties.get("ENVIRONMENT", [])),
                          "seconds": properties.get("TIMEOUT", 120)})
    return found


def gpu_targets(tests, build):
    """Targets of the programs in the tests' commands."""
    names = {pathlib.Path(word).name for test in tests for word in test["command"] if word.startswith(f"{build}/tests/")}
    return sorted(names)


def built(build, machine, seconds, log, make=True, gpu=True):
    """Configures and builds what is needed; make: False takes the build as it is; gpu: with the GPU half. Returns programs and, when
    that failed, the reason."""
    env = environment(machine.cuda_libraries)
    if machine.nvcc:
        env["PATH"] = f"{pathlib.Path(machine.nvcc).parent}:{env.get('PATH', '')}"
    clock = Clock(seconds)
    if make:
        generator = [] if (build / "CMakeCache.txt").exists() or not shutil.which("ninja") else ["-G", "Ninja"]
        configured = run(["cmake", "-S", SOURCE, "-B", build, *(["-DHPO_CUDA=ON"] if gpu else []), *generator], seconds / 2, env=env,
                         log=log / "configure.log")
        if configured.code:
            return None, "cmake: " + configured.why()
    tests = gpu_tests(build, env)
    if make:
        targets = [*TARGETS, *gpu_targets(tests, build)] if gpu else ["hpo-train"]
        made = run(["cmake", "--build", build, "--parallel", str(os.cpu_count() or 2), "--target", *targets], clock.left(), env=env,
                   log=log / "build.log")
        if made.code:
            return None, "build: " + made.why()
    if not (build / "bin/hpo-train").exists():
        return None, f"there is no {build / 'bin/hpo-train'}"
    return Programs(build, tests, env, machine.mpirun, commit_of(SOURCE)), ""


def bundled(bundle, machine, log):
    """The programs of a bundle; the reason when they do not start here."""
    record = json.loads((bundle / "bundle.json").read_text())
    env = environment(machine.cuda_libraries, bundle)
    places = {"@BUNDLE@": str(bundle), "@MPIRUN@": machine.mpirun, "@PYTHON@": sys.executable}

    def here(word):
        for name, place in places.items():
            word = word.replace(name, place)
        return word

    tests = [{**test, "command": [here(word) for word in test["command"]]} for test in record["tests"]]
    programs = Programs(bundle, tests, env, machine.mpirun, record["commit"])
    started = run([programs.hpo_train, "--version"], 20, env=env, log=log / "bundle.log")
    return (programs, "") if started.code == 0 else (None, "the bundle's hpo-train does not start here: " + started.why())
