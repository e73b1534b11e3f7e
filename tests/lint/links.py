#!/usr/bin/env python3
"""Ten thousand tasks start at once from a shared file system: hpo-train must not open HDF5, and no short tool opens MPI or a math
library it does not use."""
import pathlib
import subprocess
import sys

FORBIDDEN = {
    "hpo-train": ["libhdf5", "libcuda", "libnccl", "libcublas"],
    "hpo-init": ["libmpi", "libdnnl", "libcuda"],
    "hpo-propose": ["libmpi", "libdnnl", "libcuda"],
    "hpo-promote": ["libmpi", "libdnnl", "libcuda"],
    "hpo-collect": ["libmpi", "libdnnl", "libcuda"],
}
faults = []
for tool, libraries in FORBIDDEN.items():
    path = pathlib.Path(sys.argv[1]) / tool
    needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    for library in libraries:
        if library in needed:
            faults.append(f"{tool} links {library}")
print("\n".join(faults) or "no tool links what it should not")
sys.exit(1 if faults else 0)
