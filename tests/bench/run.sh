#!/bin/sh
# run.sh BUILD: every measurement, one after the other on a machine that should be quiet, as ratios to a floor or a rival of the same run.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
echo "== a training step, one thread"
"$build/bench/step_bench"
echo "== the same step in PyTorch"
/usr/bin/python3 "$here/torch_step.py" || echo "(python3-torch is not installed: apt-get install python3-torch, then again)"
echo "== a training step, two ranks"
"$here/two_ranks.sh" "$build"
echo "== points a second"
"$build/bench/propose_bench"
echo "== a proposal by densities"
"$build/bench/tpe_cost"
/usr/bin/python3 "$here/optuna_cost.py" || echo "(Optuna is not installed: apt-get install python3-optuna, then again)"
echo "== a proposal by Gaussian processes"
"$build/bench/gp_cost"
echo "== which parameters decide"
"$build/bench/importance_cost"
/usr/bin/python3 "$here/importance_rival.py" "$build/bench/importance_cost" || echo "(python3-optuna is not installed: apt-get install python3-optuna python3-sklearn, then again)"
echo "== loading and committing a study"
"$build/bench/store_bench"
echo "== what the GPU half costs where there is no GPU"
"$here/plugin_cost.py" "$build" || :
