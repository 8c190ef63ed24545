#!/bin/sh
# cmake/packages.sh against stand-ins for dpkg-query, id, sudo and apt-get: what it asks for as a user without sudo, as a
# user with sudo, and as root with outdated package lists.
set -eu
script=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() { echo "FAILED: $*" >&2; cat "$scratch/out" >&2; exit 1; }
expect() { grep -q -e "$1" "$scratch/$2" || fail "no \"$1\" in $2"; }
stand_in() { printf '#!/bin/sh\n%s\n' "$2" >"$scratch/bin/$1"; chmod +x "$scratch/bin/$1"; }
expect_status() {  # STATUS WHO ARGUMENTS...
  expected=$1 who=$2 status=0
  shift 2
  PATH=$scratch/bin /bin/sh "$script" "$@" >"$scratch/out" 2>&1 </dev/null || status=$?
  [ "$status" = "$expected" ] || fail "$who: status $status, expected $expected"
}

mkdir "$scratch/bin"
log=$scratch/calls
# Everything but libliquid-dev is installed.
stand_in dpkg-query 'for p; do :; done; [ "$p" != libliquid-dev ] || exit 1; echo installed'
ln -s "$(command -v env)" "$scratch/bin/env"

stand_in id 'echo 1000'
expect_status 2 "a user without sudo" build
expect 'apt-get install --no-install-recommends libliquid-dev$' out

expect_status 0 "nothing missing" figures
[ ! -s "$scratch/out" ] || fail "nothing missing: expected no output"

expect_status 2 "an unknown part" nonsense

stand_in sudo "echo \"sudo \$*\" >>$log"
expect_status 0 "a user with sudo" build
expect '^sudo -n env .*apt-get .* install -y --no-install-recommends libliquid-dev$' calls

stand_in id 'echo 0'
stand_in apt-get "echo \"apt-get \$*\" >>$log; case \"\$*\" in *update) : >$scratch/updated ;; *) [ -e $scratch/updated ] ;; esac"
expect_status 0 "root with outdated lists" build
[ "$(grep -c '^apt-get .* install' "$log")" = 2 ] || fail "root with outdated lists: expected a second try after the update"

rm "$scratch/bin/dpkg-query"
expect_status 2 "no dpkg" build
expect 'libliquid-dev' out
