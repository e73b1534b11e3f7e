#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""shellcheck over every shell script of the repository; in templates a harmless word stands for each @PLACEHOLDER@."""
import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77
EXCUSED = "SC1091"  # a sourced file that exists only on the user's machine

root = pathlib.Path(sys.argv[1])
if not shutil.which("shellcheck"):
    print("skipped: shellcheck is missing; try: cmake/deps.sh slurm")
    sys.exit(SKIPPED)


def is_script(path):
    if path.suffix in {".sh", ".sbatch", ".env"}:
        return True
    with open(path, "rb") as file:
        return bool(re.match(rb"#!.*\b(ba|da)?sh\b", file.readline(80)))


try:
    names = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
except (OSError, subprocess.CalledProcessError):  # not a clone: an archive of it
    names = [p.relative_to(root).as_posix() for folder in (".ci", "cmake", "tests", "templates", "examples") for p in (root / folder).rglob("*")]
scripts = sorted(name for name in names if (root / name).is_file() and is_script(root / name))
faulty = 0
for name in scripts:
    text = re.sub(r"(?m)^@[A-Z_]+@$", "# a line", (root / name).read_text())
    text = re.sub(r"@[A-Z_]+@", "word", text)
    result = subprocess.run(["shellcheck", f"--exclude={EXCUSED}", "-"], input=text, capture_output=True, text=True)
    if result.returncode:
        faulty += 1
        print(f"{name}:\n{result.stdout}{result.stderr}")
if len(scripts) < 8:
    sys.exit(f"only {len(scripts)} scripts seen: is {root} the project?")
print(f"{len(scripts)} scripts, {faulty} with faults")
sys.exit(1 if faulty else 0)
