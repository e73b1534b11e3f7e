"""hpo-train and a user's program: the contract of docs/programs.md."""
import json
import os
import signal
import subprocess
import time
import unittest

from harness import COMMAND, Case


class Programs(Case):
    def start(self, *command):
        self.init(COMMAND % json.dumps(command))
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        self.task = {"HPO_MANIFEST": str(next(self.dir.glob("study.h5.d/man/*.man"))), "HPO_TASK": "0"}

    def train(self, code=0, *more):
        return self.run_tool("hpo-train", "study.h5", *more, env=self.task, code=code)

    def state(self):
        return next(t for t in self.collected()["trials"] if t["trial"] == 0)

    def collected(self):
        self.run_tool("hpo-collect", "study.h5", "--no-report")
        return self.study()

    def test_words_environment_and_reports_of_both_kinds(self):
        self.start("sh", "-c", 'echo "hpo: step=1 loss=$1"; env | grep ^HPO_ | sort; echo \'{{"step": 1, "extra": NaN}}\' >> "$HPO_REPORT"', "sh", "{x}")
        out = self.train().stdout
        for name in "STUDY TRIAL BRACKET RUNG ATTEMPT SEED BUDGET HORIZON PARAMS CHECKPOINT_DIR RESUME_FROM REPORT DEADLINE".split():
            self.assertIn(f"HPO_{name}=", out)
        self.assertIn("HPO_BUDGET=1\n", out)
        self.assertIn("HPO_HORIZON=9\n", out)
        trial = self.state()
        self.assertEqual(trial["value"], trial["params"]["x"])

    def test_nothing_passes_through_a_shell(self):
        self.start("printf", "%s\\n", "$(touch pwned) ; {x} `id`")
        self.train(1)
        self.assertFalse((self.dir / "pwned").exists())

    def test_a_failing_program_fails_the_trial_with_its_code(self):
        self.start("sh", "-c", "exit 7")
        result = self.train(1)
        self.assertIn("exit code 7", result.stderr)
        self.assertEqual(self.state()["state"], "failed")

    def test_a_program_that_reports_nothing_has_failed(self):
        self.start("true")
        self.assertIn("never reported 'loss'", self.train(1).stderr)

    def test_a_missing_program_is_named(self):
        self.start("no-such-program")
        self.assertIn("no-such-program: cannot be started", self.train(75).stderr)
        self.assertEqual(self.state()["state"], "running")  # the machine's fault: it can be mended and run again

    def test_a_program_told_to_stop_that_ends_well_has_not_finished(self):
        for checkpoint, code in (("", 75), ("touch $HPO_CHECKPOINT_DIR/state;", 85)):
            with self.subTest(code):
                self.tearDown()
                self.setUp()
                self.start("sh", "-c", f"trap '{checkpoint} exit 0' TERM; echo hpo: step=0.5 loss=1; sleep 60 & wait")
                process = subprocess.Popen(["hpo-train", "study.h5"], cwd=self.dir, env={**self.env, **self.task}, stdout=subprocess.PIPE, text=True)
                process.stdout.readline()
                time.sleep(0.3)
                process.terminate()
                self.assertEqual(process.wait(20), code)
                process.stdout.close()
                self.assertEqual(self.state()["state"], "running")

    def test_the_last_line_counts_without_its_end(self):
        self.start("printf", "hpo: step=1 loss=0.5")
        self.train()
        self.assertEqual(self.state()["value"], 0.5)

    def test_a_program_that_was_started_once_a_rank_is_refused(self):
        self.start("true")
        result = self.run_tool("hpo-train", "study.h5", env={**self.task, "OMPI_COMM_WORLD_SIZE": "4"}, code=2)
        self.assertIn("was started 4 times", result.stderr)

    def test_85_is_run_again_from_its_checkpoint(self):
        self.start("sh", "-c", 'if [ -n "$HPO_RESUME_FROM" ]; then cat "$HPO_RESUME_FROM/state"; echo "hpo: step=1 loss=1"; '
                   'else echo half > "$HPO_CHECKPOINT_DIR/state"; exit 85; fi')
        self.train(85)
        self.assertEqual(self.state()["state"], "running")
        self.assertIn("half", self.train().stdout)
        self.assertEqual(self.state()["state"], "finished")
        self.train(3)

    def test_75_is_nobodys_fault(self):
        self.start("sh", "-c", "exit 75")
        self.train(75)
        self.assertEqual(self.state()["state"], "running")

    def test_signals_are_passed_on_to_the_whole_group(self):
        self.start("sh", "-c", "trap 'exit 85' USR2; sleep 60 & echo ready; wait")
        process = subprocess.Popen(["hpo-train", "study.h5"], cwd=self.dir, env={**self.env, **self.task}, stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGUSR2)
        self.assertEqual(process.wait(20), 85)
        process.stdout.close()

    def test_a_program_that_dies_of_the_signal_passed_on_has_stopped_if_it_has_a_checkpoint(self):
        for checkpoint, code in (("", 75), ("touch $HPO_CHECKPOINT_DIR/state;", 85)):
            with self.subTest(code):
                self.tearDown()
                self.setUp()
                self.start("sh", "-c", f"{checkpoint} echo ready; sleep 60")
                process = subprocess.Popen(["hpo-train", "study.h5"], cwd=self.dir, env={**self.env, **self.task}, stdout=subprocess.PIPE, text=True)
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(signal.SIGUSR2)
                self.assertEqual(process.wait(20), code)
                process.stdout.close()

    def test_nothing_of_the_program_is_left_behind(self):
        self.start("sh", "-c", 'sleep 77 & echo $! > pid; echo "hpo: step=1 loss=1"')
        self.train()
        pid = int((self.dir / "pid").read_text())
        for _ in range(50):
            if not os.path.exists(f"/proc/{pid}"):
                return
            time.sleep(0.1)
        self.fail("an orphan lives on")

    def test_an_attempt_that_was_killed_is_followed_by_another(self):
        self.start("sh", "-c", 'kill -9 $PPID; sleep 1')
        for _ in range(5):
            self.train(-9)
        result = self.train(1)
        self.assertEqual(self.state()["state"], "failed", result.stderr)
        self.assertIn("died without a word", self.state()["message"])

    def test_two_signals_are_no_more_than_one(self):
        self.start("sh", "-c", "trap 'sleep 1; exit 85' TERM; echo ready; sleep 60 & wait")
        process = subprocess.Popen(["hpo-train", "study.h5"], cwd=self.dir, env={**self.env, **self.task}, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.terminate()
        time.sleep(0.3)
        process.terminate()
        self.assertEqual(process.wait(20), 85)
        process.stdout.close()
        self.assertIn('"how":"stopped"', self.segment())

    def test_the_study_file_is_never_opened(self):
        self.start("echo", "hpo: step=1 loss=0.5")
        for file in [self.dir / "study.h5", *self.dir.glob("study.h5.d/gen/*")]:
            file.unlink()
        self.train()
        self.assertIn('"how":"finished"', self.segment())

    def segment(self):
        return next(self.dir.glob("study.h5.d/seg/0/t00000000.*.seg")).read_text()

    def start_canary(self, index, *command):
        self.start(*command)
        (self.dir / "scontrol").write_text('#!/bin/sh\necho "$@" >> released\n')
        (self.dir / "scontrol").chmod(0o755)
        self.task.update({"PATH": f"{self.dir}:{self.env['PATH']}", "HPO_CANARY": "1", "SLURM_ARRAY_JOB_ID": "812", "SLURM_ARRAY_TASK_ID": str(index)})

    def test_a_canary_lets_the_array_go_at_its_first_report(self):
        wait = "for i in $(seq 200); do [ ! -e released ] || break; sleep 0.1; done"
        self.start_canary(0, "sh", "-c", f"echo hpo: step=0.5 loss=2; {wait}; cat released; echo hpo: step=1 loss=1")
        self.assertIn("release 812\n", self.train().stdout)
        self.assertEqual((self.dir / "released").read_text(), "release 812\n")  # once

    def test_a_canary_that_reports_nothing_lets_nobody_go(self):
        self.start_canary(0, "false")
        self.train(1)
        self.assertFalse((self.dir / "released").exists())

    def test_only_the_first_of_an_array_is_a_canary(self):
        self.start_canary(1, "echo", "hpo: step=1 loss=1")
        self.train()
        self.assertFalse((self.dir / "released").exists())

    def test_a_release_that_fails_is_a_warning(self):
        self.start_canary(0, "echo", "hpo: step=1 loss=1")
        (self.dir / "scontrol").write_text("#!/bin/sh\necho no controller >&2; exit 1\n")
        self.assertIn("still held", self.train().stderr)

    def test_another_command_after_two_dashes(self):
        self.start("false")
        self.train(0, "--", "echo", "hpo: step=1 loss=0.5")
        self.assertEqual(self.state()["value"], 0.5)

    def test_dry_run_runs_nothing(self):
        self.start("touch", "ran")
        self.assertIn("touch", self.train(0, "--dry-run").stdout)
        self.assertFalse((self.dir / "ran").exists())
        self.assertEqual(list(self.dir.glob("study.h5.d/seg/*/*")), [])


if __name__ == "__main__":
    unittest.main()
