#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds, tests and measures the GPU half of the trainer on a machine that has a GPU, and prints one table: `make gpu-check`.

    check.py [--bundle FOLDER | --build FOLDER [--no-build]] [--out FOLDER] [--into docs/gpu.md] [--limit 480] [--only GROUP,...] [--device cpu]
    check.py --table rows.json [--markdown]       prints what an earlier check found

--build (build-gpu): where to build; --no-build: it has been. --bundle: programs and libraries that `make gpu-bundle` has packed elsewhere, in the place of a build. --out (build/gpu-check) gets
table.json, table.md, table.txt and the log of every command. --into puts the table between the marks of a document. --only: some of
tests, training, ranks, faults, resume, speed, graph. --device cpu: the rows of training, ranks, resume and faults with the CPU in the
GPU's place, on any machine: a test of this script.

What is missing is named, with what it is for and how to bring it. Every step has a time limit of its own and none can take the
others down. Exit code 0: all that could run has passed; 1: a row has failed; 77: there is no GPU.
"""
import argparse
import json
import os
import pathlib
import re
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_machine  # noqa: E402
import check_programs  # noqa: E402
import check_table  # noqa: E402
import rows_speed  # noqa: E402
import rows_training  # noqa: E402
from check_programs import SOURCE  # noqa: E402
from check_run import Clock, run  # noqa: E402
from check_table import FAILED, PASSED, SKIPPED, Row  # noqa: E402

NO_GPU = 77
GROUPS = ("tests", "training", "ranks", "resume", "faults", "speed", "graph")
ON_CPU = ("training", "ranks", "resume", "faults")
SPEED_SHARE = 0.4  # of the time, that the other steps leave for the timings
RIVAL_S = 220      # at most; it gets what is left
TEST_S = 60        # at most, of one test
EAGER_CELLS = (("mlp", 1024, "bf16"), ("mlp", 1024, "fp32"), ("cnn", 1024, "bf16"), ("cnn", 1024, "fp32"))


def options_of(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build-gpu")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--into", type=pathlib.Path)
    parser.add_argument("--limit", type=float, default=480, help="seconds in all")
    parser.add_argument("--patience", type=float, default=1, help="factor on every limit, on a busy machine")
    parser.add_argument("--only", default="", help="groups, with commas")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args(words)
    options.groups = options.only.split(",") if options.only else list(GROUPS if options.device == "cuda" else ON_CPU)
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    options.out = (options.out or options.build / "gpu-check").absolute()
    options.bundle = options.bundle.absolute() if options.bundle else None
    return options


class Check:
    """The steps, each of which gives rows."""

    def __init__(self, options, machine, clock):
        self.options, self.machine, self.clock, self.rows = options, machine, clock, []
        self.log = options.out
        self.log.mkdir(parents=True, exist_ok=True)
        self.programs = None
        self.reserved = SPEED_SHARE * clock.limit if "speed" in options.groups else 0

    def step(self, group, limit, make):
        """Adds the rows of make(seconds). Whatever happens in it is a row too, and the next step comes."""
        if group == rows_speed.GROUP:
            self.reserved = 0
        seconds = min(limit * self.options.patience, self.clock.left() - self.reserved)
        if seconds < 5:
            self.rows.append(Row(group, "all", SKIPPED, why=f"no time was left of {self.options.limit:.0f} s"))
            return
        print(f"gpu-check: {group} (up to {seconds:.0f} s)", file=sys.stderr, flush=True)
        try:
            self.rows += make(seconds)
        except Exception as error:  # a fault of this script must not hide what the other steps find
            with open(self.log / "error.log", "a") as file:
                file.write(traceback.format_exc())
            self.rows.append(Row(group, "all", FAILED, why=f"{type(error).__name__}: {error}; see {self.log / 'error.log'}"))

    def find_programs(self, seconds):
        if self.options.bundle:
            self.programs, why = check_programs.bundled(self.options.bundle, self.machine, self.log)
        else:
            made = not self.options.no_build
            self.programs, why = check_programs.built(self.options.build, self.machine, seconds, self.log, made, self.options.device == "cuda")
        if why:
            return [Row("build", "programs", FAILED, why=why)]
        if self.options.device == "cuda" and not self.programs.has_plugin():
            return [Row("build", "libhpo_cuda.so", FAILED, why="it was not built")]
        version = run([self.programs.hpo_train, "--version"], 20, env=self.programs.env).out
        return [Row("build", "programs", PASSED, ours="; ".join(" ".join(line.split()) for line in version.splitlines() if line.strip()))]

    def tests(self, seconds):
        """The tests of label gpu, and the derivatives."""
        clock, group, rows = Clock(seconds), "tests that need a GPU", []
        for test in self.programs.tests:
            limit = min(float(test["seconds"]), TEST_S, clock.left())
            if "" in test["command"] or limit < 1:
                rows.append(Row(group, test["name"], SKIPPED, why="there is no MPI" if "" in test["command"] else "no time was left"))
                continue
            env = {**self.programs.env, **dict(entry.split("=", 1) for entry in test["environment"])}
            env["LD_LIBRARY_PATH"] = self.programs.env["LD_LIBRARY_PATH"]
            result = run(test["command"], limit, env=env, cwd=self.log, log=self.log / f"{test['name']}.log")
            verdict = PASSED if result.code == 0 else SKIPPED if result.code == NO_GPU else FAILED
            rows.append(Row(group, test["name"], verdict, ours=f"{result.seconds:.1f} s", why="" if verdict == PASSED else result.why()))
        if not rows:
            rows.append(Row(group, "label gpu", SKIPPED, why="this build has none"))
        return rows

    def gradients(self, seconds):
        """The GPU's programs on the CPU, where double is at hand."""
        result = run([self.programs.path(f"tests/{check_programs.GRADIENTS}"), "-tc=*finite differences*"], seconds, env=self.programs.env,
                     log=self.log / "gradients.log")
        ran = re.search(r"test cases: +([1-9]\d*)", result.out)
        why = result.why() if result.code else "" if ran else "there is no such test"
        return [Row("gradients", "every layer and loss against finite differences, in double", FAILED if why else PASSED, wanted="1e-6 relative", why=why)]

    def speed(self, seconds):
        """Ours first: it needs little, and the rival takes what is left."""
        clock, programs = Clock(seconds), self.programs
        ours_rates = rows_speed.measure_rates(programs, min(40, clock.left()), self.log)
        cells = rows_speed.cells()
        ours, why_not = rows_speed.measure_steps(programs, clock.left, self.log, cells)
        eager, eager_why = {}, {}
        if "graph" in self.options.groups:
            eager, eager_why = rows_speed.measure_steps(programs, clock.left, self.log, [c for c in EAGER_CELLS if c in ours], ["--eager"])
        times, skipped, torch_rates, no_rival = {}, {}, {}, self.machine.no_torch
        if self.machine.python:
            clean = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}  # PyTorch brings its libraries
            times, skipped, torch_rates, no_rival = rows_speed.measure_rival(self.machine.python, min(RIVAL_S, clock.left()), clean, self.log)
        rates = rows_speed.larger(ours_rates, torch_rates)
        rows = [rows_speed.speed_row(cell, ours.get(cell), why_not.get(cell), times.get(cell, {}), skipped.get(cell, {}), no_rival) for cell in cells]
        rows += [rows_speed.share_row(cell, ours[cell], rates) for cell in cells if cell in ours]
        rows += rows_speed.rate_rows(ours_rates, torch_rates)
        return rows + [rows_speed.graph_row(cell, ours.get(cell), eager.get(cell), why_not.get(cell) or eager_why.get(cell))
                       for cell in EAGER_CELLS if "graph" in self.options.groups]

    def run_all(self):
        self.step("build", 170, self.find_programs)
        if not self.programs:
            return
        training = rows_training.Training(self.programs, self.log / "training", self.options.device)
        jobs = max(2, min(8, (os.cpu_count() or 2) // 2))
        steps = {"tests": (("tests that need a GPU", 120, self.tests), ("gradients", 40, self.gradients)),
                 "training": (("against the CPU", 90, lambda seconds: rows_training.against_cpu(training, seconds, jobs)),),
                 "ranks": ((rows_training.RANKS_GROUP, 60, lambda seconds: rows_training.against_one_rank(training, seconds)),),
                 "resume": (("resume, same ranks", 45, lambda seconds: rows_training.resumed(training, seconds)),),
                 "faults": (("lost ranks", 110, lambda seconds: rows_training.lost(training, seconds)),),
                 "speed": ((rows_speed.GROUP, 300, self.speed),)}
        for group in self.options.groups:
            for step in steps.get(group, ()):
                self.step(*step)


def write(options, machine, rows, seconds):
    """The table, everywhere."""
    record = check_table.to_json(machine, rows, seconds)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "table.json").write_text(json.dumps(record, indent=1) + "\n")
    (options.out / "table.md").write_text(check_table.to_markdown(machine, rows, seconds))
    (options.out / "table.txt").write_text(check_table.to_text(machine, rows, seconds))
    if options.into:
        options.into.write_text(check_table.put_between(options.into.read_text(), check_table.to_markdown(machine, rows, seconds)))
    print(check_table.to_text(machine, rows, seconds), end="")


def main(words):
    options = options_of(words)
    if options.table:
        machine, rows, seconds = check_table.from_json(json.loads(options.table.read_text()))
        print((check_table.to_markdown if options.markdown else check_table.to_text)(machine, rows, seconds), end="")
        return 0
    clock = Clock(options.limit * options.patience)
    machine = check_machine.look(options.bundle)
    if not machine.gpus and options.device == "cuda":
        print(f"gpu-check: there is no GPU on this machine ({machine.no_gpu}); run it where there is one")
        return NO_GPU
    for line in check_machine.advice(machine, options.bundle is not None) if options.device == "cuda" else ():
        print(f"gpu-check: {line}", file=sys.stderr)
    check = Check(options, machine, clock)
    check.run_all()
    write(options, machine.facts(check.programs.commit if check.programs else ""), check.rows, clock.passed())
    return 1 if any(row.verdict == FAILED for row in check.rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
