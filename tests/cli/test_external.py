"""A proposer of the user's own: examples/external, and what is said when it goes wrong."""
import json
import unittest

from harness import SOURCE, TINY, Case


class External(Case):
    def init_with(self, *command):
        text = TINY.replace("[search]", f"[search]\ncommand = {json.dumps(command)}")
        text = "\n".join('proposer = "external"' if line.startswith("proposer") else line for line in text.split("\n"))
        self.init(text)

    def propose(self, code=0):
        return self.run_tool("hpo-propose", "study.h5", "--quiet", code=code)

    def test_the_example_proposes_every_trial(self):
        text = (SOURCE / "examples/external/study.toml").read_text()
        self.init(text.replace("../halfway.py", str(SOURCE / "examples/external/halfway.py")))
        self.propose()
        trials = self.study()["trials"]
        self.assertEqual(len(trials), 8)
        again = json.dumps([t["params"] for t in trials])
        self.run_tool("rm", "-r", "study.h5", "study.h5.d")
        self.run_tool("hpo-init", "study.toml", "--quiet")
        self.propose()
        self.assertEqual(json.dumps([t["params"] for t in self.study()["trials"]]), again)

    def test_a_failing_program_changes_nothing_and_is_quoted(self):
        self.init_with("sh", "-c", "echo no licence >&2; exit 3")
        said = self.propose(code=1).stderr
        self.assertIn("exit code 3: no licence", said)
        self.assertEqual(self.study()["trials"], [])

    def test_a_study_without_the_program_is_refused_at_once(self):
        self.write("study.toml", TINY.replace("[search]", '[search]\ncommand = "mine.py"'))
        text = (self.dir / "study.toml").read_text()
        self.write("study.toml", "\n".join('proposer = "external"' if line.startswith("proposer") else line for line in text.split("\n")))
        self.assertIn("command", self.run_tool("hpo-init", "study.toml", code=1).stderr)


if __name__ == "__main__":
    unittest.main()
