#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""search.py [options]: how well the search finds, on recorded learning curves and on classic functions.

Runs the benchmark in --bench (its evaluate.py, baselines.py and data) on our rows, then on the references that come with it, then on Optuna where --python can import it,
then search_functions.py. Prints tables: mean normalised regret at 1, 2, 5, 10, 20 and 50 full trainings with standard errors over the seeds, mean ranks, paired differences
to `default`; over all data sets, by family, and for each half of the data: in sorted order the data sets 1, 3, 5, ... are the half for design, 2, 4, 6, ... the half for checks.
Results are JSON lines in --out, one file a row. What is there is not run again: stop and start as you like, and remove the files of rows whose program has changed.
Progress goes to stderr.
"""
import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

# Keys of [search] and [fidelity]. Brackets are named by s: of data sets with 27 to 80 epochs the one with most rungs is 3, which is Successive Halving.
OURS = {
    "default": "",
    "gp": "proposer=gp promotion=none",
    "tpe": "proposer=tpe promotion=none",
    "kde + hyperband": "proposer=kde promotion=hyperband iterations=20",
    "hyperband": "proposer=random promotion=hyperband iterations=20",
    "halving": "proposer=random promotion=hyperband brackets=[3] iterations=60",
    "asha": "proposer=random promotion=asha",
    "sobol": "proposer=sobol promotion=none",
    "random": "proposer=random promotion=none",
}
# Of baselines.py, with what must be there to import.
REFERENCES = {"BOHB (reference)": ("bohb", "numpy"), "SHA (reference)": ("sha", "numpy"), "random (reference)": ("random", "numpy")}
OPTUNA = {"TPE": ("optuna:tpe", "optuna"), "TPE + Hyperband pruner": ("optuna:tpe:hyperband", "optuna"), "GP": ("optuna:gp", "optuna, scipy, torch; torch.device.__enter__")}  # torch 2


def can_import(python, modules):
    return subprocess.run([python, "-c", f"import {modules}"], capture_output=True).returncode == 0


def python_with_numpy(wanted, environment):
    """The interpreter that runs the benchmark: the wanted one, else one of a virtual environment made for it."""
    if can_import(wanted, "numpy"):
        return wanted
    python = str(environment / "bin/python")
    if not (os.path.exists(python) and can_import(python, "numpy")):
        print(f"search.py: {wanted} has no numpy; making {environment}", file=sys.stderr)
        for command in ([wanted, "-m", "venv", str(environment)], [python, "-m", "pip", "install", "--quiet", "numpy"]):
            if subprocess.run(command, stdout=sys.stderr).returncode != 0:
                sys.exit(f"search.py: '{shlex.join(command)}' failed. Install numpy (Debian: apt-get install python3-numpy python3-venv) or name an interpreter that has it: PYTHON=...")
    return python


def file_of(out, name):
    return out / ("".join(c if c.isalnum() else "-" for c in name) + ".jsonl")


def lines_in(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def run_row(options, name, program, total):
    """Runs what is missing of one row; True when all of it is there."""
    path = file_of(options.out, name)
    command = [options.python, "evaluate.py", "run", "--name", name, "--program", program, "--jitter", "1e-4", "--out", str(path)]
    command += ["--seeds", str(options.seeds), "--jobs", str(options.jobs), "--families", options.families]
    process = subprocess.Popen(command, cwd=options.bench, env=os.environ | ONE_THREAD)
    begin = shown = time.time()
    while process.poll() is None:
        time.sleep(0.2)
        if time.time() - shown > 10:
            shown = time.time()
            print(f"  {name}: {lines_in(path)} of {total} runs, {shown - begin:.0f} s", file=sys.stderr)
    print(f"{name}: {lines_in(path)} of {total} runs, {time.time() - begin:.0f} s", file=sys.stderr)
    return process.returncode == 0


def optuna_rows(python):
    version = subprocess.run([python, "-c", "import optuna; print(optuna.__version__)"], capture_output=True, text=True)
    if version.returncode != 0:
        print(f"search.py: {python} has no Optuna; its rows are left out (pip install optuna torch scipy)", file=sys.stderr)
        return {}
    return {f"Optuna {version.stdout.strip()} {name}": row for name, row in OPTUNA.items() if can_import(python, row[1])}


def rows_of(options):
    """Names and programs, ours first."""
    adapter = shlex.quote(str(options.adapter))
    rows = [(name, f"{adapter} {keys}".strip()) for name, keys in OURS.items()]
    if options.rivals:
        found = {name: row for name, row in REFERENCES.items() if can_import(options.python, row[1])} | optuna_rows(options.python)
        script = shlex.quote(str(options.bench / "baselines.py"))
        rows += [(name, f"{shlex.quote(options.python)} {script} {algorithm}") for name, (algorithm, _) in found.items()]
    return rows


def chosen(options, rows):
    wanted = options.rows.split(",") if options.rows else [name for name, _ in rows]
    unknown = set(wanted) - {name for name, _ in rows}
    if unknown:
        sys.exit(f"search.py: no row {', '.join(sorted(unknown))}; there are: {', '.join(name for name, _ in rows)}")
    return [row for row in rows if row[0] in wanted]


def report(options, title, paths, more=()):
    print(f"\n## {title}", flush=True)
    versus = ["--versus", "default"] if any(path.stem == "default" for path in paths) else []
    subprocess.run([options.python, "-W", "ignore", "evaluate.py", "report", *map(str, paths), *versus, *more], cwd=options.bench)


def report_halves(options, paths):
    runs = {path: [json.loads(line) for line in path.read_text().splitlines()] for path in paths}
    names = sorted({run["dataset"] for rows in runs.values() for run in rows})
    for title, half in (("the half for design", names[0::2]), ("the half for checks", names[1::2])):
        with tempfile.TemporaryDirectory() as directory:
            copies = []
            for path, rows in runs.items():
                copies.append(pathlib.Path(directory) / path.name)
                copies[-1].write_text("".join(json.dumps(run) + "\n" for run in rows if run["dataset"] in half))
            report(options, f"{title}: {', '.join(half)}", copies)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=pathlib.Path, help="the benchmark's folder; without it only the classic functions are run")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build", help="where search-adapter is (build)")
    parser.add_argument("--out", type=pathlib.Path, help="where results are kept (BUILD/bench-search)")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at once (processors)")
    parser.add_argument("--quick", action="store_true", help="2 seeds, and classic functions to 50 evaluations: does it work, not who wins")
    parser.add_argument("--rows", help="only these, separated by commas")
    parser.add_argument("--families", default="lcbench,taskset,deepobs", help="of data sets (lcbench,taskset,deepobs)")
    parser.add_argument("--no-rivals", dest="rivals", action="store_false", help="our rows only")
    parser.add_argument("--no-functions", dest="functions", action="store_false", help="no classic functions")
    parser.add_argument("--report", action="store_true", help="run nothing, print what is there")
    parser.add_argument("--python", default=sys.executable, help="the interpreter for the benchmark and Optuna; where it has no numpy, BUILD/bench-env is made")
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.out = (options.out or options.build / "bench-search").resolve()
    options.adapter = options.build / "search-adapter"
    if not options.adapter.exists() and not options.report:
        sys.exit(f"search.py: no {options.adapter}: make search-adapter")
    found = shutil.which(options.python)
    if not found:
        sys.exit(f"search.py: no program '{options.python}' (make bench-search PYTHON=...)")
    options.python = os.path.abspath(found)
    options.seeds = min(options.seeds, 2) if options.quick else options.seeds
    return options


def recorded_curves(options, rows):
    sets = sum(len(list((options.bench / "data" / family).glob("*.json"))) for family in options.families.split(","))
    failed = []
    if not options.report:
        failed = [name for name, program in rows if not run_row(options, name, program, sets * options.seeds)]
    paths = [path for name, _ in rows if lines_in(path := file_of(options.out, name)) > 0]
    if paths:
        report(options, "all data sets", paths, ["--by-family", "--markdown"])
        report_halves(options, paths)
    return failed


def classic_functions(options, rivals):
    command = [sys.executable, str(HERE / "search_functions.py"), "--adapter", str(options.adapter), "--out", str(options.out / "functions.jsonl")]
    command += ["--seeds", str(options.seeds), "--jobs", str(options.jobs)] + [f"--rival={name}={program}" for name, program in rivals]
    command += ["--quick"] * options.quick + ["--report"] * options.report
    return subprocess.run(command, env=os.environ | ONE_THREAD).returncode == 0


def main():
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    failed, rivals = [], []
    if options.bench and (options.bench / "evaluate.py").is_file():
        options.bench = options.bench.resolve()
        options.python = python_with_numpy(options.python, options.build / "bench-env")
        rows = rows_of(options)
        rivals = [row for row in rows if row[0].startswith("Optuna") and "pruner" not in row[0]]
        failed = recorded_curves(options, chosen(options, rows))
    else:
        where = f"no evaluate.py in {options.bench}" if options.bench else "no benchmark given"
        print(f"search.py: {where}: classic functions only (make bench-search BENCH=... says where recorded curves are)", file=sys.stderr)
    if options.functions and not classic_functions(options, rivals):
        failed.append("classic functions")
    if failed:
        sys.exit(f"search.py: not complete: {', '.join(failed)}")


if __name__ == "__main__":
    main()
