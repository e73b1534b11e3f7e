# SPDX-License-Identifier: Apache-2.0
"""The ladder on a real Slurm, from the first proposal to the last rung."""
from case import COMMAND, TINY, Case, main, wait_until


class Ladder(Case):
    def test_make_takes_a_study_of_two_node_mpi_trainings_to_its_end(self):
        self.init(TINY.replace("ntasks-per-node = 2", "nodes = 2\nntasks-per-node = 1"))
        self.tool("make", "POLL=1")
        study = self.assert_accounted(finished=[4, 2, 1])
        self.assertEqual(study["next"], "complete")
        self.assertEqual(study["best"]["rung"], 2)
        self.assertEqual(len(self.arrays()), 3, "one array a rung")
        self.assertEqual({row.state for row in self.queue()}, {"COMPLETED"})
        self.assertTrue(all("[" in row.nodes for row in self.queue()), "two nodes a task, such as n[1-2]")

    def test_make_again_after_the_end_submits_nothing(self):
        self.init(COMMAND % self.trainer())
        self.tool("make", "POLL=1")
        arrays = self.arrays()
        self.tool("make", "POLL=1")
        self.assertEqual(self.arrays(), arrays)
        self.assert_accounted(finished=[9, 3, 1])


class Triggers(Case):
    def test_four_promoters_at_once_submit_one_array_a_rung(self):
        self.init(COMMAND % self.trainer())
        self.tool("hpo-propose", "study.h5")
        for rung in range(3):
            for promoter in [self.start("hpo-promote", "study.h5", "--submit", "--quiet") for _ in range(4)]:
                said, _ = promoter.communicate(timeout=120)
                self.assertIn(promoter.returncode, (0, 4), said)
            live = [array for array in self.arrays() if set(self.states(array).values()) != {"CANCELLED"}]
            self.assertEqual(len(live), rung + 1)
            wait_until(lambda: set(self.states(live[-1]).values()) == {"COMPLETED"}, 60, "the rung's end")
            self.tool("hpo-collect", "study.h5", "--no-report", "--quiet")
        self.tool("hpo-promote", "study.h5", "--submit")
        self.tool("hpo-promote", "study.h5", "--submit", code=3)
        self.assert_accounted(finished=[9, 3, 1])


class Refusals(Case):
    nodes = 1

    def test_a_refused_partition_is_told_in_slurms_words_and_can_be_mended(self):
        self.init(COMMAND % self.trainer())
        refused = self.tool("hpo-propose", "study.h5", "--submit", "--", "--partition=nosuch", code=1)
        self.assertIn("Invalid partition name specified", refused.stderr)
        self.assertEqual(self.queue(), [])
        self.tool("hpo-promote", "study.h5", "--submit", code=4)
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])


if __name__ == "__main__":
    main()
