"""Runs the published training scripts with stand-ins for networks, loaders and loggers, and records what they compute."""

from __future__ import annotations

import contextlib
import sys
from types import ModuleType, SimpleNamespace

import sklearn.cluster
import torch
from torch import nn

from .published import Published

SETTINGS = {
    "dataset_source": "source",
    "dataset_target": "target",
    "data_dir": "",
    "logs_dir": "",
    "height": 256,
    "width": 128,
    "batch_size": 64,
    "workers": 0,
    "num_instances": 4,
    "iters": 1,
    "lr": 3.5e-4,
    "weight_decay": 5e-4,
    "alpha": 0.999,
    "soft_ce_weight": 0.5,
    "soft_tri_weight": 0.8,
    "print_freq": 1,
    "eval_step": 1,
    "lambda_value": 0.0,
    "rr_gpu": False,
    "seed": 1,
}


class Record:
    """What the DBSCAN script computed."""

    def __init__(self) -> None:
        self.eps = None
        self.labels, self.kept, self.classifiers = [], [], []

    def outputs(self) -> dict:
        """By the names of the golden cases."""
        found = {"eps": self.eps}
        for epoch, (labels, kept) in enumerate(zip(self.labels, self.kept)):
            found |= {f"labels_epoch{epoch}": labels, f"kept_epoch{epoch}": kept}
            found[f"classifier_epoch{epoch}"] = self.classifiers[epoch]
        return found


class Network(nn.Module):
    """A network of which the scripts touch the classifier alone."""

    def __init__(self, classes: int, features: int) -> None:
        super().__init__()
        self.module = nn.Module()
        self.module.classifier = nn.Linear(features, classes, bias=False)
        nn.init.zeros_(self.module.classifier.weight)

    def load_state_dict(self, *args, **kwargs) -> None:
        """The scripts load their best model at the end, for a test that is not of interest here."""


def stub(**methods) -> SimpleNamespace:
    """An object with these methods; all others the scripts call do nothing."""
    return SimpleNamespace(**methods)


def replace_surroundings(script: ModuleType, networks: list[Network], features) -> None:
    """Puts stand-ins in place of everything of a script but its clustering; `features(network)` are those of the epoch."""
    count = len(features(networks[2]))
    dataset = stub(train=[(f"{image}", 0, image) for image in range(count)], query=[], gallery=[], images_dir=None)
    silent = stub(write=lambda text: None, flush=lambda: None)
    loader = type("Loader", (), {"new_epoch": lambda self: None, "__len__": lambda self: 1})
    script.Logger = lambda path: silent
    script.get_data = lambda name, folder: dataset
    script.get_test_loader = lambda *args, **kwargs: None
    script.get_train_loader = lambda *args, **kwargs: loader()
    script.create_model = lambda *args: networks
    script.Evaluator = lambda network: stub(evaluate=lambda *args, **kwargs: 0.0)
    script.extract_features = lambda network, *args, **kwargs: (dict(enumerate(features(network))), None)
    script.MMTTrainer = lambda *args, **kwargs: stub(train=lambda *args, **kwargs: None)
    script.save_checkpoint = lambda *args, **kwargs: None
    script.load_checkpoint = lambda path: {"state_dict": {}}
    script.dataset = dataset


def run(script: ModuleType, **settings) -> None:
    """The script's main worker; it replaces standard output, which is put back."""
    with contextlib.redirect_stdout(sys.stdout):
        script.main_worker(SimpleNamespace(**SETTINGS, **settings))


def dbscan(
    published: Published, epochs: list[list[torch.Tensor]], distances: torch.Tensor | None, record: Record
) -> None:
    """The DBSCAN script on given features, and on given distances in place of the Jaccard ones where there are any.

    `record` holds what the script had computed, also where it ends in an error.
    """
    script = published.script("mmt_train_dbscan")
    networks = [Network(*epochs[0][0].shape) for _ in range(4)]
    replace_surroundings(script, networks, lambda network: epochs[len(record.kept)][networks.index(network) - 2])
    loader = script.get_train_loader

    class DBSCAN(sklearn.cluster.DBSCAN):
        def fit_predict(self, distances):
            record.eps = self.eps
            record.labels.append(super().fit_predict(distances))
            return record.labels[-1]

    def train_loader(*args, trainset):
        record.kept.append([int(name) for name, _, _ in trainset])
        clusters = record.labels[-1].max() + 1
        first, *others = [network.module.classifier.weight[:clusters].clone() for network in networks]
        if any(not torch.equal(first, other) for other in others):
            raise AssertionError("the four classifiers differ")
        record.classifiers.append(first)
        return loader(*args)

    script.DBSCAN, script.get_train_loader = DBSCAN, train_loader
    if distances is not None:
        script.compute_jaccard_dist = lambda *args, **kwargs: distances
    run(script, epochs=len(epochs))


def kmeans(published: Published, features: list[torch.Tensor], start: torch.Tensor, tolerance: float) -> dict:
    """The k-means script, its k-means started once from given centres."""
    script = published.script("mmt_train_kmeans")
    networks = [Network(*start.shape) for _ in range(4)]
    replace_surroundings(script, networks, lambda network: features[networks.index(network) - 2])

    def started(n_clusters, random_state, n_jobs):  # n_jobs is gone from scikit-learn
        return sklearn.cluster.KMeans(n_clusters=n_clusters, init=start.numpy(), n_init=1, tol=tolerance)

    script.KMeans = started
    run(script, epochs=1, num_clusters=len(start))
    labels = [identity for _, identity, _ in script.dataset.train]
    return {"labels": labels, "classifier": networks[0].module.classifier.weight}
