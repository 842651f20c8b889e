"""Group `transforms`: the images the published training and test transforms make."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Iterator
from unittest import mock

import numpy as np
import torch
from PIL import Image

from .published import Published

Tensors = dict[str, torch.Tensor]
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def image(case: dict) -> Image.Image:
    """The image file of the case."""
    return Image.open(case["folder"] / case["files"][0]).convert("RGB")


@contextlib.contextmanager
def draws(inputs: Tensors) -> Iterator[None]:
    """`random` draws from the case: numbers of [0, 1), which `uniform` and `randint` stretch to their bounds."""
    uniform, integer = iter(inputs["uniform"].tolist()), iter(inputs["integer"].tolist())
    with (
        mock.patch.object(random, "uniform", lambda low, high: low + (high - low) * next(uniform)),
        mock.patch.object(random, "randint", lambda low, high: low + math.floor(next(integer) * (high - low + 1))),
    ):
        yield


def crop_at(module, params: dict):
    """Fixes where the random crop is taken."""
    place = (params["top"], params["left"], params["height"], params["width"])
    return mock.patch.object(module.RandomCrop, "get_params", staticmethod(lambda *args: place))


def resize(published: Published, case: dict, inputs: Tensors) -> dict:
    module, found = published.module("utils.data.transforms"), {}
    for name in case["outputs"]:
        stem = name.partition(".")[2]
        height, width = map(int, stem.removeprefix("resized_").split("x"))
        found[stem] = np.asarray(module.Resize((height, width), interpolation=3)(image(case)))
    return found


def test_transform(published: Published, case: dict, inputs: Tensors) -> dict:
    module, params = published.module("utils.data.transforms"), case["params"]
    steps = [module.Resize((params["height"], params["width"]), interpolation=3), *to_tensor(module)]
    return {"image": module.Compose(steps)(image(case))}


def to_tensor(module) -> list:
    return [module.ToTensor(), module.Normalize(mean=MEAN, std=DEVIATION)]


def flip(published: Published, case: dict, inputs: Tensors) -> dict:
    module = published.module("utils.data.transforms")
    return {"image": np.asarray(module.RandomHorizontalFlip(p=1)(Image.fromarray(inputs["image"].numpy())))}


def pad_and_crop(published: Published, case: dict, inputs: Tensors) -> dict:
    module, params = published.module("utils.data.transforms"), case["params"]
    with crop_at(module, params):
        steps = module.Compose([module.Pad(params["pad"]), module.RandomCrop((params["height"], params["width"]))])
        return {"image": np.asarray(steps(Image.fromarray(inputs["image"].numpy())))}


def erasing(published: Published, case: dict, inputs: Tensors) -> dict:
    params = dict(case["params"])
    erase = published.module("utils.data.transforms").RandomErasing(mean=params.pop("value"), **params)
    with draws(inputs):
        erased = erase(inputs["image"].clone())
    return {"image": erased, "rectangle": rectangle(inputs["image"], erased)}


def rectangle(before: torch.Tensor, after: torch.Tensor) -> list[int]:
    """Top, left, height and width of what changed; zeros where nothing did."""
    rows, columns = (before != after).any(0).nonzero(as_tuple=True)
    if len(rows) == 0:
        return [0, 0, 0, 0]
    top, left = rows.min().item(), columns.min().item()
    return [top, left, rows.max().item() - top + 1, columns.max().item() - left + 1]


def train_transform(published: Published, case: dict, inputs: Tensors) -> dict:
    module, params = published.module("utils.data.transforms"), case["params"]
    size = (params["height"], params["width"])
    steps = [
        module.Resize(size, interpolation=3),
        module.RandomHorizontalFlip(p=float(params["flip"])),
        module.Pad(10),
        module.RandomCrop(size),
        *to_tensor(module),
        module.RandomErasing(probability=0.5, mean=MEAN),
    ]
    with crop_at(module, params), draws(inputs):
        return {"image": module.Compose(steps)(image(case))}


FUNCTIONS = {
    "torchvision Resize(interpolation=3) on a PIL image": resize,
    "Resize + ToTensor + Normalize as in examples/": test_transform,
    "torchvision RandomHorizontalFlip(p=1)": flip,
    "torchvision Pad(10) + RandomCrop": pad_and_crop,
    "mmt.utils.data.transforms.RandomErasing": erasing,
    "the training transform of examples/ with fixed draws": train_transform,
}
