# SPDX-License-Identifier: Apache-2.0
"""What Slurm, a site or study.toml limits: refusals, submit limits, array sizes, throttles, time, and what leaks in."""
import collections
import getpass
import re

from case import COMMAND, TINY, Case, main, wait_until

QUICK = '["echo", "hpo: step={budget} loss={x}"]'
ALL_AT_ONCE = "[submit]\ncanary = false\n"


class Accounted(Case):
    """A site with accounts, and limits that are enforced."""

    nodes = 2
    variant = {"dbd": True, "cpus": 8, "part": "PartitionName=main Nodes=ALL Default=YES MaxTime=60 DefaultTime=10 MaxNodes=1",
               "conf_extra": "AccountingStorageEnforce=associations,limits,qos\nEnforcePartLimits=ALL"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = getpass.getuser()
        cls.cluster.run("sacctmgr", "-i", "add", "account", "lab")
        cls.cluster.run("sacctmgr", "-i", "add", "user", cls.user, "account=lab", "DefaultAccount=lab", code=None)
        cls.cluster.run("sacctmgr", "-i", "modify", "user", cls.user, "set", "DefaultAccount=lab", code=None)

    def limit(self, number):
        self.cluster.run("sacctmgr", "-i", "modify", "user", self.user, "set", f"MaxSubmitJobs={number}")

    def test_a_refusal_is_told_in_slurms_words_with_the_culprit_and_can_be_mended(self):
        self.init(COMMAND % QUICK)
        for option, words in (("--partition=nosuch", "Invalid partition name specified"),
                              ("--qos=nosuch", "Invalid qos specification"),
                              ("--account=nosuch", "Invalid account or account/partition combination specified"),
                              ("--time=2:00:00", "Requested time limit is invalid"),
                              ("--nodes=2", "Node count specification invalid"),
                              ("--constraint=nosuch", "Invalid feature specification")):
            with self.subTest(option):
                refused = self.tool("hpo-promote", "study.h5", "--propose", "--submit", "--", option, code=1)
                self.assertIn("rung-b0-r0.sbatch: Slurm refuses it", refused.stderr)
                self.assertIn(words, refused.stderr)
                self.assertEqual([row for row in self.queue() if row.state != "FAILED"], [])
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])

    def test_what_fits_a_submit_limit_is_submitted_and_the_rest_later(self):
        self.addCleanup(self.limit, -1)
        self.limit(5)
        self.init(COMMAND % self.trainer() + ALL_AT_ONCE)
        self.pause()
        later = self.tool("hpo-promote", "study.h5", "--propose", "--submit", code=75)
        self.assertIn("AssocMaxSubmitJobLimit", later.stderr)
        self.assertIn("run the same command again when some have ended", later.stderr)
        waiting = len(self.queue())
        self.assertTrue(0 < waiting <= 5, waiting)
        self.go_on()
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])

    def test_a_chain_goes_on_when_its_arrays_fill_the_submit_limit(self):
        self.addCleanup(self.limit, -1)
        self.limit(6)
        self.init(COMMAND % QUICK + ALL_AT_ONCE)
        self.tool("hpo-promote", "study.h5", "--controller", code={0, 4, 75})
        wait_until(lambda: self.study()["next"] == "complete", 200, "the study's end", step=1)
        self.assert_accounted(finished=[9, 3, 1])


class Arrays(Case):
    nodes = 2
    variant = {"cpus": 8, "conf_extra": "MaxArraySize=10"}

    def test_a_rung_of_27_is_three_arrays_where_ten_are_allowed_and_each_index_runs_once(self):
        self.init((COMMAND % QUICK).replace("trials = 9", "trials = 27").replace("max = 9", "max = 27") + ALL_AT_ONCE)
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[27, 9, 3, 1])
        sizes = collections.Counter(re.search(r"-r(\d)-", row.name)[1] + " " + row.array for row in self.queue())
        self.assertEqual(sorted(sizes.values()), [1, 3, 7, 9, 10, 10])
        self.assertEqual(len({(row.array, row.index) for row in self.queue()}), 40)
        self.assertEqual({row.state for row in self.queue()}, {"COMPLETED"})


class FullQueue(Case):
    nodes = 2
    variant = {"cpus": 8, "conf_extra": "MaxJobCount=20\nMinJobAge=2"}

    def test_where_slurm_takes_no_more_jobs_the_rest_follows_when_some_have_ended(self):
        self.init((COMMAND % QUICK).replace("trials = 9", "trials = 27") + ALL_AT_ONCE)
        self.tool("make", "POLL=1", env={"HPO_SLURM_TIMEOUT": "3"})
        self.assert_accounted(finished=[27, 9, 3])


class Requests(Case):
    nodes = 2
    variant = {"cpus": 8}

    def running(self):
        return sum(row.state == "RUNNING" for row in self.queue())

    def most_running(self, process):
        most = 0
        while process.poll() is None:
            most = max(most, self.running())
        said, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, said)
        return most

    def test_no_more_tasks_run_at_once_than_the_throttle_allows_and_it_can_be_turned(self):
        self.init(COMMAND % self.trainer(pace=0.3) + ALL_AT_ONCE + "throttle = 2\n")
        self.pause()
        self.tool("hpo-propose", "study.h5", "--submit")
        wait_until(lambda: self.running() == 2, 60, "two tasks run")
        self.tool("hpo-promote", "study.h5", "--submit", "--throttle=4", code=4)
        wait_until(lambda: self.running() == 4, 60, "four tasks run")
        self.go_on()
        self.assertLessEqual(self.most_running(self.start("make", "POLL=1")), 4)
        self.assert_accounted(finished=[9, 3, 1])

    def test_a_held_array_that_no_node_can_run_is_taken_back_and_told_in_slurms_words(self):
        self.init(COMMAND % QUICK)
        self.tool("hpo-propose", "study.h5", "--submit", "--", "--mem=1T")
        wait_until(lambda: "BadConstraints" in {row.reason for row in self.queue()}, 60, "Slurm has tried to place it")
        refused = self.tool("hpo-promote", "study.h5", "--submit", code=1)
        self.assertIn("rung-b0-r0.sbatch: Slurm refuses it: Requested node configuration is not available", refused.stderr)
        wait_until(lambda: set(self.states().values()) == {"CANCELLED"}, 60, "it is cancelled")
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[9, 3, 1])

    def test_later_rungs_ask_for_the_time_that_was_measured(self):
        self.init((COMMAND % QUICK).replace("00:05:00", "01:00:00"))
        self.tool("make", "POLL=1")
        limits = [self.cluster.run("squeue", "-h", "-t", "all", "-j", array, "-o", "%l").stdout.split()[0] for array in self.arrays()]
        self.assertEqual(limits[0], "1:00:00")
        for limit in limits[1:]:
            self.assertLessEqual(int(limit.split(":")[0]), 3, f"minutes: {limit}")
            self.assertEqual(limit.count(":"), 1, f"minutes and seconds: {limit}")
        self.assert_accounted(finished=[9, 3, 1])

    def test_nothing_of_the_callers_job_or_environment_gets_into_the_arrays(self):
        # The array's own srun has to start two ranks on two nodes, and would not with what this caller has.
        self.init(TINY.replace("ntasks-per-node = 2", "nodes = 2\nntasks-per-node = 1"))
        self.write("outer.sh", "#!/bin/sh\nexport SBATCH_PARTITION=nosuch SBATCH_TIMELIMIT=1 SRUN_CPUS_PER_TASK=7 HPO_TASK=5 HPO_MANIFEST=none\n"
                               "hpo-promote study.h5 --propose --submit --quiet\n")
        job = self.tool("sbatch", "--parsable", "--nodes=1", "--ntasks=3", "--cpus-per-task=2", "--time=7", "--mem=300", "outer.sh").stdout.strip()
        wait_until(lambda: self.states(job).get("N/A") not in ("PENDING", "RUNNING", "COMPLETING"), 60, "the submission")
        self.assertEqual(self.states(job), {"N/A": "COMPLETED"}, (self.dir / f"slurm-{job}.out").read_text())
        self.tool("make", "POLL=1")
        study = self.assert_accounted(finished=[4, 2, 1])
        self.assertEqual({a.ordinal for a in self.attempts()}, {0}, "none was run twice")
        self.assertEqual(study["next"], "complete")


class Many(Case):
    nodes = 8
    variant = {"cpus": 8}

    def test_two_hundred_short_tasks_count_once_each(self):
        self.init((COMMAND % QUICK).replace("trials = 9", "trials = 200").replace("max = 9", "max = 3") + "[submit]\ncanary = false\n")
        self.tool("make", "POLL=1")
        self.assert_accounted(finished=[200, 66])
        self.assertEqual({row.state for row in self.queue()}, {"COMPLETED"})


if __name__ == "__main__":
    main()
