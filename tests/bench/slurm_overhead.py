#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""slurm_overhead.py BUILD [TASKS]: what a task costs beside its training, on a private Slurm of 8 nodes.

CPU time (user and system, of the program and all that it starts) in milliseconds a task, and how long the next array takes
to be there when the last task has ended and a controller moves the study on. Slurm's daemons are not counted, its clients are."""
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys

build, tasks = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 200
source = pathlib.Path(__file__).resolve().parent.parent.parent
os.environ.update(HPO_TEST_TOOLS=str(build / "bin"), HPO_TEST_SOURCE=str(source))
sys.path.insert(0, str(source / "tests/slurm"))
from case import COMMAND, Cluster, wait_until  # noqa: E402

TRAINER = ["echo", "hpo: step={budget} loss={x}"]
# bash's `times` and `time` count what a shell and its ended children have used.
SITE = """trap 'times >times/$HPO_TASK.batch.$SLURM_ARRAY_JOB_ID' EXIT
HPO_TRAIN=$PWD/timed
"""
TIMED = """#!/bin/bash
hpo-train "$@"
code=$?
times >times/$HPO_TASK.train.$SLURM_ARRAY_JOB_ID
exit $code
"""


def cpu_ms():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def cost_ms(argv, **more):
    before = cpu_ms()
    done = subprocess.run(argv, capture_output=True, text=True, **more)
    if done.returncode not in (0, 3, 4):
        sys.exit(f"{argv} ended with {done.returncode}\n{done.stderr}")
    return cpu_ms() - before


def read_times(files):
    """Milliseconds, a file: `times` has written user and system of the shell and of its children, 0m0.002s each."""
    return [1000 * sum(60 * int(m) + float(s) for m, s in re.findall(r"(\d+)m([\d.]+)s", file.read_text())) for file in files]


def row(what, milliseconds):
    print(f"{what:<58} {statistics.mean(milliseconds):8.1f} {max(milliseconds):8.1f}")


with Cluster(nodes=8, cpus=8) as cluster:
    home = cluster.dir / "study"
    (home / "times").mkdir(parents=True)
    command = str(TRAINER).replace("'", '"')
    (home / "study.toml").write_text((COMMAND % command).replace("trials = 9", f"trials = {tasks}").replace("max = 9", "max = 3")
                                     + "[submit]\ncanary = false\n")
    (home / "timed").write_text(TIMED)
    (home / "timed").chmod(0o700)
    where = {"cwd": home, "env": {**cluster.env, "PATH": f"{build}/bin:{os.environ['PATH']}"}}
    cost_ms(["hpo-init", "study.toml", "--quiet"], **where)
    with open(home / "site.env", "a") as site:
        site.write(SITE)
    trainer = [cost_ms([word.format(budget=1, x=0.5) for word in TRAINER]) for _ in range(50)]
    tools = {"hpo-promote --controller": cost_ms(["hpo-promote", "study.h5", "--controller"], **where)}

    def names():
        return list(dict.fromkeys(row.name for row in cluster.queue() if "-r" in row.name))
    wait_until(lambda: len(names()) == 2 and {row.state for row in cluster.queue()} == {"COMPLETED"}, 300, "both rungs' end", step=1)
    tools["hpo-collect"] = cost_ms(["hpo-collect", "study.h5", "--no-report"], **where)
    tools["hpo-promote, once more"] = cost_ms(["hpo-promote", "study.h5", "--submit"], **where)

    clock = {**cluster.env, "SLURM_TIME_FORMAT": "%s"}
    first, second = names()

    def ask(name, field):
        lines = cluster.run("squeue", "-h", "-r", "-t", "all", f"--name={name}", "-O", f"{field}:20", env=clock).stdout.split()
        return [int(line) for line in lines if line.isdigit()]
    last_end, eligible = max(ask(first, "EndTime")), min(ask(second, "EligibleTime"))

    print(f"{tasks} tasks on {cluster.nodes} nodes; CPU time, ms{'mean':>35} {'most':>8}")
    row("the trainer itself, echo", trainer)
    train = read_times((home / "times").glob("*.train.*"))
    row("hpo-train and the trainer", train)
    row("the batch script and all it starts", read_times((home / "times").glob("*.batch.*")))
    print(f"{'hpo-train alone':<58} {statistics.mean(train) - statistics.mean(trainer):8.1f}")
    for name, used in tools.items():
        print(f"{name + ', a task':<58} {used / tasks:8.2f}")
    print(f"from the last task's end to the next array, eligible: {eligible - last_end} s (whole seconds of slurmctld)")
