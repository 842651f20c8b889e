#!/usr/bin/env bash
# Tries one program on both kinds of libtorch, on a machine without a card: with the libtorch it was built with, and with a
# full CUDA libtorch in a scratch folder. Shows which libraries each process has mapped and what `reproduce devices` and
# `--device cuda` say; a painted driver (tools/fake-driver.c) stands in for the cases that need one.
#   tools/try-cuda-libtorch.sh [DIR]     DIR: where the CUDA libtorch is or goes (5 GB) [default: /tmp/mmt-cuda-libtorch]
# PROGRAM=FILE: this reproduce instead of a build. Ends with a status other than 0 where anything is not as it must be.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
folder=${1:-/tmp/mmt-cuda-libtorch}
program=${PROGRAM:-}
if [[ -z $program ]]; then
  cargo build --quiet --bin reproduce
  program=${CARGO_TARGET_DIR:-target}/debug/reproduce
fi
./setup.sh cuda "$folder"
cuda=$(cd "$folder" && pwd)/torch/lib
painted=$(mktemp -d)
trap 'rm -rf "$painted"' EXIT
cc -shared -fPIC -o "$painted/libcuda.so.1" tools/fake-driver.c

failed=0
# shows TITLE PART... : runs the program with $path and the environment, shows its answer, and looks for each PART in it.
shows() {
  local title=$1; shift
  printf '\n== %s\n' "$title"
  local answer
  answer=$(LD_LIBRARY_PATH=$path "${environment[@]}" "$program" devices 2>&1) || { echo "status $?"; failed=1; }
  printf '%s\n' "$answer"
  for part in "$@"; do
    grep -qF -- "$part" <<<"$answer" || { echo "NOT SAID: $part"; failed=1; }
  done
}

# Mapped libraries of libtorch and CUDA in a process that is held at its first line of output.
mapped() {
  printf '\n== /proc/PID/maps, %s\n' "$1"
  LD_LIBRARY_PATH=$path python3 - "$program" "${@:2}" <<'PY' || failed=1
import fcntl, os, re, subprocess, sys, time
program, *wanted = sys.argv[1:]
read, write = os.pipe()
os.set_blocking(write, False)
try:
    while True:
        os.write(write, b"x" * 4096)
except BlockingIOError:
    pass
os.set_blocking(write, True)
child = subprocess.Popen([program, "devices"], stdout=write)
os.close(write)
def libraries():
    with open(f"/proc/{child.pid}/maps") as maps:
        return sorted(set(re.findall(r"/\S*/lib(?:torch|c10|cud|cublas|nccl)\S*", maps.read())))
found, still = libraries(), 0
def complete():
    return all(any(path.endswith("/" + name) for path in found) for name in wanted if not name.startswith("-"))
end = time.monotonic() + 120
# Two seconds without a new one: it stands at the full pipe.
while (still < 20 or not complete() and time.monotonic() < end) and child.poll() is None:
    time.sleep(0.1)
    now = libraries()
    still, found = (still + 1 if now == found else 0), now
print("\n".join(found))
os.set_blocking(read, True)
while os.read(read, 65536):
    pass
child.wait()
names = {os.path.basename(path) for path in found}
wrong = [name for name in wanted if (name.lstrip("-") in names) == name.startswith("-")]
if wrong:
    print("NOT AS IT MUST BE:", *wrong)
    sys.exit(1)
PY
}

environment=(env)
path=
shows "its own libtorch" "CUDA part none" "no CUDA part"
mapped "its own libtorch" libtorch_cpu.so -libtorch_cuda.so
path=$cuda
shows "a libtorch with CUDA, no driver" "loaded from $cuda/libtorch_cuda.so" "there is no NVIDIA driver"
mapped "a libtorch with CUDA" libtorch_cpu.so libtorch_cuda.so libc10_cuda.so
path=$cuda:$painted
shows "a painted driver without a card" "there is no card cuda:0; the driver shows 0"
environment=(env FAKE_CARDS=61)
shows "a painted card that is too old" "compute capability 6.1" "too old for this libtorch"
environment=(env FAKE_CARDS=90 FAKE_CUDA=12080)
shows "a painted driver that is too old" "serves CUDA 12.8 at most"
environment=(env FAKE_CARDS=90)
shows "a painted card that fits, which libtorch cannot see" "but libtorch sees 0 cards"
echo
((failed == 0)) || { echo "try-cuda-libtorch: not everything is as it must be"; exit 1; }
echo "try-cuda-libtorch: everything is as it must be"
