"""How arrays come into Slurm: once, whatever happens between the steps. The Slurm here is a stand-in (fake_slurm.py)."""
import json
import pathlib
import subprocess
import unittest

from harness import COMMAND, Case


class Submission(Case):
    def setUp(self):
        super().setUp()
        self.slurm = self.dir / "slurm"
        (self.slurm / "bin").mkdir(parents=True)
        for name in ("sbatch", "squeue", "scontrol", "scancel"):
            (self.slurm / "bin" / name).symlink_to(pathlib.Path(__file__).parent / "fake_slurm.py")
        self.env["FAKE_SLURM"] = str(self.slurm)
        self.env["PATH"] = f"{self.slurm}/bin:{self.env['PATH']}"
        del self.env["HPO_LOCAL"]
        self.init(COMMAND % '["echo", "hpo: step=1 loss={x}"]')

    def jobs(self):
        path = self.slurm / "state.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def set_jobs(self, **values):
        jobs = self.jobs()
        for job in jobs.values():
            job.update(values)
        (self.slurm / "state.json").write_text(json.dumps(jobs))

    def submit(self, code=4, *more):
        return self.run_tool("hpo-promote", "study.h5", "--submit", *more, code=code)

    def run_tasks(self, *indices, environment=None):
        manifest = max(self.dir.glob("study.h5.d/man/*.man"), key=lambda p: p.stat().st_mtime)
        for index in indices:
            self.run_tool("hpo-train", "study.h5", f"--manifest={manifest}", f"--task={index}", env={"SLURM_ARRAY_JOB_ID": "1", "SLURM_ARRAY_TASK_ID": str(index), **(environment or {})})

    def test_submitted_held_recorded_and_released_once(self):
        self.run_tool("hpo-propose", "study.h5", "--submit", "--", "--partition=short", env={"SLURM_NTASKS": "4", "SBATCH_ACCOUNT": "x"})
        for _ in range(3):
            self.submit()
        self.assertEqual([(j["state"], j["reason"]) for j in self.jobs().values()], [("PENDING", "None")])
        self.assertIn("--partition=short", self.jobs()["1"]["args"])

    def test_a_job_that_stayed_held_is_released_by_the_next_run(self):
        (self.slurm / "norelease").touch()
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.assertEqual(self.jobs()["1"]["reason"], "JobHeldUser")
        (self.slurm / "norelease").unlink()
        self.submit()
        self.assertEqual(self.jobs()["1"]["reason"], "None")

    def test_a_lost_answer_is_found_again_by_name(self):
        (self.slurm / "lose").touch()
        result = self.run_tool("hpo-propose", "study.h5", "--submit", code=75)
        self.assertIn("it is not known whether", result.stderr)
        (self.slurm / "lose").unlink()
        self.submit()
        self.assertEqual([j["reason"] for j in self.jobs().values()], ["None"])

    def test_a_script_submitted_by_hand_is_adopted(self):
        self.run_tool("hpo-propose", "study.h5")
        self.run_tool("sbatch", "rung.sbatch")
        self.submit()
        self.assertEqual(len(self.jobs()), 1)

    def test_many_at_once_leave_one(self):
        self.run_tool("hpo-propose", "study.h5")
        many = [subprocess.Popen(["hpo-promote", "study.h5", "--submit", "--quiet"], cwd=self.dir, env=self.env) for _ in range(6)]
        self.assertEqual({p.wait(60) for p in many}, {4})
        self.assertEqual([j["reason"] for j in self.jobs().values() if j["state"] == "PENDING"], ["None"])

    def test_no_answer_is_not_an_empty_one(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        (self.slurm / "down").touch()
        self.assertIn("squeue: does not answer", self.submit(75).stderr)
        (self.slurm / "down").unlink()
        self.submit()
        self.assertEqual(len(self.jobs()), 1)

    def test_refusals_are_told_in_slurms_words_and_can_be_mended(self):
        (self.slurm / "refuse").write_text("sbatch: error: Batch job submission failed: Invalid qos specification")
        self.assertIn("Invalid qos specification", self.run_tool("hpo-propose", "study.h5", "--submit", code=1).stderr)
        (self.slurm / "refuse").write_text("sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy")
        self.assertIn("takes no more jobs for now", self.submit(75).stderr)
        (self.slurm / "refuse").unlink()
        self.submit()
        self.assertEqual(len(self.jobs()), 1)

    def test_open_tasks_of_an_array_that_is_over_are_run_again(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.run_tasks(0, 1, 2)
        self.set_jobs(state="FAILED", reason="NonZeroExitCode")
        self.submit()
        names = [j["name"] for j in self.jobs().values()]
        self.assertEqual([n.rsplit("-", 1)[1] for n in names], ["s0", "s1"])
        self.assertIn("#SBATCH --array=0-5", (self.dir / "rung-b0-r0-2.sbatch").read_text())
        self.run_tasks(*range(6))
        self.run_tool("hpo-collect", "study.h5", "--no-report")
        self.assertEqual(self.study()["rungs"][0]["finished"], 9)

    def test_an_array_whose_tasks_never_began_waits_for_a_person(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.set_jobs(state="FAILED", reason="NonZeroExitCode")
        self.assertIn("none of its tasks ever began", self.submit(1).stderr)
        self.assertEqual(len(self.jobs()), 1)

    def test_a_cancelled_array_is_not_brought_back(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.run_tasks(0)
        self.set_jobs(state="CANCELLED")
        self.assertIn("was cancelled", self.submit(1).stderr)
        self.assertEqual(len(self.jobs()), 1)

    def test_a_task_tried_by_hand_does_not_keep_the_array_out_of_slurm(self):
        self.run_tool("hpo-propose", "study.h5")
        self.run_tool("bash", "rung.sbatch", env={"HPO_TASK": "0"})
        self.run_tool("hpo-collect", "study.h5", "--no-report")
        self.submit()
        self.assertEqual(len(self.jobs()), 1)

    def test_what_the_tools_set_cannot_be_set_after_two_dashes(self):
        self.run_tool("hpo-propose", "study.h5")
        for word in ("--job-name=x", "--array=0-1", "-Jx", "--wrap=true", "--clusters=a"):
            self.assertIn("is set by the tools", self.submit(2, "--", word).stderr)
        self.assertEqual(self.jobs(), {})

    def test_rungs_above_a_thousand_tasks_are_split(self):
        (self.dir / "big").mkdir()
        self.write("big/study.toml", (COMMAND % '["true"]').replace("trials = 9", "trials = 2500"))
        self.run_tool("hpo-init", "big/study.toml", "--quiet")
        self.run_tool("hpo-propose", "big/study.h5", "--submit")
        sizes = [next(line for line in (self.dir / "big" / f"rung-b0-r0{k}.sbatch").read_text().splitlines() if "--array" in line) for k in ("", "-2", "-3")]
        self.assertEqual(sizes, ["#SBATCH --array=0-999", "#SBATCH --array=0-999", "#SBATCH --array=0-499"])
        self.assertEqual(len(self.jobs()), 3)


if __name__ == "__main__":
    unittest.main()
