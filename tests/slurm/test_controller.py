# SPDX-License-Identifier: Apache-2.0
"""slurmctld restarted, killed before it had saved its state, hanging, absent."""
import os
import pathlib
import shutil
import time

from case import COMMAND, Case, main, wait_until

SOON = "\n[submit]\ncanary = false\n[retry]\nlost_after = 5\n"


class Controller(Case):
    nodes = 2
    variant = {"cpus": 5, "cred_expire": 5, "conf_extra": "TCPTimeout=1\nMessageTimeout=4\nKillWait=1"}

    def propose(self, more=""):
        self.init(COMMAND % self.trainer() + SOON + more)
        self.pause()
        self.tool("hpo-propose", "study.h5", "--submit")

    def all_train(self, attempt=0):
        for trial in range(9):
            self.wait_for_training(trial, attempt)

    def save_state(self):
        """slurmctld writes down all that has happened so far, some seconds after the next change."""
        now = time.time()
        self.cluster.run("scancel", self.cluster.run("sbatch", "--parsable", "--hold", "--wrap=true").stdout.strip())
        saved = self.cluster.dir / "state/job_state"
        wait_until(lambda: saved.exists() and saved.stat().st_mtime > now, 60, "slurmctld saves its state")

    def keep_state(self):
        kept = self.dir / "state"
        shutil.copytree(self.cluster.dir / "state", kept, ignore=shutil.ignore_patterns("*.new"))
        return kept

    def crash_back_to(self, kept):
        """As if slurmctld had been killed before it saved what has happened since."""
        self.cluster.ctld_kill()
        shutil.rmtree(self.cluster.dir / "state")
        shutil.copytree(kept, self.cluster.dir / "state")
        self.cluster.ctld_start()
        self.addCleanup(self.resume_nodes)

    def resume_nodes(self):
        """Where a number is given to a second task while the first one still dies, Slurm drains the node ("Duplicate jobid")."""
        self.cluster.run("scontrol", "update", "NodeName=ALL", "State=RESUME", code=None)

    def nothing_trains(self):
        def trains(process):
            try:
                return os.readlink(process / "cwd") == str(self.dir) and b"trainer.py" in (process / "cmdline").read_bytes()
            except OSError:
                return False  # it has ended
        return not any(map(trains, pathlib.Path("/proc").glob("[0-9]*")))

    def assert_each_ran_once(self):
        self.assertEqual([a for a in self.attempts() if a.ordinal > 0], [], "no task was run a second time")

    def test_a_restart_that_forgets_nothing_changes_nothing(self):
        self.propose()
        self.all_train()
        self.save_state()
        self.cluster.ctld_kill()
        self.cluster.ctld_start()
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])
        self.assert_each_ran_once()

    def test_an_array_that_a_crash_has_forgotten_counts_as_lost_and_runs_again_though_its_id_is_given_to_another(self):
        self.save_state()
        before = self.keep_state()
        self.propose()
        self.all_train()
        array = self.arrays()[-1]
        self.crash_back_to(before)
        self.assertNotIn(array, self.arrays(), "it is forgotten")
        wait_until(self.nothing_trains, 60, "Slurm ends what it has forgotten")
        other = self.tool("sbatch", "--parsable", "--array=0-8", "--output=/dev/null", "--wrap=true").stdout.strip()
        self.assertEqual(other, array, "its number comes again")
        wait_until(lambda: set(self.states(array).values()) == {"COMPLETED"}, 60, "the other array's end")
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])

    def test_tasks_that_a_crash_lets_start_twice_under_one_number_count_once(self):
        self.cluster.run("scontrol", "update", "PartitionName=main", "State=DOWN")
        self.propose(more="alike = 0\n")
        self.save_state()
        waiting = self.keep_state()
        self.cluster.run("scontrol", "update", "PartitionName=main", "State=UP")
        self.all_train()
        self.crash_back_to(waiting)
        self.cluster.run("scontrol", "update", "PartitionName=main", "State=UP")
        make = self.start("make", "POLL=1")

        # Slurm starts them again; or fails to, for their credentials are revoked ("Killing non-startable batch"); or holds
        # them ("launch failed requeued held"), until a person lets them go.
        def all_began_again():
            self.resume_nodes()
            for row in self.queue():
                if "held" in row.reason:
                    self.cluster.run("scontrol", "release", f"{row.array}_{row.index}", code=None)
            return {a.trial for a in self.attempts() if a.ordinal > 0} == set(range(9))
        wait_until(all_began_again, 120, "second attempts", step=1)
        self.go_on()
        said, _ = make.communicate(timeout=120)
        self.assertEqual(make.returncode, 0, said)
        self.assert_accounted(finished=[9, 3, 1])

    def test_a_controller_that_hangs_is_no_reason_to_submit_nor_to_submit_twice(self):
        self.init(COMMAND % self.trainer() + SOON)
        self.tool("hpo-propose", "study.h5")
        self.cluster.ctld_stop()
        self.assertIn("does not answer", self.tool("hpo-promote", "study.h5", "--submit", code=75).stderr)
        self.cluster.ctld_cont()
        self.assertEqual(self.queue(), [])

        # Now it begins to hang when sbatch has asked, and takes the array when it wakes up.
        sbatch = self.dir / "bin/sbatch"
        sbatch.parent.mkdir()
        sbatch.write_text(f'#!/bin/sh\nkill -STOP {self.cluster.pid("slurmctld")}\nexec {shutil.which("sbatch")} "$@"\n')
        sbatch.chmod(0o755)
        hanging = {"PATH": f"{sbatch.parent}:{self.env['PATH']}"}
        self.assertIn("it is not known whether", self.tool("hpo-promote", "study.h5", "--submit", code=75, env=hanging).stderr)
        self.cluster.ctld_cont()
        wait_until(self.queue, 60, "the array appears")
        self.tool("make", "POLL=1")
        self.assertEqual(len(self.arrays()), 3, "one array a rung")
        self.assert_accounted(finished=[9, 3, 1])
        self.assert_each_ran_once()

    def test_tasks_run_and_end_while_the_controller_is_absent_for_longer_than_tasks_may_be_lost(self):
        self.propose()
        self.all_train()
        self.save_state()
        self.cluster.ctld_kill()
        gone = time.monotonic()
        self.go_on()
        wait_until(lambda: sum(a.ending == "finished" for a in self.attempts()) == 9, 60, "the tasks' ends")
        while time.monotonic() < gone + 15:
            self.tool("hpo-promote", "study.h5", "--submit", code=75)
        self.cluster.ctld_start()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])
        self.assert_each_ran_once()


if __name__ == "__main__":
    main()
