"""Which published function a case belongs to, and how its inputs are handed over."""

from __future__ import annotations

import re

import numpy as np
import torch
from safetensors.numpy import load_file

from . import clustering, datasets, evaluation, losses, models, objective, samplers, schedules, serialization, trajectories, transforms
from .published import Published, width

GROUP_MODULES = {
    "losses": losses,
    "objective": objective,
    "clustering": clustering,
    "evaluation": evaluation,
    "schedules": schedules,
    "transforms": transforms,
    "samplers": samplers,
    "datasets": datasets,
    "serialization": serialization,
    "models": models,
    "trajectories": trajectories,
}
GROUPS = list(GROUP_MODULES)

# Functions whose cases hold tensors: (published, case, inputs) -> outputs by their names without prefix.
FUNCTIONS = {name: call for module in GROUP_MODULES.values() for name, call in getattr(module, "FUNCTIONS", {}).items()}

# Functions whose cases hold JSON tables: (published, case) -> what differs, or an empty text.
TABLES = {name: call for module in GROUP_MODULES.values() for name, call in getattr(module, "TABLES", {}).items()}

WIDTHS = {"out": torch.float32, "out64": torch.float64}


def inputs(case: dict, stored: dict, prefix: str) -> dict[str, torch.Tensor]:
    """The inputs of a case by their names without `in.`; f32 inputs are widened for `out64`."""
    tensors = {}
    for name, spec in case["inputs"].items():
        tensor = torch.from_numpy(np.array(stored[f"{case['name']}/{name}"]))
        tensors[name.removeprefix("in.")] = tensor.to(WIDTHS[prefix]) if spec["dtype"] == "f32" else tensor
    return tensors


def outputs(published: Published, case: dict, given: dict, prefix: str) -> dict[str, np.ndarray]:
    """What the published function of the case returns, run in the width of `prefix`."""
    function = models.network if re.fullmatch(models.CREATED, case["function"]) else FUNCTIONS[case["function"]]
    with width(WIDTHS[prefix]):
        found = function(published, case, given)
    return {name: as_array(value) for name, value in found.items()}


def as_array(value) -> np.ndarray:
    """Tensors, numbers and lists as arrays."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
