"""What becomes of tasks that a rung was decided without: their jobs are cancelled, once, and nothing is held against them. The Slurm
here is a stand-in (tests/slurm/fake)."""
import json
import re
import time
import unittest

from stand_in import COMMAND, StandIn


class Stragglers(StandIn):
    def submit(self, patience_hours):
        """An array of nine tasks."""
        text = (COMMAND % '["echo", "hpo: step=1 loss={x}"]').replace("trials = 9", f"trials = 9\npatience_hours = {patience_hours}")
        self.init(text + "[submit]\ncanary = false\n")
        self.run_tool("hpo-propose", "study.h5", "--submit")

    def begin(self, patience_hours=0):
        """Seven of the nine have ended, the last but one runs, the last waits."""
        self.submit(patience_hours)
        self.train(*range(7))
        self.slurm.start("1", 7)

    def train(self, *indices, array="1"):
        """The tasks run to their ends, in Slurm and in fact."""
        self.slurm.start(array, *indices)
        self.run_in_fact(*indices, array=array)
        self.slurm.finish(array, *indices)

    def look(self, *more, code=None):
        return self.run_tool("hpo-promote", "study.h5", "--submit", *more, code=code)

    def explained(self, trial):
        return json.loads(self.run_tool("hpo-collect", "study.h5", f"--explain={trial}", "--json").stdout)["rungs"]

    def cancelled(self):
        return [call[-1] for call in self.slurm.calls("scancel")]

    def test_their_jobs_are_cancelled_once_and_the_ladder_goes_on(self):
        self.begin()
        dry = self.look("--dry-run", code=0)
        self.assertIn("would cancel 1_[7-8]", dry.stdout)
        self.assertEqual(self.cancelled(), [])
        self.assertIn("cancelled: 1_[7-8]", self.look(code=0).stderr)
        self.assertEqual(self.slurm.jobs["1"].states[7], "CANCELLED")
        self.assertNotIn(8, self.slurm.jobs["1"].states)
        for _ in range(3):
            self.look(code=4)
        self.assertEqual(self.cancelled(), ["1_[7-8]"])
        study = self.study()
        self.assertEqual([(r["entered"], r["finished"], r["failed"], r["abandoned"]) for r in study["rungs"]], [(9, 7, 0, 2), (3, 0, 0, 0)])
        self.assertEqual({study["trials"][trial]["cause"] for trial in (7, 8)}, {"called_off"})
        self.assertEqual([trial["state"] for trial in study["trials"]].count("stopped"), 4)

    def test_while_there_is_patience_nothing_is_cancelled(self):
        self.begin(patience_hours=2)
        self.look(code=4)
        self.assertEqual(self.cancelled(), [])

    def test_what_the_one_before_could_not_cancel_the_next_one_does(self):
        self.begin()
        self.slurm.fail("scancel", "error")
        self.assertIn("could not be cancelled", self.look(code=0).stderr)
        self.assertEqual(self.slurm.jobs["1"].states[7], "RUNNING")
        self.slurm.mend()
        self.look(code=4)
        self.assertEqual(self.slurm.jobs["1"].states[7], "CANCELLED")
        self.look(code=4)
        self.assertEqual(self.cancelled(), 2 * ["1_[7-8]"])

    def test_a_result_that_comes_all_the_same_counts(self):
        self.begin()
        self.slurm.fail("scancel", "error")
        self.look(code=0)
        self.slurm.mend()
        self.train(7)
        self.look(code=4)
        self.assertEqual(self.study()["rungs"][0]["finished"], 8)
        self.assertEqual(self.cancelled()[1:], ["1_8"])

    def test_nothing_is_cancelled_while_the_queue_does_not_answer(self):
        self.begin()
        self.slurm.fail("squeue", "error")
        self.look(code=75)
        self.assertEqual(self.cancelled(), [])
        self.slurm.mend()
        self.look(code=4)
        self.assertEqual(self.cancelled(), ["1_[7-8]"])

    def test_the_budget_holds_their_hours_until_they_are_over(self):
        self.begin()

        def promised():
            return json.loads(self.run_tool("hpo-collect", "study.h5", "--ledger", "--json").stdout)["budget"][0]["promised"]
        self.slurm.fail("scancel", "error")
        self.look(code=0)
        held = promised()
        self.slurm.mend()
        self.look(code=4)
        self.look(code=4)
        self.assertLess(promised(), held)

    def test_without_a_look_at_slurm_it_is_said_how_they_are_cancelled(self):
        self.begin()
        said = self.run_tool("hpo-promote", "study.h5", code=0).stderr
        self.assertIn("called off: 2 tasks", said)
        self.assertIn("hpo-promote --submit", said)
        self.look(code=4)
        self.assertEqual(self.cancelled(), ["1_[7-8]"])

    def test_make_does_not_run_them_any_more(self):
        self.begin()
        local = {"HPO_LOCAL": "1"}
        self.assertIn("rung-b0-r0/8", self.run_tool("hpo-collect", "study.h5", "--todo", env=local).stdout)
        self.run_tool("hpo-promote", "study.h5", env=local)
        self.assertNotIn("rung-b0-r0/", self.run_tool("hpo-collect", "study.h5", "--todo", env=local).stdout)

    def link(self):
        """How the newest link of the chain is submitted."""
        links = [job for job in self.slurm.jobs.values() if re.search(r"-c\d+$", job.name)]
        return [word for word in links[-1].args if word.startswith(("--dependency", "--begin"))]

    def end_links(self):
        for job in self.slurm.jobs.values():
            if re.search(r"-c\d+$", job.name):
                self.slurm.finish(job.id)

    def test_a_chain_of_jobs_comes_back_when_patience_ends(self):
        self.submit(patience_hours=2)
        self.run_tool("hpo-promote", "study.h5", "--controller", code=4)
        self.assertEqual(self.link(), ["--dependency=afterany:1?after:1_0+120"], "two hours after the first start, at the earliest")
        self.end_links()
        # Half of the rung has just ended, the rest has run for ten minutes.
        self.train(*range(5))
        self.slurm.start("1", 5, 6, 7, 8, at=int(time.time()) - 600)
        self.run_tool("hpo-promote", "study.h5", "--controller", code=4)
        self.assertRegex(self.link()[0], r"^--dependency=afterany:1\?after:1_5\+1(29|30|31)$")

    def test_a_chain_comes_at_the_end_of_patience_when_nothing_runs(self):
        self.submit(patience_hours=2)
        self.train(*range(5))
        self.run_tool("hpo-promote", "study.h5", "--controller", code=4)
        self.assertRegex(self.link()[0], r"^--begin=now\+7([01]\d\d|200)$")

    def test_a_chain_without_patience_waits_for_the_ends_alone(self):
        self.submit(patience_hours=1e9)
        self.train(*range(5))
        self.slurm.start("1", 5)
        self.run_tool("hpo-promote", "study.h5", "--controller", code=4)
        self.assertIn("afterany:1", self.link()[0])


if __name__ == "__main__":
    unittest.main()
