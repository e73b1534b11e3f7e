# SPDX-License-Identifier: Apache-2.0
"""Accounting that is away, that hangs, or that there is none of."""
import os
import pathlib
import signal

from case import COMMAND, Case, main, wait_until

SOON = "\n[submit]\ncanary = false\n[retry]\nlost_after = 5\n"


class Accounting(Case):
    nodes = 2
    variant = {"dbd": True, "cpus": 5, "conf_extra": "KillWait=1"}

    def cause_of(self, trial):
        return self.study()["trials"][trial]["cause"]

    def train_without_task_0(self):
        """All tasks of rung 0 have ended, that of trial 0 by scancel."""
        self.init(COMMAND % self.trainer() + SOON)
        self.pause()
        self.tool("hpo-propose", "study.h5", "--submit")
        for trial in range(9):
            self.wait_for_training(trial)
        (array,) = self.arrays()
        return array

    def end_all_but_task_0(self, array):
        self.tool("scancel", f"{array}_0")
        self.wait_for_states(0, "CANCELLED", array=array)
        self.go_on()
        wait_until(lambda: set(self.states(array).values()) == {"CANCELLED", "COMPLETED"}, 60, "the tasks' ends")

    def assert_cancelled_in_the_end(self):
        wait_until(lambda: self.cause_of(0) == "cancelled", 60, "accounting tells who cancelled", step=1)
        self.tool("make", "POLL=1")
        study = self.assert_accounted(finished=[8, 2, 1], abandoned=1)
        self.assertEqual([trial["cause"] for trial in study["trials"]].count("cancelled"), 1)

    def test_causes_are_right_in_the_end_when_slurmdbd_was_absent_while_tasks_ended(self):
        array = self.train_without_task_0()
        self.cluster.dbd_stop()
        self.end_all_but_task_0(array)
        self.tool("hpo-promote", "study.h5", "--submit", code=4)
        self.assertNotEqual(self.cause_of(0), "cancelled", "nobody has said who ended it")
        self.assertEqual(self.arrays(), [array], "it stopped in time, but is not run again on a guess")
        self.cluster.dbd_start()
        self.assert_cancelled_in_the_end()

    def test_a_database_that_hangs_holds_nobody_up_and_settles_nothing(self):
        array = self.train_without_task_0()
        self.cluster.db_hang()
        self.end_all_but_task_0(array)
        impatient = {"HPO_SLURM_TIMEOUT": "3"}
        self.tool("hpo-promote", "study.h5", "--submit", code=4, env=impatient, timeout=60)
        self.tool("hpo-collect", "study.h5", env=impatient, timeout=60)
        self.assertEqual(self.arrays(), [array], "it stopped in time, but is not run again on a guess")
        self.cluster.db_cont()
        self.assert_cancelled_in_the_end()


class NoAccounting(Case):
    nodes = 2
    variant = {"cpus": 5, "conf_extra": "MinJobAge=2\nKillWait=1"}

    def wait_until_forgotten(self):
        wait_until(lambda: not self.queue(), 60, "squeue forgets the tasks")

    def test_tasks_that_slurm_has_forgotten_before_anybody_looked_have_told_all_themselves(self):
        self.init(COMMAND % self.trainer() + SOON)
        self.tool("hpo-propose", "study.h5", "--submit")
        self.wait_until_forgotten()
        self.tool("hpo-promote", "study.h5", "--submit")
        self.wait_until_forgotten()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])
        self.assertEqual({a.ordinal for a in self.attempts()}, {0}, "nothing was run again")

    def test_a_task_killed_without_a_word_and_forgotten_counts_as_lost_and_runs_again(self):
        self.init(COMMAND % self.trainer() + SOON)
        self.pause(trial=4)
        self.tool("hpo-propose", "study.h5", "--submit")
        self.wait_for_training(4)
        self.kill_task(4)
        self.go_on()
        self.wait_until_forgotten()
        self.tool("hpo-promote", "study.h5", "--submit", code=4)
        self.assertEqual(self.queue(), [], "it is waited for")
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])
        self.assertEqual([(a.ordinal, a.ending) for a in self.attempts(trial=4, rung=0)], [(0, None), (1, "finished")])

    def kill_task(self, index):
        """kill -9 of all processes of an array task, the script's first."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended
            if {f"SLURM_CONF={self.cluster.env['SLURM_CONF']}".encode(), f"SLURM_ARRAY_TASK_ID={index}".encode()} <= set(environment):
                os.kill(int(process.name), signal.SIGKILL)


if __name__ == "__main__":
    main()
