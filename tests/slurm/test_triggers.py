# SPDX-License-Identifier: Apache-2.0
"""What moves a study on: a chain of jobs, cron, scrontab, make, any mix of them, at the same moment, killed in between.
test_ladder.py has the same study by make alone."""
import os
import re
import subprocess
import time

from case import COMMAND, TINY, Case, main, wait_until

# Two ranks on two nodes each, started by srun with PMIx.
MPI = TINY.replace("ntasks-per-node = 2", "nodes = 2\nntasks-per-node = 1")
QUICK = '["echo", "hpo: step={budget} loss={x}"]'
ALL_AT_ONCE = "[submit]\ncanary = false\n"


class Triggers(Case):
    variant = {"cpus": 4}

    def is_complete(self):
        return self.study()["next"] == "complete" and not any(row.state in ("PENDING", "RUNNING", "COMPLETING") for row in self.queue())

    def assert_one_array_a_rung(self, finished):
        """And nothing was submitted twice, not even to be cancelled."""
        self.assert_accounted(finished=finished)
        names = [row.name for row in self.queue() if row.index == "0"]
        self.assertEqual([re.search(r"-b0-(r\d)-", name)[1] for name in names], [f"r{rung}" for rung in range(len(finished))], names)

    def crontab(self):
        """What cron would run, and all that it would find in its environment."""
        self.tool("hpo-promote", "study.h5", "--install=cron")
        lines = [line for line in (self.dir / "crontab").read_text().splitlines() if not line.startswith("#")]
        variables = dict(line.split("=", 1) for line in lines[:-1])
        minute, *_, command = lines[-1].split(None, 5)
        self.assertEqual(minute, "*/5")
        return ["env", "-i", "HOME=/", "LOGNAME=nobody", "SHELL=/bin/sh", "PATH=/usr/bin:/bin", *(f"{k}={v}" for k, v in variables.items()),
                "/bin/sh", "-c", command]

    def run_cron(self, command):
        """The mail."""
        done = subprocess.run(command, cwd="/", env={}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        return done.stdout

    def test_a_chain_of_controllers_ends_with_the_study(self):
        self.init(MPI)
        self.tool("hpo-promote", "study.h5", "--controller")
        wait_until(self.is_complete, 120, "the study's end", step=0.5)
        self.assert_one_array_a_rung([4, 2, 1])
        self.assertEqual({row.state for row in self.queue()}, {"COMPLETED"})

    def test_cron_in_its_empty_environment_says_only_what_is_new(self):
        self.init(MPI)
        command = self.crontab()
        mails = []

        def is_over():
            mails.append(self.run_cron(command))
            return self.is_complete()
        wait_until(is_over, 120, "the study's end", step=1)
        mails += [self.run_cron(command) for _ in range(3)]
        said = "".join(mails)
        self.assertEqual(said.count("complete"), 1, said)
        self.assertEqual(len(said.splitlines()), len(set(said.splitlines())), f"nothing is said twice: {said}")
        for line in said.splitlines():
            self.assertRegex(line, r"trials? |: job \d+, \d+ tasks|goes first|^bracket 0 rung \d|^  trial|complete", said)
        self.assert_one_array_a_rung([4, 2, 1])

    def test_scrontab_runs_it_as_a_job_again_and_again(self):
        self.init(MPI)
        (self.dir / "bin").mkdir()
        self.write("bin/scrontab", f"""#!/bin/sh
case $1 in
-l) cat {self.dir}/table ;;
-) cat >{self.dir}/new; mv {self.dir}/new {self.dir}/table ;;
esac
""")
        os.chmod(self.dir / "bin/scrontab", 0o700)
        shown = self.tool("hpo-promote", "study.h5", "--install=scrontab").stdout.splitlines()
        install = shown[shown.index("Install it with") + 1]
        self.tool("sh", "-c", install, env={"PATH": f"{self.dir}/bin:{self.env['PATH']}"})
        table = (self.dir / "table").read_text().splitlines()
        options = "".join(line.replace("#SCRON", "#SBATCH") + "\n" for line in table if line.startswith("#SCRON"))
        (entry,) = [line for line in table if line and not line.startswith("#")]
        self.write("entry", f"#!/bin/sh\n{options}{entry.split(None, 5)[5]}\n")

        def is_over():
            job = self.cluster.run("sbatch", "--parsable", self.dir / "entry", cwd="/").stdout.strip()
            wait_until(lambda: self.states(job).get("N/A") not in ("PENDING", "RUNNING", "COMPLETING"), 60, "the entry's end")
            return self.is_complete()
        wait_until(is_over, 120, "the study's end", step=1)
        is_over()
        log = (self.dir / "study.h5.d/logs/scrontab.log").read_text()
        self.assertEqual(log.count("complete"), 1, log)
        self.assert_one_array_a_rung([4, 2, 1])

    def test_all_of_them_at_once_submit_each_array_once(self):
        self.init(MPI)
        command = self.crontab()
        make = self.start("make", "POLL=1")
        self.tool("hpo-promote", "study.h5", "--controller", code={0, 3, 4, 75})
        mails = ""
        end = time.monotonic() + 120
        while make.poll() is None and time.monotonic() < end:
            mails += self.run_cron(command)
        said, _ = make.communicate(timeout=60)
        self.assertEqual(make.returncode, 0, said)
        wait_until(self.is_complete, 60, "the last link of the chain", step=0.5)
        self.assertLessEqual(mails.count("complete"), 1, mails)
        live = [row for row in self.queue() if row.index == "0" and row.state != "CANCELLED"]
        self.assertEqual(len(live), 3, "one array a rung")
        self.assert_accounted(finished=[4, 2, 1])


class TwoAtOnce(Case):
    variant = {"cpus": 4}

    def new_study(self, home):
        home.mkdir()
        self.study_dirs = getattr(self, "study_dirs", []) + [home]
        self.dir = home
        self.init((COMMAND % QUICK).replace("trials = 9", "trials = 3").replace("max = 9", "max = 3") + ALL_AT_ONCE)
        self.tool("hpo-propose", "study.h5", "--quiet")
        return home

    def arrays_of(self, home):
        """Job ids, those cancelled left out, of the study's arrays."""
        (manifest,) = home.glob("study.h5.d/man/*.man")
        return {row.array for row in self.cluster.queue(f"--name={manifest.stem}") if row.state != "CANCELLED"}

    def assert_ends_well(self, home):
        self.dir = home
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[3, 1])

    def test_from_two_nodes_at_the_same_moment_twenty_times(self):
        top = self.dir
        homes = [self.new_study(top / f"s{i}") for i in range(20)]
        self.dir = top
        # srun starts both at once, a few milliseconds apart.
        self.write("race.sh", "#!/bin/sh\n" + "".join(
            f"cd {home} && srun --mpi=none --nodes=2 --ntasks-per-node=1 hpo-promote study.h5 --submit --quiet\n" for home in homes))
        job = self.tool("sbatch", "--parsable", "--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1", "race.sh").stdout.strip()
        wait_until(lambda: self.states(job).get("N/A") in ("COMPLETED", "FAILED"), 200, "twenty races", step=0.5)
        log = (top / f"slurm-{job}.out").read_text()
        for home in homes:
            self.assertEqual(len(self.arrays_of(home)), 1, f"{home}: {log}")
        for home in homes[:2]:
            self.assert_ends_well(home)
        for home in homes[2:]:
            self.dir = home
            wait_until(lambda: {row.state for row in self.cluster.queue(f"--jobs={','.join(self.arrays_of(self.dir))}")} == {"COMPLETED"}, 60,
                       "the array's end")
            self.tool("hpo-collect", "study.h5", "--no-report", "--quiet")
            self.assertEqual(self.study()["rungs"][0]["finished"], 3)

    def kill_at_every_call(self, *options):
        """Runs hpo-promote on one study after the other; in the nth it dies before its nth call of a Slurm command, or when it has
        been obeyed and before the answer is read. Then twice more, undisturbed. Returns the studies, by what was cut off."""
        top = self.dir
        (top / "bin").mkdir()
        for name in ("sbatch", "squeue", "scontrol", "scancel", "sacct"):
            real = self.tool("sh", "-c", f"command -v {name}").stdout.strip()
            wrapper = top / "bin" / name
            wrapper.write_text(f"""#!/bin/sh
echo {name} "$1" >>calls
if [ "$(wc -l <calls)" = "$KILL_AT" ]; then
	[ $KILL_WHEN = before ] || {real} "$@" >/dev/null 2>&1
	kill -9 $PPID
	exit 1
fi
exec {real} "$@"
""")
            wrapper.chmod(0o700)
        killed = {}
        for when in "before", "after":
            for call in range(1, 30):
                home = self.new_study(top / f"{when}{call}")
                died = self.tool("hpo-promote", "study.h5", *options, code=None,
                                 env={"PATH": f"{top}/bin:{self.env['PATH']}", "KILL_AT": str(call), "KILL_WHEN": when})
                if died.returncode != -9:
                    break
                killed[f"{when} {call}, {(home / 'calls').read_text().splitlines()[-1]}"] = home
                for _ in range(2):
                    self.tool("hpo-promote", "study.h5", *options, code={0, 3, 4})
        self.assertTrue(any("sbatch" in moment for moment in killed) and len(killed) >= 10, killed)
        return killed

    def test_killed_at_any_moment_around_sbatch_there_is_one_array_and_it_runs(self):
        for moment, home in self.kill_at_every_call("--submit").items():
            with self.subTest(moment):
                self.assertEqual(len(self.arrays_of(home)), 1)
                self.assert_ends_well(home)

    def test_killed_at_any_moment_a_chain_has_one_link_and_moves_on(self):
        for moment, home in self.kill_at_every_call("--controller").items():
            with self.subTest(moment):
                self.dir = home
                wait_until(lambda: self.study()["next"] == "complete", 90, "the chain's end", step=0.5)
                self.assert_accounted(finished=[3, 1])


if __name__ == "__main__":
    main()
