#!/usr/bin/env bash
# A SLURM cluster of this machine alone, for as long as COMMAND runs: for trying docs/job-array.sbatch. Needs root and, on Debian,
# apt-get install slurm-wlm munge.
#   tests/slurm/one_node.sh COMMAND ...
set -euo pipefail
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || { echo "one_node: $program was not found (Debian: apt-get install slurm-wlm munge)" >&2; exit 2; }
done
[[ $EUID -eq 0 ]] || { echo "one_node: needs root: slurmd starts jobs of other users" >&2; exit 2; }

work=$(mktemp -d /tmp/one-node-XXXXXX)
host=$(hostname -s)
mkdir -p "$work"/{state,spool}
cat > "$work/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=5
JobRequeue=1
MinJobAge=600
SchedulerParameters=requeue_delay=1
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
: > "$work/cgroup.conf"

# munged insists on folders that nobody else may write to.
mkdir -m 755 "$work/munge"
chmod 755 "$work"
dd if=/dev/urandom of="$work/munge/key" bs=1 count=1024 status=none
chmod 600 "$work/munge/key"
munged --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
  --log-file="$work/munge/log" --seed-file="$work/munge/seed" --force

export SLURM_CONF=$work/slurm.conf
slurmctld -D -f "$SLURM_CONF" >"$work/slurmctld.out" 2>&1 & controller=$!
slurmd -D -f "$SLURM_CONF" -N "$host" >"$work/slurmd.out" 2>&1 & node=$!
stop() {
  scancel --user=root --full 2>/dev/null || true
  kill "$controller" "$node" 2>/dev/null || true
  wait "$controller" "$node" 2>/dev/null || true
  # munged is no child of this shell, and writes its seed as it goes.
  kill "$(cat "$work/munge/pid")" 2>/dev/null && while [[ -e $work/munge/pid ]]; do sleep 0.1; done
  if [[ -n ${KEEP:-} ]]; then echo "one_node: kept $work" >&2; else rm -rf "$work"; fi
}
trap stop EXIT

for _ in $(seq 60); do
  state=$(sinfo -h -o %T 2>/dev/null || true)
  [[ $state = idle ]] && break
  sleep 1
done
[[ ${state:-} = idle ]] || { echo "one_node: the node is ${state:-not there}" >&2; tail -5 "$work"/slurm*.log "$work"/slurm*.out >&2; exit 1; }
"$@"
