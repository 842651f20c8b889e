#!/usr/bin/env python3
"""Ends runs at random moments, by SIGKILL, SIGTERM and a full disk in turn, and asks whether anything was lost.

    cargo build --bin reproduce
    python3 tests/kill_points.py                 # 200 points, some minutes
    python3 tests/kill_points.py --points 30 --seed 7

A run that was left alone is made first. Then a run is ended again and again, at a moment that is drawn from its length, and begun again
by the same command, until it comes to its end; then another one is begun, until there were as many ends as asked for. After each end,
every file must be whole and every job that was done must be done still; after each run, its records must be those of the run left
alone, byte for byte (timings.csv apart).

The full disk is a small file system in memory (mount needs root), whose size is drawn, and which is made large again afterwards. Where
mounting is not allowed, a limit on the size of files stands in for it: writes of more than so many bytes fail.
"""

import argparse
import csv
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ["SIGKILL", "SIGTERM", "full disk"]
# Epochs of few steps: most of the time goes into what surrounds them, where an end could do harm.
PROFILE = """base = "miniature"
name = "killed"
[adaptation]
epochs = 6
steps = 2
[pretraining]
epochs = 3
steps = 2
"""
RECORDS = ["epochs.csv", "evaluations.csv", "labels.csv", "queries.csv", "galleries.csv", "galleries.jpg"]
RECORDS += ["events.out.tfevents.0.mmt"]
LARGE = 256 << 20


class Place:
    """A folder for one run, on a file system of its own where that can be had."""

    def __init__(self, base):
        self.path = Path(tempfile.mkdtemp(prefix="run-", dir=base))
        self.mounted = self.mount("mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs")

    def mount(self, *command):
        return subprocess.run([*command, str(self.path)], capture_output=True).returncode == 0

    def resize(self, size):
        assert self.mount("mount", "-o", f"remount,size={size}")

    def used(self):
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)
        shutil.rmtree(self.path, ignore_errors=True)


def start(program, base, out, limit=None):
    """The command that every run is begun by, and begun again."""

    def limited():
        # Without this, a write beyond the limit is a signal, and no error as on a full disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [program, "--profile", base / "killed.toml", "--task", "market-to-duke", "--method", "mmt"]
    command += ["--threads", "2", "--out", out, "--domains-dir", base / "domains"]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=limited if limit is not None else None,
    )


def records(out):
    """Bytes of every record that an equal run must have."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*")) if path.name in RECORDS and "report" not in path.relative_to(out).parts
    }


def done(out):
    return {str(path.parent.relative_to(out)) for path in out.rglob("DONE")}


def half_written(out):
    """Files that are not whole, with what is wrong."""
    wrong = []
    for path in out.rglob("*"):
        # What a killed process was about to write has a name of its own, and goes away when the job goes on.
        if path.is_dir() or path.name.startswith(".tmp-") or path.name == ".lock":
            continue
        try:
            check_whole(path)
        except (ValueError, AssertionError, struct.error, UnicodeDecodeError) as error:
            wrong.append(f"{path}: {error!r}")
    return wrong


def check_whole(path):
    data = path.read_bytes()
    assert data, "empty"
    if path.suffix == ".csv":
        assert data.endswith(b"\n"), "its last line has no end"
        lengths = {len(row) for row in csv.reader(data.decode().splitlines())}
        assert len(lengths) == 1, f"rows of {lengths} cells"
    elif path.suffix == ".json":
        json.loads(data)
    elif path.suffix == ".safetensors":
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        end = max(value["data_offsets"][1] for name, value in header.items() if name != "__metadata__")
        assert len(data) == 8 + length + end, "its length does not fit its header"
    elif path.name == "DONE":
        assert len(data) == 65, "no hash"


def end_one(kind, arguments, base, place, whole, draw):
    """Begins the run and ends it; returns the exit status, none where it came to its end by itself, and what it said."""
    limit = None
    if kind == "full disk":
        # From nothing left to more than a run needs.
        room = int(draw.uniform(0, 1.2) * arguments.run_size)
        if place.mounted:
            place.resize(max(place.used() + room // 4, 4096))
        else:
            limit = max(4096, room // 8)
    child = start(arguments.program, base, place.path / "runs", limit)
    if kind == "full disk":
        said = child.communicate()[1]
        if place.mounted:
            place.resize(LARGE)
        return (child.returncode or None), said
    try:
        said = child.communicate(timeout=whole * draw.uniform(0.02, 0.7))[1]
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL if kind == "SIGKILL" else signal.SIGTERM)
        said = child.communicate()[1]
    return (child.returncode or None), said


def alone(arguments, base):
    """Records of a run that is left alone, its seconds, and its bytes."""
    out = base / "alone"
    # The first one draws the domains.
    for _ in range(2):
        shutil.rmtree(out, ignore_errors=True)
        since = time.monotonic()
        child = start(arguments.program, base, out)
        said = child.communicate()[1]
        assert child.returncode == 0, said
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return records(out), time.monotonic() - since, size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default=ROOT / "target/debug/reproduce")
    parser.add_argument("--work", type=Path, help="folder for all of it [default: one that is removed at the end]")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    base = Path(tempfile.mkdtemp(prefix="kill-points-", dir=arguments.work))
    (base / "killed.toml").write_text(PROFILE)
    expected, whole, arguments.run_size = alone(arguments, base)
    print(f"left alone: {len(expected)} records, {whole:.1f} s, {arguments.run_size / 1e6:.1f} MB", flush=True)
    ends, faults, runs, empty = dict.fromkeys(KINDS, 0), [], 0, 0
    place = Place(base)
    print("full disk: " + ("a file system in memory" if place.mounted else "a limit on the size of files"), flush=True)
    at = 0
    while sum(ends.values()) < arguments.points:
        kind = KINDS[at % len(KINDS)]
        at += 1
        out = place.path / "runs"
        before = done(out)
        status, said = end_one(kind, arguments, base, place, whole, draw)
        if status is None:
            runs += 1
            faults += [f"{kind}: other records" for _ in [0] if records(out) != expected]
            place.remove()
            place = Place(base)
            continue
        ends[kind] += 1
        empty += not records(out)
        faults += [f"{kind}: {text}" for text in half_written(out)]
        faults += [f"{kind}: {job} was done and is not" for job in before - done(out)]
        if kind == "full disk" and (status != 1 or "panicked" in said or "error: " not in said):
            faults.append(f"full disk: exit status {status}, said: {said.strip()!r}")
        if sum(ends.values()) % 20 == 0:
            print(f"{sum(ends.values())} ends, {runs} whole runs, {len(faults)} faults", flush=True)
    child = start(arguments.program, base, place.path / "runs")
    said = child.communicate()[1]
    runs += 1
    faults += [] if child.returncode == 0 else [f"the last run ended with {child.returncode}: {said.strip()!r}"]
    faults += ["the last run: other records"] if records(place.path / "runs") != expected else []
    place.remove()
    shutil.rmtree(base)
    print(f"{ends}, of them {empty} before the first record; {runs} runs came to their end; faults: {len(faults)}")
    print("\n".join(faults))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
