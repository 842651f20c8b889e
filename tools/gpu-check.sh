#!/usr/bin/env bash
# Everything that wants a card, in one go of at most ten minutes, on a machine without toolchain or network but with PyTorch 2.11.0
# and its CUDA. Where there is a toolchain, first:
#   tools/gpu-check.sh pack                   builds both programs (stripped, 60 MiB at most each) into target/gpu-check/
# Carry the repository with that folder (or the folder, tests/golden/, benches/peer_step.py and this script) to the card, and there:
#   tools/gpu-check.sh                        writes reports/gpu.md
#   tools/gpu-check.sh --cpu --small          the same on the processor, sizes scaled down: writes target/gpu-check/gpu.md
# Options: --device cuda:N, --out FILE, --minutes N, --threads N. LIBTORCH_LIB=DIR: this libtorch instead of the one that Python imports.
# PYTHON=FILE: a Python that imports torch [python3]. `pack --debug` builds faster and larger.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
packed=target/gpu-check

pack() {
  local profile=(--release) limit=60
  [[ ${1:-} != --debug ]] || profile=() limit=
  mkdir -p "$packed"
  # This builds the program, too.
  cargo test --test suite --no-run --message-format=json "${profile[@]}" | python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable"):
        print(message["target"]["name"], message["target"]["kind"][0], message["profile"]["test"], message["executable"])' > "$packed/programs"
  strip -o "$packed/suite" "$(sed -n 's/^suite test True //p' "$packed/programs")"
  strip -o "$packed/reproduce" "$(sed -n 's/^reproduce bin False //p' "$packed/programs")"
  rm "$packed/programs"
  ls -l "$packed"
  [[ -z $limit ]] || find "$packed" -type f \( -name suite -o -name reproduce \) -size "+${limit}M" | while read -r program; do
    echo "gpu-check: $program is larger than $limit MiB" >&2; false
  done
}

device=cuda small= out= minutes=10 threads=()
python=${PYTHON:-python3}
while (($#)); do
  case $1 in
    pack) shift; pack "$@"; exit ;;
    --cpu) device=cpu ;;
    --small) small=yes ;;
    --device) device=$2; shift ;;
    --out) out=$2; shift ;;
    --minutes) minutes=$2; shift ;;
    --threads) threads=(--threads "$2"); export OMP_NUM_THREADS=$2; shift ;;
    *) echo "usage: tools/gpu-check.sh [pack | [--cpu] [--small] [--device D] [--out FILE] [--minutes N] [--threads N]]" >&2; exit 2 ;;
  esac
  shift
done
if [[ -z $out ]]; then
  out=reports/gpu.md
  [[ $device != cpu ]] || out=$packed/gpu.md
fi
for program in reproduce suite; do
  [[ -x $packed/$program ]] || { echo "gpu-check: $packed/$program is missing: tools/gpu-check.sh pack" >&2; exit 1; }
done

# The libtorch that Python imports, unless another one is named; on the processor the one that the programs were linked with will do.
lib=${LIBTORCH_LIB:-$("$python" -c 'import torch, os; print(os.path.join(os.path.dirname(torch.__file__), "lib"))' 2>/dev/null || true)}
if [[ -n $lib ]]; then
  export LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
elif [[ $device != cpu ]]; then
  echo "gpu-check: $python cannot import torch: set LIBTORCH_LIB to the torch/lib of a PyTorch 2.11.0 with CUDA" >&2; exit 1
fi

root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
reproduce=$root/$packed/reproduce
failed=()
begin=$SECONDS
report=$work/report.md
write() { printf '%s\n' "$@" | tee -a "$report"; }
fence() { write '```'; tee -a "$report"; write '```'; }
# within SHARE COMMAND...: runs it in so many hundredths of the time, or in what is left of it.
within() {
  local share=$1 left=$((minutes * 60 - (SECONDS - begin))); shift
  local limit=$((minutes * 60 * share / 100))
  ((limit < left)) || limit=$left
  ((limit > 0)) || { echo "no time left" >&2; return 124; }
  timeout "$limit" "$@"
}
# The value of a line `NAME  VALUE` of the program's answer.
value() { sed -n "s/^$1  *//p" "$2" | head -n 1; }

[[ $device = cpu ]] && title="The check for cards, on the processor" || title="On a card"
write "# $title" "" "Written by \`tools/gpu-check.sh\` on $(date -u +%Y-%m-%d), device \`$device\`${small:+, sizes scaled down}."
[[ $device != cpu ]] || write "" "**This was the processor: nothing here says anything about a card.**"
write "" "## Machine" ""
# Where libtorch lies says nothing.
"$reproduce" devices 2>&1 | sed "s#/[^ ]*/torch/lib#torch/lib#g" | fence
write "" "$(nproc --all) processors, $(cut -d ' ' -f 1 /proc/loadavg) programs at work on them when the check began."

write "" "## Golden and property tests" ""
# The suite leaves its comparisons in the folder three above its own.
mkdir -p "$work/target/check/deps"
cp "$packed/suite" "$work/target/check/deps/suite"
tests=(golden:: conformance:: data::pixels loss:: distance:: cluster:: eval:: train:: ten_steps::)
[[ -z $small ]] || tests=(golden::losses golden::objective golden::clustering conformance:: data::pixels loss:: distance:: cluster:: train::adam train::ema)
status=0
(cd "$work" && MMT_GOLDEN_DIR=$root/tests/golden within 35 "$work/target/check/deps/suite" "${tests[@]}" --skip waits::nothing) > "$work/suite.log" 2>&1 || status=$?
{ grep -E '^test .* FAILED|^test result' "$work/suite.log" || true; } | fence
((status != 124)) || write "The time for them was up."
((status == 0)) || failed+=("tests")
if grep -q 'skipped: no CUDA device' "$work/suite.log"; then
  write "" "There was no CUDA device for the tests: $(grep -c 'skipped: no CUDA device' "$work/suite.log") definitions were skipped on it."
  [[ $device = cpu ]] || failed+=("tests on the card")
fi
cp "$work/suite.log" "$packed/suite.log"
write "" "Comparisons by device, and the worst error as a share of the allowed one:" ""
python3 - "$work/target/agreement" <<'PY' | tee -a "$report"
import collections, json, pathlib, sys
seen = collections.defaultdict(lambda: [0, 0.0])
for path in pathlib.Path(sys.argv[1]).rglob("*.json"):
    for line in json.loads(path.read_text()).get("comparisons", []):
        entry = seen[line["device"], line["against"], line["side"]]
        entry[0] += line["comparisons"]
        entry[1] = max(entry[1], line["worst_share"])
print("| device | against | side | comparisons | worst share |\n| --- | --- | --- | ---: | ---: |")
for key, (count, share) in sorted(seen.items()):
    print("|", *(f"{part} |" for part in key), f"{count} | {100 * share:.1f} % |")
PY

write "" "## Speed of a step" ""
if [[ -n $small ]]; then
  network=small base=miniature size='{ height = 64, width = 32 }' sides=64x32 batch='{ identities = 2, instances = 4, bn_group = 0 }' images=8 steps=3
else
  network=resnet50 base=paper size='{ height = 256, width = 128 }' sides=256x128 batch='{ identities = 16, instances = 4, bn_group = 0 }' images=64 steps=20
fi
cat > "$work/speed.toml" <<TOML
base = "$base"
name = "speed"
image_size = $size
[adaptation]
batch = $batch
TOML
precisions=(f32 tf32 bf16)
[[ $device != cpu ]] || precisions=(f32 bf16)
write "Network $network, images of $sides, $images a batch, batch norm on the whole batch; two students, two mean networks, all losses, Adam. Median of" \
  "$steps steps after 3. PyTorch eager: \`benches/peer_step.py\`, the published step in our words, $("$python" -c 'import torch; print(torch.__version__)' 2>/dev/null || echo "not there")." ""
write "| precision | milliseconds | images a second | PyTorch eager, milliseconds | times as fast | memory of the card |" \
  "| --- | ---: | ---: | ---: | ---: | ---: |"
for precision in "${precisions[@]}"; do
  ours="-" theirs="-" rate="-" ratio="-" memory="-"
  bench=("$reproduce" bench --profile "$work/speed.toml" --steps "$steps" --precision "$precision" --device "$device" "${threads[@]}")
  peer=("$python" benches/peer_step.py "$network" --batch "$images" --size "$sides" --precision "$precision" --device "$device" "${threads[@]}")
  # Both in turn; without a PyTorch ours alone.
  if within 20 "${bench[@]}" -- "${peer[@]}" > "$work/speed.log" 2>&1; then
    theirs=$(value "the other program" "$work/speed.log"); ratio=${theirs##* }; theirs=${theirs%% *}
  else
    failed+=("PyTorch in $precision"); tail -n 3 "$work/speed.log" >&2
    within 10 "${bench[@]}" > "$work/speed.log" 2>&1 || { failed+=("speed in $precision"); tail -n 3 "$work/speed.log" >&2; }
  fi
  ours=$(value "the whole step" "$work/speed.log"); ours=${ours%% *}
  rate=$(sed -n 's/^the whole step.* \([0-9.]*\) images a second/\1/p' "$work/speed.log")
  memory=$(value "memory of the card" "$work/speed.log"); memory=${memory:--}
  write "| $precision | $ours | $rate | $theirs | $ratio | $memory |"
done

write "" "## One epoch of the profile \`paper\` on built-in domains" ""
if [[ -n $small ]]; then
  size='{ height = 32, width = 16 }' identities=4 images=4 steps=1 clusters=4 batch='{ identities = 4, instances = 2, bn_group = 0 }' per_batch=8
else
  size='{ height = 256, width = 128 }' identities=100 images=12 steps=50 clusters=100 batch='{ identities = 16, instances = 4, bn_group = 16 }' per_batch=64
fi
cat > "$work/check.toml" <<TOML
base = "paper"
name = "gpu-check"
tasks = ["market-to-duke"]
image_size = $size
rows = [{ name = "pre-trained", method = "pre-trained" }, { name = "mmt", method = "mmt" }]
[domains]
train_identities = $identities
train_images = $images
test_identities = $identities
test_images = 4
distractors = 8
[pretraining]
epochs = 1
steps = $steps
batch = $batch
evaluate_every = 1
[adaptation]
epochs = 1
steps = $steps
batch = $batch
clustering = { kind = "kmeans", clusters = $clusters, n_init = 2 }
TOML
status=0
(cd "$work" && within 25 "$reproduce" --profile check.toml --device "$device" "${threads[@]}" --out "$work/runs" --domains-dir "$work/domains") > "$work/run.log" 2>&1 || status=$?
if ((status)); then
  failed+=("the epoch")
  tail -n 20 "$work/run.log" | fence
else
  write "ResNet-50 at \`$size\`, $per_batch images a batch, $steps steps; images are read from files, and come in two views." ""
  # Said on a card only.
  if grep -q '^memory:' "$work/run.log"; then grep '^memory:' "$work/run.log" | fence; fi
  python3 - "$work/runs" "$steps" "$per_batch" <<'PY' | tee -a "$report"
import csv, pathlib, sys
root, steps, batch = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("| job | epoch | stage | seconds | images a second |\n| --- | ---: | --- | ---: | ---: |")
# Those of the jobs; the report has a table of the same name.
for path in sorted(root.glob("gpu-check/[!r]*/**/timings.csv")):
    job = path.parent.relative_to(root)
    for row in csv.DictReader(path.open()):
        rate = f"{steps * batch / float(row['seconds']):.1f}" if row["stage"] == "training" else ""
        print(f"| {job} | {row['epoch']} | {row['stage']} | {float(row['seconds']):.2f} | {rate} |")
PY
fi

write "" "## Clustering" ""
write "Clustered random features, 17 rows an identity, unit length; DBSCAN on Jaccard distances with the published settings." ""
write "| N | D | status | seconds | memory of the card | peak of the process |" "| ---: | ---: | --- | ---: | ---: | ---: |"
sizes=(${CLUSTER_SIZES:-$([[ -n $small ]] && echo "500 1000" || echo "32621 400000")})
columns=$([[ -n $small ]] && echo 64 || echo 2048)
for rows in "${sizes[@]}"; do
  "$python" - "$work/features.npy" "$rows" "$columns" <<'PY'
import array, random, struct, sys
path, rows, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
header += " " * (-(10 + len(header) + 1) % 64) + "\n"
with open(path, "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
    try:
        import torch
    except ImportError:
        torch = None
    if torch is None:
        draw = random.Random(1)
        for first in range(0, rows, 17):
            centre = [draw.gauss(0, 1) for _ in range(columns)]
            for _ in range(min(17, rows - first)):
                file.write(array.array("f", (c + 0.5 * draw.gauss(0, 1) for c in centre)).tobytes())
    else:
        torch.manual_seed(1)
        for first in range(0, rows, 17 * 256):
            count = min(17 * 256, rows - first)
            centres = torch.randn(-(-count // 17), columns).repeat_interleave(17, 0)[:count]
            block = centres + 0.5 * torch.randn(count, columns)
            file.write(memoryview(block.contiguous().numpy()).cast("B"))
PY
  started=$SECONDS answer=done
  within 60 "$reproduce" cluster --features "$work/features.npy" --method dbscan --device "$device" "${threads[@]}" --out "$work/labels.csv" > "$work/cluster.log" 2>&1 \
    || { answer=failed; failed+=("clustering of $rows"); }
  [[ $answer = done ]] || tail -n 3 "$work/cluster.log" >&2
  stages=$(value seconds "$work/cluster.log") card=$(value card "$work/cluster.log") peak=$(value "peak memory" "$work/cluster.log")
  write "| $rows | $columns | $answer | ${stages:-$((SECONDS - started))} | ${card:--} | ${peak:--} |"
  cp "$work/cluster.log" "$packed/cluster-$rows.log"
done

write "" "$((SECONDS - begin)) s in all. Failed: ${failed[*]:-nothing}."
mkdir -p "$(dirname -- "$out")"
cp "$report" "$out"
echo "gpu-check: $out"
((${#failed[@]} == 0))
