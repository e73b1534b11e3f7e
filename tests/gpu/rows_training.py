# SPDX-License-Identifier: Apache-2.0
"""Rows about what is computed, over hpo-train --config: a device against the CPU, several ranks against one, a resumed run against
one that was not interrupted, and what becomes of a run that loses a rank.

The device is an argument, so that all of it can be tried on a machine without a GPU.
"""
import concurrent.futures
import json
import math
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

from check_run import kill_group, last_words, run
from check_table import FAILED, PASSED, SKIPPED, Row

STARTER = str(pathlib.Path(__file__).with_name("rows_starter.py"))
# Largest difference of an epoch's training loss after 200 steps, as a share of the first epoch's. Another order of summation
# costs about 1e-6 a step in fp32 and grows; tf32 rounds the inputs of products to 2^-11, bf16 everything to 2^-9.
TOLERANCE = {"fp32": 1e-3, "tf32": 1e-2, "bf16": 5e-2}
RANK_TOLERANCE = 1e-4  # fp32, the same sums in another order
COMM_TIMEOUT_S = 10    # of a collective, for the rows that break something
LAST_WORDS_S = 20      # that the other ranks may take from there to their end

BLOBS = 'data = { kind = "synthetic", samples = 4096, features = 32, classes = 5, valid = 0 }'
PERCEPTRON = 'model = { kind = "mlp", hidden = [64, 64]%s }'
ADAMW = 'optimizer = { kind = "adamw", lr = 0.002, weight_decay = 0.01 }'
# name: (model, optimizer)
COMPARED = {
    "sgd": (PERCEPTRON % "", 'optimizer = { kind = "sgd", lr = 0.05 }'),
    "sgd, momentum, nesterov": (PERCEPTRON % "", 'optimizer = { kind = "sgd", lr = 0.02, momentum = 0.9, nesterov = true, weight_decay = 1e-4 }'),
    "adam": (PERCEPTRON % "", 'optimizer = { kind = "adam", lr = 0.002, weight_decay = 1e-4 }'),
    "adamw": (PERCEPTRON % "", ADAMW),
    "rmsprop": (PERCEPTRON % "", 'optimizer = { kind = "rmsprop", lr = 0.001 }'),
    "rmsprop, momentum": (PERCEPTRON % "", 'optimizer = { kind = "rmsprop", lr = 0.0005, momentum = 0.9 }'),
    "gelu": (PERCEPTRON % ', activation = "gelu"', ADAMW),
    "batch norm": (PERCEPTRON % ', norm = "batch"', ADAMW),
    "layer norm": (PERCEPTRON % ', norm = "layer"', ADAMW),
    "dropout": (PERCEPTRON % ", dropout = 0.3", ADAMW),
    "gelu, layer norm, dropout": (PERCEPTRON % ', activation = "gelu", norm = "layer", dropout = 0.1', ADAMW),
    "convolutions, pooling": ('model = { kind = "cnn", channels = [8, 16], hidden = [32] }', ADAMW),
    "convolutions, batch norm": ('model = { kind = "cnn", channels = [8, 16], hidden = [32], norm = "batch" }', ADAMW),
}


def write_images(folder, count=4096, side=12, classes=5):
    """IDX files of images that can be told apart: a bright square at a place of its class, and noise."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(1)
    for name, number in (("train", count), ("t10k", count // 4)):
        labels = bytes(i % classes for i in range(number))
        images = bytearray(draw.randbytes(number * side * side))
        for i, label in enumerate(labels):
            for y in range(3):
                at = i * side * side + (2 * label + y) * side + 2 * label
                images[at:at + 3] = bytes([255] * 3)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, number, side, side) + images)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, number) + labels)
    return f'data = {{ kind = "idx", path = "{folder}" }}'


def configuration(device, model, optimizer, data=BLOBS, epochs=12.5, batch=256, precision="fp32", sharded=False):
    return "\n".join([f"epochs = {epochs}", "seed = 3", f"batch = {batch}", f'device = "{device}"', f'precision = "{precision}"', data, model,
                      optimizer, f"gpu = {{ share = true, shard_optimizer = {str(sharded).lower()} }}"]) + "\n"


class Training:
    """Runs of hpo-train in a folder of their own."""

    def __init__(self, programs, folder, device="cuda"):
        self.programs, self.folder, self.device = programs, folder, device
        folder.mkdir(parents=True, exist_ok=True)

    def launchers(self):
        """How ranks can be started here: (name in a row, whether it can be). Without MPI they must have a GPU."""
        found = [("MPI", bool(self.programs.mpirun))]
        return found + ([("no MPI", True)] if self.device == "cuda" else [])

    def words(self, name, text, ranks=1, launcher="MPI", checkpoints=None):
        """Command and environment of a run."""
        file = self.folder / f"{name}.toml"
        file.write_text(text)
        env = dict(self.programs.env)
        command = [self.programs.hpo_train, "--config", str(file), "--json"]
        if checkpoints:
            command += ["--checkpoints", str(checkpoints)]
        if ranks > 1 and launcher == "MPI":
            command = [self.programs.mpirun, "--oversubscribe", "-np", str(ranks), *command]
        elif ranks > 1:
            command = [sys.executable, STARTER, str(ranks), str(self.folder / "meeting"), *command]
        if ranks > 1 and self.device == "cuda":
            env |= {"NCCL_NET": "Socket", "NCCL_SOCKET_IFNAME": "lo", "NCCL_IB_DISABLE": "1"}  # ranks that share a GPU have no other way
        return command, env

    def run(self, name, text, seconds, **how):
        command, env = self.words(name, text, **how)
        return run(command, seconds, env=env, cwd=self.folder, log=self.folder / f"{name}.log")

    def losses(self, name, text, seconds, **how):
        """Training losses by epoch, and why there are none."""
        result = self.run(name, text, seconds, **how)
        found = {line["epoch"]: line["train_loss"] for line in result.lines() if "train_loss" in line}
        return (found, "") if result.code == 0 and found else ({}, result.why())


def deviation(found, expected):
    """Largest difference as a share of the first loss; infinite where epochs are missing or a loss is not finite."""
    if not expected or found.keys() != expected.keys():
        return float("inf")
    differences = [abs(found[epoch] - expected[epoch]) for epoch in expected]
    return max(differences) / abs(expected[min(expected)]) if all(map(math.isfinite, differences)) else float("inf")


def against_cpu(training, seconds, jobs=4, precisions=tuple(TOLERANCE)):
    """One row for each optimiser and layer, all precisions in it."""
    images = write_images(training.folder / "images")
    tasks = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as workers:
        for i, (name, (model, optimizer)) in enumerate(COMPARED.items()):
            data = images if "cnn" in model else BLOBS
            for precision in ("cpu", *precisions):
                text = configuration(*(("cpu", model, optimizer, data) if precision == "cpu" else (training.device, model, optimizer, data)),
                                     precision="fp32" if precision == "cpu" else precision)
                tasks[name, precision] = workers.submit(training.losses, f"compare-{i}-{precision}", text, seconds)
    rows = []
    for name in COMPARED:
        expected, reason = tasks[name, "cpu"].result()
        ours, faults, data = [], [f"CPU: {reason}"] if reason else [], {}
        for precision in precisions:
            found, why = tasks[name, precision].result()
            data[precision] = worst = deviation(found, expected)
            ours.append(f"{precision} {worst:.1e}" if found else f"{precision} -")
            if why:
                faults.append(f"{precision}: {why}")
            elif not worst <= TOLERANCE[precision]:
                faults.append(f"{precision} is off")
        wanted = ", ".join(f"{precision} {TOLERANCE[precision]:.0e}" for precision in precisions)
        rows.append(Row("against the CPU, 200 steps: largest difference of the loss", name, FAILED if faults else PASSED, ours=", ".join(ours),
                        wanted=wanted, why="; ".join(faults), data={k: v for k, v in data.items() if v != float("inf")}))
    return rows


RANKS_GROUP = "ranks that share the GPU against one rank: correctness only, no timing"


def against_one_rank(training, seconds):
    """Also with the optimiser's state spread over the ranks, and with ranks that have no MPI."""
    cases = [(launcher, can, count, sharded) for launcher, can in training.launchers()
             for count, sharded in (((2, False), (4, False), (2, True)) if launcher == "MPI" else ((2, False),))]
    rest = {"model": PERCEPTRON % ', norm = "batch", dropout = 0.2', "optimizer": ADAMW, "epochs": 6, "batch": 250}
    each = seconds / (len(cases) + 1)
    expected, reason = training.losses("one-rank", configuration(training.device, **rest), each)
    rows = []
    for launcher, can, count, sharded in cases:
        work = f"{count} ranks, {launcher}{', optimiser in shards' if sharded else ''}, global batch 250"
        if not can:
            rows.append(Row(RANKS_GROUP, work, SKIPPED, why="there is no MPI"))
            continue
        name = f"ranks-{count}-{launcher.replace(' ', '')}{'-shards' if sharded else ''}"
        found, why = training.losses(name, configuration(training.device, **rest, sharded=sharded), each, ranks=count, launcher=launcher)
        worst = deviation(found, expected)
        why = (reason and f"one rank: {reason}") or why or ("" if worst <= RANK_TOLERANCE else "the losses differ")
        rows.append(Row(RANKS_GROUP, work, FAILED if why else PASSED, ours=f"largest difference of the loss {worst:.1e}" if found else "",
                        wanted=f"{RANK_TOLERANCE:.0e}", why=why))
    return rows


def tensors_of(folder):
    """Names, shapes and checksums in the newest checkpoint of a folder."""
    files = sorted(folder.glob("ckpt.*.hpc"), key=lambda file: int(file.name.split(".")[1]))
    if not files:
        return None
    with open(files[-1], "rb") as file:
        magic, size = struct.unpack("<8sI", file.read(12))
        return json.loads(file.read(size))["tensors"] if magic == b"hpo-ckpt" else None


def stop_after_first_epoch(training, name, text, seconds, checkpoints):
    """Starts a run and sends it SIGUSR2 when it has reported once. Returns its exit code, the last epoch that it reported, and its
    last words."""
    command, env = training.words(name, text, checkpoints=checkpoints)
    file = training.folder / f"{name}.log"
    with open(file, "w") as log:
        process = subprocess.Popen(command, env=env, cwd=training.folder, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    try:
        words = process.stdout.readline()
        process.send_signal(signal.SIGUSR2)
        words += process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        kill_group(process)
        words += process.communicate()[0]
    epochs = [json.loads(line)["epoch"] for line in words.splitlines() if line.startswith("{")]
    return process.returncode, epochs[-1] if epochs else 0, last_words(file.read_text())


def resumed(training, seconds):
    """A run that a signal stopped in the middle and that was started again, against one that was left alone."""
    row = {"group": "resume, same ranks", "work": "parameters and optimiser state after a stop by SIGUSR2 and a resume", "wanted": "bit for bit"}
    for epochs in (300, 3000, 30000):  # so many that the signal comes before the end
        text = configuration(training.device, PERCEPTRON % ', norm = "batch", dropout = 0.2', ADAMW, epochs=epochs, batch=64)
        whole, parted = training.folder / f"whole-{epochs}", training.folder / f"parted-{epochs}"
        for folder in whole, parted:
            shutil.rmtree(folder, ignore_errors=True)
        code, reached, said = stop_after_first_epoch(training, f"parted-{epochs}", text, seconds / 3, parted)
        if code != 0:
            break
    if code != 85:
        return [Row(**row, verdict=FAILED, why=f"stopped with exit code {code}, not 85: {said}"[:200])]
    faults = []
    for name, folder in (("resumed", parted), ("whole", whole)):
        result = training.run(f"{name}-{epochs}", text, seconds / 3, checkpoints=folder)
        if result.code:
            faults.append(f"{name}: {result.why()}")
    if not faults and (not tensors_of(whole) or tensors_of(whole) != tensors_of(parted)):
        faults.append("the last checkpoints differ")
    return [Row(**row, ours=f"stopped after {reached:g} of {epochs} epochs", verdict=FAILED if faults else PASSED, why="; ".join(faults))]


# ---- lost ranks

def rank_processes(session):
    """hpo-train processes of a session, by rank."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text()
            name, fields = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
            if name != "hpo-train" or fields[0] in "ZX":
                continue
            environ = (folder / "environ").read_bytes()
        except (OSError, ValueError):
            continue
        rank = re.search(rb"(?:^|\0)(?:OMPI_COMM_WORLD_)?RANK=(\d+)", environ)
        if rank and f"HPO_CHECK_SESSION={session}".encode() in environ.split(b"\0"):
            found[int(rank.group(1))] = int(folder.name)
    return found


def lost(training, seconds, count=2):
    """A rank that is killed, one that is stopped: all must be gone within the deadline, and the launcher must say so."""
    blows = (("kill -9 of a rank", signal.SIGKILL), ("SIGSTOP of a rank", signal.SIGSTOP))
    group, limit = f"a run of {count} ranks loses one", COMM_TIMEOUT_S + LAST_WORDS_S
    cases = [(launcher, can, name, number) for launcher, can in training.launchers() for name, number in blows]
    rows = []
    for launcher, can, name, number in cases:
        # mpirun ends the others at once, and says of a rank that a signal killed 128 + 9; what ranks end with is 75.
        codes = (75, 137) if (launcher, number) == ("MPI", signal.SIGKILL) else (75,)
        row = {"group": group, "work": f"{name}, {launcher}", "wanted": f"all gone within {limit} s, exit code {' or '.join(map(str, codes))}"}
        if not can:
            rows.append(Row(**row, verdict=SKIPPED, why="there is no MPI"))
            continue
        seen = lose(training, number, count, launcher, limit, seconds / len(cases))
        faults = [seen["why"]] if seen["why"] else []
        if not faults and seen["left"]:
            faults.append(f"{seen['left']} ranks are still there after {limit} s")
        if not faults and seen["code"] not in codes:
            faults.append(f"exit code {seen['code']}")
        ours = f"{seen['seconds']:.1f} s, exit code {seen['code']}" if seen["seconds"] is not None else ""
        rows.append(Row(**row, ours=ours, verdict=FAILED if faults else PASSED, why="; ".join(faults)))
    return rows


def lose(training, number, count, launcher, limit, seconds):
    """Starts an endless run, sends a signal to its last rank after the first epoch, and watches."""
    session = f"{os.getpid()}-{number}-{time.monotonic_ns()}"
    name = f"lost-{number}-{launcher.replace(' ', '')}"
    command, env = training.words(name, configuration(training.device, PERCEPTRON % "", ADAMW, epochs=1000000), ranks=count, launcher=launcher)
    env |= {"HPO_CHECK_SESSION": session, "HPO_COMM_TIMEOUT": str(COMM_TIMEOUT_S)}
    start, seen = time.monotonic(), {"why": "", "seconds": None, "left": 0, "code": None}
    file = training.folder / f"{name}.log"
    with open(file, "w") as log:
        process = subprocess.Popen(command, env=env, cwd=training.folder, stdout=log, stderr=log, start_new_session=True)
        try:
            while '"epoch"' not in file.read_text():
                if process.poll() is not None or time.monotonic() - start > seconds:
                    seen["why"] = f"it never trained: exit code {process.poll()}: {last_words(file.read_text())}"[:200]
                    return seen
                time.sleep(0.05)
            ranks = rank_processes(session)
            if len(ranks) != count:
                seen["why"] = f"{len(ranks)} of {count} ranks found"
                return seen
            struck = time.monotonic()
            os.kill(ranks[count - 1], number)
            while time.monotonic() - struck < limit and (rank_processes(session) or process.poll() is None):
                time.sleep(0.1)
            seen["seconds"], seen["left"], seen["code"] = time.monotonic() - struck, len(rank_processes(session)), process.poll()
        finally:
            for pid in rank_processes(session).values():
                os.kill(pid, signal.SIGKILL)
            kill_group(process)
            process.wait()
    return seen
