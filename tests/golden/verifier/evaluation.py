"""Group `evaluation`: mean average precision, CMC, distances and accuracy."""

from __future__ import annotations

from unittest import mock

import numpy as np
import torch

from .published import Published

Tensors = dict[str, torch.Tensor]


def split(inputs: Tensors) -> tuple[np.ndarray, ...]:
    """Distances, identities and cameras in the order in which the published functions take them."""
    names = ("dist", "query_ids", "gallery_ids", "query_cams", "gallery_cams")
    return tuple(inputs[name].numpy() for name in names)


def ranking(published: Published, case: dict, inputs: Tensors) -> dict:
    module = published.module("evaluation_metrics.ranking")
    given, topk = split(inputs), case["params"]["topk"]
    # One average precision is taken per query that has a match.
    with mock.patch.object(module, "average_precision_score", wraps=module.average_precision_score) as average:
        found = {"map": module.mean_ap(*given)}
    found["valid_queries"] = average.call_count
    found["cmc_first"] = module.cmc(*given, topk=topk, first_match_break=True)
    found["cmc_all"] = module.cmc(*given, topk=topk)
    if "out64.cmc_separate" in case["outputs"]:
        found["cmc_separate"] = module.cmc(*given, topk=topk, separate_camera_set=True, first_match_break=True)
    return found


def mean_ap(published: Published, case: dict, inputs: Tensors) -> dict:
    return {"map": published.module("evaluation_metrics").mean_ap(*split(inputs))}


def cmc(published: Published, case: dict, inputs: Tensors) -> dict:
    return {"cmc": published.module("evaluation_metrics").cmc(*split(inputs))}


def pairwise_distance(published: Published, case: dict, inputs: Tensors) -> dict:
    distance = published.module("evaluators").pairwise_distance
    features, lists = {}, {}
    for side in ("query", "gallery"):
        lists[side] = [(f"{side}/{row}", 0, 0) for row in range(len(inputs[side]))]
        features |= {name: row for (name, _, _), row in zip(lists[side], inputs[side])}
    queries = {name: features[name] for name, _, _ in lists["query"]}
    return {"dist": distance(features, lists["query"], lists["gallery"])[0], "all": distance(queries)}


def accuracy(published: Published, case: dict, inputs: Tensors) -> dict:
    topk = (case["params"]["topk"],)
    return {"top1": published.module("evaluation_metrics").accuracy(inputs["logits"], inputs["labels"], topk)[0]}


FUNCTIONS = {
    "mmt.evaluation_metrics.mean_ap and cmc": ranking,
    "mmt.evaluation_metrics.mean_ap": mean_ap,
    "mmt.evaluation_metrics.cmc": cmc,
    "mmt.evaluators.pairwise_distance": pairwise_distance,
    "mmt.evaluation_metrics.accuracy": accuracy,
}
