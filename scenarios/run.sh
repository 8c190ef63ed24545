#!/usr/bin/env bash
# Runs a scenario from a fresh clone: installs what is missing, builds, simulates, and draws the figure beside the result.
#   scenarios/run.sh SCENARIO [options of `semlink run`]
# Without --output the result is results/NAME.h5 under the working directory, written anew each time. A shard is not drawn.
set -euo pipefail

if [ $# = 0 ] || [ "$1" = --help ]; then
  sed -n '2,4s/^# //p' "$0"
  exit $(($# == 0 ? 2 : 0))
fi
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$top/cmake/packages.sh" build figures
[ -f "$top/build/build.ninja" ] || cmake -S "$top" -B "$top/build" -G Ninja -DSEMLINK_TESTS=OFF
ninja -C "$top/build" -j "$(nproc)" --quiet semlink-app

output=
previous=
shard=
for argument in "$@"; do
  case $argument in
    --output=* | --run.output=*) output=${argument#*=} ;;
    --shard*) shard=yes ;;
    *) case $previous in --output | --run.output) output=$argument ;; esac ;;
  esac
  previous=$argument
done
if [ -z "$output$shard" ]; then
  name=$(basename "$1")
  output=results/${name%.*}.h5
  set -- "$@" --output "$output"
  case " $* " in *" --resume "* | *" --overwrite "*) ;; *) set -- "$@" --overwrite ;; esac
fi

"$top/build/semlink" run "$@"
[ -n "$shard" ] || /usr/bin/python3 "$top/analysis/plot.py" "$output"
