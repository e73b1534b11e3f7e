"""A command of a real program, killed at every operation of the file interface and in the middle of every append, killed a
second time while it recovers, and with a full disk at every operation; then run again and audited."""
import collections
import concurrent.futures
import csv
import json
import os
import pathlib
import signal
import subprocess

from harness import TOOLS, Case

CRASH = pathlib.Path(os.environ["HPO_TEST_CRASH"])  # the tools with the hook of fault_hook.cpp
WORKERS = 2

# What differs from run to run although the study is the same.
FLEETING = {"uuid", "created", "updated", "proposed", "started", "ended", "elapsed", "node_hours", "spent", "given_back", "lasts_s", "remaining_s", "until"}

State = collections.namedtuple("State", "study todo curves")


def without(value, names):
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(v, names) for v in value] if isinstance(value, list) else value


class KillTools(Case):
    """A scenario is a directory `template` and one command. Each case is a copy of it, in which the command meets one fault."""

    forget = set()  # fields that may differ from those of an undisturbed run
    commits = True  # the command changes the study and not only its directory
    again = {0, 3}  # exit codes of the command after a fault: done, or nothing left to do
    steady = True  # the command makes the same operations in every run

    def setUp(self):
        super().setUp()
        self.template = self.dir / "template"
        self.template.mkdir()

    def run_in(self, home, *argv, code=None, env=None):
        result = subprocess.run([str(a) for a in argv], cwd=home, env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=120)
        if code is not None:
            self.assertEqual(result.returncode, code, f"{argv}\n{result.stdout}\n{result.stderr}")
        return result

    def prepare(self, study, *commands):
        (self.template / "study.toml").write_text(study)
        for words in commands:
            self.run_in(self.template, *words.split(), code=0)

    def manifest(self, rung):
        return self.manifest_in(self.template, rung)

    @staticmethod
    def manifest_in(home, rung):
        return next(f.relative_to(home) for f in home.glob(f"study.h5.d/man/*-b0-r{rung}-*.man"))

    def train(self, task, *more, rung=0, code=0):
        self.run_in(self.template, "hpo-train", "study.h5", "-m", self.manifest(rung), "-t", task, *more, code=code)

    # ---- one case

    def copy(self, name):
        home = self.dir / name
        subprocess.run(["cp", "-a", self.template, home], check=True)  # hard links stay hard links
        for script in home.glob("*.sbatch"):
            script.write_text(script.read_text().replace(str(self.template), str(home)))
        return home

    def report(self, home, *options, code=0):
        return self.run_in(home, TOOLS / "hpo-collect", "study.h5", "--dry-run", *options, code=code)

    def study_in(self, home):
        return without(json.loads(self.report(home, "--json").stdout), FLEETING | self.forget)

    def state(self, home):
        reports = csv.DictReader(self.report(home, "--curves-csv").stdout.splitlines())
        rows = [(r["trial"], r["rung"], r["attempt"], r["step"], r["metric"], r["value"]) for r in reports]
        return State(self.study_in(home), self.report(home, "--todo").stdout, self.curves(rows))

    def curves(self, rows):
        return rows

    def files(self, home):
        """Every file by name, with the text of those that people and jobs read."""
        found = {}
        for path in sorted(home.rglob("*")):
            name = str(path.relative_to(home))
            if path.is_dir() or name.startswith(("study.h5.d/seg/", "study.h5.d/ckpt/", "slurm/")):
                continue
            text = path.suffix in (".sbatch", ".env", ".man") or path.name == "Makefile"
            found[name] = (path.read_text().replace(str(home), "HOME").replace(str(CRASH), "TOOLS").replace(str(TOOLS), "TOOLS"), path.stat().st_mode) if text else ""
        return found

    def audit(self, home, leftovers):
        """The same as an undisturbed run: nothing lost, nothing doubled, at most one private file left behind."""
        self.assertEqual(self.state(home), self.after)
        found = self.files(home)
        extra = found.keys() - self.complete.keys()
        self.assertLessEqual(len(extra), leftovers, extra)
        self.assertTrue(all(pathlib.Path(name).name.startswith(".") for name in extra), extra)
        for name, text in self.complete.items():
            self.assertEqual(found.get(name), text, name)

    def command_with(self, home, env):
        return self.run_in(home, CRASH / self.argv[0], *self.argv[1:], env=env)

    def look(self, home):
        """At any instant: the study opens, and is the one before or the one after."""
        if self.before is None and not list(home.glob("study.h5.d/gen/g*")):
            self.assertFalse((home / "study.h5").exists())
            self.assertIn("does not exist", self.report(home, code=1).stderr)
            return
        study = self.study_in(home)
        if self.commits:
            self.assertIn(study, (self.before, self.after.study))

    def recover(self, home):
        result = self.run_in(home, TOOLS / self.argv[0], *self.argv[1:])
        self.assertIn(result.returncode, self.again, result.stderr)

    def kill(self, home, n, torn=False):
        result = self.command_with(home, {"HPO_FAULT_KILL_AT": str(n), "HPO_FAULT_TORN": str(int(torn))})
        self.assertIn(result.returncode, {-signal.SIGKILL} if self.steady else {-signal.SIGKILL} | self.again, result.stderr)
        self.look(home)

    def killed(self, home, n):
        self.kill(home, n)
        self.recover(home)
        self.audit(home, 1)

    def torn(self, home, n):
        self.kill(home, n, torn=True)
        self.recover(home)
        self.audit(home, 1)

    def killed_twice(self, home, first, second):
        self.kill(home, first)
        result = self.command_with(home, {"HPO_FAULT_KILL_AT": str(second)})
        self.assertIn(result.returncode, {-signal.SIGKILL} | self.again, result.stderr)  # what is left to do may be less
        self.look(home)
        self.recover(home)
        self.audit(home, 2)

    def disk_full(self, home, n, sticky=False):
        result = self.command_with(home, {"HPO_FAULT_ERRNO_AT": f"{n}:ENOSPC", "HPO_FAULT_STICKY": str(int(sticky))})
        if result.returncode in self.again:
            self.assertEqual(self.study_in(home), self.after.study, result.stderr)  # what failed was not needed any more
        else:
            self.assertEqual(result.returncode, 75, result.stderr)
            self.assertRegex(result.stderr, rf"(?m)^{self.argv[0]}: [^ :]+: .*No space left")
            self.look(home)
        self.recover(home)
        self.audit(home, int(sticky))

    def disk_stays_full(self, home, n):
        self.disk_full(home, n, sticky=True)

    # ---- all cases of a scenario

    def undisturbed(self, *argv):
        self.argv = argv
        self.before = self.study_in(self.template) if (self.template / "study.h5").exists() else None
        home = self.copy("undisturbed")
        result = self.command_with(home, {"HPO_FAULT_COUNT": str(self.dir / "count")})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.after, self.complete = self.state(home), self.files(home)
        counted = (self.dir / "count").read_text().split()
        self.operations, self.appends = int(counted[0]), [int(n) for n in counted[1:]]
        return home

    def torture(self):
        last = self.operations if self.steady else self.operations + 3
        everything = range(1, last + 1)
        cases = [(test, n) for test in (self.killed, self.disk_full) for n in everything] + [(self.torn, n) for n in self.appends]
        cases += [(self.killed_twice, n, 1 + 7 * n % last) for n in everything[::2]] + [(self.disk_stays_full, n) for n in everything[::3]]
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            failures = [f for f in pool.map(self.failure_of, cases) if f]
        print(f"{self.argv[0]}: {len(cases)} cases at {self.operations} operations, {len(self.appends)} of them appends", flush=True)
        self.assertEqual(failures[:3], [], f"{len(failures)} of {len(cases)} cases failed")

    def failure_of(self, case):
        test, *arguments = case
        name = "-".join([test.__name__, *map(str, arguments)])
        home = self.copy(name)
        try:
            test(home, *arguments)
        except Exception as error:
            return f"{name}: {error}"
        subprocess.run(["rm", "-rf", home], check=True)
        return None
