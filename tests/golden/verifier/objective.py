"""Group `objective`: one step of the published trainers, with stand-ins for networks whose outputs are given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest import mock

import torch
from torch import nn

from .published import Published

Tensors = dict[str, torch.Tensor]
TERMS = ("ce_1", "ce_2", "tri_1", "tri_2", "soft_ce_1", "soft_ce_2", "soft_tri_1", "soft_tri_2")


class GivenOutputs(nn.Module):
    """A network that returns given features and logits, whatever the image."""

    def __init__(self, features: torch.Tensor, logits: torch.Tensor, trained: bool = True) -> None:
        super().__init__()
        self.features = nn.Parameter(features.clone(), requires_grad=trained)
        self.logits = nn.Parameter(logits.clone(), requires_grad=trained)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.features, self.logits


class Batches:
    """A loader that gives the listed batches one after the other."""

    def __init__(self, batches: list[tuple], length: int = 100) -> None:
        self.batches, self.length = list(batches), length

    def __len__(self) -> int:
        return self.length

    def next(self) -> tuple:
        return self.batches.pop(0)


class NoOptimizer:
    """An optimizer that changes nothing, so that the gradients stay to be read."""

    def zero_grad(self) -> None: ...

    def step(self) -> None: ...


@contextlib.contextmanager
def recorded(trainer, criteria: list[str]) -> Iterator[tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """Records what the trainer's criteria return, in the order of their calls, and the losses it differentiates."""
    terms, totals = [], []

    def recorder(forward):
        def call(*args):
            terms.append(forward(*args))
            return terms[-1]

        return call

    backward = torch.Tensor.backward

    def record_total(loss, *args, **kwargs):
        totals.append(loss.detach().clone())
        return backward(loss, *args, **kwargs)

    with contextlib.ExitStack() as stack:
        for name in criteria:
            criterion = getattr(trainer, name)
            stack.enter_context(mock.patch.object(criterion, "forward", recorder(criterion.forward)))
        stack.enter_context(mock.patch.object(torch.Tensor, "backward", record_total))
        yield terms, totals


def mutual_mean_teaching(published: Published, case: dict, inputs: Tensors) -> Tensors:
    params = case["params"]
    students = [GivenOutputs(inputs[f"features_{n}"], inputs[f"logits_{n}"]) for n in (1, 2)]
    means = [GivenOutputs(inputs[f"features_{n}_ema"], inputs[f"logits_{n}_ema"], trained=False) for n in (1, 2)]
    trainer = published.module("trainers").MMTTrainer(*students, *means, num_cluster=params["num_clusters"])
    set_smoothing(trainer, params["epsilon"])
    batch = (torch.zeros(1), torch.zeros(1), inputs["labels"])
    weights = {"ce_soft_weight": params["soft_ce_weight"], "tri_soft_weight": params["soft_tri_weight"]}
    criteria = ["criterion_ce", "criterion_tri", "criterion_ce_soft", "criterion_tri_soft"]
    with recorded(trainer, criteria) as (terms, totals):
        trainer.train(0, Batches([batch]), NoOptimizer(), train_iters=1, **weights)
    found = dict(zip(TERMS, terms, strict=True))
    found["total"] = totals[0]
    for n, student in enumerate(students, 1):
        found |= {f"grad_features_{n}": student.features.grad, f"grad_logits_{n}": student.logits.grad}
    return found


def cluster_baseline(published: Published, case: dict, inputs: Tensors) -> Tensors:
    network = GivenOutputs(inputs["features"], inputs["logits"])
    trainer = published.module("trainers").ClusterBaseTrainer(network, num_cluster=case["params"]["num_clusters"])
    set_smoothing(trainer, case["params"]["epsilon"])
    batch = (torch.zeros(1), None, inputs["labels"], None)
    with recorded(trainer, []) as (_, totals):
        trainer.train(0, Batches([batch]), NoOptimizer(), train_iters=1)
    return {"total": totals[0], "grad_features": network.features.grad, "grad_logits": network.logits.grad}


def set_smoothing(trainer, epsilon: float) -> None:
    """The trainers leave the label smoothing at its default."""
    trainer.criterion_ce.epsilon = epsilon


FUNCTIONS = {
    "mmt.trainers.MMTTrainer.train (one step)": mutual_mean_teaching,
    "mmt.trainers.ClusterBaseTrainer.train (one step)": cluster_baseline,
}
