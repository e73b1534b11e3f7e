"""What the tools make of Slurm's answers when they are wrong, missing, late or odd: no task is taken for finished, lost at once
or submitted twice. The Slurm here is a stand-in (tests/slurm/fake)."""
import time
import unittest

from stand_in import COMMAND, StandIn

IMPATIENT = {"HPO_SLURM_TIMEOUT": "1"}


class Answers(StandIn):
    patience = IMPATIENT

    def begin(self, retry="", trials=9):
        """A study with one submitted array, of which nothing has started."""
        self.init((COMMAND % '["echo", "hpo: step=1 loss={x}"]').replace("trials = 9", f"trials = {trials}") + f"[submit]\ncanary = false\n[retry]\n{retry}\n")
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.assertEqual(list(self.slurm.jobs), ["1"])

    def run_tool(self, tool, *argv, env=None, **more):
        patience = self.patience if tool.startswith("hpo-") else {}
        return super().run_tool(tool, *argv, env={**patience, **(env or {})}, **more)

    def look(self, code=4, **more):
        return self.run_tool("hpo-promote", "study.h5", "--submit", code=code, **more)

    def train(self, *indices, array="1"):
        """The tasks run, in Slurm and in fact."""
        self.slurm.start(array, *indices)
        self.run_in_fact(*indices, array=array)

    def rung(self):
        return self.study()["rungs"][0]

    def assert_nothing_concluded(self, finished=0):
        rung = self.rung()
        self.assertEqual((rung["finished"], rung["failed"], rung["abandoned"]), (finished, 0, 0))
        self.assertEqual(list(self.slurm.jobs), ["1"], "nothing is submitted again")
        self.assertEqual({trial["retries"] for trial in self.study()["trials"]}, {0})

    def assert_comes_to_its_end(self):
        """Every open task runs, until the study is complete."""
        self.slurm.mend()
        self.slurm.late(0)
        for _ in range(12):
            if self.look(code=None).returncode == 3:
                break
            for job in self.slurm.jobs.values():
                if waiting := [index for index, state in job.states.items() if state == "PENDING"]:
                    self.train(*waiting, array=job.id)
                    self.slurm.finish(job.id, *waiting)
        study = self.study()
        self.assertEqual(study["next"], "complete")
        for rung in study["rungs"]:
            self.assertEqual(rung["finished"] + rung["failed"] + rung["abandoned"], rung["entered"])
        return study

    def test_a_squeue_that_fails_is_cut_short_or_hangs_says_nothing(self):
        self.begin(retry="lost_after = 1")
        self.train(0, 1)
        self.slurm.finish("1", 0, 1)
        for how in "error", "cut", "hang":
            with self.subTest(squeue=how):
                self.slurm.fail("squeue", how)
                for _ in range(2):
                    self.look(code=75)
                self.assert_nothing_concluded(finished=2)
                self.slurm.mend()
        self.assert_comes_to_its_end()

    def test_an_sacct_that_fails_is_cut_short_or_hangs_says_nothing(self):
        self.begin()
        self.slurm.start("1", 0)
        self.slurm.finish("1", 0, state="FAILED", exit="7:0")
        for how in "error", "cut", "hang":
            with self.subTest(sacct=how):
                self.slurm.fail("sacct", how)
                for _ in range(2):
                    self.look()
                self.assert_nothing_concluded()
                self.slurm.mend()
        self.look(code=0)
        self.assertEqual(len(self.slurm.jobs), 2, "now it is known, and runs again")
        self.assert_comes_to_its_end()

    def test_an_empty_answer_does_not_end_tasks_before_they_have_been_missed_for_long(self):
        self.begin()
        for command in "squeue", "sacct":
            self.slurm.fail(command, "empty")
        for _ in range(3):
            self.look()
        self.assert_nothing_concluded()
        self.assert_comes_to_its_end()

    def test_tasks_missed_for_long_are_lost_and_run_again_once(self):
        self.begin(retry="lost_after = 1")
        self.train(*range(6))  # no place is safe while three are missing
        self.slurm.finish("1", *range(6))
        self.slurm.lose("1")  # slurmctld knows nothing of the array any more
        self.look()
        time.sleep(1.1)
        for code in 0, 4, 4:
            self.look(code=code)
        self.assertEqual([len(job.states) for job in self.slurm.jobs.values()], [3])
        self.assert_comes_to_its_end()

    def test_late_records_of_accounting_are_waited_for(self):
        self.begin()
        for how in "missing", "allocation":
            with self.subTest(how):
                self.slurm.late(3600, how)
                self.slurm.start("1", 0)
                self.slurm.finish("1", 0, state="FAILED", exit="7:0", derived="0:125")
                self.slurm.start("1", 1)
                for _ in range(2):
                    self.look()
                self.assert_nothing_concluded()
        self.slurm.late(0)
        self.look()
        self.assertEqual(self.study()["trials"][0]["cause"], "out_of_memory")

    def test_records_that_are_missing_for_good_are_no_success(self):
        self.begin(retry="lost_after = 1")
        self.slurm.start("1")
        self.slurm.finish("1")
        self.slurm.forget("1")
        self.slurm.fail("sacct", "empty")
        self.look()
        time.sleep(1.1)
        self.look(code=None)
        self.assertEqual(self.rung()["finished"], 0)

    def test_another_array_of_the_same_number_tells_nothing_about_ours(self):
        self.begin(retry="lost_after = 1")
        self.train(0, 1)
        self.slurm.lose("1")
        self.write("other.sh", "#!/bin/sh\n#SBATCH --array=0-8 --job-name=other\n")
        self.run_tool("sbatch", "other.sh")
        self.slurm.start("1")
        self.slurm.finish("1", state="FAILED", exit="9:0")
        self.look()
        time.sleep(1.1)
        self.look(code=0)
        self.assertEqual([(job.name == "other", len(job.states)) for job in self.slurm.jobs.values()], [(True, 9), (False, 7)])
        rung = self.rung()
        self.assertEqual((rung["finished"], rung["failed"], rung["abandoned"]), (2, 0, 0))
        self.assert_comes_to_its_end()

    def test_a_task_in_a_state_nobody_knows_is_alive(self):
        self.begin(retry="lost_after = 1")
        self.slurm.start("1")
        self.slurm.set_tasks("1", state="MOVED_TO_CLOUD")
        self.look()
        time.sleep(1.1)
        self.look()
        self.assert_nothing_concluded()

    def test_all_that_can_be_wrong_at_once_does_not_submit_twice(self):
        self.begin(retry="lost_after = 600")
        for squeue in "error", "empty", "cut":
            for sacct in "error", "empty", "cut":
                self.slurm.fail("squeue", squeue)
                self.slurm.fail("sacct", sacct)
                self.look(code=4 if squeue == "empty" else 75)
                self.slurm.mend()
        self.assert_nothing_concluded()
        study = self.assert_comes_to_its_end()
        self.assertEqual([rung["finished"] for rung in study["rungs"]], [9, 3, 1])
        self.assertEqual(len(self.slurm.jobs), 3)

    def test_ten_thousand_rows_in_one_answer(self):
        self.patience = {}  # the stand-in takes its time over them
        self.slurm.configure(MaxArraySize=10001, MaxJobCount=50000)
        self.begin(trials=10000)
        self.slurm.start("1", *range(100))
        self.slurm.finish("1", *range(100), state="NODE_FAIL")
        self.look(code=0)
        first, second = self.slurm.jobs.values()
        self.assertEqual((len(first.states), len(second.states)), (10000, 100))
        self.assertEqual(self.rung()["waiting"] + self.rung()["running"], 10000)


if __name__ == "__main__":
    unittest.main()
