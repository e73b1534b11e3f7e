# SPDX-License-Identifier: Apache-2.0
"""Ranks of the built-in trainer that do not come back, under srun."""
import os
import pathlib
import signal

from case import TINY, Case, main, wait_until

LONG = TINY.replace("min = 1", "min = 100").replace("max = 4", "max = 200").replace("trials = 4", "trials = 2") + "[submit]\ncanary = false\n"


class LostRank(Case):
    nodes, variant = 1, {"cpus": 4, "conf_extra": "KillWait=5"}

    def rank(self, trial, number):
        """The process of one rank."""
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
                if (entry / "comm").read_text().strip() == "hpo-train" and (entry / "cwd").samefile(self.dir) and \
                        {f"PMIX_RANK={number}".encode(), f"HPO_TASK={trial}".encode()} <= set(variables):
                    return int(entry.name)
            except OSError:
                pass
        return self.fail(f"no rank {number} of trial {trial}")

    def lose(self, number):
        self.init(LONG)
        with open(self.dir / "site.env", "a") as site:
            site.write("export HPO_COMM_TIMEOUT=4\n")
        self.tool("hpo-propose", "study.h5", "--submit")
        wait_until(lambda: self.attempts(0), 120, "trial 0 begins", step=0.02)
        os.kill(self.rank(0, 1), number)
        wait_until(lambda: self.states().get("0") != "RUNNING", 60, "its ranks are gone")
        self.tool("make", "POLL=1")
        study = self.assert_accounted(finished=[2, 1])
        self.assertEqual([attempt.ending for attempt in self.attempts(0, rung=0)], [None, "finished"])
        return study

    def test_a_stopped_rank_is_the_machines_fault_and_its_task_is_run_again(self):
        self.lose(signal.SIGSTOP)
        self.assertTrue(list(self.dir.glob("study.h5.d/logs/flight.t00000000.b0.r0.a00.rank0.json")), "no flight record")

    def test_so_is_one_that_is_killed(self):
        self.lose(signal.SIGKILL)


if __name__ == "__main__":
    main()
