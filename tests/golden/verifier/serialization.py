"""Group `serialization`: which entries of a state dict are copied, and what the stored checkpoints hold."""

from __future__ import annotations

import contextlib
import io
import json
import re
from types import SimpleNamespace

import torch

from .published import Published


def copied(published: Published, source: dict, target: dict, strip: str | None) -> dict:
    """What the published `copy_state_dict` copies, and what it prints as mismatched and missing."""
    given = {name: torch.ones(shape) for name, shape in source.items()}
    state = {name: torch.zeros(shape) for name, shape in target.items()}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        published.module("utils.serialization").copy_state_dict(
            given, SimpleNamespace(state_dict=lambda: state), strip=strip
        )
    missing = re.search(r"missing keys in state_dict: \{(.*)\}", printed.getvalue())
    return {
        "copied": sorted(name for name, tensor in state.items() if tensor.eq(1).all()),
        "mismatch": re.findall(r"mismatch: (\S+)", printed.getvalue()),
        "missing": sorted(re.findall(r"'([^']*)'", missing[1])) if missing else [],
        "raises": None,
    }


def check_copies(published: Published, case: dict) -> str:
    stored = json.loads((case["folder"] / case["files"][0]).read_text())
    for one in stored["copy_state_dict"]:
        found = copied(published, one["source"], one["target"], one["strip"])
        if any(one[key] != value for key, value in found.items()):
            return f"{one['case']}: {found}"
    found = missing_file(published)
    return "" if found == stored["load_missing_file"] else f"{found}, stored {stored['load_missing_file']}"


def missing_file(published: Published) -> dict | None:
    """How a checkpoint that is not there is refused."""
    try:
        published.module("utils.serialization").load_checkpoint("/nonexistent/model.pth.tar")
    except ValueError as error:
        return {"type": type(error).__name__, "message": str(error)}
    return None


def checkpoint(published: Published, case: dict, inputs: dict) -> dict:
    """The tensors of the checkpoints of the case, which must be the same in both formats."""
    load, states = published.module("utils.serialization").load_checkpoint, []
    for file in case["files"]:
        held = load(str(case["folder"] / file))
        if (held["epoch"], held["best_mAP"]) != (case["params"]["epoch"], case["params"]["best_mAP"]):
            raise ValueError(f"{file} holds another epoch or mAP")
        states.append(held["state_dict"])
    for other in states[1:]:
        if other.keys() != states[0].keys() or any(not torch.equal(other[name], states[0][name]) for name in other):
            raise ValueError("the files differ")
    return states[0]


TABLES = {"mmt.utils.serialization.copy_state_dict": check_copies}
FUNCTIONS = {"mmt.utils.serialization.save_checkpoint": checkpoint}
