#!/usr/bin/env python3
"""Recomputes the golden values with the published code and compares them with the files in this folder.

    git clone https://github.com/yxgeee/MMT && git -C MMT checkout 057e1ea
    pip install torch==2.11.0 torchvision==0.26.0 numpy scikit-learn pillow safetensors
    python tests/golden/verify.py --published MMT

The inputs and parameters of every case are read from the golden folder, handed to the published function, and what it
returns is held against the stored outputs, within the tolerances of manifest.json. Other versions of the libraries may
differ in the last digits. Exit status: 0 all agree, 1 something differs, 2 the script could not run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Result:
    """What came of a group."""

    cases: int = 0
    outputs: int = 0
    worst: float = 0.0
    worst_name: str = ""
    mismatches: list[str] = field(default_factory=list)

    def add(self, name: str, share: float, text: str = "") -> None:
        """Takes one comparison: the error as a share of the allowed one, beyond 1 a mismatch."""
        self.outputs += 1
        if not share <= 1.0:
            self.mismatches.append(f"{name}: {text or f'{share:.3g} times the tolerance'}")
        if not share <= self.worst:
            self.worst, self.worst_name = share, name

    def line(self, group: str, seconds: float) -> str:
        """The group in one line."""
        worst = f", worst {100 * self.worst:.1f} % of the tolerance ({self.worst_name})" if self.worst > 0 else ""
        end = f", {len(self.mismatches)} MISMATCHES" if self.mismatches else ""
        return f"{group}: {self.cases} cases, {self.outputs} outputs compared{worst}{end} [{seconds:.0f} s]"


def share_of_tolerance(actual, stored, rule: dict) -> tuple[float, str]:
    """The largest error as a share of the allowed one; infinite where shapes or exact values differ."""
    import numpy as np

    actual, stored = np.asarray(actual), np.asarray(stored)
    if actual.shape != stored.shape:
        return float("inf"), f"shape {actual.shape}, stored {stored.shape}"
    if rule["compare"] == "exact":
        return (0.0, "") if np.array_equal(actual, stored) else (float("inf"), "not equal")
    actual, stored = actual.astype(np.float64), stored.astype(np.float64)
    error, allowed = np.abs(actual - stored), rule["atol"] + rule["rtol"] * np.abs(stored)
    share = np.where(error == 0, 0.0, error / np.where(allowed > 0, allowed, 5e-324))
    return float(share.max(initial=0.0)), ""


def check_tensors(case: dict, stored: dict, published, result: Result) -> None:
    """Recomputes a case in both widths and compares every output that is to be compared."""
    from verifier import recompute

    for prefix in ("out", "out64"):
        wanted = {k: v for k, v in case["outputs"].items() if k.startswith(prefix + ".") and v["compare"] != "info"}
        if not wanted:
            continue
        found = recompute.outputs(published, case, recompute.inputs(case, stored, prefix), prefix)
        for name, rule in wanted.items():
            place, stem = f"{case['name']}/{name}", name.partition(".")[2]
            if stem not in found:
                result.add(place, float("inf"), "not recomputed")
                continue
            result.add(place, *share_of_tolerance(found[stem], stored[f"{case['name']}/{name}"], rule))


def check_error(case: dict, stored: dict, published, result: Result) -> None:
    """The published code must end in the error that the case names."""
    from verifier import recompute

    prefix = case["raises"].get("where", "out")
    wanted = f"{case['raises']['type']}: {case['raises']['message']}"
    try:
        recompute.outputs(published, case, recompute.inputs(case, stored, prefix), prefix)
        found = "no error"
    except Exception as error:  # whatever published raises is what is compared
        found = f"{type(error).__name__}: {error}"
    result.add(case["name"], 0.0 if found == wanted else float("inf"), f"{found!r}, stored {wanted!r}")


def check_group(group: str, cases: list[dict], golden: Path, published) -> Result:
    """All cases of a group."""
    from verifier import recompute

    result = Result()
    files: dict[str, dict] = {None: {}}
    for case in cases:
        if case["file"] not in files:
            files[case["file"]] = recompute.load_file(golden / case["file"])
        stored = files[case["file"]]
        result.cases += 1
        case = {**case, "folder": golden}
        try:
            if case["function"] in recompute.TABLES:
                difference = recompute.TABLES[case["function"]](published, case)
                result.add(case["name"], float("inf") if difference else 0.0, difference)
            elif "raises" in case:
                check_error(case, stored, published, result)
            else:
                check_tensors(case, stored, published, result)
        except Exception as error:  # one broken case must not hide the others
            result.add(case["name"], float("inf"), f"could not be recomputed: {type(error).__name__}: {error}")
    return result


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, required=True, metavar="DIR", help="clone of yxgeee/MMT at 057e1ea")
    parser.add_argument("--golden", type=Path, default=HERE, metavar="DIR", help="golden folder (default: this one)")
    parser.add_argument("--group", nargs="+", metavar="NAME", help="groups to check (default: all that can be)")
    return parser.parse_args()


def commit(clone: Path) -> str:
    """The commit of the clone, where it is one of git."""
    found = subprocess.run(["git", "-C", clone, "rev-parse", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 and (clone / ".git").exists() else "of unknown commit"


def stop(text: object) -> None:
    """Ends the script where nothing could be checked."""
    print(f"verify: {text}", file=sys.stderr)
    sys.exit(2)


def main() -> None:
    """Checks the chosen groups."""
    args = arguments()
    try:
        manifest = json.loads((args.golden / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        stop(f"no golden folder: {error}")
    try:
        from verifier import recompute
        from verifier.published import Published

        published = Published(args.published.resolve())
    except ImportError as error:
        stop(f"{error}. See --help for the libraries this needs.")
    except FileNotFoundError as error:
        stop(error)
    groups = args.group or recompute.GROUPS
    if unknown := sorted(set(groups) - set(recompute.GROUPS)):
        stop(f"cannot recompute {', '.join(unknown)}; known groups: {', '.join(recompute.GROUPS)}")
    print(f"stored values: {manifest['source']}; published code: {commit(args.published)}", flush=True)
    failed = False
    for group in groups:
        start = time.monotonic()
        cases = [case for case in manifest["cases"] if case["group"] == group]
        result = check_group(group, cases, args.golden, published)
        print(result.line(group, time.monotonic() - start), flush=True)
        for mismatch in result.mismatches:
            print(f"  {mismatch}", flush=True)
        failed |= bool(result.mismatches) or not result.outputs
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
