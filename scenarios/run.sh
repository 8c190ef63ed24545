#!/usr/bin/env bash
# Runs a scenario from a fresh clone: installs what is missing, builds, simulates, and draws the figure beside the result.
#   scenarios/run.sh SCENARIO [options of `semlink run`]
# Without --output the result is results/NAME.h5 under the working directory. One that is there goes on, or is refused
# with the reason when it is of something else: give --overwrite, or another --output. A shard is not drawn.
set -euo pipefail

if [ $# = 0 ] || [ "$1" = --help ]; then
  sed -n '2,5s/^# //p' "$0"
  exit $(($# == 0 ? 2 : 0))
fi
case $1 in -*) echo "run.sh: $1: expected the scenario first" >&2; exit 2 ;; esac
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$top/cmake/packages.sh" build figures
[ -f "$top/build/build.ninja" ] || cmake -S "$top" -B "$top/build" -G Ninja -DSEMLINK_TESTS=OFF
ninja -C "$top/build" -j "$(nproc)" semlink-app

output=
previous=
drawn=yes
for argument in "$@"; do
  case $argument in
    --output=* | --run.output=*) output=${argument#*=} ;;
    --shard | --shard=* | --dry-run) drawn= ;;
    *) case $previous in --output | --run.output) output=$argument ;; esac ;;
  esac
  previous=$argument
done
if [ -z "$output" ] && [ -n "$drawn" ]; then
  if grep -Eqs '^[[:space:]]*(run\.)?output[[:space:]]*=' "$1"; then
    echo "run.sh: $1 names its own output: give it as --output too, so that it can be drawn" >&2
    exit 2
  fi
  name=$(basename "$1")
  output=results/${name%.*}.h5
  set -- "$@" --output "$output"
fi

# A run that failed its power ledger (status 1) keeps its result: draw it all the same.
status=0
"$top/build/semlink" run "$@" || status=$?
if [ "$status" != 2 ] && [ -n "$drawn" ] && [ -f "$output" ]; then
  /usr/bin/python3 "$top/analysis/plot.py" "$output"
fi
exit "$status"
