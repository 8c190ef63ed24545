#!/usr/bin/env bash
# The first command of the README, as a stranger calls it, and what scenarios/run.sh does with a result that is there.
#   quickstart_test.sh SOURCE_FOLDER    leaves results/quickstart.h5 and its figure in the working directory
set -euo pipefail
run=$1/scenarios/run.sh
scenario=$1/scenarios/quickstart.ini
fail() { echo "$1" >&2; exit 1; }

rm -rf results
# Ended early by a limit, it leaves what it has; without the limit it goes on from there.
"$run" "$scenario" --run.max_time_s=0.2 >/dev/null
[ -f results/quickstart.h5 ] || fail "a run that ends early leaves no result"
"$run" "$scenario"
[ -s results/quickstart.png ] || fail "no figure"

# What it has is neither lost to a smaller run nor to another one, and a plan draws nothing.
sum=$(sha256sum results/quickstart.h5)
"$run" "$scenario" --run.max_trials=1 >/dev/null
rm results/quickstart.png
"$run" "$scenario" --dry-run >/dev/null
[ ! -e results/quickstart.png ] || fail "--dry-run draws"
status=0
"$run" "$scenario" --run.seed=2 2>refused || status=$?
[ "$status" = 2 ] || fail "status $status for another seed: expected 2"
grep -q -e --overwrite refused || fail "no word of --overwrite: $(cat refused)"
[ "$sum" = "$(sha256sum results/quickstart.h5)" ] || fail "the result has changed"
"$run" "$scenario" >/dev/null
