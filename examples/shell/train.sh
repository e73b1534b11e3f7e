#!/bin/sh
# A "training" in shell: one step after the other up to HPO_BUDGET, a report a step on standard output, its state in
# HPO_CHECKPOINT_DIR, resumed from HPO_RESUME_FROM.
set -eu
for word; do
	case $word in
	--x=*) x=${word#--x=} ;;
	--y=*) y=${word#--y=} ;;
	*) echo "train.sh: what is $word?" >&2; exit 2 ;;
	esac
done
step=0 loss=
if [ -n "$HPO_RESUME_FROM" ]; then read -r step loss <"$HPO_RESUME_FROM/state"; fi
# Killed after its last checkpoint and run again: only the report is missing.
if [ "$step" -ge "$HPO_BUDGET" ]; then echo "hpo: step=$step loss=$loss"; fi
while [ "$step" -lt "$HPO_BUDGET" ]; do
	step=$((step + 1))
	loss=$(awk "BEGIN { l = log($y); print ($x - 1)^2 + l * l + 1 / $step }")
	echo "hpo: step=$step loss=$loss"
	echo "$step $loss" >"$HPO_CHECKPOINT_DIR/.state"
	mv "$HPO_CHECKPOINT_DIR/.state" "$HPO_CHECKPOINT_DIR/state"
done
