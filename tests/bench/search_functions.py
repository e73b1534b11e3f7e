#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""search_functions.py --adapter PATH [options]: regret on classic functions whose optimum is known.

log10 of (value found - least value), mean and standard error over seeds, after 20, 50, 100 and 200 evaluations; less than 1e-10 counts as that. A function with fidelities z in
(0, 1] is trained for up to 27 epochs, z = epoch / 27: an evaluation is 27 epochs, whoever trains them, and found is the value at z = 1 of the trial whose last loss is least.
No domain has an optimum in its middle, where some searches start. Rivals are programs that speak the protocol of search_adapter.cpp. Only the standard library is used.
Results are JSON lines, and what is there is not run again.
"""
import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import zlib

EPOCHS = 27
AT = (20, 50, 100, 200)
PROGRAMS = {
    "default": [],
    "gp": ["proposer=gp", "promotion=none"],
    "tpe": ["proposer=tpe", "promotion=none"],
    "cmaes": ["proposer=cmaes", "promotion=none"],
    "de": ["proposer=de", "promotion=none"],
    "evolution": ["proposer=evolution", "promotion=none"],
    "random": ["proposer=random", "promotion=none"],
}


def branin(x, z=1.0):
    """Dixon and Szego 1978; fidelity after Kandasamy et al., ICML 2017."""
    b, c, t = 5.1 / (4 * math.pi**2) - 0.01 * (1 - z), 5 / math.pi - 0.1 * (1 - z), 1 / (8 * math.pi) + 0.05 * (1 - z)
    return (x[1] - b * x[0] ** 2 + c * x[0] - 6) ** 2 + 10 * (1 - t) * math.cos(x[0]) + 10


def hartmann(x, z, scales, centres):
    """Hartmann 1972; fidelity after Kandasamy et al., ICML 2017."""
    total = 0.0
    for alpha, scale, centre in zip((1.0, 1.2, 3.0, 3.2), scales, centres):
        total += (alpha - 0.1 * (1 - z)) * math.exp(-sum(a * (v - p) ** 2 for a, v, p in zip(scale, x, centre)))
    return -total


def hartmann3(x, z=1.0):
    centres = ((0.3689, 0.1170, 0.2673), (0.4699, 0.4387, 0.7470), (0.1091, 0.8732, 0.5547), (0.0381, 0.5743, 0.8828))
    return hartmann(x, z, ((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35)), centres)


def hartmann6(x, z=1.0):
    scales = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
    centres = ((0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886), (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
               (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650), (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381))  # fmt: skip
    return hartmann(x, z, scales, centres)


def ackley(x, z=1.0):
    """Ackley 1987."""
    root = math.sqrt(sum(v * v for v in x) / len(x))
    waves = sum(math.cos(2 * math.pi * v) for v in x) / len(x)
    return 20 + math.e - 20 * math.exp(-0.2 * root) - math.exp(waves)


def levy(x, z=1.0):
    """Levy and Montalvo 1985, as in Laguna and Marti 2005."""
    w = [1 + (v - 1) / 4 for v in x]
    inner = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return math.sin(math.pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def rosenbrock(x, z=1.0):
    """Rosenbrock 1960."""
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


# name: function, range of each coordinate, least value, epochs
FUNCTIONS = {
    "Branin": (branin, [(-5, 10), (0, 15)], 0.39788735772973816, 1),
    "Hartmann 3": (hartmann3, [(0, 1)] * 3, -3.862779787332663, 1),
    "Hartmann 6": (hartmann6, [(0, 1)] * 6, -3.322368011415515, 1),
    "Ackley 10": (ackley, [(-5, 10)] * 10, 0.0, 1),
    "Levy 6": (levy, [(-10, 10)] * 6, 0.0, 1),
    "Rosenbrock 4": (rosenbrock, [(-5, 10)] * 4, 0.0, 1),
    "augmented Branin": (branin, [(-5, 10), (0, 15)], 0.39788735772973816, EPOCHS),
    "augmented Hartmann 3": (hartmann3, [(0, 1)] * 3, -3.862779787332663, EPOCHS),
    "augmented Hartmann 6": (hartmann6, [(0, 1)] * 6, -3.322368011415515, EPOCHS),
}


class Searcher:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def send(self, **message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self):
        self.send(op="ask")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the program closed its output")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run(command, name, seed, evaluations):
    """One search: the regret after 1, 2, ... evaluations."""
    function, ranges, least, epochs = FUNCTIONS[name]
    searcher = Searcher(command)
    space = [{"name": f"x{i}", "type": "float", "low": low, "high": high, "log": False} for i, (low, high) in enumerate(ranges)]
    searcher.send(op="start", seed=zlib.crc32(name.encode()) % 100000 * 1000 + seed, workers=1, max_epochs=epochs, space=space)
    points, reached, last, spent, regrets = {}, {}, {}, 0, []
    while spent < evaluations * epochs:
        message = searcher.ask()
        if message["op"] != "eval":
            break
        trial = message["id"]
        points.setdefault(trial, [message["config"][f"x{i}"] for i in range(len(ranges))])
        begin = reached.get(trial, 0)
        end = min(message["epochs"], begin + evaluations * epochs - spent)
        curve = [function(points[trial], epoch / epochs) for epoch in range(begin + 1, end + 1)]
        for loss in curve:
            last[trial] = loss
            spent += 1
            if spent % epochs == 0:
                regrets.append(function(points[min(last, key=last.get)]) - least)
        reached[trial] = end
        searcher.send(op="tell", id=trial, epochs=end, curve=curve)
    searcher.close()
    regrets += [regrets[-1]] * (evaluations - len(regrets))
    return [math.log10(max(regret, 1e-10)) for regret in regrets]


def run_missing(options, commands, evaluations):
    rows = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    have = {(row["program"], row["function"], row["seed"]) for row in rows if row["at"][-1] >= evaluations}
    wanted = [(program, name, seed) for seed in range(options.seeds) for name in FUNCTIONS for program in commands]
    wanted = [key for key in wanted if key not in have and (not options.programs or key[0] in options.programs.split(","))]
    if not wanted:
        return
    at = [n for n in AT if n <= evaluations]
    failed = 0
    with options.out.open("a") as out, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = {pool.submit(run, commands[key[0]], *key[1:], evaluations): key for key in wanted}
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            program, name, seed = futures[future]
            if future.exception():
                failed += 1
                print(f"FAILED {program} {name} {seed}: {future.exception()}", file=sys.stderr)
                continue
            regrets = future.result()
            row = {"program": program, "function": name, "seed": seed, "at": at, "log10_regret": [round(regrets[n - 1], 4) for n in at]}
            out.write(json.dumps(row) + "\n")
            out.flush()
            print(f"  {done} of {len(futures)}: {program}, {name}, seed {seed}", file=sys.stderr)
    if failed:
        sys.exit(1)


def cell(values):
    error = f" ± {statistics.stdev(values) / math.sqrt(len(values)):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{error}"


def report(options, commands):
    rows = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    for name in FUNCTIONS:
        found = {}
        for row in rows:
            if row["function"] == name and row["seed"] < options.seeds:
                for n, regret in zip(row["at"], row["log10_regret"]):
                    found.setdefault(row["program"], {}).setdefault(n, {})[row["seed"]] = regret
        if not found:
            continue
        at = sorted({n for by_count in found.values() for n in by_count})
        count = max(len(by_seed) for by_count in found.values() for by_seed in by_count.values())
        print(f"\n## {name}: log10 of the regret, {count} seed{'s' * (count > 1)}\n")
        print("| program | " + " | ".join(str(n) for n in at) + " |")
        print("|---" * (len(at) + 1) + "|")
        for program in commands:
            if program in found:
                cells = [cell(list(found[program][n].values())) if n in found[program] else "" for n in at]
                print(f"| {program} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", required=True, help="search-adapter")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("functions.jsonl"), help="where results are kept (functions.jsonl)")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at once (processors)")
    parser.add_argument("--rival", action="append", default=[], metavar="NAME=COMMAND", help="one program more")
    parser.add_argument("--programs", help="only these, separated by commas")
    parser.add_argument("--quick", action="store_true", help="50 evaluations instead of 200")
    parser.add_argument("--report", action="store_true", help="run nothing, print what is there")
    options = parser.parse_args()
    commands = {name: [options.adapter, *keys] for name, keys in PROGRAMS.items()}
    commands |= {name: shlex.split(command) for name, command in (rival.split("=", 1) for rival in options.rival)}
    if not options.report:
        run_missing(options, commands, 50 if options.quick else 200)
    report(options, commands)


if __name__ == "__main__":
    main()
