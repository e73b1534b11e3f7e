# SPDX-License-Identifier: Apache-2.0
"""One task goes first; a mistake of the site or of the program costs little, and the study stops with the reason."""
from case import COMMAND, TINY, Case, main, wait_until


class Canary(Case):
    nodes = 2
    variant = {"cpus": 8}

    def reasons(self):
        return [row.reason for row in self.queue() if row.state == "PENDING"]

    def executions(self):
        return [row for row in self.queue() if row.state not in ("PENDING", "CANCELLED")]

    def most_at_once_until_it_stops(self):
        """Runs make to its end; how many tasks ran at once, and what it said."""
        make = self.start("make", "POLL=1")
        most = 0
        while make.poll() is None:
            most = max(most, sum(row.state in ("RUNNING", "COMPLETING") for row in self.queue()))
        said, _ = make.communicate(timeout=60)
        return most, said, make.returncode

    def test_the_others_are_held_until_the_first_has_taken_a_step_which_lets_them_go(self):
        self.init(COMMAND % self.trainer())
        self.pause()
        self.tool("hpo-propose", "study.h5", "--submit")
        self.wait_for_training(0)
        self.tool("hpo-promote", "study.h5", "--submit", code=4)
        self.assertEqual(self.states(), {"0": "RUNNING", **{str(i): "PENDING" for i in range(1, 9)}})
        self.assertEqual(self.reasons(), 8 * ["JobHeldUser"])
        self.go_on()
        wait_until(lambda: set(self.states().values()) == {"COMPLETED"}, 60, "all nine end, and no tool is run")
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])

    def test_without_a_canary_all_start(self):
        self.init(COMMAND % self.trainer() + "[submit]\ncanary = false\n")
        self.pause()
        self.tool("hpo-propose", "study.h5", "--submit")
        for trial in range(9):
            self.wait_for_training(trial)
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])

    def stops_after(self, alike):
        most, said, code = self.most_at_once_until_it_stops()
        self.assertEqual(most, 1, "one task at a time")
        self.assertEqual(code, 2, f"make has failed: {said}")
        self.assertEqual(len(self.executions()), alike)
        self.assertIn("the logs are in logs/", said)
        self.assertRegex(said, "hpo-promote STUDY .*--retry=failed")
        self.tool("hpo-promote", "study.h5", "--submit", code=1)
        self.assertEqual(len(self.executions()), alike, "nothing is started any more")
        return said

    def test_a_broken_site_env_costs_one_task_at_a_time_until_the_study_stops(self):
        self.init(TINY.replace("ntasks-per-node = 2", "ntasks = 1") + "[retry]\nalike = 3\nlost_after = 5\n")
        site = (self.dir / "site.env").read_text()
        self.write("site.env", site + "HPO_LAUNCH=no-such-launcher\n")
        said = self.stops_after(3)
        self.assertIn("the first 3 executions all died before their first report", said)
        self.assertIn("no-such-launcher", "".join(log.read_text() for log in self.dir.glob("study.h5.d/logs/*")))
        self.write("site.env", site)
        self.tool("hpo-promote", "study.h5", "--retry=failed,abandoned", "--submit", code={0, 4})
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[4, 2, 1])

    def test_a_broken_command_costs_one_task_at_a_time_until_the_study_stops(self):
        self.init(COMMAND % '["sh", "program.sh", "{x}"]' + "[retry]\nalike = 3\nlost_after = 5\ninfrastructure = 0\n")
        self.write("program.sh", "echo cannot open the data >&2\nexit 4\n")
        self.stops_after(3)
        self.write("program.sh", 'echo "hpo: step=$HPO_BUDGET loss=$1"\n')
        self.tool("hpo-promote", "study.h5", "--retry=failed,abandoned", "--submit", code={0, 4})
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])


if __name__ == "__main__":
    main()
