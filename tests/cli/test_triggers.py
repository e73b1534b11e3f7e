"""The files of cron, scrontab and the controller, and what cron's mail says. The Slurm here is a stand-in (tests/slurm/fake)."""
import shlex
import unittest

from harness import TOOLS
from stand_in import COMMAND, StandIn


class Triggers(StandIn):
    def setUp(self):
        super().setUp()
        self.init(COMMAND % '["echo", "hpo: step={budget} loss={x}"]' + "[submit]\ncanary = false\n")

    def install(self, kind, **env):
        return self.run_tool("hpo-promote", "study.h5", f"--install={kind}", env=env).stdout

    def cron(self, code):
        done = self.run_tool("hpo-promote", "study.h5", "--cron", code=code)
        return done.stdout + done.stderr

    def run_tasks(self):
        job = max(self.slurm.jobs, key=int)
        for index in sorted(self.slurm.jobs[job].states):
            self.run_in_fact(index, array=job)
            self.slurm.finish(job, index)

    def test_a_crontab_has_the_environment_that_cron_leaves_out(self):
        shown = self.install("cron", PATH=f"/odd 100%/bin:{self.env['PATH']}", LD_LIBRARY_PATH="/opt/hdf5/lib", SLURM_CONF="/etc/slurm/one.conf")
        text = (self.dir / "crontab").read_text()
        self.assertIn(f"PATH={TOOLS.resolve()}:/odd 100%/bin:", text, "cron takes a variable's line as it is")
        self.assertIn("\nLD_LIBRARY_PATH=/opt/hdf5/lib\nSLURM_CONF=/etc/slurm/one.conf\n", text)
        self.assertIn(f"\n*/5 * * * * cd {self.dir} && hpo-promote study.h5 --cron\n", text)
        self.assertIn(f"(crontab -l 2>/dev/null; cat {self.dir}/crontab) | crontab -\n", shown)

    def test_what_is_not_set_is_not_in_a_crontab(self):
        self.env.pop("LD_LIBRARY_PATH", None)
        self.env.pop("SLURM_CONF", None)
        self.install("cron")
        self.assertNotRegex((self.dir / "crontab").read_text(), "LD_LIBRARY_PATH|SLURM_CONF")

    def test_a_scrontab_asks_for_little_and_quotes_what_it_hands_on(self):
        shown = self.install("scrontab", PATH=f"/with blank/bin:{self.env['PATH']}", LD_LIBRARY_PATH="/opt/hdf5/lib")
        text = (self.dir / "scrontab").read_text()
        for option in "--time=00:10:00", "--ntasks=1", "--job-name=hpo-scron-cmd", f'--output="{self.dir}/study.h5.d/logs/scrontab.log"':
            self.assertIn(f"#SCRON {option}", text)
        words = shlex.split(text.splitlines()[-1].split(None, 5)[5])
        self.assertEqual(words[:4], ["cd", str(self.dir), "&&", "env"])
        self.assertTrue(words[4].startswith(f"PATH={TOOLS.resolve()}:/with blank/bin:"), words)
        self.assertIn("LD_LIBRARY_PATH=/opt/hdf5/lib", words)
        self.assertEqual(words[-3:], ["hpo-promote", "study.h5", "--cron"])
        self.assertIn(f"(scrontab -l 2>/dev/null; cat {self.dir}/scrontab) | scrontab -\n", shown)

    def test_nothing_is_installed(self):
        for kind in "cron", "scrontab", "controller":
            self.install(kind)
        self.assertEqual(self.slurm.calls("sbatch"), [])

    def test_cron_says_each_thing_once(self):
        self.assertIn("9 tasks", self.cron(0))
        self.assertEqual(self.cron(4), "", "the rung is not ready")
        for _ in range(2):
            self.run_tasks()
            self.assertIn("promoted", self.cron(0))
        self.run_tasks()
        self.cron(0)
        self.assertIn("complete", self.cron(3))
        self.assertEqual(self.cron(3), "")

    def test_cron_says_once_that_slurm_does_not_answer_and_again_when_it_fails_anew(self):
        self.cron(0)
        for _ in range(2):
            self.slurm.fail("squeue", "error")
            self.assertIn("squeue", self.cron(75))
            self.assertEqual(self.cron(75), "")
            self.slurm.mend()
            self.run_tasks()
            self.assertIn("tasks", self.cron(0))


if __name__ == "__main__":
    unittest.main()
