#!/usr/bin/env python3
"""Breaks the fast code on purpose, one break at a time, and asks the suite whether it notices.

All breaks of list.toml are built into one program, each behind a switch that the variable MMT_MUTANT sets, in a copy of the
tracked files below target/mutations/. Nothing in the working tree changes but the report.

    python3 tests/mutations/run.py                 # all, and write reports/mutations.md
    python3 tests/mutations/run.py D12 experiment  # the breaks of some definitions or rooms, and print what fails
    python3 tests/mutations/run.py --check         # only whether the places of all breaks are still there: a second
    python3 tests/mutations/run.py --first         # the same, but on to the next break at the first test that fails: minutes, not hours

A break is held against the tests of its room in the suite. One with `tests = ["report::claims::", "cli::run::"]` is held against
those instead: the unit tests of the library (`lib`) or of a crate of `crates/` (by its folder), the command line (`cli`) or the suite
(`suite`), then what a test's name begins with.
"""

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "target" / "mutations"
# What no mutant is asked. Whole ResNet-50s take minutes and hold the same definitions as ten_steps; the rest holds no definition.
LEFT_OUT = [
    "golden::models",
    "golden::trajectories",
    "golden::datasets",
    "golden::serialization",
    "architecture",
    "coverage",
    "checkpoints",
    "allocation",
]
# Seconds after which a program that runs as a mutant counts as hanging.
PATIENCE = 900
SWITCH = """
/// True while the program runs as that mutant.
pub fn mutant(number: usize) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(|| std::env::var("MMT_MUTANT").ok()?.parse().ok()) == Some(number)
}
"""


class Tree:
    """The tracked files with the breaks, so that an unfinished edit elsewhere does no harm."""

    def __init__(self) -> None:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        self.files = {name: (ROOT / name).read_bytes() for name in filter(None, listed.split("\0")) if (ROOT / name).is_file()}

    def text(self, name: str) -> str:
        return self.files[name].decode()

    def put(self, name: str, text: str) -> None:
        self.files[name] = text.encode()

    def write(self) -> None:
        """Only what differs is written: the rest need not be built again."""
        for path in [path for path in TREE.rglob("*") if path.is_file() and str(path.relative_to(TREE)) not in self.files]:
            path.unlink()
        for name, content in self.files.items():
            path = TREE / name
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                shutil.copymode(ROOT / name, path)


def code_of(text: str) -> str:
    """The text up to its unit tests, comments blanked out at the same length, so that places stay."""
    code = re.split(r"^#\[cfg\(test\)\]\n(?:pub\S* )?mod ", text, maxsplit=1, flags=re.MULTILINE)[0]
    return re.sub(r"//[^\n]*", lambda comment: " " * len(comment.group()), code)


def plant(tree: Tree, number: int, mutation: dict) -> None:
    """Builds one break into the copy."""
    text = tree.text(mutation["file"])
    code = code_of(text)
    found = mutation["find"]
    if code.count(found) != 1:
        sys.exit(f"{mutation['file']}: {found!r} stands there {code.count(found)} times, not once")
    switch = f"{'mmt' if mutation['file'].startswith('src/bin/') else 'crate'}::mutant({number})"
    if "replace" in mutation:
        new = mutation["replace"].replace("$MUTANT", switch)
    else:
        # The expression itself is put in last: another break is to find the place that it looks for, not this one's text.
        new = f"(if {switch} {{ {placeholder(number)} }} else {{ {found} }})"
    at = code.index(found)
    tree.put(mutation["file"], text[:at] + new + text[at + len(found) :])


def root_of(file: str) -> str:
    """The root of the crate that a file belongs to, where the switch is put. The program stands on the library."""
    folder, crate, *_ = file.split("/")
    return f"crates/{crate}/src/lib.rs" if folder == "crates" else "src/lib.rs"


def placeholder(number: int) -> str:
    return f"@put {number}@"


def planted(mutations: list[dict]) -> Tree:
    """The tree with all breaks, each behind its switch."""
    tree = Tree()
    for number, mutation in enumerate(mutations):
        plant(tree, number, mutation)
    for number, mutation in enumerate(mutations):
        if "put" in mutation:
            tree.put(mutation["file"], tree.text(mutation["file"]).replace(placeholder(number), mutation["put"]))
    for name in {root_of(mutation["file"]) for mutation in mutations}:
        tree.put(name, tree.text(name) + SWITCH)
    return tree


def build() -> dict[str, Path]:
    """The programs of the tests by name. A target folder of its own: Cargo takes the copy's crates for the project's, and would mix
    them up."""
    environment = dict(os.environ, CARGO_TARGET_DIR=str(ROOT / "target" / "mutants"))
    if not {"LIBTORCH", "LIBTORCH_USE_PYTORCH"} & environment.keys():
        environment["LIBTORCH"] = str(ROOT / ".libtorch" / "torch")
    environment["CPLUS_INCLUDE_PATH"] = str(ROOT / "tools" / "no-libtorch")
    packages = ["mmt", *(f"mmt-{folder.name}" for folder in sorted((ROOT / "crates").iterdir()))]
    command = ["cargo", "test", *(f"--package={name}" for name in packages), "--lib", "--bins", "--test=suite", "--test=cli", "--no-run"]
    command.append("--message-format=json-render-diagnostics")
    done = subprocess.run(command, cwd=TREE, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("the mutants do not compile")
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    tests = [message for message in messages if message.get("profile", {}).get("test") and message.get("executable")]
    names = {"mmt": "lib"} | {name.replace("-", "_"): name.removeprefix("mmt-") for name in packages[1:]}
    return {names.get(name := message["target"]["name"], name): Path(message["executable"]) for message in tests}


def asked_of(mutation: dict) -> list[str]:
    """The tests a break is held against, as PROGRAM::BEGINNING: those that it names, or those of its room, the published values,
    and whole training steps; all of the suite where the file is in no room that has tests, so that other rooms use it."""
    if named := mutation.get("tests"):
        return named
    _, *room, _ = mutation["file"].split("/")
    has_tests = room and (ROOT / "tests" / "suite" / room[0]).is_dir()
    return [f"suite::{name}::" for name in (room[0], "golden", "ten_steps")] if has_tests else ["suite::"]


def failed_tests(programs: dict[str, Path], number: int | None, asked: list[str], first: bool = False) -> list[str]:
    """Names of the tests that fail as that mutant, among those that are asked; of the first one alone where that is enough."""
    environment = dict(os.environ)
    environment.pop("MMT_MUTANT", None)
    if number is not None:
        environment["MMT_MUTANT"] = str(number)
    failed = set()
    for name, program in programs.items():
        filters = [test.removeprefix(f"{name}::") for test in asked if test.startswith(f"{name}::")]
        if not filters or (first and failed):
            continue
        named = [test for test in filters if test]
        skips = [part for test in LEFT_OUT if name == "suite" and test not in "".join(named) for part in ("--skip", test)]
        of_program = failures([program, *named, *skips], environment, first)
        failed |= {test if name == "suite" else f"{name}::{test}" for test in of_program}
    return sorted(failed)


def failures(command: list, environment: dict[str, str], first: bool) -> set[str]:
    """Tests of a program that fail. It is ended when it has run for too long, or when the first failure is enough."""
    found = set()
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    patience = threading.Timer(PATIENCE, running.kill)
    patience.start()
    for line in running.stdout:
        if match := re.match(r"test (\S+)(?: - should panic)? \.\.\. FAILED", line):
            found.add(match.group(1))
            if first:
                running.kill()
    patience.cancel()
    if running.wait() != 0 and not found:
        found.add("the whole program")
    return found


def properties(programs: dict[str, Path]) -> list[str]:
    """All tests a mutant is asked that hold a property."""
    listed = subprocess.run([programs["suite"], "--list"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^(\S+): test$", listed, re.MULTILINE)
    return [name for name in names if not name.startswith(("golden::", *LEFT_OUT))]


def report(mutations: list[dict], failed: list[list[str]], all_properties: list[str] | None) -> str:
    """The page; `all_properties` are none where each break was left at the first test that failed."""
    caught = sum(bool(names) for names in failed)
    lines = [
        "# Mutations: is a broken definition noticed?",
        "",
        "Each line breaks one expression of the fast code and runs tests. Made by `python3 tests/mutations/run.py` from",
        "`tests/mutations/list.toml`; nothing here is written by hand. Asked are the tests of its room (of all rooms where the file is",
        "in none that has tests), the published values and whole training steps, or the tests that the list names; ResNet-50s (golden",
        "models and trajectories) are not.",
        "",
        f"{caught} of {len(mutations)} breaks were caught ({datetime.date.today().isoformat()}).",
    ]
    if all_properties is None:
        lines += ["", "Each break was left at the first test that failed (`--first`)."]
    lines += ["", "| Nr | what was broken | in | tests that failed | for instance |", "| --- | --- | --- | ---: | --- |"]
    for mutation, names in zip(mutations, failed):
        own = [name for name in names if not name.startswith("golden::")] or names
        shown = ", ".join(f"`{name}`" for name in own[:2]) or "**none**"
        place = mutation["file"].removeprefix("src/")
        count = len(names) if all_properties is not None or not names else "1 or more"
        lines.append(f"| {mutation['definition']} | {mutation['what']} | `{place}` | {count} | {shown} |")
    if all_properties is not None:
        killed = {name for names in failed for name in names}
        quiet = [name for name in all_properties if name not in killed]
        lines += ["", f"## Tests of the rooms that no break of the list made fail: {len(quiet)} of {len(all_properties)}", ""]
        lines += [f"- `{name}`" for name in quiet] or ["None."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("definitions", nargs="*", help="only breaks of these definitions or rooms, such as D12 or report; prints and writes no report")
    parser.add_argument("--check", action="store_true", help="end when the place of every break was found once")
    parser.add_argument("--first", action="store_true", help="go on with the next break at the first test that fails")
    arguments = parser.parse_args()
    chosen = set(arguments.definitions)
    mutations = tomllib.loads((ROOT / "tests/mutations/list.toml").read_text())["mutation"]
    rooms = [mutation["file"].split("/")[1].removesuffix(".rs") for mutation in mutations]
    if unknown := chosen - {mutation["definition"] for mutation in mutations} - set(rooms):
        sys.exit(f"no break of {', '.join(sorted(unknown))} is listed")
    tree = planted(mutations)
    if arguments.check:
        return
    tree.write()
    programs = build()
    asked = [
        at for at, mutation in enumerate(mutations) if not chosen or {mutation["definition"], rooms[at]} & chosen
    ]
    needed = sorted({test for at in asked for test in asked_of(mutations[at])})
    if broken := failed_tests(programs, None, needed):
        sys.exit(f"without a break these fail already: {', '.join(broken)}")
    failed = []
    for at in asked:
        failed.append(failed_tests(programs, at, asked_of(mutations[at]), arguments.first))
        print(f"{mutations[at]['definition']} {mutations[at]['what']}: {len(failed[-1])} tests fail", flush=True)
        if chosen or arguments.first:
            print("".join(f"    {name}\n" for name in failed[-1]), end="", flush=True)
    if not chosen:
        all_properties = None if arguments.first else properties(programs)
        (ROOT / "reports" / "mutations.md").write_text(report(mutations, failed, all_properties))
    if not all(failed):
        sys.exit("some breaks were not noticed")


if __name__ == "__main__":
    main()
