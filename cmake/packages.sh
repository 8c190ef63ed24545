#!/bin/sh
# Installs the Debian 12 packages that are missing for the named parts of semlink:
#   cmake/packages.sh build|figures|tests|slurm ...
# Does nothing when all are there. Needs root or sudo; says what to run when it has neither (exit status 2).
set -eu

build="g++ cmake ninja-build libeigen3-dev libhdf5-dev libboost-program-options-dev libpng-dev libjpeg62-turbo-dev
  libliquid-dev libhwy-dev librandom123-dev"
figures="python3-xarray python3-h5netcdf python3-matplotlib"
tests="libgtest-dev libbenchmark-dev jupyter-nbconvert python3-ipykernel python3-netcdf4"
slurm="slurmctld slurmd slurm-client munge python3-h5py"  # for tests/scripts/slurm_test.sh alone

wanted=
for part in "$@"; do
  case $part in
    build) wanted="$wanted $build" ;;
    figures) wanted="$wanted $figures" ;;
    tests) wanted="$wanted $tests" ;;
    slurm) wanted="$wanted $slurm" ;;
    *) echo "packages.sh: $part: expected build, figures, tests or slurm" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "packages.sh: not a Debian system; install the counterparts of these packages yourself:" $wanted >&2
  exit 2
fi

missing=
for package in $wanted; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=absent
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
elif command -v sudo >/dev/null && [ -t 0 ]; then
  as_root=sudo  # asks for the password
else
  echo "Packages are missing, and installing them needs root or sudo. As root, run:" >&2
  echo "  apt-get update && apt-get install --no-install-recommends$missing" >&2
  exit 2
fi

echo "Installing:$missing"
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"; }
install() { apt install -y --no-install-recommends $missing; }
# With no or outdated package lists the first try fails at once.
install || { apt update && install; }
