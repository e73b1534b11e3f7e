#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run of three ranks loses its rank 1, each time in another way: all ranks are gone within the deadline, the launcher ends with
75, and the flight records say where it hung. test_lost_rank.py WAY MPIRUN... PROGRAM"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import uuid

DEADLINE = 4        # seconds, by HPO_COMM_TIMEOUT
SLACK = 25          # for a loaded machine, and for the launcher to clear away
way, *command = sys.argv[1:]
mark = f"HPO_TEST_MARK={uuid.uuid4()}"


def marked():
    """The processes of this run, whoever adopted them."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def ranks():
    return [pid for pid in marked() if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mpi_lost_rank"]


def check(what, fact):
    if not fact:
        raise AssertionError(f"{what}\n{said}")


def records():
    found = {}
    for file in pathlib.Path(".").glob("flight.rank*.json"):
        record = json.loads(file.read_text())
        check(f"{file} is of another rank", file.name == f"flight.rank{record['rank']}.json" and record["size"] == 3)
        numbers = [one["seq"] for one in record["collectives"]]
        check(f"{file} has gaps", numbers == list(range(record["newest"] - len(numbers) + 1, record["newest"] + 1)))
        found[record["rank"]] = record
    return found


def launch():
    # A launcher notices a process that dies on this machine at once. One that runs below a shell which stays is like one on a
    # node that is cut off.
    program = command[-1:]
    if way == "cut-off":
        program = ["sh", "-c", '[ "$OMPI_COMM_WORLD_RANK" = 1 ] || exec "$0" "$@"; "$0" "$@"; sleep 1000', *program]
    environment = dict(os.environ, HPO_COMM_TIMEOUT=str(DEADLINE))
    environment.update([mark.split("=")])
    return subprocess.Popen([*command[:-1], *program, {"cut-off": "kill"}.get(way, way)], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, start_new_session=True)


def is_stopped(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def let_go_on():
    """All ranks are stopped: for longer than the deadline."""
    while len(ranks()) < 3 or not all(map(is_stopped, ranks())):
        time.sleep(0.05)
    time.sleep(2 * DEADLINE)
    for pid in ranks():
        os.kill(pid, signal.SIGCONT)


said = ""
with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    process = launch()
    try:
        if way == "pause":
            let_go_on()
        began = time.monotonic()
        said, _ = process.communicate(timeout=100)
        took = time.monotonic() - began
        for _ in range(50):
            if not marked():
                break
            time.sleep(0.1)
        check("processes are left", not marked())
    finally:
        for pid in marked():
            os.kill(pid, signal.SIGKILL)
    found = records()
    code = process.returncode
    if way == "pause":
        check(f"ended with {code} though nothing was wrong", code == 0)
        check("a record is left of a run that went well", not found)
    elif way == "kill":
        check(f"the launcher ended with {code}, not with the signal", code == 128 + 9)
    else:
        check(f"ended with {code}", code == 75)
    if way in ("stop", "loop", "cut-off"):
        check(f"took {took:.0f} s", took < DEADLINE + SLACK)
        check("rank 0 has no record", 0 in found)
        last = found[0]["collectives"][-1]
        check("the last collective is not the one that hung", last["state"] == "running" and last["what"].startswith("all_reduce"))
        check("it is not named", f"{last['what']}, collective {last['seq']}, {last['bytes']} bytes" in said)
        check("no step is named", found[0]["phase"] == "step" and f"step {found[0]['step']}" in said)
        check("the record is not named", str(pathlib.Path("flight.rank0.json")) in said)
        check("there is no advice", "run the same task again" in said)
    if way == "loop":
        check("the rank that hung has no record", 1 in found)
        check("rank 1's record does not say that it hung", "has not come to its next collective" in found[1]["reason"])
        check("rank 1 is not behind", found[1]["newest"] < found[0]["newest"])
    if way == "skip":
        check("the rank is not named", "rank 1: its collective" in said)
        check("both ways are not named", "all_reduce double" in said and "all_reduce float" in said)
        check("records are missing", set(found) == {0, 1, 2})
    if way == "other":
        check("the rank is not named", "rank 1: has another configuration or version than rank 0" in said)
print(f"{way}: {code} after {took:.1f} s")
