# SPDX-License-Identifier: Apache-2.0
"""Nodes that die under a task."""
from case import COMMAND, TRAINER, Case, main, wait_until

SMALL = COMMAND.replace("trials = 9", "trials = 3").replace("min = 1", "min = 3")


class DeadNode(Case):
    nodes, variant = 3, {"cpus": 1, "cred_expire": 5, "conf_extra": "SlurmdTimeout=5"}

    def submit(self, trainer=TRAINER):
        """A study of which one task waits after two of its three steps; returns the array and the node on which that is."""
        self.init(SMALL % self.trainer() + "[submit]\ncanary = false\n")
        self.write("trainer.py", trainer)
        self.pause(trial=1, after=2)
        self.tool("hpo-propose", "study.h5", "--submit")
        self.wait_for_step(2, trial=1)
        array, = self.arrays()
        return array, self.node_of(array, 1)

    def node_of(self, array, index):
        return next(row.nodes for row in self.queue() if (row.array, row.index) == (array, str(index)))

    def test_what_ran_on_it_is_requeued_and_goes_on_elsewhere(self):
        array, node = self.submit()
        self.cluster.node_kill(node)
        self.go_on()
        wait_until(lambda: len(self.attempts(1, rung=0)) == 2, 120, "a second attempt")
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[3, 1])
        self.assertEqual([attempt.steps for attempt in self.attempts(1, rung=0)], [[1, 2], [3]])
        self.assertNotEqual(self.node_of(array, 1), node)
        self.assertEqual(len(self.arrays()), 2)

    def test_where_tasks_are_not_requeued_they_go_on_in_a_new_array_and_after_two_failures_on_another_node(self):
        array, node = self.submit(TRAINER.replace("stop.append(1)", "os.kill(os.getpid(), signal.SIGKILL)"))  # no last words
        self.fail_under(node, array, 1)
        self.tool("hpo-promote", "study.h5", "--submit", "--", f"--nodelist={node}")
        array = self.arrays()[-1]
        self.wait_for_training(1, attempt=1)
        self.assertIn("ExcNodeList=(null)\n", self.cluster.run("scontrol", "show", "job", f"{array}_0").stdout)
        self.fail_under(node, array, 0)
        self.tool("hpo-promote", "study.h5", "--submit")
        array = self.arrays()[-1]
        self.assertIn(f"ExcNodeList={node}\n", self.cluster.run("scontrol", "show", "job", f"{array}_0").stdout)
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[3, 1])
        self.assertEqual([attempt.steps for attempt in self.attempts(1, rung=0)], [[1, 2], [], [3]])
        self.assertNotEqual(self.node_of(array, 0), node)

    def fail_under(self, node, array, index):
        """The node of a task that Slurm is not to requeue; it comes back by itself."""
        self.cluster.run("scontrol", "update", f"JobId={array}_{index}", "Requeue=0")
        self.cluster.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
        self.wait_for_states(index, "NODE_FAIL", array=array)
        wait_until(lambda: "would submit" in self.tool("hpo-promote", "study.h5", "--submit", "--dry-run", code=None).stdout, 60,
                   "its end is known, of which accounting hears late", step=0.5)


class DeadNodeInAccounting(DeadNode):
    variant = {**DeadNode.variant, "dbd": True}


if __name__ == "__main__":
    main()
