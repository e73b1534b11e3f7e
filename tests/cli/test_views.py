"""What a person asks of a study that runs: hpo-collect --status, --explain, --ledger. The Slurm here is a stand-in."""
import json
import time
import unittest

from stand_in import COMMAND, StandIn

PROGRAM = COMMAND % '["echo", "hpo: step=1 loss={x}"]'


class Views(StandIn):
    """An array of nine tasks in Slurm, all let go."""

    def setUp(self):
        super().setUp()
        self.init(PROGRAM + "[submit]\ncanary = false\n")
        self.run_tool("hpo-propose", "study.h5", "--submit")

    def view(self, *words, **more):
        return self.run_tool("hpo-collect", "study.h5", *words, **more)

    def array(self):
        return json.loads(self.view("--status", "--json").stdout)["arrays"][0]

    def test_status_counts_what_runs_and_what_waits_for_which_reason(self):
        self.slurm.start("1", 0, 1)
        self.slurm.set_tasks("1", 2, 3, reason="QOSMaxJobsPerUserLimit")
        self.slurm.set_tasks("1", 4, 5, 6, 7, 8, reason="Priority")
        self.slurm.expect("1", time.time() + 600)
        array = self.array()
        self.assertEqual([array[k] for k in ("running", "waiting", "held", "missing", "ended")], [2, 7, 0, 0, 0])
        self.assertEqual([(r["reason"], r["tasks"]) for r in array["reasons"]], [("Priority", 5), ("QOSMaxJobsPerUserLimit", 2)])
        self.assertIsNotNone(array["expected_start"])
        text = self.view("--status").stdout
        self.assertIn("\nwaits   1: 5 tasks Priority: other jobs go first\n", text)
        self.assertIn("\nto come rung 1: 3 tasks, at most 0.25 node-hours\n", text)
        self.assertIn("\nbudget  0 node-hours spent, 0.75 promised, no limit\n", text)

    def test_a_task_that_slurm_holds_comes_with_the_command_that_lets_it_go(self):
        self.slurm.start("1")
        self.slurm.requeue("1", 3, reason="job requeued in held state")
        self.assertEqual(self.array()["held"], 1)
        self.assertIn("scontrol release 1_3\n", self.view("--status").stdout)
        self.assertIn("hint: Slurm holds 1 task until somebody lets it go: scontrol release 1_3\n", self.view().stdout)
        self.assertIn("waits as 1_3: job requeued in held state", self.view("--explain=3").stdout)

    def test_a_task_that_slurm_does_not_know_is_missing(self):
        self.slurm.accounting("off")
        self.slurm.start("1")
        self.slurm.forget("1", 8)
        self.assertEqual(self.array()["missing"], 1)
        self.assertIn("missing 1: Slurm has known nothing of 1 task for", self.view("--status").stdout)

    def test_when_slurm_does_not_answer_the_study_is_shown_as_it_knows_itself(self):
        self.slurm.start("1")
        self.run_in_fact(0)
        self.slurm.down()
        text = self.view("--status").stdout
        self.assertRegex(text, r"\nslurm   does not answer: .*; this is what the study knows by itself\n")
        self.assertEqual([self.array()[k] for k in ("missing", "ended")], [0, 1])

    def test_explain_tells_the_attempts_and_where_their_logs_are(self):
        self.slurm.start("1")
        self.run_in_fact(4)
        self.slurm.finish("1", 4)
        trial = json.loads(self.view("--explain=4", "--json").stdout)
        attempt = trial["rungs"][0]["attempts"][0]
        self.assertEqual((attempt["job"], attempt["cause"]), ("1_4", "completed"))
        self.assertEqual(trial["logs"], ["logs/1_4.log"])
        self.assertIn("its rung is decided at the latest when its other 8 tasks have ended", self.view("--explain=4").stdout)
        self.golden_failure("explain-no-such-trial", "hpo-collect", "study.h5", "--explain=9", code=2)

    def test_the_ledger_adds_up_to_what_was_promised_and_spent(self):
        self.slurm.start("1")
        self.run_in_fact(0)
        self.slurm.finish("1", 0)
        ledger = json.loads(self.view("--ledger", "--json").stdout)
        self.assertEqual([ledger["rungs"][0][k] for k in ("tasks", "attempts")], [9, 1])
        self.assertAlmostEqual(ledger["total"]["promised_node_hours"], 9 * 5 / 60)
        self.assertAlmostEqual(ledger["budget"][0]["promised"], 8 * 5 / 60)
        self.assertIn("wasted  nothing", self.view("--ledger").stdout)

    def test_status_can_be_watched_until_the_study_is_complete(self):
        (self.dir / "local").mkdir()
        self.write("local/study.toml", PROGRAM.replace("trials = 9", "trials = 1").replace("max = 9", "max = 1"))
        local = {"HPO_LOCAL": "1"}
        self.run_tool("hpo-init", "local/study.toml", "--quiet", env=local)
        self.run_tool("make", "-C", "local", env=local)
        self.assertIn("the study is complete", self.run_tool("hpo-collect", "local/study.h5", "--status", "--watch=1", env=local, timeout=30).stdout)


if __name__ == "__main__":
    unittest.main()
