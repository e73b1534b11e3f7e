# SPDX-License-Identifier: Apache-2.0
"""A disk that is full for one task."""
import subprocess
import unittest

from case import TINY, Case, main


class FullDisk(Case):
    nodes = 2

    def fill(self, directory):
        """The directory lies on a file system of its own without room. Skips the test where we may not mount one."""
        directory.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "full", directory], capture_output=True, text=True)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"a small file system needs root: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", directory], check=True)
        (directory / ".full").write_bytes(bytes(4096))

    def test_a_task_whose_disk_is_full_is_a_fault_of_the_machine_and_runs_again(self):
        self.init(TINY.replace("ntasks-per-node = 2\n", ""))
        self.fill(self.dir / "study.h5.d/ckpt/t00000001.b0.r0.a00")
        self.tool("make", "POLL=1")
        study = self.assert_accounted(finished=[4, 2, 1])
        first, second = self.attempts(trial=1, rung=0)
        self.assertEqual((first.ending, second.ending), ("infrastructure", "finished"))
        self.assertEqual(study["trials"][1]["retries"], 1)


if __name__ == "__main__":
    main()
