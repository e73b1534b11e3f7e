# SPDX-License-Identifier: Apache-2.0
"""rows_starter.py RANKS DIRECTORY PROGRAM...: starts the ranks of a run as a launcher without MPI would; they meet in DIRECTORY.

A rank that ends badly by itself ends the others, and its exit code is the run's. A rank that a signal ends does not: whether the others
find that out is what is to be seen.
"""
import os
import subprocess
import sys
import time


def main(ranks, directory, *command):
    name = f"check-{os.getpid()}-{time.time_ns()}"
    started = [subprocess.Popen(command, env={**os.environ, "RANK": str(rank), "WORLD_SIZE": ranks, "LOCAL_RANK": str(rank),
                                              "HPO_RENDEZVOUS_DIR": directory, "HPO_RENDEZVOUS": name})
               for rank in range(int(ranks))]
    while any(process.poll() is None for process in started):
        if bad := [process.returncode for process in started if (process.returncode or 0) > 0]:
            for process in started:
                process.kill()
            return bad[0]
        time.sleep(0.05)
    codes = [process.returncode for process in started]
    return max(codes) if max(codes) > 0 else 0 if min(codes) == 0 else 128 - min(codes)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
