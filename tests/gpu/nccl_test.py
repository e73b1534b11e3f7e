#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ranks over NCCL, which share one GPU where there are not more: nccl_test.py WAY PROGRAM [MPIRUN...]

  check   1, 2 and 4 ranks without MPI: every collective against the world's
  mpi     2 ranks under MPIRUN: every collective against MPI's
  kill    kill -9 of one of 2 ranks: the other ends with 75 within the deadline
  stop    SIGSTOP of one of 2 ranks: the same, and a flight record says where it waited
Exit code 77, with the reason: there is no GPU."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED, TRY_AGAIN = 77, 75
DEADLINE = 15       # seconds, by HPO_COMM_TIMEOUT
LAST_WORDS = 15     # what the watchdog gives itself for the record and the abort
SLACK = 10
START = 240         # ranks that share a GPU take turns
way, program, *mpirun = sys.argv[1:]


def environment(**more):
    # Ranks on one GPU cannot reach each other's memory; sockets on this machine do.
    nccl = {"NCCL_NET": "Socket", "NCCL_IB_DISABLE": "1"}
    return {**os.environ, **nccl, **{name: str(value) for name, value in more.items()}}


def start(mode, ranks, place, **more):
    """Each rank as a launcher without MPI would start it."""
    return [subprocess.Popen([program, mode], stdout=subprocess.PIPE, text=True,
                             env=environment(RANK=rank, WORLD_SIZE=ranks, LOCAL_RANK=rank, HPO_RENDEZVOUS_DIR=place,
                                             HPO_RENDEZVOUS=f"test-{os.getpid()}-{ranks}", **more))
            for rank in range(ranks)]


def end(processes):
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def check(place):
    for ranks in (1, 2, 4):
        processes = start("check", ranks, place)
        try:
            codes = [process.wait(timeout=START) for process in processes]
        finally:
            end(processes)
        assert codes == [0] * ranks, f"{ranks} ranks ended with {codes}"
        print(f"{ranks} ranks: same as the world's")


def check_mpi(place):
    command = [*mpirun, "2", program, "check"]
    code = subprocess.run(command, env=environment(), cwd=place, timeout=START, check=False).returncode
    assert code == 0, f"{' '.join(command)} ended with {code}"


def lose_a_rank(place, blow):
    processes = start("loop", 2, place, HPO_COMM_TIMEOUT=DEADLINE)
    try:
        for process in processes:
            assert process.stdout.readline() == "going\n", "the ranks did not come together"
        os.kill(processes[1].pid, blow)
        began = time.monotonic()
        code = processes[0].wait(timeout=DEADLINE + LAST_WORDS + SLACK)
        print(f"{blow.name}: the other rank ended with {code} after {time.monotonic() - began:.1f} s")
        assert code == TRY_AGAIN, code
    finally:
        end(processes)
    if blow == signal.SIGSTOP:
        record = json.loads((pathlib.Path(place) / "flight.rank0.json").read_text())
        open_ones = [one for one in record["collectives"] if one["state"] != "done"]
        assert open_ones and open_ones[0]["bucket"] == 0, record["collectives"][-3:]


def main():
    probe = subprocess.run([program, "probe"], capture_output=True, text=True, check=False)
    if probe.returncode == SKIPPED:
        print(probe.stderr.strip())
        return SKIPPED
    assert probe.returncode == 0, probe.stderr
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        if way == "check":
            check(place)
        elif way == "mpi":
            check_mpi(place)
        else:
            lose_a_rank(place, signal.SIGKILL if way == "kill" else signal.SIGSTOP)
        os.chdir("/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
