# SPDX-License-Identifier: Apache-2.0
"""A budget that holds what it promises: rungs larger than it run in waves, and what can never fit is not run."""
import json

from case import COMMAND, Case, main

# A task may take 5 minutes of one node: 1/12 node-hours.
FIXED = '[submit]\ncanary = false\ntime = "fixed"\n'


class Budget(Case):
    nodes = 2
    variant = {"cpus": 8}

    def ledger(self):
        return json.loads(self.tool("hpo-collect", "study.h5", "--ledger", "--json", "--dry-run").stdout)

    def live(self):
        return sum(row.state in ("PENDING", "RUNNING", "COMPLETING") for row in self.queue())

    def test_a_rung_that_costs_three_times_the_budget_runs_in_waves_that_fit(self):
        self.init(COMMAND % self.trainer(pace=0.1) + FIXED + "[budget]\nnode_hours = 0.26\n")
        make = self.start("make", "POLL=1")
        most = 0
        while make.poll() is None:
            most = max(most, self.live())
        said, _ = make.communicate(timeout=60)
        self.assertEqual(make.returncode, 0, said)
        self.assertEqual(most, 3, "three twelfths of a node-hour are in the queue at most")
        study = self.assert_accounted(finished=[9, 3, 1])
        self.assertEqual(study["next"], "complete")

        ledger = self.ledger()
        self.assertEqual([rung["tasks"] for rung in ledger["rungs"]], [9, 3, 1])
        for rung, tasks in zip(ledger["rungs"], (9, 3, 1)):
            self.assertAlmostEqual(rung["promised_node_hours"], tasks / 12, places=6)
            self.assertEqual(rung["wasted"], [])
        attempts = sum(rung["attempts"] for rung in ledger["rungs"])
        self.assertEqual(attempts, 13)
        spent = sum(rung["spent"]["node"] for rung in ledger["rungs"])
        self.assertAlmostEqual(ledger["total"]["spent"]["node"], spent, places=6)
        self.assertTrue(0 < spent < 0.26, spent)

    def test_what_can_never_fit_is_left_out_with_the_numbers(self):
        self.init(COMMAND % self.trainer() + FIXED + "[budget]\nnode_hours = 0.08\n")
        said = self.tool("hpo-promote", "study.h5", "--propose", "--submit", code={0, 3, 4})
        self.assertIn("of the budget of 0.08", said.stderr)
        self.assertEqual(self.queue(), [])
        self.tool("make", "POLL=1", code=None)
        self.assertEqual(self.queue(), [])
        self.assert_accounted(abandoned=9)


if __name__ == "__main__":
    main()
