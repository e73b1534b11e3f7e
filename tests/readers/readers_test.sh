#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# readers_test.sh WRITER: every promise of docs/study-format.md to other programs. Exit code 77: skipped, with the reason.
set -eu
python=/usr/bin/python3
here=$(dirname "$0")
for module in h5py netCDF4 h5netcdf xarray pandas; do
  "$python" -c "import $module" 2>/dev/null || { echo "skipped: $python has no $module"; exit 77; }
done
command -v ncdump >/dev/null || { echo "skipped: there is no ncdump"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$1" "$scratch/study.h5"
"$python" "$here/readers.py" "$scratch/study.h5"
ncdump -h "$scratch/study.h5" >"$scratch/header"
for expected in 'group: trials' 'double param_lr(trial)' 'string param_optimizer(trial)' 'param_lr:scale = "log"' \
  'byte state(trial)' 'state:flag_meanings = "waiting running finished failed diverged abandoned"' \
  'proposed:units = "seconds since 1970-01-01 00:00:00"' ':format = "hpo-study"' 'double value_train_loss(report)'; do
  grep -qF -- "$expected" "$scratch/header" || { echo "ncdump -h does not show: $expected"; exit 1; }
done
ncdump -v /trials/param_optimizer "$scratch/study.h5" | grep -q 'param_optimizer = "' || { echo 'ncdump shows no texts'; exit 1; }
