"""A study that starts from earlier results: [search] warm."""
import json
import shutil
import unittest

from harness import COMMAND, Case

# The loss is x.
TEXT = COMMAND % json.dumps(["sh", "-c", 'echo "hpo: step=$HPO_BUDGET loss=$1"', "sh", "{x}"])


class Warm(Case):
    def init_warm(self, *files):
        search = f"[search]\nwarm = {json.dumps(files)}"
        self.write("study.toml", TEXT.replace("[search]", search).replace('proposer = "random"', 'proposer = "cmaes"'))
        return self.run_tool("hpo-init", "study.toml").stderr

    def proposed(self):
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        return [t["params"]["x"] for t in self.study()["trials"]]

    def forget(self):
        (self.dir / "study.h5").unlink()
        shutil.rmtree(self.dir / "study.h5.d")

    def test_from_a_study_and_from_its_csv(self):
        (self.dir / "first").mkdir()
        self.write("first/study.toml", TEXT)
        self.run_tool("hpo-init", "first/study.toml", "--quiet")
        self.run_tool("make", "-C", "first", timeout=600)
        table = self.run_tool("hpo-collect", "first/study.h5", "--csv", "--dry-run").stdout
        self.write("first.csv", table)
        trials = len(table.splitlines()) - 1

        cold = self.init_warm()
        self.assertNotIn("taken over", cold)
        cold = self.proposed()
        self.forget()
        self.assertIn(f"first.csv: {trials} trials taken over", self.init_warm("first.csv"))
        self.assertNotEqual(self.proposed(), cold)
        self.forget()
        self.assertIn(f"first/study.h5: {trials} trials taken over", self.init_warm("first/study.h5"))
        shutil.rmtree(self.dir / "first")  # the study file holds it all
        warm = self.proposed()
        self.assertNotEqual(warm, cold)
        self.assertLess(sum(warm), sum(cold))

    def test_what_is_left_out_is_said(self):
        self.write("old.csv", "x,loss\n0.5,0.5\n77,0.5\n")
        self.assertIn("old.csv: 1 trial taken over; 1 not: x: 77 is above high = 1", self.init_warm("old.csv"))

    def test_a_missing_file_is_named_and_nothing_is_made(self):
        self.write("study.toml", TEXT.replace("[search]", '[search]\nwarm = ["gone.csv"]'))
        self.assertIn("gone.csv", self.run_tool("hpo-init", "study.toml", code=1).stderr)
        self.assertFalse((self.dir / "study.h5").exists())


if __name__ == "__main__":
    unittest.main()
