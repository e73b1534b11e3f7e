# SPDX-License-Identifier: Apache-2.0
"""The private cluster itself: each variant comes up, runs MPI over two nodes, can what it is for, and leaves nothing."""
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from case import TOOLS, Cluster, main, wait_until
from cluster import PROGRAM

MEMORY_CGROUPS = "/sys/fs/cgroup/memory"

TRAINING = """
epochs = 1
batch = 32
data = { kind = "synthetic", samples = 256, features = 8, classes = 3, valid = 64 }
model = { kind = "mlp", hidden = [4] }
optimizer = { kind = "adam", lr = 0.01 }
"""


def processes_naming(directory):
    """Those alive with the cluster's directory in their command line or environment; not this one and what it is part of."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(process.name) != os.getpid() and str(directory).encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" "))
    return found


class ClusterCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Cluster(1):  # or all are skipped
            pass

    def assert_gone(self, directory):
        self.assertFalse(os.path.exists(directory))
        wait_until(lambda: not processes_naming(directory), 5, lambda: f"nothing of {directory} runs: {processes_naming(directory)}")
        self.assertNotIn(str(directory), pathlib.Path("/proc/self/mountinfo").read_text())

    @contextlib.contextmanager
    def cluster(self, nodes=2, **variant):
        """One that runs MPI, and of which nothing is left behind the block."""
        with Cluster(nodes, **variant) as cluster:
            (cluster.dir / "train.toml").write_text(TRAINING)
            said = cluster.run("srun", "-N2", "-n2", "--mpi=pmix", TOOLS / "hpo-train", "--config", cluster.dir / "train.toml", timeout=60)
            self.assertIn("2 ranks (mpi)", said.stderr)
            yield cluster
        self.assert_gone(cluster.dir)


class Variants(ClusterCase):
    def test_plain(self):
        with self.cluster(conf_extra="KillWait=7", part="PartitionName=own Nodes=ALL Default=YES", gpus=2) as cluster:
            self.assertIn("KillWait                = 7 sec", cluster.run("scontrol", "show", "config").stdout)
            self.assertEqual(cluster.run("sinfo", "-h", "-o", "%P %D %G").stdout, "own* 2 gpu:2\n")
            self.assertEqual(cluster.run("srun", "--gres=gpu:2", "printenv", "CUDA_VISIBLE_DEVICES").stdout, "0,1\n")
            self.assertEqual(cluster.run("sacct", code=1).stderr, "Slurm accounting storage is disabled\n")

    def test_with_accounting_sacct_has_rows_and_the_database_can_fail(self):
        def sacct(**more):
            return cluster.run("sacct", "-X", "-n", "-P", "--format=JobName,State", code=None, **more)

        with self.cluster(dbd=True) as cluster:
            cluster.run("sbatch", "-J", "mine", "-o", "/dev/null", "--wrap", "true")
            wait_until(lambda: "mine|COMPLETED\n" in sacct().stdout, 30, "the job's row")
            cluster.dbd_stop()
            self.assertIn("Connection refused", sacct().stderr)
            cluster.dbd_start()
            wait_until(lambda: "mine|COMPLETED\n" in sacct().stdout, 30, "the row again")
            cluster.db_hang()
            with self.assertRaises(subprocess.TimeoutExpired):
                sacct(timeout=3)
            cluster.db_cont()
            wait_until(lambda: "mine|COMPLETED\n" in sacct().stdout, 30, "the row once more")

    def test_with_networks_a_node_is_cut_off_and_computes_on(self):
        with self.cluster(netns=True) as cluster:
            self.assertEqual(cluster.run("srun", "-w", "n2", "hostname").stdout, "n2\n")
            beats = cluster.dir / "beats"
            cluster.run("sbatch", "-w", "n2", "-o", "/dev/null", "--wrap", f"while :; do echo >>{beats}; sleep 0.1; done")
            wait_until(beats.exists, 20, "the job's first beat")
            cluster.link_down("n2")
            wait_until(lambda: "*" in cluster.run("sinfo", "-h", "-n", "n2", "-o", "%T").stdout, 60, "n2 does not respond")
            size = beats.stat().st_size
            wait_until(lambda: beats.stat().st_size > size + 5, 10, "a cut off node's beats")
            cluster.reset()
            self.assertEqual(cluster.run("srun", "-w", "n2", "hostname").stdout, "n2\n")

    def test_with_cgroups_a_job_runs_out_of_memory(self):
        with self.cluster(cgroup=True) as cluster:
            hog = f"{sys.executable} -c 'bytearray(400 << 20)'"
            cluster.run("sbatch", "--mem=100M", "-o", "/dev/null", "--wrap", f"exec {hog}")
            wait_until(lambda: cluster.states() == {"N/A": "OUT_OF_MEMORY"}, 60, lambda: f"out of memory: {cluster.states()}")
        groups = os.open(MEMORY_CGROUPS, os.O_RDONLY)
        self.addCleanup(os.close, groups)
        fcntl.flock(groups, fcntl.LOCK_EX)  # no other such cluster is up now
        self.assertEqual(list(pathlib.Path(MEMORY_CGROUPS).glob("slurm_n*")), [])

    @unittest.skipIf(os.getuid() != 0, "only root can be somebody else")
    def test_without_root(self):
        home = tempfile.mkdtemp(prefix="hpo-", dir="/tmp")
        self.addCleanup(shutil.rmtree, home)
        os.chmod(home, 0o755)
        program = shutil.copy(PROGRAM, home)
        for netns in "0", "1":
            with self.subTest(netns=netns):
                result = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program, "with", "2", "srun", "-N2", "id", "-un"],
                                        cwd="/", env={"PATH": os.environ["PATH"], "NETNS": netns}, capture_output=True, text=True)
                if result.returncode == 77:
                    self.skipTest(result.stderr)
                self.assertEqual(result.stdout, "nobody\nnobody\n", result.stderr)


class Mishaps(ClusterCase):
    def test_what_was_broken_is_mended(self):
        with Cluster(2) as cluster:
            cluster.run("sbatch", "-w", "n1", "-o", "/dev/null", "--wrap", "while sleep 0.1; do :; done")
            wait_until(lambda: cluster.states() == {"N/A": "RUNNING"}, 20, "the job runs")
            cluster.node_kill("n1")
            cluster.ctld_stop()
            with self.assertRaises(subprocess.TimeoutExpired):
                cluster.run("squeue", timeout=2)
            cluster.ctld_cont()
            cluster.run("squeue")
            cluster.ctld_kill()
            self.assertIn("DOWN", cluster.run("scontrol", "ping", code=1).stdout)
            cluster.reset()
            self.assertEqual(cluster.run("sinfo", "-h", "-o", "%D %T").stdout, "2 idle\n")
            self.assertNotIn("RUNNING", cluster.states().values())
            cluster.run("srun", "-N2", "true")
        self.assert_gone(cluster.dir)

    def test_nothing_is_left_when_the_process_that_uses_it_is_killed(self):
        script = "import sys, time; sys.path.insert(0, sys.argv[1]); from cluster import Cluster\n" \
                 "cluster = Cluster(1).up(); print(cluster.dir, flush=True); time.sleep(600)"
        for number in signal.SIGTERM, signal.SIGKILL:
            with self.subTest(number):
                victim = subprocess.Popen([sys.executable, "-c", script, str(PROGRAM.parent)], stdout=subprocess.PIPE, text=True)
                directory = victim.stdout.readline().strip()
                victim.stdout.close()
                self.assertTrue(os.path.exists(directory))
                victim.send_signal(number)
                victim.wait()
                wait_until(lambda: not os.path.exists(directory), 60, "the directory goes")
                self.assert_gone(directory)

    def test_one_that_cannot_start_says_why_and_leaves_nothing(self):
        cluster = Cluster(2, conf_extra="NoSuchOption=1")
        with self.assertRaisesRegex(AssertionError, "NoSuchOption"):
            cluster.up()
        self.assert_gone(cluster.dir)

    def test_with_runs_a_command_and_hands_its_exit_code_on(self):
        result = subprocess.run([PROGRAM, "with", "1", "sh", "-c", "srun hostname && echo $SLURM_CONF; exit 5"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 5, result.stderr)
        conf = result.stdout.splitlines()[1]
        self.assert_gone(pathlib.Path(conf).parent.parent)

    def test_no_job_survives_its_cluster_not_even_one_that_ignores_term(self):
        with Cluster(1) as cluster:
            stray = cluster.dir / "stray"
            cluster.run("sbatch", "-o", "/dev/null", "--wrap", f"trap '' TERM; touch {stray}; while :; do sleep 1; done")
            wait_until(stray.exists, 20, "the job runs")
        self.assert_gone(cluster.dir)


if __name__ == "__main__":
    main()
