"""A study of real trainings, from study.toml to the report, driven by make."""
import json
import unittest

from harness import COMMAND, SOURCE, Case


class Ladder(Case):
    def test_make_runs_a_study_to_its_end_and_again_changes_nothing(self):
        self.init()
        first = self.run_tool("make")
        study = self.study()
        self.assertEqual([(r["rung"], r["entered"], r["finished"]) for r in study["rungs"]], [(0, 4, 4), (1, 2, 2), (2, 1, 1)])
        self.assertIn("best", first.stdout)
        generations = sorted((self.dir / "study.h5.d/gen").iterdir())
        again = self.run_tool("make")
        self.assertIn("complete", again.stdout + again.stderr)
        self.assertEqual(generations, sorted((self.dir / "study.h5.d/gen").iterdir()))

    def test_a_promoted_trial_continues_its_own_curve(self):
        self.init()
        self.run_tool("make")
        best = self.study()["best"]["trial"]
        rows = [line.split(",") for line in self.run_tool("hpo-collect", "study.h5", "--curves-csv", f"--where=trial == {best}").stdout.split()]
        steps = [float(r[rows[0].index("step")]) for r in rows[1:] if r[rows[0].index("metric")] == "valid_error"]
        self.assertEqual(steps, [1, 2, 3, 4])

    def test_make_j_runs_tasks_side_by_side(self):
        self.init()
        self.run_tool("make", "-j2")
        self.assertEqual(self.study()["rungs"][0]["finished"], 4)

    def test_promotion_takes_the_best_and_says_why(self):
        self.init()
        self.run_tool("make", "rung")
        self.run_tool("make", "collect")
        values = {t["trial"]: t["value"] for t in self.study()["trials"]}
        lines = [json.loads(line) for line in self.run_tool("hpo-promote", "study.h5", "--json").stdout.splitlines()]
        self.assertEqual(len(lines), 4)
        up = {d["trial"] for d in lines if d["promoted"]}
        ranked = sorted(values, key=values.get)
        self.assertLessEqual(max(values[t] for t in up), min(values[t] for t in values if t not in up))
        self.assertEqual(len(up), 2)
        self.assertTrue(all(d["reason"] for d in lines), ranked)

    def test_a_rung_that_is_not_complete_is_not_decided(self):
        self.init()
        self.run_tool("hpo-propose", "study.h5")
        self.run_tool("bash", "rung.sbatch", env={"HPO_TASK": "0"})
        self.run_tool("hpo-collect", "study.h5")
        result = self.run_tool("hpo-promote", "study.h5", code=4)
        self.assertIn("3", result.stderr)

    def test_a_finished_task_is_not_run_again(self):
        self.init()
        self.run_tool("hpo-propose", "study.h5")
        for _ in range(2):
            self.run_tool("bash", "rung.sbatch", env={"HPO_TASK": "1"})
        self.assertEqual(len(list(self.dir.glob("study.h5.d/seg/*/t00000001.*"))), 1)

    def test_the_finished_script_can_be_typed_by_hand(self):
        self.init()
        self.run_tool("hpo-propose", "study.h5")
        script = (self.dir / "rung.sbatch").read_text()
        self.assertEqual(script, (self.dir / "rung-b0-r0.sbatch").read_text())
        for line in ("#SBATCH --array=0-3", "#SBATCH --ntasks-per-node=2", "#SBATCH --time=00:05:00", "#SBATCH --job-name=hpo-tiny-"):
            self.assertIn(line, script)
        self.run_tool("bash", "-n", "rung.sbatch")


    def test_a_study_of_another_name_and_a_budget_that_is_spent(self):
        self.write("fashion.toml", COMMAND % '["false"]' + "[budget]\nfailed = 0.3\n")
        self.write("fashion.toml", (self.dir / "fashion.toml").read_text().replace("trials = 9", "trials = 27"))
        self.run_tool("hpo-init", "fashion.toml")
        result = self.run_tool("make", "CHUNK=6")
        self.assertIn("6 of 6 tasks failed, more than budget.failed = 0.3", result.stderr)
        trials = json.loads(self.run_tool("hpo-collect", "fashion.h5", "--json").stdout)["trials"]
        self.assertEqual(sum(t["state"] == "failed" for t in trials), 6)

    def test_one_directory_holds_one_study_under_a_plain_name(self):
        self.init()
        self.assertIn("another study lives here: study.h5", self.run_tool("hpo-init", "study.toml", "--study=b.h5", code=1).stderr)
        for name in ("a'b", "100%", "x\ny"):
            (self.dir / name).mkdir()
            self.assertIn("which sbatch or make would read differently", self.run_tool("hpo-init", "study.toml", f"--study={name}/s.h5", code=1).stderr)
        (self.dir / "with blank").mkdir()
        self.run_tool("sh", "-c", "cd 'with blank' && cp ../study.toml . && hpo-init study.toml --quiet && make rung")


class Examples(Case):
    def test_the_examples_run_to_their_end(self):
        for name, metric, rungs in (("shell", "loss", [9, 3, 1]), ("python", "valid_loss", [8, 4, 2])):
            with self.subTest(name):
                home = self.dir / name
                (home / "run").mkdir(parents=True)
                for file in (SOURCE / "examples" / name).iterdir():
                    (home / file.name).write_text(file.read_text())
                (home / "run/study.toml").write_text((home / "study.toml").read_text())
                self.run_tool("sh", "-c", f"cd {name}/run && hpo-init study.toml --quiet && make -j2")
                study = json.loads(self.run_tool("hpo-collect", f"{name}/run/study.h5", "--json").stdout)
                self.assertEqual([r["finished"] for r in study["rungs"]], rungs)
                self.assertEqual(study["best"]["rung"], 2)
                self.assertIn(metric, json.dumps(study["objectives"]))


class Proposals(Case):
    def test_one_call_of_nine_and_nine_calls_of_one_give_the_same_trials(self):
        self.init(self.tiny(9))
        for proposer in ("random", "sobol", "lhs"):
            with self.subTest(proposer):
                text = self.tiny(9).replace('"sobol"', f'"{proposer}"')
                for kind in ("one", "many"):
                    (self.dir / f"{proposer}-{kind}").mkdir()
                    self.write(f"{proposer}-{kind}/study.toml", text)
                    self.run_tool("hpo-init", f"{proposer}-{kind}/study.toml", "--quiet")
                one = self.run_tool("hpo-propose", f"{proposer}-one/study.h5", "--json").stdout
                many = "".join(self.run_tool("hpo-propose", f"{proposer}-many/study.h5", "--json", "--defer", "-n1").stdout for _ in range(9))
                self.assertEqual(one, many)
                self.assertEqual(len(one.splitlines()), 9)
                for kind, code in (("one", 3), ("many", 0)):  # the deferred ones get their array now
                    self.run_tool("hpo-propose", f"{proposer}-{kind}/study.h5", "--verify")
                    self.run_tool("hpo-propose", f"{proposer}-{kind}/study.h5", code=code)
                    self.run_tool("hpo-propose", f"{proposer}-{kind}/study.h5", code=3)

    @staticmethod
    def tiny(trials):
        from harness import TINY
        return TINY.replace("trials = 4", f"trials = {trials}")


if __name__ == "__main__":
    unittest.main()
