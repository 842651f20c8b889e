"""Group `trajectories`: whole training steps of the published trainers on networks with generated weights."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from . import generator, models
from .objective import Batches, recorded
from .published import Published

Tensors = dict[str, torch.Tensor]


class ObservedBatches(Batches):
    """Batches that tell when the step before is done."""

    def __init__(self, batches: list[tuple], done: Callable[[], None]) -> None:
        super().__init__(batches)
        self.done, self.started = done, False

    def next(self) -> tuple:
        if self.started:
            self.done()
        self.started = True
        return super().next()


def adam(*networks: nn.Module) -> torch.optim.Adam:
    """The optimizer of the published scripts: a group per parameter."""
    trained = [parameter for network in networks for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.Adam([{"params": [parameter], "lr": 3.5e-4, "weight_decay": 5e-4} for parameter in trained])


def norms(networks: list[nn.Module], names: list[str]) -> torch.Tensor:
    states = [network.state_dict() for network in networks]
    return torch.stack([state[name].norm() for state in states for name in names])


class Rows:
    """Norms after every step, by output."""

    def __init__(self, case: dict, networks: dict[str, list[nn.Module]]) -> None:
        self.networks = networks
        meaning = {stem: case["outputs"][f"out64.{stem.removeprefix('ema_')}"]["meaning"] for stem in networks}
        self.names = {stem: models.named(text) for stem, text in meaning.items()}
        self.rows = {stem: [] for stem in networks}

    def take(self) -> None:
        for stem, networks in self.networks.items():
            self.rows[stem].append(norms(networks, self.names[stem]))

    def outputs(self, losses: list[torch.Tensor]) -> dict:
        """All steps, and the first one alone."""
        found = {stem: torch.stack(rows) for stem, rows in {**self.rows, "losses": losses}.items()}
        return found | {f"{stem}_step0": rows[0] for stem, rows in found.items()}


def steps(case: dict) -> range:
    """f32 is compared at the first step only: see FORMAT.md."""
    return range(1 if torch.get_default_dtype() == torch.float32 else case["params"]["steps"])


def images(case: dict, key: str) -> torch.Tensor:
    params = case["params"]
    return generator.images(params["seed"], key, [params["batch"], 3, params["height"], params["width"]], 4.0)


def losses(terms: list[torch.Tensor], totals: list[torch.Tensor]) -> list[torch.Tensor]:
    """The terms of every step and their weighted total, in the order in which the trainers compute them."""
    count = len(terms) // len(totals)
    return [torch.stack([*terms[count * t : count * (t + 1)], total]).detach() for t, total in enumerate(totals)]


def pretrain(published: Published, case: dict, inputs: Tensors) -> dict:
    classes = case["params"]["num_classes"]
    network = models.create(published, "resnet50", case, "pretrain/", num_classes=classes)
    trainer = published.module("trainers").PreTrainer(network, classes)
    rows = Rows(case, {"norms": [network], "stats": [network]})
    source = [(images(case, f"pretrain/source/{t}"), None, inputs[f"labels_{t}"], None) for t in steps(case)]
    target = [(images(case, f"pretrain/target/{t}"), None, inputs[f"labels_{t}"], None) for t in steps(case)]
    with recorded(trainer, ["criterion_ce", "criterion_triple"]) as (terms, totals):
        loader = ObservedBatches(source, rows.take)
        trainer.train(0, loader, Batches(target), adam(network), train_iters=len(source))
    rows.take()
    return rows.outputs(losses(terms, totals))


def mutual_mean_teaching(published: Published, case: dict, inputs: Tensors) -> dict:
    params = case["params"]
    students, means = [
        [models.create(published, "resnet50", case, f"mmt/{n}/", num_classes=params["num_classes"]) for n in (1, 2)]
        for _ in range(2)
    ]
    for mean in means:
        mean.requires_grad_(False)
    trainer = published.module("trainers").MMTTrainer(
        *students, *means, num_cluster=params["num_clusters"], alpha=params["alpha"]
    )
    rows = Rows(case, {"norms": students, "ema_norms": means, "stats": students, "ema_stats": means})
    batches = [(images(case, f"mmt/1/{t}"), images(case, f"mmt/2/{t}"), inputs[f"labels_{t}"]) for t in steps(case)]
    weights = {"ce_soft_weight": params["soft_ce_weight"], "tri_soft_weight": params["soft_tri_weight"]}
    criteria = ["criterion_ce", "criterion_tri", "criterion_ce_soft", "criterion_tri_soft"]
    with recorded(trainer, criteria) as (terms, totals):
        trainer.train(0, ObservedBatches(batches, rows.take), adam(*students), train_iters=len(batches), **weights)
    rows.take()
    return rows.outputs(losses(terms, totals))


FUNCTIONS = {
    "mmt.trainers.PreTrainer.train": pretrain,
    "mmt.trainers.MMTTrainer.train": mutual_mean_teaching,
}
