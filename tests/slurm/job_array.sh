#!/usr/bin/env bash
# docs/job-array.sbatch on a real SLURM: one part is requeued while it runs, one cancelled and submitted again; the records must be
# those of a run that was left alone.
#   cargo build --bin reproduce
#   tests/slurm/one_node.sh tests/slurm/job_array.sh
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
program=$PWD/target/debug/reproduce
work=$(mktemp -d /tmp/job-array-XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/target/debug"
ln -s "$program" "$work/target/debug/reproduce"
cp docs/job-array.sbatch "$work"
cat > "$work/try.toml" <<'T'
base = "miniature"
name = "try"
tasks = ["market-to-duke", "duke-to-market"]
seeds = [1]
[adaptation]
epochs = 8
T
cd "$work"
say() { printf 'job_array: %s\n' "$*"; }

# The drawn domains, as if they were real data.
"$program" --profile miniature --method pre-trained --domains-dir domains --out drawn --quiet >/dev/null
DATA=$(echo domains/seed-*)
export DATA
"$program" --profile try.toml --data-root "$DATA" --seeds 1 --threads 1 --device cpu --out alone --quiet >/dev/null
say "a run that was left alone is made"

state() { scontrol show job "$1" 2>/dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | head -1; }
until_state() {
  for _ in $(seq 6000); do [[ $(state "$1") = "$2" ]] && return; sleep 0.2; done
  say "job $1 is $(state "$1"), not $2"; exit 1
}

export SEEDS=1 PROFILE=try.toml EXPERIMENT=table1 DEVICE=cpu PARTS=2
array=$(sbatch --parsable --array=1-2 --gres=none --cpus-per-task=1 --time=30 --export=ALL job-array.sbatch)
until_state "${array}_1" RUNNING
until_state "${array}_2" RUNNING
sleep 6
say "array $array: both parts run; $(find runs -name epochs.csv | wc -l) jobs have records"
scontrol requeue "${array}_1"
scancel "${array}_2"
until_state "${array}_2" CANCELLED
say "part 1 was requeued, part 2 cancelled: $(find runs -name DONE | wc -l) jobs done"
again=$(sbatch --parsable --array=2 --gres=none --cpus-per-task=1 --time=30 --export=ALL job-array.sbatch)
until_state "${array}_1" COMPLETED
until_state "${again}_2" COMPLETED
say "both came to their end: $(scontrol show job "${array}_1" | grep -o 'Restarts=[0-9]*')"

differences=0
for name in epochs.csv evaluations.csv labels.csv queries.csv galleries.csv DONE; do
  for file in $(cd alone && find . -name "$name"); do
    cmp -s "alone/$file" "runs/$file" || { say "differs: $file"; differences=$((differences + 1)); }
  done
done
jobs=$(find alone -name DONE | wc -l)
"$program" report runs/try --out report >/dev/null
say "$jobs jobs, $differences files that differ"
grep -h "error" mmt-*.log || true
((differences == 0))
