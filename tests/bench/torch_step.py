#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The steps of step_bench in PyTorch: one thread, batch 256, AdamW; CPU ms a step, median and best of 40.

Exits with 77 where PyTorch is not installed (python3-torch).
"""
import os
import statistics
import sys
import time

# One thread in all libraries below; and the whole process's CPU time is measured, not this thread's: what a BLAS
# does on threads of its own counts too.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

try:
    import torch
except ImportError:
    print("torch_step.py: PyTorch is not installed for", sys.executable, file=sys.stderr)
    sys.exit(77)

from torch import nn

BATCH, ROUNDS = 256, 40


def measure(name, model, shape):
    inputs, labels = torch.rand(BATCH, *shape), torch.randint(10, (BATCH,))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    for _ in range(3):
        step()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        step()
        times.append(1e3 * (time.process_time() - start))
    print(f"{name:<28}{statistics.median(times):>10.2f}{min(times):>10.2f}")


torch.manual_seed(1)
torch.set_num_threads(1)
print(f"batch {BATCH}, 1 thread, torch {torch.__version__}; CPU ms a step")
print(f"{'':<28}{'step':>10}{'best':>10}")
measure("mlp 784-1024-1024-10 adamw",
        nn.Sequential(nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10)), (784,))
measure("cnn 32C3-P-64C3-P-FC128",
        nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                      nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                      nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)), (1, 28, 28))
