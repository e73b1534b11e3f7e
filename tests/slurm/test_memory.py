# SPDX-License-Identifier: Apache-2.0
"""Trainings that need more memory than they asked for. Real limits: as root, on a machine with cgroup v1."""
from case import COMMAND, TRAINER, Case, main

SMALL = COMMAND.replace("trials = 9", "trials = 3").replace("max = 9", "max = 3")
# Trial 1 needs half more than the limit of 100 MiB, trial 2 more than twice of it.
HUNGRY = 'import os\nheld = bytearray({"0": 1, "1": 150, "2": 300}[os.environ["HPO_TRIAL"]] << 20)\n' + TRAINER


class Memory(Case):
    """The kernel kills the program in the batch script: the task's own state says so."""
    nodes, variant = 2, {"cgroup": True}
    launcher = ()

    def test_what_ran_out_of_memory_gets_twice_as_much_once_and_then_has_failed(self):
        self.init(SMALL % self.trainer(launcher=self.launcher) + 'mem = "100M"\n')
        self.write("trainer.py", HUNGRY)
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[2, 1], failed=1)
        said = self.tool("hpo-collect", "study.h5", "--explain=2").stdout
        self.assertIn("out of memory, twice: 2 times the memory was not enough", said)
        self.assertEqual([len(self.attempts(trial, rung=0)) for trial in range(3)], [1, 2, 2])


class MemoryOfAStep(Memory):
    """The kernel kills a job step: the script ends with its code, and accounting alone knows why."""
    variant = {"cgroup": True, "dbd": True}
    launcher = ["srun"]


if __name__ == "__main__":
    main()
