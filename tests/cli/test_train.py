"""hpo-train without any study."""
import json
import subprocess
import time
import unittest

from harness import TINY, Case

CONFIG = """
epochs = 4
seed = 3
batch = 32
data = { kind = "synthetic", samples = 512, features = 8, classes = 3, valid = 128 }
model = { kind = "mlp", hidden = [16] }
optimizer = { kind = "adamw", lr = 0.01 }
schedule = { kind = "cosine", warmup = 0.1 }
"""


class Train(Case):
    def epochs(self, *argv, **more):
        return [json.loads(line) for line in self.run_tool(*argv, "hpo-train", "--config", "train.toml", "--json", **more).stdout.splitlines() if line.startswith("{")]

    def test_it_trains_and_says_what_each_epoch_did(self):
        self.write("train.toml", CONFIG)
        epochs = self.epochs()
        self.assertEqual([e["epoch"] for e in epochs], [1, 2, 3, 4])
        self.assertLess(epochs[-1]["train_loss"], epochs[0]["train_loss"])
        for name in "train_loss valid_loss valid_error gradient_norm lr samples_per_s step_ms_min step_ms_mean step_ms_max non_finite".split():
            self.assertIn(name, epochs[0])

    def test_two_ranks_compute_what_one_does(self):
        self.write("train.toml", CONFIG)
        one = self.epochs()
        two = self.epochs("mpirun", "--oversubscribe", "-np", "2")
        for a, b in zip(one, two, strict=True):
            self.assertAlmostEqual(a["train_loss"], b["train_loss"], places=4)
            self.assertAlmostEqual(a["valid_error"], b["valid_error"], places=2)

    def test_mistakes_in_the_file_have_a_place(self):
        for name, old, new in (
            ("train-unknown-key", "batch = 32", "bach = 32"),
            ("train-bad-value", "lr = 0.01", "lr = -1"),
            ("train-bad-kind", '"adamw"', '"adamx"'),
            ("train-no-data", 'kind = "synthetic", samples = 512, features = 8, classes = 3', 'kind = "idx", path = "nowhere"'),
        ):
            with self.subTest(name):
                self.write("train.toml", CONFIG.replace(old, new))
                self.golden_failure(name, "hpo-train", "--config", "train.toml")

    def test_dry_run_prints_the_whole_configuration(self):
        self.write("train.toml", CONFIG)
        config = json.loads(self.run_tool("hpo-train", "--config", "train.toml", "--dry-run").stdout)
        self.assertEqual((config["batch"], config["optimizer"]["beta1"]), (32, 0.9))

    def test_a_lone_failure_ends_all_ranks(self):
        self.write("train.toml", CONFIG.replace('kind = "synthetic", samples = 512, features = 8, classes = 3', 'kind = "idx", path = "nowhere"'))
        self.run_tool("mpirun", "--oversubscribe", "-np", "2", "hpo-train", "--config", "train.toml", code=1, timeout=60)

    def test_a_divergence_is_named(self):
        self.write("train.toml", CONFIG.replace('"adamw", lr = 0.01', '"sgd", lr = 1e30'))
        self.assertIn("diverged", self.run_tool("hpo-train", "--config", "train.toml", code=1).stderr)


class Tasks(Case):
    """One task of a study with the built-in trainer."""

    def start(self, text=TINY, **more):
        self.init(text)
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        self.env.update({"HPO_MANIFEST": str(next(self.dir.glob("study.h5.d/man/*.man"))), "HPO_TASK": "0"}, **more)

    def segment(self):
        return "".join(file.read_text() for file in self.dir.glob("study.h5.d/seg/0/t00000000.*.seg"))

    def scontrol(self, text):
        self.write("scontrol", "#!/bin/sh\n" + text)
        (self.dir / "scontrol").chmod(0o755)
        return {"PATH": f"{self.dir}:{self.env['PATH']}", "HPO_CANARY": "1", "SLURM_ARRAY_JOB_ID": "812", "SLURM_ARRAY_TASK_ID": "0"}

    def test_a_canary_lets_the_array_go_and_trains_on_while_slurm_does_not_answer(self):
        # It answers when the training has ended: were it waited for, the answer would be "late".
        self.start(**self.scontrol("""
            for i in $(seq 200); do
                if grep -q '"how":"finished"' study.h5.d/seg/0/*; then echo "$@ after the end" >> released; exit 0; fi
                sleep 0.1
            done
            echo "$@ late" >> released"""))
        self.run_tool("hpo-train", "study.h5")
        self.assertEqual((self.dir / "released").read_text(), "release 812 after the end\n")

    def test_of_all_ranks_only_the_first_asks(self):
        self.start(**self.scontrol('echo "$@" >> released'))
        self.run_tool("mpirun", "--oversubscribe", "-np", "2", "hpo-train", "study.h5")
        self.assertEqual((self.dir / "released").read_text(), "release 812\n")

    def test_a_canary_that_cannot_train_lets_nobody_go(self):
        self.start(TINY.replace('kind = "synthetic", samples = 512, features = 8, classes = 3', 'kind = "idx", path = "nowhere"'),
                   **self.scontrol('echo "$@" >> released'))
        self.run_tool("hpo-train", "study.h5", code=75)
        self.assertFalse((self.dir / "released").exists())

    def test_a_divergence_is_a_result_and_is_not_trained_again(self):
        self.start(TINY.replace("low = 1e-4, high = 1e-1", "low = 1e30, high = 1e31").replace('["adam", "sgd"]', '["sgd", "sgd2"]').replace(
            'kind = "{optimizer}"', 'kind = "sgd"').replace("optimizer == 'sgd'", "optimizer == 'sgd2'"))
        self.run_tool("hpo-train", "study.h5")
        self.assertIn('"how":"diverged"', self.segment())
        self.run_tool("hpo-train", "study.h5", code=3)

    def test_each_checkpoint_says_how_long_it_took(self):
        self.start()
        self.run_tool("hpo-train", "study.h5")
        [saved] = [line.split(" ", 3)[3] for line in self.segment().splitlines() if line.split(" ", 3)[3].startswith("C")]
        self.assertGreater(json.loads(saved[1:])["seconds"], 0)

    def test_told_to_stop_twice_it_ends_with_a_checkpoint(self):
        self.start(TINY.replace("max = 4", "max = 400000").replace("min = 1", "min = 100000"))
        process = subprocess.Popen(["hpo-train", "study.h5"], cwd=self.dir, env=self.env, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        for _ in range(600):
            if " M[" in self.segment():
                break
            time.sleep(0.05)
        process.terminate()
        process.terminate()
        self.assertEqual(process.wait(30), 85)
        self.assertIn('"how":"stopped"', self.segment())
        self.assertTrue(list(self.dir.glob("study.h5.d/ckpt/t00000000.*/ckpt.*")))


if __name__ == "__main__":
    unittest.main()
