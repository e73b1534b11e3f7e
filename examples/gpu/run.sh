#!/bin/sh
# run.sh TOOLS DIRECTORY [--device=auto|cpu|cuda]: makes the study in DIRECTORY when it is not there, and runs it to its end: with
# sbatch where there is a Slurm, else on this machine. Run again, it goes on from where it was.
set -eu
tools=$1 directory=$2 device=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$tools:$PATH
export PATH
mkdir -p "$directory"
cd "$directory"
[ -e study.toml ] || cp "$here/study.toml" .
case $device in
'') ;;
--device=auto | --device=cpu | --device=cuda) sed -i "s/^device .*/device    = \"${device#--device=}\"/" study.toml ;;
*) echo "run.sh: what is $device? there are: --device=auto --device=cpu --device=cuda" >&2; exit 2 ;;
esac
rc=0
hpo-init study.toml || rc=$?
[ $rc = 0 ] || [ $rc = 3 ] || exit $rc
make --no-print-directory TOOLS="$tools"
hpo-collect study.h5 --plot=curves
