# SPDX-License-Identifier: Apache-2.0
"""A private Slurm cluster as an object:

    with Cluster(nodes=4, dbd=True, conf_extra="KillWait=30") as cluster:
        cluster.run("sbatch", "job.sh")
        wait_until(lambda: cluster.states() == {"0": "COMPLETED"}, 30, "the job's end")
        cluster.node_kill("n2")

It lives in a short directory of its own under /tmp (`cluster.dir`) and is gone, directory and all, when the block or the
process ends, however it ends: killed, too. HPO_TEST_KEEP=1 keeps the directory for a look at its logs.
"""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

PROGRAM = pathlib.Path(__file__).with_name("cluster")
CANNOT_BE_HAD = 77  # exit code of the program
# Waits for the end of whoever holds the other end of its standard input; a line says that all is done.
GUARDIAN = 'read -r done && exit; "$1" down "$2"; [ -n "$3" ] || rm -rf "$2"'

Row = collections.namedtuple("Row", "array index job state submit start end nodes name reason")


def wait_until(predicate, seconds, what, step=0.1):
    """The first true value of predicate(); a failure that says `what` (a text, or a function that makes one then) did not come
    when there is none in time."""
    end = time.monotonic() + seconds
    while not (value := predicate()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(step)
    return value


class Cluster:
    """Keywords: the variants dbd, netns, cgroup; cpus, mem (MB), gpus of each node; part, in the place of the partition line;
    conf_extra, more lines of slurm.conf; cred_expire, seconds that a requeued job waits. `cluster --help` says more."""

    def __init__(self, nodes=4, **variant):
        self.nodes = nodes
        self.netns = bool(variant.get("netns"))
        self.settings = {key.upper(): str(int(value) if isinstance(value, bool) else value) for key, value in variant.items()}
        self.dir = None

    def up(self):
        """Starts it; once again when that fails, for another cluster may have taken a port. Skips the test where this machine
        cannot have such a cluster."""
        self.stack = contextlib.ExitStack()
        with self.stack:
            self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hpo-", dir="/tmp"))
            self.stack.callback(self._down)
            self._start_guardian()
            clean = {k: v for k, v in os.environ.items() if not re.match(r"SLURM_|SBATCH_|SRUN_|OMPI_|PMI", k)}
            # TEST_CLUSTER marks what this cluster's end must not leave behind.
            self.env = {**clean, "SLURM_CONF": f"{self.dir}/etc/slurm.conf", "TEST_CLUSTER": str(self.dir), "LC_ALL": "C"}
            for attempt in range(2):
                result = self._verb("up", str(self.nodes), env={**clean, **self.settings})
                if result.returncode == CANNOT_BE_HAD:
                    raise unittest.SkipTest(f"no private Slurm here: {result.stderr.strip()}")
                if result.returncode == 0:
                    break
            else:
                raise AssertionError(f"{result.stdout}{result.stderr}{self.logs()}")
            self.stack = self.stack.pop_all()
        return self

    def down(self):
        self.stack.close()

    __enter__ = up

    def __exit__(self, *_):
        self.down()

    def command(self, *argv):
        """The words that run argv as a client of the cluster, given `env`."""
        return [str(word) for word in ([PROGRAM, "run", self.dir] if self.netns else []) + list(argv)]

    def run(self, *argv, code=0, timeout=120, env=None, cwd=None):
        """Runs a client (sbatch, scancel, sinfo ...) to its end, by default in the cluster's directory; code=None takes any exit
        code."""
        try:
            result = subprocess.run(self.command(*argv), env={**self.env, **(env or {})}, cwd=cwd or self.dir, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired as late:
            late.add_note(f"{late.stdout}\n{late.stderr}{self.logs()}")
            raise
        if code is not None and result.returncode != code:
            raise AssertionError(f"{argv} ended with {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result

    def queue(self, *options):
        """All jobs that slurmctld remembers, one Row a task, oldest first; options as squeue's."""
        fields = "%F|%K|%A|%T|%V|%S|%e|%N|%j|%r"
        lines = self.run("squeue", "-h", "-r", "-t", "all", "-o", fields, *options).stdout.splitlines()
        rows = [Row(*line.split("|", 9)) for line in lines]
        return sorted(rows, key=lambda row: (int(row.array), int(row.index) if row.index.isdigit() else -1))

    def arrays(self):
        """The job ids of all arrays, oldest first."""
        return list(dict.fromkeys(row.array for row in self.queue()))

    def states(self, array=None):
        """State by index ('N/A' for what is no array) of one array, by default of the newest."""
        rows = self.queue()
        array = array or (rows[-1].array if rows else None)
        return {row.index: row.state for row in rows if row.array == str(array)}

    def logs(self, lines=15):
        """The last words of every daemon."""
        text = ""
        for log in sorted(self.dir.glob("log/*")):
            if log.suffix == ".out" and log.with_suffix(".log").exists():
                continue  # the same again
            tail = log.read_text(errors="replace").splitlines()[-lines:]
            text += f"\n--- {log.name}\n" + "\n".join(tail) if tail else ""
        return text

    def pid(self, daemon):
        """Of slurmctld, slurmd-n1, slurmdbd, mariadbd, munged."""
        return int((self.dir / "run" / f"{daemon}.pid").read_text())

    def reset(self):
        """Cancels all jobs, and mends what was broken by the methods below."""
        self._must("reset")

    def node_kill(self, name):
        """Power loss."""
        self._must("node-kill", name)

    def node_start(self, name):
        self._must("node-start", name)

    def link_down(self, name):
        """(netns) Cuts a node off, which computes on."""
        self._must("link-down", name)

    def link_up(self, name):
        self._must("link-up", name)

    def ctld_kill(self):
        """kill -9 of slurmctld; what it has not saved for some seconds is lost."""
        self._must("ctld-kill")

    def ctld_start(self):
        """Starts slurmctld and waits until it answers."""
        self._must("ctld-start")
        wait_until(lambda: self.run("scontrol", "ping", code=None).returncode == 0, 30, "slurmctld answers")

    def ctld_stop(self):
        """slurmctld hangs until ctld_cont()."""
        self._must("ctld-stop")

    def ctld_cont(self):
        self._must("ctld-cont")

    def dbd_stop(self):
        self._must("dbd-stop")

    def dbd_start(self):
        self._must("dbd-start")

    def db_hang(self):
        """The database hangs until db_cont(), and sacct with it."""
        self._must("db-hang")

    def db_cont(self):
        self._must("db-cont")

    def _verb(self, verb, *words, env=None):
        return subprocess.run([str(PROGRAM), verb, str(self.dir), *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def _must(self, verb, *words):
        result = self._verb(verb, *words)
        if result.returncode != 0:
            raise AssertionError(f"cluster {verb}: {result.stderr}")

    def _start_guardian(self):
        """A process out of reach of whatever ends this one (ctest kills all descendants): so a daemon's child."""
        keep = os.environ.get("HPO_TEST_KEEP", "")
        reader, writer = os.pipe()
        with open(reader) as end:
            subprocess.run(["setsid", "--fork", "sh", "-c", GUARDIAN, "guardian", str(PROGRAM), str(self.dir), keep],
                           stdin=end, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        self.guardian = open(writer, "w")

    def _down(self):
        result = self._verb("down")
        if result.returncode != 0:
            raise AssertionError(f"cluster down: {result.stderr}")  # and the guardian tries again
        if os.environ.get("HPO_TEST_KEEP"):
            print(f"kept: {self.dir}", flush=True)
        else:
            shutil.rmtree(self.dir)
        self.guardian.write("done\n")
        self.guardian.close()
