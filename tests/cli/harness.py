"""Runs the real tools in a directory of its own, and compares what they print with golden files."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from studies import COMMAND, TINY  # noqa: F401

TOOLS = pathlib.Path(os.environ["HPO_TEST_TOOLS"])
SOURCE = pathlib.Path(os.environ["HPO_TEST_SOURCE"])
GOLDEN = pathlib.Path(__file__).parent / "golden"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hpo-cli-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        keep = {k: v for k, v in os.environ.items() if not re.match(r"SLURM_|SBATCH_|HPO_|MAKE|MFLAGS|OMPI_|PMI", k)}
        self.env = {**keep, "PATH": f"{TOOLS}:{os.environ['PATH']}", "HPO_LOCAL": "1", "NO_COLOR": "1", "LC_ALL": "C", "COLUMNS": "100",
                    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def run_tool(self, *argv, code=0, env=None, timeout=300, **more):
        result = subprocess.run([str(a) for a in argv], cwd=self.dir, env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=timeout, **more)
        if code is not None:
            self.assertEqual(result.returncode, code, f"{argv}\n{result.stdout}\n{result.stderr}{self.logs()}")
        return result

    def logs(self):
        text = ""
        for log in sorted(self.dir.glob("**/logs/*.log"))[:3]:
            text += f"\n--- {log.name}\n" + log.read_text(errors="replace")[-1500:]
        return text

    def write(self, name, text):
        (self.dir / name).write_text(text)

    def init(self, text=TINY):
        self.write("study.toml", text)
        self.run_tool("hpo-init", "study.toml", "--quiet")

    def study(self):
        return json.loads(self.run_tool("hpo-collect", "study.h5", "--json", "--dry-run").stdout)

    def normal(self, text):
        """What differs from run to run, made the same."""
        text = text.replace(str(self.dir), "DIR").replace(str(TOOLS), "TOOLS")
        text = re.sub(r"\b[0-9a-f]{16}\b", "NONCE", text)
        return re.sub(r"-[0-9a-f]{8}-b", "-UUID-b", text)

    def golden(self, name, text):
        """HPO_TEST_UPDATE=1 writes the files anew; read the difference before you commit it."""
        path = GOLDEN / name
        text = self.normal(text)
        if os.environ.get("HPO_TEST_UPDATE"):
            path.write_text(text)
        self.assertEqual(text, path.read_text() if path.exists() else "", f"golden/{name}")

    def golden_failure(self, name, *argv, code=1, **more):
        result = self.run_tool(*argv, code=code, **more)
        self.assertEqual(result.stdout, "", "a failure prints nothing on standard output")
        self.golden(name + ".txt", f"$ {' '.join(map(str, argv))}\n{result.stderr}")


if __name__ == "__main__":
    unittest.main()
