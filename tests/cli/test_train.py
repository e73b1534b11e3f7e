"""hpo-train without any study."""
import json
import unittest

from harness import Case

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


if __name__ == "__main__":
    unittest.main()
