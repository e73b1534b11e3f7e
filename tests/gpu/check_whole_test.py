# SPDX-License-Identifier: Apache-2.0
"""`make gpu-check` from its first look to its exit code, with stand-ins for the GPU, for PyTorch and for the programs of a bundle."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent

SMI = """#!/bin/sh
echo "Stand-In 9000, 123.45, 80000 MiB"
"""
PYTHON = """#!/bin/sh
case $* in
*site*|*sysconfig*) echo /nowhere ;;
-c*) echo 2.11.0 True ;;
*gpu_rival.py*)
    echo '{"torch": "2.11.0"}'
    echo '{"rate": "copy", "bytes_per_s": 3e12}'
    for model in mlp cnn; do for batch in 1024 8192; do for precision in fp32 tf32 bf16; do
        cell="\\"model\\": \\"$model\\", \\"batch\\": $batch, \\"precision\\": \\"$precision\\""
        echo "{$cell, \\"way\\": \\"eager\\", \\"ms\\": 3.0}"
        echo "{$cell, \\"way\\": \\"reduce-overhead\\", \\"ms\\": 2.0}"
        echo "{$cell, \\"way\\": \\"max-autotune\\", \\"skipped\\": \\"no time was left\\"}"
    done; done; done ;;
esac
"""
STEP = """#!/bin/sh
%s
case $* in *--eager*) ms=2.5 launches=31 ;; *) ms=1.5 launches=1 ;; esac
echo "{\\"model\\": \\"$1\\", \\"batch\\": $2, \\"precision\\": \\"$3\\", \\"ms\\": $ms, \\"best_ms\\": 1, \\"worst_ms\\": 2, \\"launches\\": $launches}"
"""
RATES = """#!/bin/sh
echo '{"rate":"copy","bytes_per_s":2e12}'
echo '{"rate":"bf16","flops_per_s":7e14}'
echo '{"rate":"tf32","flops_per_s":4e14}'
echo '{"rate":"fp32","flops_per_s":5e13}'
"""
TEST = "#!/bin/sh\nexit %d\n"


class WholeCheck(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.bundle = self.dir / "bundle"
        self.program("path/nvidia-smi", SMI)
        self.program("path/python", PYTHON)
        self.program("bundle/bin/hpo-train", "#!/bin/sh\necho hpo-train 0\n")
        self.program("bundle/bench/gpu_step", STEP % "")
        self.program("bundle/bench/gpu_rates", RATES)
        self.program("bundle/tests/test_train_gpu", "#!/bin/sh\necho '[doctest] test cases:  1 | 1 passed'\n")
        self.program("bundle/tests/good", TEST % 0)
        self.program("bundle/tests/unable", TEST % 77)
        self.program("bundle/lib/hpo-batch/libhpo_cuda.so", "")
        self.record("good", "unable")

    def program(self, name, text):
        file = self.dir / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def record(self, *names):
        listed = [{"name": name, "command": [f"@BUNDLE@/tests/{name}"], "environment": [], "seconds": 20} for name in names]
        (self.bundle / "bundle.json").write_text(json.dumps({"commit": "abc", "tests": listed}))

    def check(self, code, groups="tests,speed,graph", *more, path=None):
        env = {**os.environ, "PATH": path or f"{self.dir / 'path'}:{os.environ['PATH']}", "PYTHON": str(self.dir / "path/python")}
        result = subprocess.run([sys.executable, HERE / "check.py", "--bundle", self.bundle, "--out", self.dir / "out", "--only", groups, *more],
                                env=env, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        table = json.loads((self.dir / "out/table.json").read_text())
        self.machine = table["machine"]
        return {(row["group"], row["work"]): row for row in table["rows"]}

    def test_when_all_that_could_run_has_passed_the_exit_code_is_0(self):
        rows = self.check(0)
        self.assertEqual(self.machine["commit"], "abc")
        self.assertEqual(self.machine["GPU"], "1 x Stand-In 9000, 80000 MiB, driver 123.45")
        step = rows["a training step, AdamW, by time", "MLP 784-4096x3-10, batch 1024, bf16"]
        self.assertEqual((step["verdict"], step["ours"]), ("passed", "1.500 ms"))
        self.assertEqual(step["rival"], "torch.compile 2.000 ms (reduce-overhead), eager 3.000 ms")
        self.assertEqual(len([key for key in rows if key[0].startswith("a training step")]), 12)
        self.assertEqual(rows["tests that need a GPU", "unable"]["verdict"], "skipped")
        graph = rows["graph replay against eager launches", "MLP 784-4096x3-10, batch 1024, bf16"]
        self.assertEqual((graph["ours"], graph["rival"]), ("graph 1.500 ms, 1 launch", "eager 2.500 ms, 31 launches"))
        self.assertEqual(rows["this machine's rates", "copy on the device, read and written"]["data"]["largest"], 3e12)

    def test_one_failure_hides_nothing_else_and_the_exit_code_is_1(self):
        self.program("bundle/bench/gpu_step", STEP % '[ "$1" != cnn ] || { echo "gpu_step: no algorithm" >&2; exit 1; }')
        self.program("bundle/tests/bad", "#!/bin/sh\necho broken >&2; exit 1\n")
        self.record("bad", "good")
        rows = self.check(1)
        self.assertEqual(rows["tests that need a GPU", "bad"]["why"], "exit code 1: broken")
        self.assertEqual(rows["tests that need a GPU", "good"]["verdict"], "passed")
        self.assertEqual(rows["a training step, AdamW, by time", "CNN 32C3-P-64C3-P-FC128, batch 8192, fp32"]["why"], "exit code 1: gpu_step: no algorithm")
        self.assertEqual(rows["a training step, AdamW, by time", "MLP 784-4096x3-10, batch 8192, fp32"]["verdict"], "passed")

    def test_tests_of_several_ranks_are_skipped_where_there_is_no_mpi(self):
        (self.bundle / "bundle.json").write_text(json.dumps({"commit": "", "tests": [{"name": "ranks", "command": ["@MPIRUN@", "@BUNDLE@/tests/good"],
                                                                        "environment": [], "seconds": 20}]}))
        for tool in ("git", "sh", "cat"):
            (self.dir / "path" / tool).symlink_to(shutil.which(tool))
        self.program("bundle/bin/hpo-train", """#!/bin/sh
            [ "${RANK:-0}" = 0 ] || exit 0
            echo '{"epoch": 1, "train_loss": 0.5}'""")
        rows = self.check(0, "tests,ranks", path=str(self.dir / "path"))
        self.assertEqual(rows["tests that need a GPU", "ranks"]["why"], "there is no MPI")
        ranks = {work.rpartition(",")[0]: row["verdict"] for (group, work), row in rows.items() if group.startswith("ranks that share")}
        self.assertEqual(ranks, {"2 ranks, MPI": "skipped", "4 ranks, MPI": "skipped", "2 ranks, MPI, optimiser in shards": "skipped", "2 ranks, no MPI": "passed"})

    def test_without_the_rival_its_rows_are_skipped(self):
        self.program("path/python", "#!/bin/sh\nexit 1\n")
        rows = self.check(0, "speed", "--limit", "60")
        step = rows["a training step, AdamW, by time", "MLP 784-4096x3-10, batch 1024, bf16"]
        self.assertEqual((step["verdict"], step["ours"]), ("skipped", "1.500 ms"))
        self.assertIn("PyTorch", step["why"])

    def test_a_bundle_that_does_not_start_is_one_failed_row(self):
        self.program("bundle/bin/hpo-train", "#!/bin/sh\necho 'GLIBC_2.36 not found' >&2; exit 1\n")
        rows = self.check(1)
        self.assertEqual([key for key in rows], [("build", "programs")])
        self.assertIn("GLIBC_2.36", rows["build", "programs"]["why"])

    def test_a_rank_of_training_that_cannot_start_fails_every_row_of_it_and_no_more(self):
        self.program("bundle/bin/hpo-train", '#!/bin/sh\n[ "$1" = --version ] || { echo "hpo-train: no" >&2; exit 4; }\n')
        rows = self.check(1, "training,tests")
        self.assertEqual(rows["tests that need a GPU", "good"]["verdict"], "passed")
        failed = [row for (group, _), row in rows.items() if group.startswith("against the CPU")]
        self.assertEqual({row["verdict"] for row in failed}, {"failed"})
        self.assertIn("exit code 4: hpo-train: no", failed[0]["why"])


if __name__ == "__main__":
    unittest.main()
