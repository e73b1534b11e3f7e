# SPDX-License-Identifier: Apache-2.0
"""Rungs that are decided while some of their tasks still wait or run: on a real Slurm."""
from case import COMMAND, Case, main, wait_until


class Stragglers(Case):
    def begin(self, patience_s, extra=""):
        """Nine trials one after the other; trial 7 never ends of itself, so that trial 8 waits behind it."""
        text = (COMMAND % self.trainer()).replace("trials = 9", f"trials = 9\npatience_hours = {patience_s / 3600}")
        self.init(text + "[submit]\ncanary = false\nthrottle = 1\n" + extra)
        self.pause(trial=7)
        self.tool("hpo-propose", "study.h5", "--submit")

    def assert_called_off(self):
        study = self.assert_accounted(finished=[7, 3, 1], abandoned=2)
        self.assertEqual(study["next"], "complete")
        self.assertEqual({trial["cause"] for trial in study["trials"][7:]}, {"called_off"})
        first = self.states(self.arrays()[0])
        self.assertEqual(first["7"], "CANCELLED")
        self.assertNotIn(first.get("8"), ("PENDING", "RUNNING", "COMPLETED"))

    def test_their_jobs_are_cancelled_and_make_goes_on_to_the_end(self):
        self.begin(patience_s=3)
        self.tool("make", "POLL=1")
        self.assert_called_off()

    def test_two_promoters_at_once_cancel_them_without_a_complaint(self):
        self.begin(patience_s=3)
        wait_until(lambda: "would cancel" in self.tool("hpo-promote", "study.h5", "--submit", "--dry-run", code=None).stdout, 60, "the end of patience")
        said = [promoter.communicate(timeout=120)[0] for promoter in [self.start("hpo-promote", "study.h5", "--submit") for _ in range(2)]]
        self.assertNotIn("could not", "".join(said))
        self.tool("make", "POLL=1")
        self.assert_called_off()

    def test_a_chain_of_jobs_comes_when_patience_ends_although_a_task_still_runs(self):
        self.begin(patience_s=30)
        self.tool("hpo-promote", "study.h5", "--controller", code=4)
        link = [row for row in self.queue() if row.name.endswith("-c1")]
        self.assertEqual([row.state for row in link], ["PENDING"])
        wait_until(lambda: self.study()["next"] == "complete", 240, lambda: f"the end of the study: {self.queue()}")
        self.assert_called_off()


if __name__ == "__main__":
    main()
