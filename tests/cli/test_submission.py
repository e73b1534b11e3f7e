"""How arrays come into Slurm: once, whatever happens between the steps. The Slurm here is a stand-in (tests/slurm/fake)."""
import subprocess
import unittest

from stand_in import COMMAND, StandIn

REFUSED = "sbatch: error: Batch job submission failed: "


class Submission(StandIn):
    def setUp(self):
        super().setUp()
        self.init(self.definition())

    def definition(self, canary=False):
        return COMMAND % '["echo", "hpo: step=1 loss={x}"]' + f"[submit]\ncanary = {str(canary).lower()}\n"

    def held(self):
        """By job id: does some task wait for its release?"""
        return {number: "JobHeldUser" in job.reasons.values() for number, job in self.slurm.jobs.items() if "PENDING" in job.states.values()}

    def submit(self, code=4, *more):
        return self.run_tool("hpo-promote", "study.h5", "--submit", *more, code=code)

    def run_tasks(self, *indices, study="study.h5"):
        manifest = max(self.dir.glob(f"{study}.d/man/*.man"), key=lambda p: p.stat().st_mtime)
        for index in indices:
            self.run_tool("hpo-train", study, f"--manifest={manifest}", f"--task={index}", env={"SLURM_ARRAY_JOB_ID": "1", "SLURM_ARRAY_TASK_ID": str(index)})

    def test_submitted_held_recorded_and_released_once(self):
        self.run_tool("hpo-propose", "study.h5", "--submit", "--", "--partition=short", env={"SLURM_NTASKS": "4", "SBATCH_ACCOUNT": "x"})
        for _ in range(3):
            self.submit()
        self.assertEqual(self.held(), {"1": False})
        self.assertIn("--partition=short", self.slurm.jobs["1"].args)
        self.assertEqual(len(self.slurm.calls("sbatch")), 1)

    def test_one_task_goes_first_until_something_has_taken_a_step(self):
        (self.dir / "canary").mkdir()
        self.write("canary/study.toml", self.definition(canary=True))
        self.run_tool("hpo-init", "canary/study.toml", "--quiet")
        self.run_tool("hpo-propose", "canary/study.h5", "--submit")
        for _ in range(2):
            self.run_tool("hpo-promote", "canary/study.h5", "--submit", code=4)
        self.assertEqual([reason for reason in self.slurm.jobs["1"].reasons.values()], ["None"] + 8 * ["JobHeldUser"])
        self.run_tasks(0, study="canary/study.h5")
        self.slurm.finish("1", 0)
        self.run_tool("hpo-promote", "canary/study.h5", "--submit", code=4)
        self.assertEqual(self.held(), {"1": False})

    def test_a_job_that_stayed_held_is_released_by_the_next_run(self):
        self.slurm.fail("scontrol release", "error")
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.assertEqual(self.held(), {"1": True})
        self.slurm.mend()
        self.submit()
        self.assertEqual(self.held(), {"1": False})

    def test_a_lost_answer_is_found_again_by_name(self):
        self.slurm.fail_next("sbatch", "lose")
        result = self.run_tool("hpo-propose", "study.h5", "--submit", code=75)
        self.assertIn("it is not known whether", result.stderr)
        self.submit()
        self.assertEqual(self.held(), {"1": False})

    def test_an_sbatch_that_hangs_after_it_has_submitted_is_found_again_by_name(self):
        self.slurm.fail_next("sbatch", "take-and-hang")
        result = self.run_tool("hpo-propose", "study.h5", "--submit", code=75, env={"HPO_SLURM_TIMEOUT": "1"})
        self.assertIn("did not answer in time", result.stderr)
        self.submit()
        self.assertEqual(self.held(), {"1": False})

    def test_a_row_left_behind_by_a_late_refusal_is_no_submission(self):
        self.slurm.fail_next("sbatch", "late-refusal")
        self.assertIn("Requested node configuration is not available", self.run_tool("hpo-propose", "study.h5", "--submit", code=1).stderr)
        self.submit()
        self.assertEqual(self.held(), {"2": False})

    def test_a_script_submitted_by_hand_is_adopted(self):
        self.run_tool("hpo-propose", "study.h5")
        self.run_tool("sbatch", "rung.sbatch")
        self.submit()
        self.assertEqual(self.held(), {"1": False})

    def test_many_at_once_leave_one(self):
        self.run_tool("hpo-propose", "study.h5")
        many = [subprocess.Popen(["hpo-promote", "study.h5", "--submit", "--quiet"], cwd=self.dir, env=self.env) for _ in range(6)]
        self.assertEqual({p.wait(60) for p in many}, {4})
        self.assertEqual(list(self.held().values()), [False])

    def test_no_answer_is_not_an_empty_one(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        for how in ("error", "cut", "hang"):
            self.slurm.fail("squeue", how)
            with self.subTest(squeue=how):
                self.assertIn("squeue: does not answer", self.run_tool("hpo-promote", "study.h5", "--submit", code=75, env={"HPO_SLURM_TIMEOUT": "1"}).stderr)
            self.slurm.mend()
        self.submit()
        self.assertEqual(len(self.slurm.jobs), 1)

    def test_refusals_are_told_in_slurms_words_and_can_be_mended(self):
        self.slurm.fail_next("sbatch", "refuse", text=REFUSED + "Invalid qos specification")
        self.assertIn("Invalid qos specification", self.run_tool("hpo-propose", "study.h5", "--submit", code=1).stderr)
        self.slurm.fail_next("sbatch", "refuse", text=f"{REFUSED}Required partition not available (inactive or drain)")
        self.assertIn("takes no more jobs for now", self.submit(75).stderr)
        self.submit()
        self.assertEqual(len(self.slurm.jobs), 1)

    def test_an_array_too_large_for_a_limit_nobody_tells_of_is_cut_in_two(self):
        self.run_tool("hpo-propose", "study.h5")
        self.slurm.fail_next("sbatch", "refuse", text=f"sbatch: error: QOSMaxSubmitJobPerUserLimit\n{REFUSED}Job violates accounting/QOS policy")
        self.assertIn("has been cut in two", self.submit(75).stderr)
        self.submit()
        self.assertEqual([len(job.states) for job in self.slurm.jobs.values()], [5, 4])

    def test_what_waits_is_held_when_the_study_stops_and_let_go_when_it_goes_on(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.slurm.finish("1", *range(5), state="FAILED", exit="1:0")
        self.submit(1)
        self.assertEqual({self.slurm.jobs["1"].reasons[i] for i in range(5, 9)}, {"JobHeldUser"})
        self.submit(0, "--retry=failed,abandoned")
        self.assertEqual({self.slurm.jobs["1"].reasons[i] for i in range(5, 9)}, {"None"})

    def test_open_tasks_of_an_array_that_is_over_are_run_again(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.run_tasks(0, 1, 2)
        self.slurm.finish("1", state="FAILED", exit="1:0")
        self.submit(0)
        names = [job.name for job in self.slurm.jobs.values()]
        self.assertEqual([n.rsplit("-", 1)[1] for n in names], ["s0", "s1"])
        self.assertIn("#SBATCH --array=0-5", (self.dir / "rung-b0-r0-2.sbatch").read_text())
        self.run_tasks(*range(6))
        self.run_tool("hpo-collect", "study.h5", "--no-report")
        self.assertEqual(self.study()["rungs"][0]["finished"], 9)

    def test_an_array_whose_tasks_never_began_waits_for_a_person(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.slurm.finish("1", state="FAILED", exit="1:0")
        self.assertIn("died before their first report", self.submit(1).stderr)
        self.assertEqual(len(self.slurm.jobs), 1)

    def test_a_cancelled_array_is_not_brought_back(self):
        self.run_tool("hpo-propose", "study.h5", "--submit")
        self.run_tasks(0)
        self.slurm.cancel("1")
        self.assertIn("8 of its 9 tasks were cancelled", self.submit(1).stderr)
        self.assertEqual(len(self.slurm.jobs), 1)
        self.submit(0, "--retry=abandoned")
        self.assertEqual(len(self.slurm.jobs), 2)

    def test_a_task_tried_by_hand_does_not_keep_the_array_out_of_slurm(self):
        self.run_tool("hpo-propose", "study.h5")
        self.run_tool("bash", "rung.sbatch", env={"HPO_TASK": "0"})
        self.run_tool("hpo-collect", "study.h5", "--no-report")
        self.submit()
        self.assertEqual(len(self.slurm.jobs), 1)

    def test_what_the_tools_set_cannot_be_set_after_two_dashes(self):
        self.run_tool("hpo-propose", "study.h5")
        for word in ("--job-name=x", "--array=0-1", "-Jx", "--wrap=true", "--clusters=a"):
            self.assertIn("is set by the tools", self.submit(2, "--", word).stderr)
        self.assertEqual(self.slurm.jobs, {})

    def test_rungs_above_the_largest_array_are_split(self):
        self.slurm.configure(MaxArraySize=1000)
        (self.dir / "big").mkdir()
        self.write("big/study.toml", (COMMAND % '["true"]').replace("trials = 9", "trials = 2500"))
        self.run_tool("hpo-init", "big/study.toml", "--quiet")
        self.run_tool("hpo-propose", "big/study.h5", "--submit")
        sizes = [next(line for line in (self.dir / "big" / f"rung-b0-r0{k}.sbatch").read_text().splitlines() if "--array" in line) for k in ("", "-2", "-3")]
        self.assertEqual(sizes, ["#SBATCH --array=0-999", "#SBATCH --array=0-999", "#SBATCH --array=0-499"])
        self.assertEqual(len(self.slurm.jobs), 3)


if __name__ == "__main__":
    unittest.main()
