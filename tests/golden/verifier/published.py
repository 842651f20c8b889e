"""Imports a clone of the published code (yxgeee/MMT, written for PyTorch 1.1) and lets it run on today's libraries.

The clone is read, never changed: everything that is needed stands here, outside it. No patch touches a formula.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import torch
import torchvision
from torch import nn

# Libraries that the published package imports for functions no golden case calls.
UNUSED_LIBRARIES = ("h5py", "metric_learn", "metric_learn.base_metric")


class Published:
    """The published package and its training scripts."""

    def __init__(self, root: Path) -> None:
        if not (root / "mmt" / "trainers.py").is_file():
            raise FileNotFoundError(f"{root} is no clone of yxgeee/MMT: it has no mmt/trainers.py")
        self.root = root
        patch_torch()
        with stand_ins(UNUSED_LIBRARIES):
            sys.path.insert(0, str(root))
            self.package = importlib.import_module("mmt")
        if Path(self.package.__file__).parent.resolve() != (root / "mmt").resolve():
            raise ImportError(f"the module mmt comes from {self.package.__file__}, not from {root}")

    def module(self, name: str) -> types.ModuleType:
        """A module of the package, such as `utils.rerank`."""
        return importlib.import_module(f"mmt.{name}")

    def script(self, name: str) -> types.ModuleType:
        """A fresh copy of a script of `examples/`, so that its global variables start anew."""
        spec = importlib.util.spec_from_file_location(f"published_{name}", self.root / "examples" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def patch_torch() -> None:
    """Keeps everything on the CPU and accepts what PyTorch has since changed or dropped."""
    torch.set_num_threads(1)
    torch.Tensor.cuda = lambda self, *args, **kwargs: self
    nn.Module.cuda = lambda self, *args, **kwargs: self
    torch.Tensor.addmm_ = old_order(torch.Tensor.addmm_, _old_addmm)
    torch.Tensor.add_ = old_order(torch.Tensor.add_, _old_add)
    argsort = torch.argsort
    torch.argsort = lambda *args, **kwargs: argsort(*args, **kwargs).contiguous()
    # The keyword `pretrained` is gone; no case wants downloaded weights.
    for depth in (18, 34, 50, 101, 152):
        build = getattr(torchvision.models, f"resnet{depth}")
        setattr(torchvision.models, f"resnet{depth}", lambda pretrained=False, build=build: build(weights=None))


def old_order(method, translate):
    """`method`, which also takes its arguments in the order of PyTorch 1.1."""

    def call(self, *args, **kwargs):
        args, extra = translate(args)
        return method(self, *args, **extra, **kwargs)

    return call


def _old_addmm(args: tuple) -> tuple[tuple, dict]:
    if len(args) == 4:  # beta, alpha, left, right
        return args[2:], {"beta": args[0], "alpha": args[1]}
    return args, {}


def _old_add(args: tuple) -> tuple[tuple, dict]:
    if len(args) == 2:  # factor, tensor
        return args[1:], {"alpha": args[0]}
    return args, {}


@contextlib.contextmanager
def stand_ins(names: tuple[str, ...]) -> Iterator[None]:
    """Empty modules of these names, any attribute of which is a class, unless the real ones are installed."""
    missing = [name for name in names if importlib.util.find_spec(name.partition(".")[0]) is None]
    for name in missing:
        module = types.ModuleType(name)
        module.__getattr__ = lambda attribute: type(attribute, (), {})
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


@contextlib.contextmanager
def width(dtype: torch.dtype) -> Iterator[None]:
    """Runs published code in one floating-point width; what it prints is not shown."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        torch.set_default_dtype(before)
