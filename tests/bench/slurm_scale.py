#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tools cost when a rung has ten thousand tasks.

    slurm_scale.py TOOLS [--tasks=10000] [--real=2000] [--nodes=200]

First with a stand-in for Slurm that answers at once: what one pass of each tool takes, and what lies in the directories.
Then (--real=0: not) a rung on a private Slurm of many slurmds, whose trainer only reports once: what one task takes.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("slurm", "slurm/fake", "cli")]
from cluster import Cluster, wait_until  # noqa: E402
from fake_slurm import Fake  # noqa: E402
from studies import COMMAND  # noqa: E402

STUDY = (COMMAND % '["echo", "hpo: step=1 loss={x}"]').replace("trials = 9", "trials = %d") + "[submit]\ncanary = false\n"


def clean_environment(tools):
    keep = {k: v for k, v in os.environ.items() if not re.match(r"SLURM_|SBATCH_|HPO_", k)}
    return {**keep, "PATH": f"{tools}:{os.environ['PATH']}", "NO_COLOR": "1", "LC_ALL": "C"}


def run(home, environment, *argv, codes=(0, 4)):
    """Wall seconds, CPU seconds (those of the Slurm commands too) and peak megabytes."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.monotonic()
        process = subprocess.Popen(argv, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            said.seek(0)
            sys.exit(f"{argv} ended with {process.returncode}: {said.read()}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def say(what, wall, cpu, megabytes, calls):
    print(f"{what:58} {wall:7.2f} s  {cpu:7.2f} s CPU  {megabytes:6.0f} MB  {calls:3} calls", flush=True)


# ---- segments as hpo-train leaves them (docs/study-format.md)

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data, crc):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


class Segment:
    def __init__(self, path):
        self.path, self.crc, self.count = path, 0, 0

    def write(self, payload):
        body = f"{self.count} {len(payload)} {payload}"
        self.crc, self.count = crc32c(body.encode(), self.crc), self.count + 1
        with open(self.path, "a") as file:
            file.write(f"{self.crc:08x} {body}\n")


# ---- with the stand-in


class Served:
    """The stand-in's answers, worked out once and then printed."""

    def __init__(self, home, environment):
        self.slurm, self.environment = Fake(home / "slurm"), environment
        self.environment.update(self.slurm.environment, PATH=f"{self.slurm.home}/bin:{environment['PATH']}")
        self.slurm.configure(MaxArraySize=10001, MaxJobCount=50000)

    def pass_of(self, what, home, *argv):
        """One pass of a tool; what squeue and sacct will say is worked out before, from what they were asked last."""
        for command in "squeue", "sacct":
            self.slurm.serve(command, None)
            asked = [call for call in self.slurm.calls(command) if any(word.startswith(("--states", "--duplicates")) for word in call)]
            if asked:
                asking = {**self.environment, "SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}
                self.slurm.serve(command, subprocess.run(asked[-1], env=asking, capture_output=True, text=True, check=True).stdout)
        before = len(self.slurm.calls())
        cost = run(home, self.environment, *argv)
        say(what, *cost, len(self.slurm.calls()) - before)
        for command in "squeue", "sacct":
            self.slurm.serve(command, None)


def with_stand_in(tools, tasks):
    home = pathlib.Path(tempfile.mkdtemp(prefix="hpo-scale-"))
    try:
        environment = clean_environment(tools)
        served = Served(home, environment)
        (home / "study.toml").write_text(STUDY % tasks)
        run(home, environment, "hpo-init", "study.toml", "--quiet")
        served.pass_of(f"hpo-propose --submit, {tasks} tasks", home, "hpo-propose", "study.h5", "--submit", "--quiet")
        served.slurm.start("1")
        run(home, environment, "hpo-promote", "study.h5", "--submit", "--quiet")  # asks what is then served
        served.pass_of("hpo-promote --submit, all running", home, "hpo-promote", "study.h5", "--submit", "--quiet")

        uuid, submission = identity(home)
        segments = []
        for trial in range(tasks):
            path = home / f"study.h5.d/seg/{trial % 16:x}/t{trial:08}.b0.r0.a00.seg"
            path.parent.mkdir(parents=True, exist_ok=True)
            segments.append(Segment(path))
            segments[-1].write(f'S{{"study":"{uuid}","submission":"{submission}","nonce":"{trial:016x}","trial":{trial},"bracket":0,"rung":0,"ordinal":0,'
                               f'"job":"1_{trial}","host":"n1","nodes":"n1","ranks":1,"time":{time.time()}}}')
            segments[-1].write(f'M[1,{time.time()},{{"loss":{trial / tasks}}}]')
        served.pass_of("hpo-collect, each has begun and reported once", home, "hpo-collect", "study.h5", "--no-report", "--quiet")
        served.pass_of("hpo-collect, nothing new", home, "hpo-collect", "study.h5", "--no-report", "--quiet")
        served.pass_of("hpo-promote --submit, nothing new", home, "hpo-promote", "study.h5", "--submit", "--quiet")
        run_one = dict(environment, SLURM_ARRAY_JOB_ID="1", SLURM_ARRAY_TASK_ID="0")
        manifest = next(home.glob("study.h5.d/man/*.man"))
        say("hpo-train, one task: its line of the manifest, a program", *run(home, run_one, "hpo-train", "study.h5", f"--manifest={manifest}", f"--task={tasks - 1}"), 0)

        for trial, segment in enumerate(segments):
            if trial % 100:
                segment.write(f'E{{"how":"finished","step":1,"time":{time.time()},"exit":0,"message":""}}')
        served.slurm.finish("1", *(trial for trial in range(tasks) if trial % 100))
        lost = range(0, tasks, 100)
        served.slurm.finish("1", *lost, state="NODE_FAIL")
        served.pass_of(f"hpo-promote --submit, all have ended, {len(lost)} by their nodes", home, "hpo-promote", "study.h5", "--submit", "--quiet")
        served.pass_of("hpo-collect, the whole report", home, "hpo-collect", "study.h5")
        for folder in "man", "seg", "gen", "logs", "ckpt":
            files = [file for file in (home / "study.h5.d" / folder).rglob("*") if file.is_file()]
            print(f"  {folder:5} {len(files):6} files, {sum(file.stat().st_size for file in files) / 1e6:8.2f} MB")
    finally:
        shutil.rmtree(home)


def identity(home):
    """The study's uuid, the submission's name."""
    head = next(home.glob("study.h5.d/man/*.man")).read_text(errors="replace")[:4096]
    return re.search(r'"study":"([^"]+)"', head)[1], re.search(r'"submission":"([^"]+)"', head)[1]


# ---- on a real Slurm


def wait_until_over(environment):
    def is_over():
        found = subprocess.run(["squeue", "-h", "-o", "%T"], env=environment, capture_output=True, text=True)
        return found.returncode == 0 and not found.stdout.strip()
    wait_until(is_over, 3600, "the array's end", step=1)


def on_slurm(tools, tasks, nodes):
    # Without jobacct_gather: with it slurmstepd took most of the system time of such a rung, all nodes sharing one kernel.
    with Cluster(nodes, cpus=5, gpus=0, mem=8000, conf_extra="JobAcctGatherType=jobacct_gather/none") as cluster:
        home = cluster.dir / "study"
        home.mkdir()
        environment = {**clean_environment(tools), **{k: cluster.env[k] for k in ("SLURM_CONF", "TEST_CLUSTER")}}
        began = time.monotonic()
        run(home, environment, "sbatch", f"--array=0-{tasks - 1}", "--output=/dev/null", "--wrap=true")
        wait_until_over(environment)
        seconds = time.monotonic() - began
        print(f"{nodes} slurmds: {tasks} tasks of `true` in {seconds:.1f} s, {tasks / seconds:.1f} a second", flush=True)
        (home / "study.toml").write_text(STUDY % tasks)
        run(home, environment, "hpo-init", "study.toml", "--quiet")
        began = time.monotonic()
        run(home, environment, "hpo-propose", "study.h5", "--submit", "--quiet")
        print(f"{tasks} tasks of a rung submitted after {time.monotonic() - began:.1f} s", flush=True)

        wait_until_over(environment)
        seconds = time.monotonic() - began
        print(f"all ended after {seconds:.1f} s: {tasks / seconds:.1f} tasks a second on {os.cpu_count()} cores", flush=True)
        say("hpo-promote --submit, all have ended", *run(home, environment, "hpo-promote", "study.h5", "--submit", "--quiet"), 0)
        study = json.loads(subprocess.run(["hpo-collect", "study.h5", "--json", "--dry-run"], cwd=home, env=environment, capture_output=True, check=True).stdout)
        if study["rungs"][0]["finished"] != tasks:
            sys.exit(f"not every task has finished: {study['rungs'][0]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tools", type=pathlib.Path)
    parser.add_argument("--tasks", type=int, default=10000)
    parser.add_argument("--real", type=int, default=2000)
    parser.add_argument("--nodes", type=int, default=200)
    options = parser.parse_args()
    with_stand_in(options.tools.resolve(), options.tasks)
    if options.real:
        on_slurm(options.tools.resolve(), options.real, options.nodes)


if __name__ == "__main__":
    main()
