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
step=0
if [ -n "$HPO_RESUME_FROM" ]; then read -r step <"$HPO_RESUME_FROM/state"; fi
while [ "$step" -lt "$HPO_BUDGET" ]; do
	step=$((step + 1))
	loss=$(awk "BEGIN { l = log($y); print ($x - 1)^2 + l * l + 1 / $step }")
	echo "hpo: step=$step loss=$loss"
	echo "$step" >"$HPO_CHECKPOINT_DIR/state.new"
	mv "$HPO_CHECKPOINT_DIR/state.new" "$HPO_CHECKPOINT_DIR/state"
done
