#!/usr/bin/env bash
# Submits shards to a real Slurm, all on the loopback interface, as whoever runs this: its own munge key, ports and folders.
#   slurm_test.sh PROGRAM
# Exit status 77, with a message, where Slurm is not installed (`cmake/packages.sh slurm` does that).
set -euo pipefail
program=$1
PATH=$PATH:/usr/sbin:/sbin
for tool in munged slurmctld slurmd sbatch; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed (cmake/packages.sh slurm)"; exit 77; }
done

folder=$(mktemp -d)
end() {
  for daemon in slurmd slurmctld munged; do
    [ ! -f "$folder/$daemon.pid" ] || kill "$(cat "$folder/$daemon.pid")" || true
  done
  [ "$1" = 0 ] || tail -n 20 "$folder"/*.log "$folder"/work/*.log || true
  rm -rf "$folder" || { sleep 2; rm -rf "$folder"; }
}
trap 'end $?' EXIT
fail() { echo "$*" >&2; exit 1; }

# The folder of the key is private, that of the socket is not.
chmod 755 "$folder"
mkdir -m 700 "$folder/key"
mkdir "$folder/state" "$folder/spool" "$folder/work"
head -c 1024 /dev/urandom > "$folder/key/munge.key"
chmod 600 "$folder/key/munge.key"
munged --force --key-file="$folder/key/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/key/munge.seed"

host=$(hostname -s)
port=$((20000 + $$ % 20000))
user=$(id -un)
export SLURM_CONF=$folder/slurm.conf
cat > "$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
slurmctld
slurmd

wait_for() {  # SECONDS COMMAND ...
  local left=$1
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "waited in vain for: $*"
    sleep 1
  done
}
node_is_idle() { [ "$(sinfo -h -o %t 2>/dev/null)" = idle ]; }
queue_is_empty() { [ -z "$(squeue -h 2>/dev/null)" ]; }
wait_for 60 node_is_idle

cd "$folder/work"
cat > a.ini <<'INI'
[source]
kind = builtin
height = 8
width = 8
[codec]
model = none
[run]
max_trials = 200
[sweep]
channel.snr_db = 0, 10
channel.model = awgn, rayleigh
INI
r="r 50% of"  # what Slurm might take for words and patterns
submit=("$program" submit a.ini --engine=slurm --tasks=3 --partition=main --output="$r.h5")

# A shard that cannot write fails; its neighbours' work is kept and nothing is merged.
mkdir "$r.shard-2-of-3.h5.journal"
"${submit[@]}"
wait_for 120 queue_is_empty
[ -f "$r.shard-1-of-3.h5" ] && [ -f "$r.shard-3-of-3.h5" ] || fail "the neighbours of a failed shard are not there"
[ ! -e "$r.h5" ] || fail "an incomplete set was merged"

rmdir "$r.shard-2-of-3.h5.journal"
cp "$r.shard-1-of-3.log" kept.log
"${submit[@]}" | tee again.txt
grep -q ': shards 2 of 3$' again.txt || fail "more was submitted than what is missing"
wait_for 120 test -f "$r.h5"
wait_for 60 queue_is_empty
cmp kept.log "$r.shard-1-of-3.log" || fail "a shard that was done ran again"

"$program" run a.ini --output=alone.h5 --threads=1 >alone.log
/usr/bin/python3 - "$r.h5" <<'PYTHON'
import sys

import h5py, numpy

def variables(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return {name: value for name, value in found.items() if not name.startswith("run/")}

merged, alone = variables(sys.argv[1]), variables("alone.h5")
assert merged.keys() == alone.keys(), merged.keys() ^ alone.keys()
for name in alone:
    numpy.testing.assert_array_equal(merged[name], alone[name], name)
print(len(alone), "variables are equal")
PYTHON
