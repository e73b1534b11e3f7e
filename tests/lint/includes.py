#!/usr/bin/env python3
"""Who may know whom: every #include of lib/ and tools/ against the stair of DESIGN.md, section 5."""
import pathlib
import re
import sys

# A room may include itself and these.
KNOWS = {
    "base": [],
    "config": ["base"],
    "space": ["base"],
    "exchange": ["space", "base"],
    "study": ["exchange", "space", "config", "base"],
    "surrogate": ["space", "base"],
    "propose": ["surrogate", "space", "base"],
    "promote": ["surrogate", "space", "base"],
    "slurm": ["base"],
    "train": ["base"],
    "task": ["exchange", "slurm", "train", "space", "base"],
    "flow": ["study", "exchange", "propose", "promote", "surrogate", "slurm", "train", "space", "base"],
    "report": ["study", "surrogate", "space", "base"],
    "cli": ["base"],
}
# Third-party headers and the folders that may name them.
CONFINED = {
    r"hdf5(_hl)?\.h|H5.*\.h": ["lib/study", "lib/train/hdf5"],
    r"mpi\.h": ["lib/train/comm"],
    r"cuda.*|cublas.*|cudnn.*|nccl.*": ["lib/train/cuda"],
    r"toml\+\+/.*": ["lib/config"],
    r"boost/program_options.*": ["lib/cli"],
    r"Eigen/.*": ["lib/surrogate", "lib/train"],
    r"dnnl.*|cblas.*|oneapi/.*": ["lib/train"],
    r"zlib\.h": ["lib/train"],
    r"nlopt\.h": ["lib/surrogate"],
}
# What flow may see of the trainer: the reading of its configuration, no more.
ONLY = {("flow", "train"): {"train/config.hpp"}}

root = pathlib.Path(sys.argv[1])
faults, seen = [], 0
for path in sorted([*root.glob("lib/**/*"), *root.glob("tools/*")]):
    if path.suffix not in {".cpp", ".hpp", ".cu", ".cuh", ".in"}:
        continue
    name = path.relative_to(root).as_posix()
    room = name.split("/")[1] if name.startswith("lib/") else "tools"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        seen += 1
        quote, target = match.groups()
        where = f"{name}:{number}"
        for pattern, folders in CONFINED.items():
            if re.fullmatch(pattern, target) and not any(name.startswith(f + "/") for f in folders):
                faults.append(f"{where}: {target} belongs to {' and '.join(folders)}")
        if quote == "<":
            continue
        other = target.split("/")[0]
        if "/" not in target:
            faults.append(f"{where}: write the room: \"{room}/{target}\"")
        elif room == "tools":
            if other not in KNOWS:
                faults.append(f"{where}: there is no room {other}")
        elif room not in KNOWS:
            faults.append(f"{where}: the room {room} is not in DESIGN.md")
        elif other != room and other not in KNOWS[room]:
            faults.append(f"{where}: {room} must not know {other}")
        elif (room, other) in ONLY and target not in ONLY[(room, other)]:
            faults.append(f"{where}: of {other}, {room} may know only {', '.join(ONLY[(room, other)])}")

if seen < 100:
    faults.append(f"only {seen} includes seen: is {root} the project?")
print("\n".join(faults) or f"{seen} includes, all downwards")
sys.exit(1 if faults else 0)
