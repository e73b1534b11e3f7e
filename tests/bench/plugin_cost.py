#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the GPU half costs a node without a GPU: memory and time of a whole hpo-train, device = auto, of a training of nearly nothing.

    plugin_cost.py BUILD [BUILD_WITHOUT]      BUILD_WITHOUT: a build with -DHPO_CUDA=OFF, to compare with

Rows: the plugin built and beside the program; its file taken away; the build without it; and, as what the plugin spares, the same
program with the plugin loaded from the start, as if it were linked. Medians of ROUNDS runs in turn, so that other work meets all.
"""
import os
import pathlib
import statistics
import sys
import tempfile
import time

ROUNDS = 15
CONFIG = """epochs = 1
batch = 16
data = { kind = "synthetic", samples = 64, features = 4, classes = 2 }
model = { kind = "mlp", hidden = [4] }
"""


def run(program, config, env):
    """Wall ms, CPU ms, largest resident MB."""
    start = time.monotonic()
    pid = os.posix_spawn(program, [program, "--quiet", "--config", config], {**os.environ, **env},
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"plugin_cost: {program} ended with {os.waitstatus_to_exitcode(status)}")
    return 1e3 * (time.monotonic() - start), 1e3 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024


def main(build, without=None):
    program = f"{build}/bin/hpo-train"
    plugin = next(map(str, pathlib.Path(build).glob("lib*/**/libhpo_cuda.so")), None)
    if not plugin:
        sys.exit(f"plugin_cost: {build} has no GPU half; build it where nvcc is")
    cases = {"plugin built": (program, {}), "its file taken away": (program, {"HPO_CUDA_PLUGIN": "/nowhere"})}
    if without:
        cases["built with HPO_CUDA=OFF"] = (f"{without}/bin/hpo-train", {})
    cases["as if it were linked"] = (program, {"LD_PRELOAD": plugin})
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/train.toml"
        pathlib.Path(config).write_text(CONFIG)
        found = {name: [] for name in cases}
        for _ in range(ROUNDS + 1):
            for name, (file, env) in cases.items():
                found[name].append(run(file, config, env))
    print(f"{'hpo-train, no GPU':<28}{'wall/ms':>10}{'CPU/ms':>10}{'MB':>10}")
    for name, runs in found.items():
        print(f"{name:<28}" + "".join(f"{statistics.median(column):>10.1f}" for column in zip(*runs[1:])))  # the first one warms up


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
