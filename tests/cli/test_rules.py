"""Whole studies under make with rules other than halving."""
import json
import unittest

from harness import COMMAND, Case

# The error falls with the budget; the least is at x = 0.3.
PROGRAM = """python3 -c 'import sys; x, b = map(float, sys.argv[1:]); print("hpo: step=%g loss=%g" % (b, abs(x - 0.3) + 1 / b))' "$0" "$HPO_BUDGET\""""


class Rules(Case):
    def play(self, search, proposer="random"):
        text = COMMAND % json.dumps(["sh", "-c", PROGRAM, "{x}"])
        self.init(text.replace("trials = 9", "trials = 9\n" + search).replace('"random"', f'"{proposer}"'))
        self.run_tool("make", "-j2")
        study = self.study()
        self.assertEqual(study["next"], "complete")
        self.assertTrue(all(r["decided"] for r in study["rungs"]))
        self.assertEqual(sum(r["running"] + r["waiting"] for r in study["rungs"]), 0)
        return study

    def entered(self, study):
        return [(r["bracket"], r["rung"], r["entered"]) for r in study["rungs"]]

    def decisions(self, trial):
        return json.loads(self.run_tool("hpo-collect", "study.h5", f"--explain={trial}", "--json").stdout)["rungs"]

    def test_hyperband_runs_its_brackets_one_after_the_other(self):
        study = self.play('promotion = "hyperband"')
        self.assertEqual(self.entered(study), [(0, 0, 9), (0, 1, 3), (0, 2, 1), (1, 0, 5), (1, 1, 1), (2, 0, 3)])
        self.assertEqual(len(study["trials"]), 17)

    def test_hyperband_can_run_them_together(self):
        self.init((COMMAND % '["echo", "hpo: step=1 loss={x}"]').replace("trials = 9", 'promotion = "hyperband"\ntogether = true'))
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        self.assertEqual([r["bracket"] for r in self.study()["rungs"]], [0, 1, 2])

    def test_asha_comes_to_its_end_in_batches(self):
        study = self.play('promotion = "asha"\nbatch = 3')
        entered = self.entered(study)
        self.assertEqual(entered[0], (0, 0, 9))
        self.assertEqual([rung for _, rung, _ in entered], [0, 1, 2])
        best = study["best"]["trial"]
        self.assertTrue(self.decisions(best)[0]["decision"]["promoted"])

    def test_dehb_trains_new_trials_on_every_rung(self):
        study = self.play('promotion = "dehb"\niterations = 1')
        self.assertEqual(self.entered(study), [(0, 0, 9), (0, 1, 3), (0, 2, 1), (1, 0, 5), (1, 1, 1), (2, 0, 3)])
        self.assertEqual(len(study["trials"]), 9 + 5 + 1 + 3)
        newest = [t for t in study["trials"] if t["trial"] == 14][0]
        self.assertEqual(newest["state"], "complete")

    def test_median_stops_trials_while_their_rung_is_open(self):
        study = self.play('promotion = "median"\nmin_trials = 2\nbatch = 3')
        self.assertEqual(self.entered(study)[0], (0, 0, 9))
        self.assertIn("stopped", {t["state"] for t in study["trials"]})
        self.assertIn("complete", {t["state"] for t in study["trials"]})

    def test_pasha_and_percentile_come_to_their_end(self):
        for search in ('promotion = "pasha"', 'promotion = "percentile"\nmin_trials = 2\ninterval = 4'):
            with self.subTest(search):
                self.setUp()
                self.assertEqual(self.entered(self.play(search))[0], (0, 0, 9))

    def test_dehb_is_hyperband_over_populations_of_differential_evolution(self):
        study = self.play('promotion = "dehb"\niterations = 2\npopulation = 6', proposer="de")
        entered = self.entered(study)
        self.assertEqual(entered[:6], [(0, 0, 9), (0, 1, 3), (0, 2, 1), (1, 0, 5), (1, 1, 1), (2, 0, 3)])
        self.assertEqual(sum(count for bracket, _, count in entered if bracket > 2), 9 + 3 + 1 + 5 + 1 + 3, "later brackets take new trials on every rung")
        self.assertEqual({t["origin"] for t in study["trials"]}, {"de"})
        self.assertEqual(len({t["params"]["x"] for t in study["trials"]}), len(study["trials"]), "nothing runs twice")
        self.assertEqual(study["best"]["budget"], 9)

    def test_bohb_is_hyperband_with_kde(self):
        study = self.play('promotion = "hyperband"\niterations = 2\nrandom_fraction = 0', proposer="kde")
        self.assertEqual(self.entered(study), [(bracket + 3 * i, rung, n) for i in range(2) for bracket, rung, n in ((0, 0, 9), (0, 1, 3), (0, 2, 1), (1, 0, 5), (1, 1, 1), (2, 0, 3))])
        self.assertEqual({t["origin"] for t in study["trials"]}, {"kde"})
        first, last = study["trials"][:9], study["trials"][17:26]
        distance = [sum(abs(t["params"]["x"] - 0.3) for t in trials) for trials in (first, last)]
        self.assertLess(distance[1], distance[0], "it has learned where the least is")
        refused = self.run_tool("hpo-propose", "study.h5", "--verify", code=1).stderr
        self.assertIn("the study keeps when a result was measured, not when it was taken in", refused)

    def test_the_default_comes_to_its_end_and_says_why(self):
        study = self.play('promotion = "model"', proposer="portfolio")
        self.assertEqual(study["best"]["budget"], 9)
        spent = sum(rung["entered"] * budget for rung, budget in zip(study["rungs"], (1, 2, 6)))
        self.assertLessEqual(spent, 9 * 1 + 3 * 2 + 1 * 6 + 6, "no more than its plan but for a step")
        reason = self.decisions(study["best"]["trial"])[-2]["decision"]["reason"]
        self.assertRegex(reason, "the best that waits|expected improvement|the best on the highest rung")

    def test_learning_proposers_beside_rules_that_do_not_wait(self):
        for proposer, search in (("tpe", 'promotion = "asha"\nbatch = 3'), ("evolution", 'promotion = "pasha"\nbatch = 3'), ("tpe", 'promotion = "median"\nmin_trials = 2\nbatch = 3')):
            with self.subTest(search):
                self.setUp()
                study = self.play(search, proposer=proposer)
                self.assertEqual(self.entered(study)[0], (0, 0, 9))
                self.assertEqual({t["origin"] for t in study["trials"]}, {proposer})

    def test_an_option_that_makes_no_sense_is_named_with_its_place(self):
        for search, line in (("patience_hours = -1", "search.patience_hours"), ("patience_hour = 1", "did you mean 'patience_hours'?"), ('promotion = "asha"\nbatch = 0', "search.batch")):
            with self.subTest(search):
                self.write("study.toml", (COMMAND % '["true"]').replace("trials = 9", search))
                error = self.run_tool("hpo-init", "study.toml", code=1).stderr
                self.assertIn(line, error)
                self.assertRegex(error, r"study\.toml:\d+:")

    def test_the_rules_are_listed_with_their_options(self):
        text = self.run_tool("hpo-promote", "--list").stdout
        for name in "halving hyperband asha pasha dehb median percentile none patience_hours iterations interval".split():
            self.assertIn(name, text)


if __name__ == "__main__":
    unittest.main()
