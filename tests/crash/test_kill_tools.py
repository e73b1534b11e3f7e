"""Each tool killed, interrupted by a full disk, run again and audited, in a study of four trials."""
import json
import signal
import unittest

from harness import SOURCE
from kill import KillTools

STUDY = """
[study]
name = "kill"
seed = 5
[[objective]]
metric = "%(metric)s"
goal = "minimize"
[space]
x = { type = "float", low = 0.001, high = 0.1 }
[fidelity]
unit = "epoch"
min = 1
max = 4
eta = 2
[search]
proposer = "sobol"
trials = 4
%(program)s
[slurm]
time = "00:05:00"
"""
PROGRAM = STUDY % {"metric": "loss", "program": '[run]\ncommand = ["sh", "%s/examples/shell/train.sh", "--x={x}", "--y=1"]' % SOURCE}
BUILTIN = STUDY % {"metric": "valid_loss", "program": """[train]
data = { kind = "synthetic", samples = 96, features = 4, classes = 2, valid = 32 }
model = { kind = "mlp", hidden = [4] }
optimizer = { kind = "adam", lr = "{x}" }
batch = 16"""}


class Init(KillTools):
    def test_init(self):
        self.prepare(PROGRAM)
        self.undisturbed("hpo-init", "study.toml")
        self.torture()


class Propose(KillTools):
    def test_propose(self):
        self.prepare(PROGRAM, "hpo-init study.toml")
        home = self.undisturbed("hpo-propose", "study.h5")
        self.run_in(home, "bash", "rung.sbatch", env={"HPO_TASK": "3"}, code=0)
        self.torture()


class Collect(KillTools):
    def test_collect(self):
        """Every kind of segment: collected before, finished, failed, one that was killed and its successor."""
        self.prepare(PROGRAM, "hpo-init study.toml", "hpo-propose study.h5")
        self.train(0)
        self.run_in(self.template, "hpo-collect", "study.h5", code=0)
        self.train(1)
        self.train(2, "--", "false", code=1)
        self.train(3, "--", "sh", "-c", 'echo "hpo: step=1 loss=9"; sleep 0.3; kill -9 $PPID', code=-signal.SIGKILL)
        self.train(3)
        self.undisturbed("hpo-collect", "study.h5")
        self.assertEqual([t["state"] for t in self.after.study["trials"]], ["finished", "finished", "failed", "finished"])
        self.torture()


class Promote(KillTools):
    again = {0, 3, 4}  # decided: now the rung above is waited for
    options = ()

    def test_promote(self):
        self.prepare(PROGRAM, "hpo-init study.toml", "hpo-propose study.h5")
        for task in range(4):
            self.train(task)
        self.run_in(self.template, "hpo-collect", "study.h5", code=0)
        home = self.undisturbed("hpo-promote", "study.h5", *self.options)
        self.assertEqual([r["entered"] for r in self.after.study["rungs"]][:2], [4, 2])
        self.run_in(home, "bash", "rung.sbatch", env={"HPO_TASK": "1"}, code=0)
        self.torture()


# A Slurm that only keeps books, in no time, for it is called thousands of times: one file a job in ./slurm, with its name and
# whether it is held. Every array has two tasks.
SLURM = {
    "sbatch": r"""id=$((100 + $(ls slurm | wc -l))); for script; do :; done
sed -n 's/^#SBATCH --job-name=//p' "$script" >slurm/$id; echo JobHeldUser >>slurm/$id; echo $id""",
    "squeue": r"""for word; do case $word in --name=*) names=,${word#--name=}, ;; esac; done
for job in slurm/*; do [ -e "$job" ] || continue; { read -r name; read -r reason; } <"$job"
case $names in *,$name,*) for i in 0 1; do echo "${job#slurm/}|$i|${job#slurm/}|PENDING|1795000000|N/A|N/A|1||$name|$reason"; done ;; esac; done""",
    "scontrol": r"""case $1 in show) echo 'MaxArraySize = 1001'; echo 'AccountingStorageType = accounting_storage/none' ;;
release) sed -i s/JobHeldUser/Priority/ "slurm/$2" ;; *) exit 1 ;; esac""",
    "scancel": 'rm "slurm/$1"',
}


class Submit(Promote):
    """Promotion to Slurm: at the end there is one job, and it is released."""

    options = ("--submit",)

    def setUp(self):
        super().setUp()
        del self.env["HPO_LOCAL"]
        (self.dir / "bin").mkdir()
        for name, text in SLURM.items():
            (self.dir / "bin" / name).write_text("#!/bin/sh\n" + text + "\n")
            (self.dir / "bin" / name).chmod(0o700)
        self.env["PATH"] = f"{self.dir / 'bin'}:{self.env['PATH']}"
        (self.template / "slurm").mkdir()

    def audit(self, home, leftovers):
        jobs = {job.name: job.read_text().split() for job in (home / "slurm").iterdir()}
        self.assertEqual(jobs, {"100": [self.manifest_in(home, 1).stem, "Priority"]})
        super().audit(home, leftovers)


class Train(KillTools):
    """A task of rung 1, which goes on from the checkpoint of rung 0, and is gone on with by rung 2."""

    forget = {"attempts", "retries"}
    commits = False

    def curves(self, rows):
        return sorted({(trial, rung, step, value) for trial, rung, _, step, name, value in rows if name == self.metric})

    def audit(self, home, leftovers):
        super().audit(home, leftovers)
        self.assertEqual(self.handed_on(home), self.trained)

    def handed_on(self, home):
        """The trial and the bytes that rung 2 starts from."""
        self.run_in(home, "hpo-collect", "study.h5", code=0)
        self.run_in(home, "hpo-promote", "study.h5", code=0)
        order = self.order(home, 2)
        checkpoint = home / "study.h5.d" / order["resume_from"]
        return order["trial"], [f.read_bytes() for f in sorted(checkpoint.iterdir()) if f.suffix == ".hpc" or f.name == "state"]

    def order(self, home, rung):
        return json.loads((home / self.manifest_in(home, rung)).read_text().splitlines()[2][9:])

    def torture_training(self, study, metric):
        self.metric = metric
        self.prepare(study, "hpo-init study.toml", "hpo-propose study.h5")
        for task in range(4):
            self.train(task)
        for tool in ("hpo-collect", "hpo-promote"):
            self.run_in(self.template, tool, "study.h5", code=0)
        self.train(1, rung=1)
        home = self.undisturbed("hpo-train", "study.h5", "-m", str(self.manifest(1)), "-t", "0")
        self.trained = self.handed_on(home)
        self.assertEqual(self.trained[0], self.order(home, 1)["trial"], "the trial of task 0 is to go up again")
        self.assertEqual(len(self.trained[1]), 1)
        self.torture()

    def test_train_with_a_program(self):
        self.steady = False  # it looks for reports until the program has ended
        self.torture_training(PROGRAM, "loss")

    def test_train_built_in(self):
        self.torture_training(BUILTIN, "valid_loss")


if __name__ == "__main__":
    unittest.main()
