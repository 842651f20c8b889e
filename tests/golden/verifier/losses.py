"""Group `losses`: value and gradients of the published loss functions."""

from __future__ import annotations

import torch

from .published import Published

Tensors = dict[str, torch.Tensor]


def with_gradients(loss: torch.Tensor, inputs: Tensors, names: list[str]) -> Tensors:
    """The loss and its gradient by every named input; zero where none flows."""
    gradients = torch.autograd.grad(loss, [inputs[name] for name in names], allow_unused=True)
    found = {"loss": loss}
    for name, gradient in zip(names, gradients):
        found[f"grad_{name}"] = torch.zeros_like(inputs[name]) if gradient is None else gradient
    return found


def differentiable(inputs: Tensors, *names: str) -> Tensors:
    """The inputs, the named ones as leaves that take a gradient."""
    return {**inputs, **{name: inputs[name].clone().requires_grad_() for name in names}}


def cross_entropy(published: Published, case: dict, inputs: Tensors) -> Tensors:
    inputs = differentiable(inputs, "logits")
    loss = published.module("loss").CrossEntropyLabelSmooth(**case["params"])
    return with_gradients(loss(inputs["logits"], inputs["labels"]), inputs, ["logits"])


def soft_entropy(published: Published, case: dict, inputs: Tensors) -> Tensors:
    inputs = differentiable(inputs, "student", "teacher")
    loss = published.module("loss").SoftEntropy()
    return with_gradients(loss(inputs["student"], inputs["teacher"]), inputs, ["student", "teacher"])


def triplet(published: Published, case: dict, inputs: Tensors) -> Tensors:
    inputs = differentiable(inputs, "emb")
    loss, precision = published.module("loss").TripletLoss(**case["params"])(inputs["emb"], inputs["labels"])
    return {**with_gradients(loss, inputs, ["emb"]), "prec": precision}


def soft_triplet(published: Published, case: dict, inputs: Tensors) -> Tensors:
    inputs = differentiable(inputs, "emb1", "emb2")
    loss = published.module("loss").SoftTripletLoss(**case["params"])
    return with_gradients(loss(inputs["emb1"], inputs["emb2"], inputs["labels"]), inputs, ["emb1", "emb2"])


def euclidean(published: Published, case: dict, inputs: Tensors) -> Tensors:
    distances = published.module("loss.triplet").euclidean_dist(inputs["x"], inputs["y"])
    # The first two rows of y are (nearly) rows of x, where rounding decides.
    return {"dist": distances, "far": distances[:, 2:]}


FUNCTIONS = {
    "mmt.loss.CrossEntropyLabelSmooth": cross_entropy,
    "mmt.loss.SoftEntropy": soft_entropy,
    "mmt.loss.TripletLoss": triplet,
    "mmt.loss.SoftTripletLoss": soft_triplet,
    "mmt.loss.triplet.euclidean_dist": euclidean,
}
