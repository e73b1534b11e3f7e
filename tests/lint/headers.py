#!/usr/bin/env python3
"""Every header compiles alone, and none decides anything by #if."""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

root, generated, compiler = sys.argv[1:4]
headers = sorted(p.relative_to(pathlib.Path(root) / "lib") for p in pathlib.Path(root).glob("lib/**/*.hpp"))
headers = [h for h in headers if not h.as_posix().startswith("train/cuda/")]
faults = []
for header in headers:
    text = (pathlib.Path(root) / "lib" / header).read_text()
    if "#pragma once" not in text:
        faults.append(f"{header}: no #pragma once")
    if re.search(r"^\s*#\s*if", text, re.M):
        faults.append(f"{header}: decides by #if; let CMake link another file")

# One compiler run for all of them, each in a file of its own, costs too much: two headers a file in both orders find
# the same missing includes, since a header that needs a neighbour comes first in one of them.
with tempfile.TemporaryDirectory() as directory:
    for name, order in (("forward", headers), ("backward", headers[::-1])):
        for half in (0, 1):
            part = order[half::2]
            source = pathlib.Path(directory) / f"{name}{half}.cpp"
            source.write_text("".join(f'#include "{h.as_posix()}"\n' for h in part))
            result = subprocess.run(
                [*shlex.split(compiler), "-std=c++20", "-fsyntax-only", "-I", f"{root}/lib", "-I", generated, "-isystem",
                 "/usr/include/eigen3", "-isystem", "/usr/include/hdf5/serial", "-Wall", "-Wextra", source],
                capture_output=True, text=True)
            if result.returncode:
                faults.append(result.stderr[:2000])
print("\n".join(faults) or f"{len(headers)} headers")
sys.exit(1 if faults else 0)
