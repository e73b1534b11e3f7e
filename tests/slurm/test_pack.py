# SPDX-License-Identifier: Apache-2.0
"""Several trials in one array task, each with its own cores and GPUs."""
import collections
import re

from case import COMMAND, TINY, Case, main, wait_until

PACKED = "cpus-per-task = 2\ngpus-per-node = 1\n[submit]\npack = 4\ncanary = false\n"


class Pack(Case):
    nodes = 2
    variant = {"cpus": 8, "gpus": 4, "cred_expire": 5}

    def record_devices(self):
        """Has each process of hpo-train note the job, the trial's place in it and the devices that it sees."""
        self.write("train.sh", '#!/bin/sh\necho "$SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID $HPO_TASK $CUDA_VISIBLE_DEVICES" >>devices\n'
                               'exec hpo-train "$@"\n')
        (self.dir / "train.sh").chmod(0o700)
        with open(self.dir / "site.env", "a") as site:
            site.write("HPO_TRAIN=$PWD/train.sh\n")

    def devices(self, array):
        """Of each index of an array: the devices of each trial, by the process."""
        found = collections.defaultdict(lambda: collections.defaultdict(list))
        for line in (self.dir / "devices").read_text().splitlines():
            job, index, task, seen = line.split()
            if job == array:
                found[index][task].append(seen)
        return found

    def steps(self):
        """The running steps of the array's tasks, as scontrol describes them; the batch script's own is none."""
        lines = {line for row in self.queue() for line in self.cluster.run("scontrol", "-o", "show", "step", row.job).stdout.splitlines()}
        return [line for line in lines if re.match(r"StepId=\S+\.\d+ ", line)]

    def start_all(self):
        self.init((COMMAND % self.trainer()).replace("trials = 9", "trials = 8").replace("max = 9", "max = 3") + PACKED)
        self.record_devices()
        self.pause()
        self.tool("hpo-propose", "study.h5", "--submit")
        for trial in range(8):
            self.wait_for_training(trial)

    def test_eight_trials_in_two_array_tasks_run_at_once_on_cores_and_devices_of_their_own(self):
        self.start_all()
        (array,) = self.arrays()
        self.assertEqual(self.states(array), {"0": "RUNNING", "1": "RUNNING"})
        steps = self.steps()
        self.assertEqual(len(steps), 8)
        for step in steps:
            self.assertIn(" CPUs=2 ", step)
        devices = self.devices(array)
        for index in "0", "1":
            self.assertEqual(sorted(sum(devices[index].values(), [])), ["0", "1", "2", "3"])
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[8, 2])
        self.assertEqual(len(self.queue()), 3, "two array tasks of four, one of two")

    def test_all_trials_of_an_array_task_that_is_told_to_stop_go_on_from_their_checkpoints(self):
        self.start_all()
        (array,) = self.arrays()
        self.cluster.run("scancel", "--batch", "--signal=USR2", f"{array}_0")
        wait_until(lambda: len([a for a in self.attempts() if a.ending]) == 4, 60, "four trials stop")
        self.assertEqual({(a.trial, a.ending) for a in self.attempts() if a.ending}, {(trial, "stopped") for trial in range(4)})
        for trial in range(4):
            self.wait_for_training(trial, attempt=1)
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[8, 2])
        self.assertEqual([a.ordinal for a in self.attempts(rung=0)], [0, 1] * 4 + [0] * 4)
        self.assertEqual(self.states(array), {"0": "COMPLETED", "1": "COMPLETED"})

    def test_two_ranks_each_share_a_device_that_no_other_trial_has(self):
        self.init(TINY.replace("trials = 4", "trials = 8").replace("max = 4", "max = 2") + "gpus-per-node = 1\n[submit]\npack = 4\ncanary = false\n")
        self.record_devices()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[8, 4])
        devices = self.devices(self.arrays()[0])
        for index in "0", "1":
            self.assertEqual(sorted(devices[index].values()), [[device] * 2 for device in "0123"])
        self.assertEqual([len(self.states(array)) for array in self.arrays()], [2, 1])


if __name__ == "__main__":
    main()
