"""Which parameters decide: hpo-collect --importance of studies that really ran."""
import json
import unittest

from harness import Case

# The loss is a bowl in lr, on its log scale, wherever momentum and the label are.
STUDY = """
[study]
name = "bowl"
seed = 5
[[objective]]
metric = "loss"
goal = "minimize"
[space]
label = { type = "categorical", values = ["a", "b"] }
lr = { type = "float", low = 1e-6, high = 1.0, scale = "log" }
momentum = { type = "float", low = 0.0, high = 1.0, when = "label == 'b'" }
[fidelity]
unit = "step"
min = 1
max = 3
eta = 3
[search]
proposer = "sobol"
trials = %d
[run]
command = ["awk", "BEGIN {{ l = log({lr}) / log(10); print \\"hpo: step={budget} loss=\\" %s }}"]
[slurm]
time = "00:05:00"
"""


class Importance(Case):
    def finished(self, trials, loss="(l + 2) ^ 2"):
        self.init(STUDY % (trials, loss))
        self.run_tool("make")

    def importance(self, *words):
        return self.run_tool("hpo-collect", "study.h5", "--importance", *words)

    def test_the_parameter_that_decides_comes_first_with_its_best_range(self):
        self.finished(27)
        found = json.loads(self.importance("--json").stdout)
        first = found["parameters"][0]
        self.assertEqual((found["trials"], found["measured_there"], found["budget"]), (27, 9, 3))
        self.assertEqual((first["name"], len(found["parameters"]), len(found["pairs"])), ("lr", 3, 3))
        self.assertLess(first["best"]["low"], 1e-2)
        self.assertGreater(first["best"]["high"], 1e-2)
        text = self.importance("--ascii", "--width=100").stdout
        self.assertIn("bowl  what decides loss (minimize)\ndata    27 trials, 9 of them at 3 steps;", text)
        self.assertRegex(text, r"\nlr +\d+% +\d+% \[#+\.*\]")
        self.assertEqual(text, self.importance("--ascii", "--width=100").stdout)

    def test_among_the_best_is_a_percentage(self):
        self.finished(9)
        self.assertIn(", among the best 50%\n", self.importance("--among-best=50").stdout)
        self.run_tool("hpo-collect", "study.h5", "--importance", "--among-best=0", code=2)

    def test_of_three_trials_little_is_said_and_of_none_nothing(self):
        self.init(STUDY % (3, "(l + 2) ^ 2"))
        self.assertIn("no trial has a value yet", self.importance().stdout)
        self.run_tool("make")
        self.assertIn("\ntrust   little: ", self.importance().stdout)

    def test_equal_values_are_called_equal(self):
        self.finished(9, loss="1")
        self.assertIn("no parameter makes a difference", self.importance().stdout)
        self.assertEqual(json.loads(self.importance("--json").stdout)["parameters"], [])


if __name__ == "__main__":
    unittest.main()
