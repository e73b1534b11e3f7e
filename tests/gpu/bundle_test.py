# SPDX-License-Identifier: Apache-2.0
"""A bundle of `make gpu-bundle` needs nothing that is not in it but libc, libstdc++ and CUDA: looked up file by file, and tried where
there is nothing else, with two ranks."""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import bundle  # noqa: E402
from check_machine import MPI_OF_BUNDLE  # noqa: E402
from check_programs import SOURCE, environment  # noqa: E402

BUILD = pathlib.Path(os.environ["HPO_TEST_TOOLS"]).parent
CONFIG = """epochs = 2
batch = 16
data = { kind = "synthetic", samples = 64, features = 4, classes = 2 }
model = { kind = "mlp", hidden = [4] }
"""


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="hpo-bundle-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        cls.folder = cls.root / "bundle"
        cls.folder.mkdir()
        tests = [{"name": "some", "command": ["/usr/bin/python3.11", f"{SOURCE}/tests/gpu/nccl_test.py", f"{BUILD}/bin/hpo-train", "/usr/bin/mpiexec", "-n"], "environment": [], "seconds": 9}]
        cls.packed = bundle.pack(BUILD, cls.folder, [], tests)

    def test_every_library_is_in_it_or_the_machines(self):
        self.assertEqual(bundle.missing(self.folder), {})
        self.assertLess(self.packed["size"], bundle.MOST_BYTES)
        self.assertTrue((self.folder / "bin/hpo-train").exists(), "what a test's command names is packed")

    def test_a_library_that_is_taken_out_is_missed(self):
        library = next(self.folder.glob("libs/libfmt.so.*"))
        aside = self.root / library.name
        library.rename(aside)
        try:
            self.assertIn(library.name, bundle.missing(self.folder)["bin/hpo-train"])
        finally:
            aside.rename(library)

    def test_commands_leave_open_where_the_bundle_python_and_mpirun_will_be(self):
        self.assertEqual(self.packed["tests"][0]["command"], ["@PYTHON@", "@BUNDLE@/tests/gpu/nccl_test.py", "@BUNDLE@/bin/hpo-train", "@MPIRUN@", "-n"])

    def test_its_programs_start_where_there_is_nothing_else(self):
        self.enter("bin/hpo-train", "--version")
        if self.packed["mpi"]:
            (self.root / "train.toml").write_text(CONFIG)
            printed = self.enter(MPI_OF_BUNDLE, "--oversubscribe", "-np", "2", "/bundle/bin/hpo-train", "--config", "/train.toml", "--json")
            self.assertEqual(printed.count('"epoch"'), 2, printed)

    def enter(self, program, *words):
        """Runs a program of the bundle in a root of its own, which has libc and libstdc++ and nothing more."""
        libraries = re.compile(bundle.LIBC + r"|libnss_files")
        for file in map(pathlib.Path, [*glob.glob("/lib64/ld-linux*"), *glob.glob("/lib/x86_64-linux-gnu/*.so.*"), *glob.glob("/usr/lib/x86_64-linux-gnu/*.so.*")]):
            if libraries.fullmatch(file.name.partition(".so")[0]):
                to = self.root / str(file).lstrip("/")
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, to)
        for name in "dev", "proc", "tmp":
            (self.root / name).mkdir(exist_ok=True)
        enter = 'mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" || exit 77; root=$1; shift; exec chroot "$root" "$@"'
        env = {name: value.replace(str(self.root), "") for name, value in environment([], self.folder).items()}
        env["PATH"] += ":/usr/sbin:/usr/bin:/sbin:/bin"
        result = subprocess.run(["unshare", "-m", "sh", "-c", enter, "sh", self.root, f"/bundle/{program}", *words], env=env, capture_output=True,
                                text=True, timeout=120, check=False)
        if result.returncode == 77 or "unshare failed" in result.stderr:
            self.skipTest(f"no root of one's own here: {result.stderr.strip()}")
        self.assertEqual(result.returncode, 0, f"{result.stdout}\n{result.stderr}")
        return result.stdout


if __name__ == "__main__":
    unittest.main()
