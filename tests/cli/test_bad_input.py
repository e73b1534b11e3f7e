"""What is wrong is named, with the reason and the next command; nothing crashes, nothing is lost."""
import os
import pathlib
import resource
import subprocess
import unittest

from harness import COMMAND, TINY, Case


class Definitions(Case):
    def bad(self, name, old, new):
        self.assertIn(old, TINY)
        self.write("study.toml", TINY.replace(old, new))
        self.golden_failure(name, "hpo-init", "study.toml")
        self.assertFalse((self.dir / "study.h5").exists())

    def test_messages(self):
        for name, old, new in (
            ("toml-syntax", "seed = 5", "seed = = 5"),
            ("toml-unknown-key", "seed = 5", "sede = 5"),
            ("toml-scale", 'scale = "log" }\nhidden', 'scale = "lgo" }\nhidden'),
            ("toml-low-high", "low = 1e-4, high", "low = 1, high"),
            ("toml-proposer", '"sobol"', '"sobl"'),
            ("toml-search-key", "trials = 4", "trials = 4\nlevls = 3"),
            ("toml-when", "optimizer == 'sgd'", "optimiser == 'sgd'"),
            ("toml-train-key", "batch = 32", "bach = 32"),
            ("toml-train-value", 'kind = "mlp"', 'kind = "mpl"'),
            ("toml-placeholder", '"{lr}"', '"{rl}"'),
            ("toml-slurm-option", "ntasks-per-node = 2", "ntasks-per-nod = 2"),
            ("toml-slurm-ours", "ntasks-per-node = 2", 'array = "0-9"'),
            ("toml-slurm-time", '"00:05:00"', '"five minutes"'),
            ("toml-eta", "eta = 2", "eta = 1"),
            ("toml-unit", 'unit = "epoch"', 'unit = "banana"'),
        ):
            with self.subTest(name):
                self.bad(name, old, new)

    def test_a_missing_or_unreadable_definition(self):
        self.golden_failure("toml-missing", "hpo-init", "study.toml")
        self.write("study.toml", "")
        self.golden_failure("toml-empty", "hpo-init", "study.toml")

    def test_an_existing_study_is_never_overwritten(self):
        self.init()
        before = (self.dir / "study.h5").read_bytes()
        self.run_tool("hpo-init", "study.toml", code=3)
        self.write("study.toml", TINY.replace("seed = 5", "seed = 6"))
        self.golden_failure("init-exists", "hpo-init", "study.toml")
        self.assertEqual(before, (self.dir / "study.h5").read_bytes())

    def test_dry_run_writes_nothing(self):
        self.write("study.toml", TINY)
        result = self.run_tool("hpo-init", "study.toml", "--dry-run")
        self.golden("plan.txt", result.stdout)
        self.assertEqual(os.listdir(self.dir), ["study.toml"])


class StudyFiles(Case):
    def failure(self, name, tool="hpo-collect"):
        self.golden_failure(name, tool, "study.h5", code=None)

    def test_files_that_are_no_study(self):
        self.failure("study-missing")
        for name, content in (("study-empty", b""), ("study-text", b"hello\n" * 200), ("study-toml", TINY.encode())):
            (self.dir / "study.h5").write_bytes(content)
            self.failure(name)

    def test_a_truncated_or_damaged_copy_of_a_study_is_refused(self):
        self.init()
        whole = (self.dir / "study.h5").read_bytes()
        (self.dir / "copy").mkdir()
        copy = self.dir / "copy/study.h5"
        for size in (1, 100, 511, 512, 513, 4000, len(whole) - 1):
            copy.write_bytes(whole[:size])
            result = self.run_tool("hpo-collect", "copy/study.h5", "--dry-run", code=1)
            self.assertTrue(result.stderr.startswith("hpo-collect: "), result.stderr)
        for at in (0, 10, 300, 600, len(whole) // 2, len(whole) - 1):
            copy.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1:])
            result = self.run_tool("hpo-collect", "copy/study.h5", "--dry-run", code=1)
            self.assertTrue(result.stderr.startswith("hpo-collect: "), result.stderr)

    def test_a_copied_study_without_its_directory_can_be_read(self):
        self.init()
        (self.dir / "copy").mkdir()
        (self.dir / "copy/study.h5").write_bytes((self.dir / "study.h5").read_bytes())
        self.assertIn("tiny", self.run_tool("hpo-collect", "copy/study.h5", "--dry-run").stdout)

    def test_no_permission(self):
        if os.geteuid() == 0:
            self.skipTest("root may do everything")
        self.init()
        os.chmod(self.dir / "study.h5.d/gen", 0)
        self.failure("study-permission")
        os.chmod(self.dir / "study.h5.d/gen", 0o700)

    def test_a_full_disk_loses_nothing_and_can_be_repeated(self):
        self.init()
        before = (self.dir / "study.h5").read_bytes()
        # A file size limit fails every larger write, with SIGXFSZ ignored as EFBIG: the same path as ENOSPC.
        def limit():
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        result = self.run_tool("hpo-propose", "study.h5", code=None, preexec_fn=limit)
        self.assertIn(result.returncode, (1, 75))
        self.assertIn("File too large", result.stderr)
        self.assertEqual(before, (self.dir / "study.h5").read_bytes())
        self.run_tool("hpo-propose", "study.h5")
        self.assertEqual(len(self.study()["trials"]), 4)

    def test_two_tools_at_once_do_not_disturb_each_other(self):
        self.init(TINY.replace("trials = 4", "trials = 24"))
        many = [subprocess.Popen(["hpo-propose", "study.h5", "-n3", "--defer", "--quiet"], cwd=self.dir, env=self.env, stdout=subprocess.DEVNULL) for _ in range(8)]
        self.assertEqual([p.wait(60) for p in many], [0] * 8)
        self.assertEqual(len(self.study()["trials"]), 24)
        self.run_tool("hpo-propose", "study.h5", "--verify")


class Tasks(Case):
    def setUp(self):
        super().setUp()
        self.init(COMMAND % '["echo", "hpo: step=1 loss={x}"]')
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        self.manifest = next(self.dir.glob("study.h5.d/man/*.man"))

    def test_which_task(self):
        self.golden_failure("train-no-manifest", "hpo-train", "study.h5", code=2)
        self.golden_failure("train-no-task", "hpo-train", "study.h5", "--manifest=x", code=2)
        self.golden_failure("train-bad-task", "hpo-train", "study.h5", "--manifest=x", "--task=one", code=2)

    def test_manifests_that_are_not(self):
        self.golden_failure("manifest-missing", "hpo-train", "study.h5", "--manifest=none.man", "--task=0")
        self.write("text.man", "hello\n")
        self.golden_failure("manifest-text", "hpo-train", "study.h5", "--manifest=text.man", "--task=0")
        result = self.run_tool("hpo-train", "study.h5", f"--manifest={self.manifest}", "--task=9", code=1)
        self.assertIn("9", result.stderr)

    def test_a_segment_with_any_byte_changed_is_a_warning_and_loses_nothing_before_it(self):
        self.run_tool("hpo-train", "study.h5", f"--manifest={self.manifest}", "--task=0")
        segment = next(self.dir.glob("study.h5.d/seg/*/*.seg"))
        whole = segment.read_bytes()
        for at in range(0, len(whole), 7):
            segment.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1:])
            self.run_tool("hpo-collect", "study.h5", "--dry-run")
            segment.write_bytes(whole[:at])
            self.run_tool("hpo-collect", "study.h5", "--dry-run")
        segment.write_bytes(whole)
        self.run_tool("hpo-collect", "study.h5")
        self.assertEqual(self.study()["trials"][0]["state"], "finished")

    def test_a_foreign_segment_is_left_alone(self):
        other = pathlib.Path(self.dir / "study.h5.d/seg/0")
        other.mkdir(exist_ok=True)
        (other / "t00000000.b0.r0.a00.seg").write_text("not a segment\n")
        self.run_tool("hpo-collect", "study.h5")
        self.assertEqual(self.study()["trials"][0]["state"], "waiting")


if __name__ == "__main__":
    unittest.main()
