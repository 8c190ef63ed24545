#!/usr/bin/env bash
# The examples of codecs/README.md that are whole files, those that begin with the name of one and an #include, compile.
#   examples_test.sh README COMPILER [OPTIONS]
set -euo pipefail
readme=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
awk -v folder="$folder" '/^```cpp$/ {open = 1; n++; next} /^```$/ {open = 0} open {print > (folder "/" n ".cpp")}' "$readme"
num_compiled=0
for example in $(grep -l '^#include' "$folder"/*.cpp); do
  "$@" -fsyntax-only -w "$example"
  num_compiled=$((num_compiled + 1))
done
echo "$num_compiled examples"
[ "$num_compiled" -ge 2 ]
