#!/usr/bin/env python3
"""Every header compiles alone, and none decides anything by #if."""
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys

root, generated, compiler = sys.argv[1:4]
lib = pathlib.Path(root) / "lib"
flags = ["-std=c++20", "-fsyntax-only", "-x", "c++", "-I", str(lib), "-I", generated, "-isystem", "/usr/include/eigen3",
         "-isystem", "/usr/include/hdf5/serial", "-w"]


def text_faults(header, text):
    if "#pragma once" not in text:
        yield f"{header}: no #pragma once"
    if re.search(r"^\s*#\s*if", text, re.M):
        yield f"{header}: decides by #if; let CMake link another file"


def is_compiled_first(header):
    """The build itself compiles it alone: its source file begins with it."""
    source = (lib / header).with_suffix(".cpp")
    if not source.exists():
        return False
    first = re.search(r'^\s*#\s*include\s*([<"].*[>"])', source.read_text(), re.M)
    return first is not None and first[1] == f'"{header}"'


def compile_alone(header):
    result = subprocess.run([*shlex.split(compiler), *flags, "-"], input=f'#include "{header}"\n', capture_output=True, text=True)
    return [result.stderr[:2000]] if result.returncode else []


headers = sorted(p.relative_to(lib).as_posix() for p in lib.glob("**/*.hpp"))
headers = [h for h in headers if not h.startswith("train/cuda/")]
faults = [fault for h in headers for fault in text_faults(h, (lib / h).read_text())]
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
    for found in workers.map(compile_alone, [h for h in headers if not is_compiled_first(h)]):
        faults += found
print("\n".join(faults) or f"{len(headers)} headers")
sys.exit(1 if faults else 0)
