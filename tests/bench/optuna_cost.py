#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Optuna's TPE takes for the work of tpe_cost.cpp: CPU milliseconds of one proposal in memory.

Exits with 77 where Optuna is not installed. The same 10 mixed parameters and objective; one thread; the best of some calls. One line a case, tab-separated:
  program  trials  cpu_ms_per_proposal
"""
import math
import os
import random
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

try:
    import optuna
except ImportError:
    print("optuna_cost.py: Optuna is not installed for", sys.executable, file=sys.stderr)
    sys.exit(77)

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

SPACE = {f"x{i}": FloatDistribution(1e-5, 1, log=True) for i in range(6)}
SPACE |= {"layers": IntDistribution(1, 10), "width": IntDistribution(16, 1024)}
SPACE["optimizer"] = CategoricalDistribution(["adam", "adamw", "sgd"])
SPACE["schedule"] = CategoricalDistribution(["constant", "cosine", "linear", "step"])


def draw(rng, distribution):
    if isinstance(distribution, CategoricalDistribution):
        return rng.choice(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return rng.randint(distribution.low, distribution.high)
    return math.exp(rng.uniform(math.log(distribution.low), math.log(distribution.high)))


def unit(distribution, value):
    if isinstance(distribution, CategoricalDistribution):
        return (distribution.choices.index(value) + 0.5) / len(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return (value - distribution.low + 0.5) / (distribution.high - distribution.low + 1)
    return math.log(value / distribution.low) / math.log(distribution.high / distribution.low)


def study_of(trials):
    rng = random.Random(1)
    sampler = optuna.samplers.TPESampler(seed=1, multivariate=True)
    study = optuna.create_study(sampler=sampler)
    past = []
    for _ in range(trials):
        params = {name: draw(rng, d) for name, d in SPACE.items()}
        value = sum((unit(SPACE[name], v) - 0.3) ** 2 for name, v in params.items()) + rng.gauss(0, 0.01)
        past.append(optuna.trial.create_trial(params=params, distributions=SPACE, value=value))
    study.add_trials(past)
    return study


def main():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print("program\ttrials\tcpu_ms_per_proposal")
    for trials in (100, 1000, 10000):
        study = study_of(trials)
        best = math.inf
        for _ in range(7):
            begin = time.process_time()
            study.ask(SPACE)
            best = min(best, time.process_time() - begin)
        print(f"optuna {optuna.__version__}\t{trials}\t{best * 1e3:.2f}", flush=True)


if __name__ == "__main__":
    main()
