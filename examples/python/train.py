#!/usr/bin/env python3
"""Logistic regression on made-up data, standard library only: what a program must do to be tuned.

Arguments carry the values; an inactive parameter's argument is left out. HPO_BUDGET says where to stop, HPO_RESUME_FROM
where to go on from, HPO_REPORT where to write reports. SIGUSR2 means: checkpoint and exit with 85, to be run again.
"""
import argparse
import json
import math
import os
import random
import signal
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--momentum", type=float, default=0.0)
args = parser.parse_args()

stop = False


def on_signal(number, frame):
    global stop
    stop = True


signal.signal(signal.SIGUSR2, on_signal)
signal.signal(signal.SIGTERM, on_signal)

data = random.Random(0)  # the same data for every trial
samples = [[data.gauss(0, 1) for _ in range(5)] for _ in range(400)]
labels = [1 if sum(x) + data.gauss(0, 1) > 0 else 0 for x in samples]

epoch, loss, weights, velocity = 0, None, [0.0] * 5, [0.0] * 5
resume = os.environ["HPO_RESUME_FROM"]
if resume:
    with open(os.path.join(resume, "state.json")) as file:
        epoch, loss, weights, velocity = json.load(file)


def predict(x):
    z = sum(w * v for w, v in zip(weights, x))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def report():
    with open(os.environ["HPO_REPORT"], "a") as file:
        file.write(json.dumps({"epoch": epoch, "valid_loss": loss}) + "\n")


def save():
    directory = os.environ["HPO_CHECKPOINT_DIR"]
    with open(os.path.join(directory, ".state.json"), "w") as file:
        json.dump([epoch, loss, weights, velocity], file)
    os.replace(os.path.join(directory, ".state.json"), os.path.join(directory, "state.json"))


budget = float(os.environ["HPO_BUDGET"])
if epoch >= budget:  # killed after its last checkpoint and run again: only the report is missing
    report()
while epoch < budget:
    order = list(range(300))
    random.Random(f"{os.environ['HPO_SEED']}/{epoch}").shuffle(order)
    for i in order:
        error = predict(samples[i]) - labels[i]
        for k in range(5):
            velocity[k] = args.momentum * velocity[k] - args.lr * error * samples[i][k]
            weights[k] += velocity[k]
    epoch += 1
    loss = -sum(
        math.log(max(1e-12, predict(x) if y else 1 - predict(x))) for x, y in zip(samples[300:], labels[300:])
    ) / 100
    report()
    save()
    if stop:
        sys.exit(85)
