#!/usr/bin/env bash
# Installs what is missing, builds everything (the benchmarks too, so that they do not rot) and runs the tests.
#   tests/run.sh [options of ctest]
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"$top/cmake/packages.sh" build figures tests
cmake -S "$top" -B "$top/build" -G Ninja -DSEMLINK_TESTS=ON -DSEMLINK_BENCH=ON
ninja -C "$top/build" -j "$(nproc)"
exec ctest --test-dir "$top/build" --output-on-failure --parallel "$(nproc)" "$@"
