#!/usr/bin/env python3
"""Things that creep into a tree: files that grew too large, paths of one machine, loose ends."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
try:
    names = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")
except (OSError, subprocess.CalledProcessError):
    names = [p.relative_to(root).as_posix() for f in ("lib", "tools", "tests", "templates", "examples", "docs") for p in (root / f).rglob("*")]
faults = []
for name in names:
    path = root / name
    if not path.is_file() or name.startswith("tests/lint/"):
        continue
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        continue
    lines = text.count("\n")
    if name.startswith("tools/") and lines > 250:
        faults.append(f"{name}: {lines} lines; a tool stays under 250")
    if name.startswith("lib/") and path.suffix in {".cpp", ".hpp", ".cu"}:
        if lines > 400:
            faults.append(f"{name}: {lines} lines; does it hold two things?")
        if not text.startswith("// SPDX-License-Identifier: Apache-2.0"):
            faults.append(f"{name}: no SPDX line")
    if re.search(r"\b(TODO|FIXME|XXX)\b", text):
        faults.append(f"{name}: a loose end (TODO, FIXME, XXX)")
    if re.search(r"(?<![\w.])/(home|root|work)/\w", text):
        faults.append(f"{name}: names a path of one machine")
for need in "tools lib templates/sbatch examples tests docs cmake CMakeLists.txt Makefile README.md DESIGN.md CHANGELOG.md CONTRIBUTING.md LICENSE .clang-format .clang-tidy CMakePresets.json".split():
    if not (root / need).exists():
        faults.append(f"{need} is missing")
print("\n".join(faults) or f"{len(names)} files")
sys.exit(1 if faults else 0)
