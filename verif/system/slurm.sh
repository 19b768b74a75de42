#!/usr/bin/env bash
# explore --slurm on a cluster of one node, started here and only for this: the array and its merge give what one run gives, one shard can be
# run again, and after a failed shard nothing is merged. Skipped (77) without Debian's packages slurm-wlm and munge.   slurm.sh QUILLGEN EXAMPLES
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
for program in sbatch squeue scancel slurmctld slurmd munged; do
  command -v "$program" >/dev/null || { echo "skipped: $program is missing; install the Debian packages slurm-wlm and munge"; exit 77; }
done
quillgen=$(realpath "$1") examples=$(realpath "$2")
room=$(mktemp -d)
daemons=()
# Jobs first: the node daemon takes them down. Then the daemons, the last one first.
stop() {
  if [ ${#daemons[@]} -gt 1 ]; then
    scancel --quiet --full --user="$(id -un)" || true
    for _ in $(seq 50); do [ -z "$(squeue --noheader 2>&1)" ] && break || sleep 0.2; done
  fi
  for ((i = ${#daemons[@]} - 1; i >= 0; --i)); do kill "${daemons[i]}" && wait "${daemons[i]}" || true; done
  rm -rf "$room"
} >/dev/null 2>&1
trap stop EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  tail -n 20 "$room"/*.log "$room"/work/results/*.log >&2 || true
  exit 1
}
# until_true SECONDS WHAT COMMAND...
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "$what"
    sleep 0.2
  done
}

# --- the cluster
node=$(hostname -s)
# A port that nobody listens on, and nobody is given soon: below those of outgoing connections.
free_port() { python3 -c '
import random, socket
while True:
    port = random.randrange(20000, 32000)
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", port)) != 0: break
print(port)'; }
head -c 1024 /dev/urandom >"$room/munge.key"
chmod 400 "$room/munge.key"
mkdir "$room/state" "$room/spool" "$room/work"
cat >"$room/slurm.conf" <<END
ClusterName=quillgen
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$room/munge.socket
CredType=cred/munge
StateSaveLocation=$room/state
SlurmdSpoolDir=$room/spool
SlurmctldPidFile=$room/slurmctld.pid
SlurmdPidFile=$room/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$room/ended.txt
MpiDefault=none
MailProg=/bin/true
ReturnToService=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
echo 'CgroupAutomount=no' >"$room/cgroup.conf"
export SLURM_CONF=$room/slurm.conf
munged --foreground --force --key-file="$room/munge.key" --socket="$room/munge.socket" --pid-file="$room/munge.pid" --seed-file="$room/munge.seed" \
  --log-file="$room/munged.log" >"$room/munged_out.log" 2>&1 &
daemons+=($!)
until_true 20 'munged does not start' test -S "$room/munge.socket"
slurmctld -D -L "$room/slurmctld.log" >"$room/slurmctld_out.log" 2>&1 &
daemons+=($!)
slurmd -D -N "$node" -L "$room/slurmd.log" >"$room/slurmd_out.log" 2>&1 &
daemons+=($!)
idle() { [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; }
until_true 60 'the node does not come up' idle
sinfo --version

# --- the sweep
cd "$room/work"
cp "$examples/official_test_shapes.safetensors" layer.safetensors
sweep=(--preset nano --vary gemm.rows=1,2,4 --vary gemm.columns=2,6,7 --workload layer.safetensors)
"$quillgen" explore "${sweep[@]}" --out whole >/dev/null
"$quillgen" explore "${sweep[@]}" --out results --slurm sweep.sh --shards 4
same() { for kind in json csv svg; do cmp "whole/explore.$kind" "results/explore.$kind" || fail "$1: explore.$kind differs"; done; }
none_left() { [ -z "$(squeue --noheader)" ]; }
clear_results() { rm -f results/*; }

bash sweep.sh --time=10
until_true 120 'the jobs do not end' none_left
same 'array and merge'
[ "$(grep -c 'Name=quillgen-explore.*JobState=COMPLETED' "$room/ended.txt")" -eq 4 ] || fail "not four shards: $(cat "$room/ended.txt")"
echo 'array of 4 shards and merge: as one run'

rm results/explore.* results/shard_3_of_4.json
sbatch --parsable --array=3 sweep.sh >/dev/null
until_true 120 'the shard does not end' none_left
bash sweep.sh merge >/dev/null
same 'a shard run again'
echo 'shard 3 again and merge: as one run'

clear_results
mv layer.safetensors away.safetensors
bash sweep.sh >/dev/null
until_true 120 'the jobs do not end' none_left
[ -z "$(find results -name '*.json')" ] || fail "there are results: $(ls results)"
grep -q 'Name=quillgen-merge JobState=CANCELLED' "$room/ended.txt" || fail "the merge was not cancelled: $(tail -n 1 "$room/ended.txt")"
grep -q 'layer.safetensors: cannot be opened' results/slurm_*_1.log || fail 'no reason in the log'
echo 'shards fail: no merge, the reason is in the logs'
