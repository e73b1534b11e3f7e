# SPDX-License-Identifier: Apache-2.0
"""Tasks that make room for a job of higher priority, in each of the ways in which sites do that."""
from case import COMMAND, Case, main

SMALL = COMMAND.replace("trials = 9", "trials = 3").replace("min = 1", "min = 3")
PARTITIONS = """PartitionName=main Nodes=ALL Default=YES DefaultTime=10 PriorityTier=1 PreemptMode=OFF
PartitionName=low Nodes=ALL DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=warned Nodes=ALL DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE GraceTime=20
PartitionName=lost Nodes=ALL DefaultTime=10 PriorityTier=1 PreemptMode=CANCEL
PartitionName=high Nodes=ALL DefaultTime=10 PriorityTier=100 PreemptMode=OFF"""
VARIANT = {"part": PARTITIONS, "cred_expire": 5, "conf_extra": "PreemptType=preempt/partition_prio\nPreemptMode=REQUEUE"}


class Preemption(Case):
    """One node for three tasks: the job of higher priority takes it whole."""
    nodes, variant = 1, {**VARIANT, "cpus": 4}

    def preempt(self, partition, launcher=()):
        """A study of which one task is preempted after two of its three steps."""
        self.init(SMALL % self.trainer(launcher=launcher) + f'partition = "{partition}"\n')
        self.pause(trial=1, after=2)
        self.tool("hpo-propose", "study.h5", "--submit")
        self.wait_for_step(2, trial=1)
        array = self.arrays()[0]
        for task in 0, 2:
            self.wait_for_states(task, "COMPLETED", array=array)
        self.cluster.run("sbatch", "-p", "high", "-n", "4", "-o", "/dev/null", "--wrap", "true")
        self.wait_for_states("N/A", "COMPLETED")
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[3, 1])
        self.assertEqual([attempt.steps for attempt in self.attempts(1, rung=0)], [[1, 2], [3]], "from its checkpoint")
        return [array for array in self.arrays() if "N/A" not in self.states(array)]

    def test_requeued_it_goes_on_in_its_array(self):
        self.assertEqual(len(self.preempt("low")), 2)

    def test_with_a_grace_time_only_the_steps_are_told_and_it_requeues_itself(self):
        self.assertEqual(len(self.preempt("warned", launcher=["srun"])), 2)

    def test_cancelled_it_goes_on_in_a_new_array(self):
        self.assertEqual(len(self.preempt("lost")), 3)


class PreemptionInAccounting(Preemption):
    variant = {**Preemption.variant, "dbd": True}


if __name__ == "__main__":
    main()
