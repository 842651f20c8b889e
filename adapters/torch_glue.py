"""What the adapters of PyTorch code share: tensors in and out, and modules of a clone without the packages around them."""
import importlib
import os
import subprocess
import sys
import types

import numpy as np
import torch

BOTH = ["f64", "f32"]


def tensors(inputs):
    return {key: torch.from_numpy(np.ascontiguousarray(x)) if isinstance(x, np.ndarray) else x for key, x in inputs.items()}


def on_tensors(compute):
    """A function of tensors as a function of arrays; its outputs may be tensors."""
    def answer(**inputs):
        inputs = tensors(inputs)
        # The width of the call is that of new tensors as well.
        torch.set_default_dtype(next((x.dtype for x in inputs.values() if torch.is_tensor(x) and x.is_floating_point()), torch.float64))
        outputs = compute(**inputs)
        return {key: value.detach().numpy() if torch.is_tensor(value) else value for key, value in outputs.items()}

    return answer


def loss(compute, of):
    """A loss with its gradient with respect to the input `of`: `compute` returns the loss, or the loss and more outputs."""
    def answer(**inputs):
        inputs[of].requires_grad_()
        value, *more = (lambda found: found if isinstance(found, tuple) else (found,))(compute(**inputs))
        gradient = torch.autograd.grad(value, inputs[of], allow_unused=True)[0]
        zeros = torch.zeros_like(inputs[of])
        return {"loss": value, "gradient": zeros if gradient is None else gradient, **(more[0] if more else {})}

    return on_tensors(answer)


def one_identity(labels):
    if len(set(labels.tolist())) == 1:
        raise NotImplementedError("a batch of one identity")


def clone():
    """The folder of the clone, the program's argument, and its commit."""
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(f"usage: {sys.argv[0]} FOLDER, a clone of the repository")
    commit = subprocess.run(["git", "-C", sys.argv[1], "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True)
    return sys.argv[1], commit.stdout.strip() or "unknown commit"


def bare_package(name, folder):
    """Makes the modules of a package importable without running its __init__."""
    package = types.ModuleType(name)
    package.__path__ = [folder]
    sys.modules[name] = package
    return package


def load(name):
    return importlib.import_module(name)


def old_signatures():
    """What code for PyTorch 1.1 calls and today's PyTorch has no more: factors before the tensors."""
    addmm, add, argsort = torch.Tensor.addmm_, torch.Tensor.add_, torch.argsort

    def addmm_(self, *arguments, **named):
        if len(arguments) == 4:
            beta, alpha, *arguments = arguments
            named = {"beta": beta, "alpha": alpha}
        return addmm(self, *arguments, **named)

    def add_(self, *arguments, **named):
        if len(arguments) == 2:
            alpha, *arguments = arguments
            named = {"alpha": alpha}
        return add(self, *arguments, **named)

    torch.Tensor.addmm_, torch.Tensor.add_ = addmm_, add_
    # Its results were contiguous, whatever the strides of its argument.
    torch.argsort = lambda *arguments, **named: argsort(*arguments, **named).contiguous()
