#!/usr/bin/env bash
# Everything that wants a card, in one go of at most ten minutes, on a machine without toolchain or network but with PyTorch 2.11.0
# and its CUDA. Where there is a toolchain, first:
#   tools/gpu-check.sh pack --release         builds, strips and puts both programs into target/gpu-check/
# Carry the repository with that folder (or the folder, tests/golden/ and this script) to the card, and there:
#   tools/gpu-check.sh                        writes reports/gpu.md
#   tools/gpu-check.sh --cpu --small          the same on the processor, sizes scaled down: writes target/gpu-check/gpu.md
# Options: --device cuda:N, --out FILE. LIBTORCH_LIB=DIR: this libtorch instead of the one that python3 imports.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
packed=target/gpu-check

pack() {
  mkdir -p "$packed"
  cargo build --bin reproduce "$@"
  cargo test --test suite --no-run --message-format=json "$@" | python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable"):
        print(message["target"]["kind"][0], message["executable"])' > "$packed/programs"
  strip -o "$packed/suite" "$(sed -n 's/^test //p' "$packed/programs")"
  local folder
  folder=$(dirname "$(dirname "$(sed -n 's/^test //p' "$packed/programs")")")
  strip -o "$packed/reproduce" "$folder/reproduce"
  rm "$packed/programs"
  ls -l "$packed"
}

device=cuda small= out=
while (($#)); do
  case $1 in
    pack) shift; pack "$@"; exit ;;
    --cpu) device=cpu ;;
    --small) small=yes ;;
    --device) device=$2; shift ;;
    --out) out=$2; shift ;;
    *) echo "usage: tools/gpu-check.sh [pack | [--cpu] [--small] [--device D] [--out FILE]]" >&2; exit 2 ;;
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
lib=${LIBTORCH_LIB:-$(python3 -c 'import torch, os; print(os.path.join(os.path.dirname(torch.__file__), "lib"))' 2>/dev/null || true)}
if [[ -n $lib ]]; then
  export LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
elif [[ $device != cpu ]]; then
  echo "gpu-check: python3 cannot import torch: set LIBTORCH_LIB to the torch/lib of a PyTorch 2.11.0 with CUDA" >&2; exit 1
fi

root=$PWD
work=$(mktemp -d)
sampler=
trap '[[ -z $sampler ]] || kill "$sampler" 2>/dev/null || true; rm -rf "$work"' EXIT
reproduce=$root/$packed/reproduce
failed=()
begin=$SECONDS
report=$work/report.md
write() { printf '%s\n' "$@" | tee -a "$report"; }
fence() { write '```'; tee -a "$report"; write '```'; }

# Most memory of the card that was in use while a command ran, in MiB.
watch_memory() {
  sampler=
  command -v nvidia-smi >/dev/null && [[ $device != cpu ]] || return 0
  nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits -lms 200 > "$work/memory" & sampler=$!
}
most_memory() {
  [[ -n $sampler ]] || { echo "-"; return; }
  kill "$sampler" 2>/dev/null || true; wait "$sampler" 2>/dev/null || true; sampler=
  sort -n "$work/memory" | tail -n 1
}

write "# On a card" "" "Written by \`tools/gpu-check.sh\` on $(date -u +%Y-%m-%d), device \`$device\`${small:+, sizes scaled down}."
[[ $device != cpu ]] || write "" "**This was the processor: nothing here says anything about a card.**"
write "" "## Machine" ""
"$reproduce" devices 2>&1 | fence

write "" "## Golden and property tests" ""
# The suite leaves its comparisons in the folder three above its own.
mkdir -p "$work/target/check/deps"
cp "$packed/suite" "$work/target/check/deps/suite"
tests=(golden:: loss:: distance:: cluster:: eval:: train:: ten_steps::)
[[ -z $small ]] || tests=(golden::losses golden::objective golden::clustering loss:: distance:: cluster:: train::adam train::ema)
status=0
(cd "$work" && MMT_GOLDEN_DIR=$root/tests/golden "$work/target/check/deps/suite" "${tests[@]}" --skip waits::nothing) > "$work/suite.log" 2>&1 || status=$?
grep -E '^test .* FAILED|^test result' "$work/suite.log" | fence
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
for path in pathlib.Path(sys.argv[1]).glob("*.json"):
    for line in json.loads(path.read_text()).get("comparisons", []):
        entry = seen[line["device"], line["against"], line["side"]]
        entry[0] += line["comparisons"]
        entry[1] = max(entry[1], line["worst_share"])
print("| device | against | side | comparisons | worst share |\n| --- | --- | --- | ---: | ---: |")
for key, (count, share) in sorted(seen.items()):
    print("|", *(f"{part} |" for part in key), f"{count} | {100 * share:.1f} % |")
PY

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
watch_memory
status=0
(cd "$work" && "$reproduce" --profile check.toml --device "$device" --out "$work/runs" --domains-dir "$work/domains") > "$work/run.log" 2>&1 || status=$?
memory=$(most_memory)
if ((status)); then
  failed+=("the epoch")
  tail -n 20 "$work/run.log" | fence
else
  write "ResNet-50 at \`$size\`, $per_batch images a batch, $steps steps, two students and two mean networks; most memory of the card in use: $memory MiB." ""
  python3 - "$work/runs" "$steps" "$per_batch" <<'PY' | tee -a "$report"
import csv, pathlib, sys
root, steps, batch = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("| job | epoch | stage | seconds | images a second |\n| --- | ---: | --- | ---: | ---: |")
for path in sorted(root.rglob("timings.csv")):
    job = path.parent.relative_to(root)
    for row in csv.DictReader(path.open()):
        rate = f"{steps * batch / float(row['seconds']):.1f}" if row["stage"] == "training" else ""
        print(f"| {job} | {row['epoch']} | {row['stage']} | {float(row['seconds']):.2f} | {rate} |")
PY
fi

write "" "## Clustering" ""
write "Clustered random features, 17 rows an identity, unit length; DBSCAN on Jaccard distances with the published settings." ""
write "| N | D | status | seconds | memory of the card, MiB |" "| ---: | ---: | --- | ---: | ---: |"
sizes=(${CLUSTER_SIZES:-$([[ -n $small ]] && echo "500 1000" || echo "12936 32621")})
columns=$([[ -n $small ]] && echo 64 || echo 2048)
for rows in "${sizes[@]}"; do
  python3 - "$work/features.npy" "$rows" "$columns" <<'PY'
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
            file.write(bytes(block.contiguous().untyped_storage()))
PY
  watch_memory
  started=$(date +%s.%N) answer=done
  "$reproduce" cluster --features "$work/features.npy" --method dbscan --device "$device" --out "$work/labels.csv" > "$work/cluster.log" 2>&1 || { answer=failed; failed+=("clustering of $rows"); }
  seconds=$(python3 -c "import time; print(f'{time.time() - $started:.1f}')")
  memory=$(most_memory)
  write "| $rows | $columns | $answer | $seconds | $memory |"
  cp "$work/cluster.log" "$packed/cluster-$rows.log"
done

write "" "$((SECONDS - begin)) s in all. Failed: ${failed[*]:-nothing}."
mkdir -p "$(dirname -- "$out")"
cp "$report" "$out"
echo "gpu-check: $out"
((${#failed[@]} == 0))
