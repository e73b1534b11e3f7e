# SPDX-License-Identifier: Apache-2.0
"""A node that is cut off and goes on computing."""
from case import COMMAND, Case, main, wait_until


class Network(Case):
    nodes = 2
    variant = {"netns": True, "cpus": 5, "cred_expire": 5, "conf_extra": "SlurmdTimeout=5\nKillWait=1"}

    def test_of_two_attempts_alive_the_younger_wins_and_the_older_stops(self):
        self.init(COMMAND % self.trainer() + "\n[submit]\ncanary = false\n[retry]\nlost_after = 5\n")
        self.pause()
        self.tool("hpo-propose", "study.h5", "--submit")
        for trial in range(9):
            self.wait_for_training(trial)
        (array,) = self.arrays()
        cut_off = next(int(row.index) for row in self.queue() if row.nodes == "n2")
        self.pause(trial=cut_off)
        (self.dir / "pause").unlink()  # the others go on
        wait_until(lambda: [index for index, state in self.states(array).items() if state != "COMPLETED"] == [str(cut_off)], 60, "the others' ends")

        self.cluster.link_down("n2")
        self.wait_for_training(cut_off, attempt=1, seconds=120)
        older, younger = self.attempts(trial=cut_off)
        self.assertEqual((older.host, younger.host), ("n2", "n1"))
        self.assertIsNone(older.ending, "it computes on")
        wait_until(lambda: self.attempts(trial=cut_off)[0].ending == "stopped", 60, "the older one notices")
        self.go_on()
        self.cluster.link_up("n2")
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])
        self.assertEqual([(a.ordinal, a.ending) for a in self.attempts(trial=cut_off, rung=0)], [(0, "stopped"), (1, "finished")])


if __name__ == "__main__":
    main()
