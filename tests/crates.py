#!/usr/bin/env python3
"""Licences and sources of all crates in Cargo.lock against the list of deny.toml, and the Rust they need against our rust-version.

    python3 tests/crates.py

Takes what each crate says of itself. `cargo deny check` reads the texts of licences as well and knows advisories, which this does not; it
does not look at versions of Rust, for which a newer crate of a dependency may ask without a word.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def allows(expression, allowed):
    """Whether an SPDX expression can be met by licences of the list: one of an OR, all of an AND."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    # `X WITH Y` is one licence.
    while "WITH" in tokens:
        at = tokens.index("WITH")
        tokens[at - 1:at + 2] = [" ".join(tokens[at - 1:at + 2])]

    def any_of():
        found = all_of()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            found = all_of() or found
        return found

    def all_of():
        found = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            found = one() and found
        return found

    def one():
        token = tokens.pop(0)
        if token != "(":
            return token in allowed
        found = any_of()
        assert tokens.pop(0) == ")"
        return found

    found = any_of()
    assert not tokens, f"cannot read {expression}"
    return found


def check_itself():
    for expression, expected in [
        ("MIT", True), ("GPL-3.0", False), ("GPL-3.0 OR MIT", True), ("MIT/Apache-2.0", True), ("MIT AND GPL-3.0", False),
        ("(GPL-3.0 OR MIT) AND Zlib", True), ("Apache-2.0 WITH LLVM-exception", False), ("MIT OR GPL-3.0 AND Zlib", True),
    ]:
        assert allows(expression, {"MIT", "Zlib", "Apache-2.0"}) == expected, expression


def version(text):
    return [int(part) for part in (text or "0").split(".")]


def main():
    check_itself()
    # No reader of TOML before Python 3.11.
    allowed = set(re.findall(r'"([^"]+)"', re.search(r"^allow = \[(.*?)\]", (ROOT / "deny.toml").read_text(), re.S | re.M)[1]))
    own = version(re.search(r'^rust-version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.M)[1])
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)["packages"]
    wrong = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not allows(package["license"] or "none", allowed):
            wrong.append(f"{name}: licence {package['license']}")
        if package["source"] not in (None, "registry+https://github.com/rust-lang/crates.io-index"):
            wrong.append(f"{name}: from {package['source']}")
        if version(package["rust_version"]) > own:
            wrong.append(f"{name}: needs Rust {package['rust_version']}")
    print("\n".join(wrong) or f"{len(packages)} crates: licences, sources and versions of Rust are ours")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
