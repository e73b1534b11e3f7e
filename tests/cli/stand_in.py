"""Studies beside a stand-in for Slurm (tests/slurm/fake)."""
import sys

from harness import COMMAND, SOURCE, Case

sys.path.insert(0, str(SOURCE / "tests/slurm/fake"))
from fake_slurm import Fake  # noqa: E402

__all__ = ["COMMAND", "StandIn"]


class StandIn(Case):
    def setUp(self):
        super().setUp()
        self.slurm = Fake(self.dir / "slurm")
        self.env.update(self.slurm.environment, PATH=f"{self.slurm.home}/bin:{self.env['PATH']}")
        del self.env["HPO_LOCAL"]

    def run_in_fact(self, *indices, array="1", study="study.h5"):
        """What the tasks of an array do, whatever Slurm thinks of them."""
        manifest = self.dir / f"{study}.d/man/{self.slurm.jobs[array].name}.man"
        for index in indices:
            self.run_tool("hpo-train", study, f"--manifest={manifest}", f"--task={index}", env={"SLURM_ARRAY_JOB_ID": array, "SLURM_ARRAY_TASK_ID": str(index)})
