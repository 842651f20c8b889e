"""The generator of weights and images that FORMAT.md defines: nothing large is stored."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

PRIME, OFFSET = 0x100000001B3, 0xCBF29CE484222325
MASK = (1 << 64) - 1


def values(seed: int, key: str, offset: float, scale: float, shape: list[int]) -> np.ndarray:
    """f32 values of the key, in row-major order."""
    state = OFFSET
    for byte in f"{seed}/{key}".encode():
        state = ((state ^ byte) * PRIME) & MASK
    steps = np.arange(1, math.prod(shape) + 1, dtype=np.uint64)
    z = np.uint64(state) + steps * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    uniform = (z >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5
    return (offset + scale * uniform).astype(np.float32).reshape(shape)


def weight(seed: int, key: str, name: str, shape: list[int]) -> np.ndarray:
    """The values of a state-dict entry; offset and scale follow from its name and shape."""
    if name.endswith("running_var"):
        offset, scale = 1.0, 0.5
    elif name.endswith(("running_mean", "bias")):
        offset, scale = 0.0, 0.2
    elif len(shape) == 1:
        offset, scale = 1.0, 0.5
    else:
        offset, scale = 0.0, math.sqrt(12 / math.prod(shape[1:]))
    return values(seed, key, offset, scale, shape)


def images(seed: int, key: str, shape: list[int], scale: float) -> torch.Tensor:
    """Images in the width that is set as default."""
    return torch.from_numpy(values(seed, key, 0.0, scale, shape)).to(torch.get_default_dtype())


def fill(network: nn.Module, seed: int, prefix: str) -> nn.Module:
    """Puts generated weights into a network, in the width that is set as default."""
    for name, entry in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            entry.copy_(torch.from_numpy(weight(seed, prefix + name, name, list(entry.shape))))
    return network
