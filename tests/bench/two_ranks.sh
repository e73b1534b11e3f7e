#!/bin/sh
# two_ranks.sh BUILD: wall time of a training step of the built-in trainer on Fashion-MNIST, global batch 256, one rank against two
# ranks of one thread each. The ratio is the speed-up; 2 would be perfect. Needs two idle cores.
set -eu
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl=self,vader

step_ms() { # RANKS MODEL
	cat >"$work/train.toml" <<EOF
epochs = 1
batch = 256
data = { kind = "idx", path = "/usr/share/datasets/fashion-mnist", valid = 40000 }
model = $2
optimizer = { kind = "adamw", lr = 0.001 }
EOF
	mpirun --oversubscribe -np "$1" "$build/bin/hpo-train" --quiet --config "$work/train.toml" --json |
		sed -n 's/.*"samples_per_s":\([0-9.e+]*\).*/\1/p' | awk '{ printf "%.2f", 256000 / $1 }'
}

best_of_three() {
	for _ in 1 2 3; do step_ms "$@"; echo; done | sort -n | head -n 1
}

printf '%-28s %10s %10s %9s\n' model '1 rank/ms' '2 ranks/ms' speed-up
for row in 'MLP 784-1024-1024-10|{ kind = "mlp", hidden = [1024, 1024] }' 'CNN 32C3-P-64C3-P-FC128|{ kind = "cnn", channels = [32, 64], hidden = [128] }'; do
	name=${row%%|*} model=${row#*|}
	one=$(best_of_three 1 "$model")
	two=$(best_of_three 2 "$model")
	awk -v n="$name" -v a="$one" -v b="$two" 'BEGIN { printf "%-28s %10.2f %10.2f %9.2f\n", n, a, b, a / b }'
done
