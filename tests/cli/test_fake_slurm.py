"""The stand-in for Slurm (tests/slurm/fake) answers as Slurm 22.05 does, where our tools look."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from harness import SOURCE

sys.path.insert(0, str(SOURCE / "tests/slurm/fake"))
from fake_slurm import Fake  # noqa: E402

QUEUE = ["squeue", "--noheader", "--array", "--states=all", "--me", "--name=hpo-x", "--format=%F|%K|%A|%T|%S|%e|%N|%r"]
ACCOUNTING = ["sacct", "--noheader", "--parsable2", "--duplicates", "--jobs=1", "--format=JobID,JobIDRaw,JobName,State,ExitCode,NodeList"]
UID = os.getuid()


class FakeSlurm(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="fake-slurm-")
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        self.slurm = Fake(self.dir / "slurm")
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SBATCH_", "SRUN_", "SALLOC_", "HPO_"))}
        self.submitting = {**keep, **self.slurm.environment}
        self.asking = {**self.submitting, "SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}
        (self.dir / "job.sh").write_text("#!/bin/sh\n#SBATCH --array=0-3%2 --job-name=hpo-x\ntrue\n")

    def call(self, *argv, code=0, timeout=30):
        """stdout, or stderr of a call that fails."""
        environment = self.submitting if argv[0] == "sbatch" else self.asking
        result = subprocess.run(argv, cwd=self.dir, env=environment, capture_output=True, text=True, timeout=timeout)
        self.assertEqual(result.returncode, code, f"{argv}: {result.stdout}{result.stderr}")
        return result.stderr if code else result.stdout

    def submit(self, *options):
        return self.call("sbatch", "--parsable", *options, "job.sh")

    def rows(self, argv):
        return self.call(*argv).splitlines()

    def test_an_array_lives_from_held_to_over(self):
        self.assertEqual(self.submit("--hold"), "1\n")
        self.assertEqual(self.rows(QUEUE)[0], "1|0|1|PENDING|N/A|N/A||JobHeldUser")
        self.assertEqual(self.rows(ACCOUNTING), [])
        self.call("scontrol", "release", "1_0")
        self.assertEqual([row.split("|")[-1] for row in self.rows(QUEUE)], ["None"] + 3 * ["JobHeldUser"])
        self.slurm.start("1", 0, at=1000)
        self.assertEqual(self.rows(QUEUE)[0], "1|0|2|RUNNING|1000|1600|n1|None")
        self.slurm.finish("1", 0, state="FAILED", exit="7:0", at=1100)
        self.assertEqual(self.rows(QUEUE)[0], "1|0|2|FAILED|1000|1100|n1|NonZeroExitCode")
        self.assertEqual(self.rows(ACCOUNTING), ["1_0|2|hpo-x|FAILED|7:0|n1", "1_0.batch|2.batch|batch|FAILED|7:0|n1"])

    def test_scontrol_exits_1_for_an_array_with_finished_tasks_and_obeys(self):
        self.submit("--hold")
        self.slurm.finish("1", 0)
        self.assertEqual(self.call("scontrol", "release", "1", code=1), "1_0: Job has already finished\n1_1-3: No error\n")
        self.assertEqual(set(self.slurm.jobs["1"].reasons.values()), {"None"})
        self.assertEqual(self.call("scontrol", "update", "JobId=1", "ArrayTaskThrottle=3", code=1), "1_0: Job has already finished\n1_1-3: No error\n")
        self.assertEqual(self.slurm.jobs["1"].throttle, 3)
        self.slurm.finish("1", 1, 2, 3)
        self.assertEqual(self.call("scontrol", "release", "1", code=1), "1_0-3: Job has already finished\n")
        self.assertEqual(self.call("scontrol", "release", "1_9", code=1), "1_9: Invalid job id specified\n")

    def test_a_pending_task_cancelled_alone_vanishes_a_pending_array_does_not(self):
        self.submit()
        self.call("scancel", "1_2")
        self.assertEqual([row.split("|")[1] for row in self.rows(QUEUE)], ["0", "1", "3"])
        self.slurm.start("1", 0)
        self.call("scancel", "1")
        self.call("scancel", "99")
        self.assertEqual({row.split("|")[3] for row in self.rows(QUEUE)}, {"CANCELLED"})
        self.assertEqual([row for row in self.rows(ACCOUNTING) if ".batch" not in row],
                         [f"1_0|2|hpo-x|CANCELLED by {UID}|0:0|n1", f"1_[1,3%2]|1|hpo-x|CANCELLED by {UID}|0:0|None assigned"])

    def test_a_requeued_task_has_two_records_and_its_number_stays(self):
        self.submit()
        self.slurm.start("1", 1)
        self.slurm.requeue("1", 1, state="NODE_FAIL")
        self.assertEqual([row for row in self.rows(ACCOUNTING) if row.startswith("1_1|")],
                         ["1_1|2|hpo-x|NODE_FAIL|0:0|n1", "1_1|2|hpo-x|PENDING|0:0|None assigned"])
        self.assertIn("1|1|2|PENDING|N/A|N/A||BeginTime", self.rows(QUEUE))

    def test_pending_tasks_are_one_row_unless_each_is_asked_for(self):
        self.submit()
        self.slurm.expect("1", 5000)
        self.assertEqual(self.call("squeue", "--noheader", "--start", "--me", "--name=hpo-x", "--format=%F|%K|%S|%r"), "1|0-3%2|5000|None\n")
        self.assertEqual(self.rows(ACCOUNTING), ["1_[0-3%2]|1|hpo-x|PENDING|0:0|None assigned"])

    def test_accounting_comes_late(self):
        self.submit()
        self.slurm.start("1", 0)
        self.slurm.late(60)
        self.assertEqual(self.rows(ACCOUNTING), [])
        self.slurm.late(60, "allocation")
        self.assertIn("2|2|allocation|PENDING|0:0|n1", self.rows(ACCOUNTING))

    def test_accounting_may_be_off_or_down(self):
        self.slurm.accounting("off")
        self.assertEqual(self.call(*ACCOUNTING, code=1), "Slurm accounting storage is disabled\n")
        self.assertRegex(self.call("scontrol", "show", "config"), r"AccountingStorageType +\= \(null\)")
        self.slurm.accounting("down")
        self.assertIn("Problem talking to the database: Connection refused", self.call(*ACCOUNTING, code=1))

    def test_a_job_id_comes_again(self):
        self.submit()
        self.slurm.next_id(1)
        (self.dir / "other.sh").write_text("#!/bin/sh\n")
        self.assertEqual(self.call("sbatch", "--job-name=other", "other.sh"), "Submitted batch job 1\n")
        self.assertEqual(self.rows(QUEUE), [])
        self.assertEqual([row.split("|")[2] for row in self.rows(ACCOUNTING)], ["hpo-x", "other"])

    def test_refusals(self):
        self.slurm.configure(MaxArraySize=3)
        self.assertIn("Invalid job array specification", self.call("sbatch", "job.sh", code=1))
        self.slurm.configure(MaxArraySize=1001)
        self.slurm.limit(QOSMaxSubmitJobPerUserLimit=3)
        self.assertIn("sbatch: error: QOSMaxSubmitJobPerUserLimit\n", self.call("sbatch", "job.sh", code=1))
        self.assertIn("unrecognized option '--bogus'", self.call("sbatch", "--bogus", "job.sh", code=255))
        self.submitting["SLURM_NTASKS"] = "4"
        self.assertIn("leaked from the caller: SLURM_NTASKS", self.call("sbatch", "job.sh", code=1))
        self.assertEqual(self.slurm.jobs, {})

    def test_faults_of_sbatch_leave_what_slurm_leaves(self):
        for how, words, there in (("lose", "Socket timed out", 1), ("timeout", "Socket timed out", 1), ("late-refusal", "Requested node configuration", 2)):
            self.slurm.fail_next("sbatch", how)
            self.assertIn(words, self.call("sbatch", "job.sh", code=1))
            self.assertEqual(len(self.slurm.jobs), there)
        self.assertEqual(set(self.slurm.jobs["2"].reasons.values()), {"BadConstraints"})
        self.slurm.configure(MaxJobCount=5)
        with self.assertRaises(subprocess.TimeoutExpired) as ended:
            self.call("sbatch", "job.sh", timeout=1)
        self.assertIn(b"temporarily unable to accept job", ended.exception.stderr)

    def test_faults_of_questions(self):
        self.submit()
        self.slurm.down()
        self.assertIn("connect failure", self.call(*QUEUE, code=1))
        self.assertIn("connect failure", self.call("scancel", "1", code=8))
        self.slurm.mend()
        self.slurm.fail_next("squeue", "empty")
        self.assertEqual(self.call(*QUEUE), "")
        self.slurm.fail_next("squeue", "cut")
        self.assertLess(len(self.call(*QUEUE)), len(self.call(*QUEUE)))
        self.slurm.fail_next("squeue", "hang")
        with self.assertRaises(subprocess.TimeoutExpired):
            self.call(*QUEUE, timeout=0.5)
        self.assertEqual(len(self.slurm.calls("squeue")), 5)

    def test_what_our_tools_never_ask_is_an_error(self):
        for argv in (["squeue", "--json"], ["sacct", "--json"], ["scontrol", "reboot", "n1"], ["sacctmgr", "list", "runawayjobs"], ["scancel", "--bogus"]):
            self.call(*argv, code=1)
        self.call("sacct", "--noheader", "--parsable2", "--duplicates", "--jobs=1", "--format=JobID,Restarts", code=1)

    def test_ten_thousand_rows_are_served_at_once(self):
        self.slurm.serve("squeue", "".join(f"1|{i}|{i + 2}|RUNNING|1000|1600|n1|None\n" for i in range(10000)))
        self.assertEqual(len(self.rows(QUEUE)), 10000)


if __name__ == "__main__":
    unittest.main()
