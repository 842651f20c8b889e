"""Group `schedules`: the learning rate, and the moving average of the mean networks."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from .published import Published

Tensors = dict[str, torch.Tensor]


def learning_rates(published: Published, case: dict, inputs: Tensors) -> dict:
    """The rate after every step of the schedule; an epoch trains after one step more (see FORMAT.md)."""
    indices = case["outputs"]["out64.lr_by_index"]["shape"][0]
    epochs = case["outputs"]["out64.lr_by_epoch"]["shape"][0]
    params = dict(case["params"])
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=params.pop("base_lr"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch wants optimizer steps in between
        schedule = published.module("utils.lr_scheduler").WarmupMultiStepLR(optimizer, **params)
        rates = [optimizer.param_groups[0]["lr"]]
        for _ in range(max(indices, epochs + 1)):
            schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
    return {"lr_by_index": rates[:indices], "lr_by_epoch": rates[1 : epochs + 1]}


class OneParameter(nn.Module):
    """A network with a single parameter."""

    def __init__(self, value: torch.Tensor) -> None:
        super().__init__()
        self.value = nn.Parameter(value.clone(), requires_grad=False)


def moving_average(published: Published, case: dict, inputs: Tensors) -> dict:
    update = published.module("trainers").MMTTrainer._update_ema_variables
    alpha = case["params"]["alpha"]
    if "steps" in inputs:  # a student of 0 leaves alpha itself in a mean network of 1
        found = []
        for step in inputs["steps"].tolist():
            mean = OneParameter(torch.ones(1))
            update(None, OneParameter(torch.zeros(1)), mean, alpha, step)
            found.append(mean.value.item())
        return {"alpha": found}
    mean, found = OneParameter(inputs["mean"]), []
    for step, student in enumerate(inputs["students"], case["params"]["first_step"]):
        update(None, OneParameter(student), mean, alpha, step)
        found.append(mean.value.clone())
    return {"mean": torch.stack(found)}


FUNCTIONS = {
    "mmt.utils.lr_scheduler.WarmupMultiStepLR": learning_rates,
    "mmt.trainers.MMTTrainer._update_ema_variables": moving_average,
}
