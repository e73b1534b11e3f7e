#!/bin/sh
# run.sh TOOLS DIRECTORY: makes the study in DIRECTORY when it is not there, and runs it to its end. Run again, it goes on
# from where it was, or says that the study is complete.
set -eu
tools=$1 directory=$2
here=$(cd "$(dirname "$0")" && pwd)
PATH=$tools:$PATH
export PATH
mkdir -p "$directory"
cd "$directory"
[ -e study.toml ] || cp "$here/study.toml" .
rc=0
hpo-init study.toml || rc=$?
[ $rc = 0 ] || [ $rc = 3 ] || exit $rc
# On this machine, also where there is a Slurm; HPO_LOCAL= runs it there.
make --no-print-directory TOOLS="$tools" HPO_LOCAL="${HPO_LOCAL-1}"
hpo-collect study.h5 --plot=curves
echo
echo "The study is in $directory: try there  make status,  hpo-collect study.h5 --sort=value --top=5,  hpo-collect --help"
