#!/bin/sh
# Installs semlink into a folder of its own, then configures, builds and runs the project in this folder against it.
#   consumer_test.sh BUILD_FOLDER
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/installed" >/dev/null
# Every header that was installed compiles with what a user has.
(cd "$scratch/installed/include" && find semlink -name '*.h' | sort | sed 's/.*/#include <&>/') >"$scratch/all.cpp"
c++ -std=c++20 -Wall -Werror -fsyntax-only -I"$scratch/installed/include" -isystem /usr/include/eigen3 "$scratch/all.cpp"

cmake -S "$here" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$scratch/installed"
cmake --build "$scratch/build"
"$scratch/build/blocked_link" | tee "$scratch/table"

# One more frame in four is lost from line to line, so the mean PSNR falls. E|h|^2 stays 1: with 400 frames the measured SNR
# has a standard error of at most sqrt(0.5 / 0.5 / 400) = 5 %, 0.2 dB.
awk '{ for (i = 1; i < NF; ++i) { if ($i == "PSNR") psnr = $(i + 1); if ($i == "SNR") snr = $(i + 1) } }
     NR > 1 && psnr >= last { print "line " NR ": the PSNR does not fall"; bad = 1 }
     snr < 14 || snr > 16 { print "line " NR ": measured SNR " snr " dB, label 15 dB"; bad = 1 }
     { last = psnr }
     END { if (NR != 3) { print NR " lines, expected 3"; bad = 1 } exit bad }' "$scratch/table"

# The installed program finds what was installed with it.
"$scratch/installed/bin/semlink" list >/dev/null
[ -e "$scratch/installed/share/semlink/scenarios/quickstart.ini" ]
