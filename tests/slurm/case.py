# SPDX-License-Identifier: Apache-2.0
"""Tests of whole studies on a real Slurm. One class, one private cluster; one test, one study in a directory of its own.

    from case import COMMAND, Case, main

    class Requeue(Case):
        nodes, variant = 2, {"cpus": 4, "conf_extra": "KillWait=5"}      # how the cluster is; cluster.py lists the keywords

        def test_a_requeued_task_is_run_again_and_counts_once(self):
            self.init(COMMAND % self.trainer(pace=0.2))                  # 9 trials, rungs of 1, 3 and 9 steps; lines added behind
            self.pause(trial=0)                                          #     COMMAND belong to its [slurm]
            self.tool("hpo-propose", "study.h5", "--submit")
            self.wait_for_training(0)
            self.cluster.run("scontrol", "requeue", f"{self.arrays()[0]}_0")
            self.go_on()
            self.tool("make", "POLL=1")
            self.assert_accounted(finished=[9, 3, 1])

    if __name__ == "__main__":
        main()

Between two tests of a class all jobs are cancelled and what was broken on purpose (nodes, links, daemons) is mended.
A failed test shows the queue, the tasks' logs and the daemons' logs. HPO_TEST_KEEP=1 keeps everything.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from cluster import Cluster, wait_until  # noqa: E402
from harness import COMMAND, SOURCE, TINY, TOOLS  # noqa: E402

__all__ = ["COMMAND", "SOURCE", "TINY", "TOOLS", "Attempt", "Case", "Cluster", "main", "wait_until"]

NOTHING_RUN = 77  # what ctest is told when the machine can run none of the tests

# A training that costs nothing: loss = (x - 0.5)^2 + 1/step, `pace` seconds a step. Before each step it waits while a file
# `pause` or `pause.TRIAL` or `pause.TRIAL.STEPS` stands in the study's directory. USR2 and TERM: checkpoint, 85.
TRAINER = """
import json, os, signal, sys, time
words = dict(word[2:].split("=", 1) for word in sys.argv[1:])
x, pace, environment = float(words["x"]), float(words.get("pace", 0)), os.environ
stop = []
for number in signal.SIGUSR2, signal.SIGTERM:
    signal.signal(number, lambda *_: stop.append(1))
budget, step = float(environment["HPO_BUDGET"]), 0
open(environment["HPO_CHECKPOINT_DIR"] + "/.ready", "w").close()
if environment["HPO_RESUME_FROM"]:
    with open(environment["HPO_RESUME_FROM"] + "/state") as file:
        step = int(file.read())

def report():
    with open(environment["HPO_REPORT"], "a") as file:
        file.write(json.dumps({"step": step, "loss": (x - 0.5) ** 2 + 1 / step}) + "\\n")

def save():
    with open(environment["HPO_CHECKPOINT_DIR"] + "/.state", "w") as file:
        file.write(str(step))
    os.rename(file.name, environment["HPO_CHECKPOINT_DIR"] + "/state")

if step >= budget:
    report()
while step < budget:
    end = time.monotonic() + pace
    pauses = "pause", "pause." + environment["HPO_TRIAL"], f"pause.{environment['HPO_TRIAL']}.{step}"
    while not stop and (time.monotonic() < end or any(map(os.path.exists, pauses))):
        time.sleep(0.02)
    if stop:
        save()
        sys.exit(85)
    step += 1
    report()
    save()
"""

# One segment: who wrote it, the steps it reported, and how it ended (None: without a word).
Attempt = collections.namedtuple("Attempt", "trial bracket rung ordinal job host steps ending")


class Case(unittest.TestCase):
    nodes = 4
    variant = {}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.nodes, **cls.variant).up()
        cls.addClassCleanup(cls.cluster.down)

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="study-", dir=self.cluster.dir))
        keep = {k: v for k, v in self.cluster.env.items() if not re.match(r"HPO_|MAKE|MFLAGS", k)}
        self.env = {**keep, "PATH": f"{TOOLS}:{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "100",
                    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        self.older = max((int(row.array) for row in self.cluster.queue()), default=0)
        self.addCleanup(self.cluster.reset)

    def run(self, result=None):
        def count():
            return len(result.failures) + len(result.errors)
        before = count() if result else 0
        super().run(result)
        if result and count() > before and hasattr(self, "dir"):
            print(f"\n--- {self.id()}{self.task_logs()}{self.cluster.logs()}\n", file=sys.stderr)
        return result

    # ---- making a study

    def write(self, name, text):
        (self.dir / name).write_text(text)

    def trainer(self, pace=0, launcher=()):
        """The command of [run] for TRAINER, to be put into COMMAND with %. launcher: ["srun"] makes it a job step."""
        self.write("trainer.py", TRAINER)
        return json.dumps([*launcher, sys.executable, "trainer.py", "--x={x}", f"--pace={pace}"])

    def init(self, text):
        self.write("study.toml", text)
        self.tool("hpo-init", "study.toml", "--quiet")

    def pause(self, trial=None, after=None):
        """Makes the trainers, or that of one trial, wait before their next step; after: when it has taken so many."""
        (self.dir / ".".join(str(word) for word in ("pause", trial, after) if word is not None)).touch()

    def go_on(self):
        for file in self.dir.glob("pause*"):
            file.unlink()

    # ---- running things

    def tool(self, *argv, code=0, env=None, timeout=300):
        """Runs a tool, make or a Slurm client in the study's directory. code: the exit code it must have, a collection of
        them, or None for any."""
        result = subprocess.run(self.cluster.command(*argv), cwd=self.dir, env={**self.env, **(env or {})}, capture_output=True, text=True,
                                timeout=timeout)
        if code is not None and result.returncode not in (code if isinstance(code, (set, tuple, list)) else [code]):
            self.fail(f"{argv} ended with {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result

    def start(self, *argv, env=None):
        """The same in the background; killed at the end of the test when it still runs."""
        process = subprocess.Popen(self.cluster.command(*argv), cwd=self.dir, env={**self.env, **(env or {})}, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    # ---- looking

    def study(self):
        return json.loads(self.tool("hpo-collect", "study.h5", "--json", "--dry-run").stdout)

    def queue(self):
        """Rows of squeue (cluster.Row) for this test's jobs, oldest first, one a task."""
        return [row for row in self.cluster.queue() if int(row.array) > self.older]

    def arrays(self):
        """Job ids of this test's jobs, oldest first."""
        return list(dict.fromkeys(row.array for row in self.queue()))

    def states(self, array=None):
        return self.cluster.states(array)

    def wait_for_states(self, index, *states, array=None, seconds=60):
        """Until task `index` of an array, by default of the newest, is in one of the states."""
        wait_until(lambda: self.states(array).get(str(index)) in states, seconds,
                   lambda: f"task {index} is {' or '.join(states)}: {self.states(array)}")

    def wait_for_training(self, trial, attempt=0, rung=0, seconds=60):
        """Until TRAINER runs in this attempt and would obey a signal."""
        ready = self.dir / f"study.h5.d/ckpt/t{trial:08}.b0.r{rung}.a{attempt:02}/.ready"
        wait_until(ready.exists, seconds, f"trial {trial} trains, attempt {attempt} at rung {rung}")

    def wait_for_step(self, step, trial, rung=0, seconds=60):
        """Until an attempt has reported this step."""
        wait_until(lambda: [a for a in self.attempts(trial, rung) if step in a.steps], seconds, f"step {step} of trial {trial}")

    def attempts(self, trial=None, rung=None):
        """What the tasks have written, by trial, bracket, rung and ordinal."""
        found = []
        for file in self.dir.glob("study.h5.d/seg/*/*.seg"):
            records = [line.split(" ", 3)[3] for line in file.read_text(errors="replace").splitlines(keepends=True) if line.endswith("\n")]
            by_kind = collections.defaultdict(list)
            for record in records:
                by_kind[record[0]].append(json.loads(record[1:]))
            if who := by_kind["S"]:
                ending = by_kind["E"][0]["how"] if by_kind["E"] else None
                steps = [report[0] for report in by_kind["M"]]
                found.append(Attempt(*(who[0][key] for key in Attempt._fields[:6]), steps, ending))
        return sorted(a for a in found if trial in (None, a.trial) and rung in (None, a.rung))

    def task_logs(self, lines=20):
        text = "\n" + "\n".join(map(str, self.queue()))
        for log in sorted(self.dir.glob("**/logs/*.log")):
            text += f"\n--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
        return text

    # ---- judging

    def assert_accounted(self, finished=None, failed=0, abandoned=0):
        """Every task of the study has ended and is accounted for exactly once: one attempt that finished it, unless it failed
        or was abandoned (so many in all, on purpose); every report of every attempt is in the study once, and the steps of an
        attempt only grow. finished: how many of each rung, [9, 3, 1]."""
        self.tool("hpo-collect", "study.h5", "--no-report", "--quiet")
        study = self.study()
        for rung in study["rungs"]:
            self.assertEqual((rung["running"], rung["waiting"]), (0, 0), f"tasks are still open: {rung}")
            self.assertEqual(rung["finished"] + rung["failed"] + rung["abandoned"], rung["entered"], f"{rung}")
        if finished is not None:
            self.assertEqual([rung["finished"] for rung in study["rungs"]], finished)
        self.assertEqual((sum(rung["failed"] for rung in study["rungs"]), sum(rung["abandoned"] for rung in study["rungs"])), (failed, abandoned))

        attempts = self.attempts()
        winners = collections.Counter((a.trial, a.bracket, a.rung) for a in attempts if a.ending == "finished")
        self.assertEqual([task for task, count in winners.items() if count > 1], [], "tasks that two attempts finished")
        for rung in study["rungs"]:
            self.assertEqual(sum(task[1:] == (rung["bracket"], rung["rung"]) for task in winners), rung["finished"], f"{rung}")

        written = collections.Counter((a.trial, a.bracket, a.rung, a.ordinal, step) for a in attempts for step in a.steps)
        lines = [line.split(",") for line in self.tool("hpo-collect", "study.h5", "--curves-csv", "--dry-run").stdout.splitlines()]
        column = {name: i for i, name in enumerate(lines[0])}
        objective = study["objectives"][0]["metric"]
        held = collections.Counter((*(int(line[column[name]]) for name in ("trial", "bracket", "rung", "attempt")), float(line[column["step"]]))
                                   for line in lines[1:] if line[column["metric"]] == objective)
        self.assertEqual(held, written, "the study holds each report once")
        for attempt in attempts:
            self.assertEqual(attempt.steps, sorted(set(attempt.steps)), f"an attempt's steps grow: {attempt}")
        return study


def main():
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(1 if not result.wasSuccessful() else NOTHING_RUN if result.skipped and result.testsRun == 0 else 0)
