#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""importance_rival.py BENCH [TRIALS]: fANOVA of Optuna, its default, on the trials of importance_cost: CPU s, and the two foremost parameters.

One thread. Exits with 77 where Optuna or scikit-learn is not installed.
"""
import csv
import os
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
try:
    import optuna
    import sklearn  # noqa: F401
except ImportError:
    print("importance_rival.py: Optuna or scikit-learn is not installed for", sys.executable, file=sys.stderr)
    sys.exit(77)

optuna.logging.set_verbosity(optuna.logging.ERROR)
trials = sys.argv[2] if len(sys.argv) > 2 else "300"
rows = list(csv.DictReader(subprocess.run([sys.argv[1], trials, "csv"], capture_output=True, text=True, check=True).stdout.splitlines()))
space = {}
for i in range(10):
    if i % 2 == 0:
        space[f"p{i}"] = (float, optuna.distributions.FloatDistribution(0, 1))
    elif i % 6 == 1:
        space[f"p{i}"] = (float, optuna.distributions.FloatDistribution(1e-6, 1, log=True))
    elif i % 6 == 3:
        space[f"p{i}"] = (int, optuna.distributions.IntDistribution(1, 1000))
    else:
        space[f"p{i}"] = (str, optuna.distributions.CategoricalDistribution(["a", "b", "c"]))
study = optuna.create_study()
study.add_trials([
    optuna.trial.create_trial(params={n: kind(row[n]) for n, (kind, _) in space.items()},
                              distributions={n: d for n, (_, d) in space.items()}, value=float(row["value"]))
    for row in rows])
begin = time.process_time()
found = optuna.importance.get_param_importances(study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0))
print(f"Optuna {optuna.__version__}\t{trials}\t{time.process_time() - begin:.2f}\t" + "\t".join(list(found)[:2]))
