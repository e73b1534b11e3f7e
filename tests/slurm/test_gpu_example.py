# SPDX-License-Identifier: Apache-2.0
"""examples/gpu on a cluster whose nodes have GPUs as far as Slurm knows: all is as there but the device, the data and the length."""
import collections
import re

from case import SOURCE, TOOLS, Case, main

SMALLER = {
    r"data      = .*": 'data      = { kind = "synthetic", samples = 2048, features = 16, classes = 4, valid = 512 }',
    r"low = 512,  high = 4096(.*) multiple_of = 256": r"low = 8, high = 32\1 multiple_of = 8",
    r"width = 1024": "width = 16",
    r"max  = 18": "max  = 6",
    r"trials = 27": "trials = 3",
    r"batch     = 1024": "batch     = 256",
    r"cpus-per-task   = 4": "cpus-per-task   = 1",
}


class GpuExample(Case):
    nodes, variant = 2, {"cpus": 2, "gpus": 2}

    def write_example(self):
        text = (SOURCE / "examples/gpu/study.toml").read_text()
        for old, new in SMALLER.items():
            text, count = re.subn(old, new, text)
            self.assertEqual(count, 1, f"examples/gpu/study.toml has one line with '{old}'")
        self.write("study.toml", text)

    def record_ranks(self):
        """Has each process of hpo-train note its task, node, rank and the devices that it sees."""
        self.write("train.sh", '#!/bin/sh\necho "$SLURM_ARRAY_JOB_ID.$HPO_TASK $SLURMD_NODENAME $SLURM_PROCID $CUDA_VISIBLE_DEVICES" >>ranks\nexec hpo-train "$@"\n')
        (self.dir / "train.sh").chmod(0o700)
        self.write("site.env", (SOURCE / "templates/study/site.env").read_text() + "HPO_TRAIN=$PWD/train.sh\n")

    def test_it_trains_on_two_nodes_with_two_ranks_and_two_gpus_each_to_its_end(self):
        self.write_example()
        self.record_ranks()
        self.tool(SOURCE / "examples/gpu/run.sh", TOOLS, self.dir, "--device=cpu", env={"POLL": "1"})
        study = self.assert_accounted()
        self.assertEqual(study["next"], "complete")
        self.assertEqual(study["best"]["rung"], 1)
        self.assertEqual(study["rungs"][0]["finished"], 3)
        ranks = collections.defaultdict(list)
        for line in (self.dir / "ranks").read_text().splitlines():
            task, *place = line.split()
            ranks[task].append(place)
        self.assertEqual(len(ranks), 4, "three trainings and the best one's second rung")
        for task, places in ranks.items():
            self.assertEqual(sorted(node for node, _, _ in places), ["n1", "n1", "n2", "n2"], task)
            self.assertEqual(sorted(int(rank) for _, rank, _ in places), [0, 1, 2, 3], task)
            self.assertEqual({devices for _, _, devices in places}, {"0,1"}, "each rank sees both GPUs of its node")


if __name__ == "__main__":
    main()
