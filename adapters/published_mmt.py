"""The published code, github.com/yxgeee/MMT, from a clone; written for PyTorch 1.1, with today's call orders put back.

    cargo run --bin reproduce -- conformance -- python3 adapters/published_mmt.py CLONE
"""
import types

import numpy as np
import torch

from template import serve
from torch_glue import BOTH, bare_package, clone, load, loss, old_signatures, on_tensors

folder, commit = clone()
old_signatures()
for name in ["mmt", "mmt.loss", "mmt.utils", "mmt.utils.data", "mmt.evaluation_metrics"]:
    bare_package(name, f"{folder}/{name.replace('.', '/')}")
# The one function that the metrics take from the package around them.
load("mmt.utils").to_numpy = lambda x: x.numpy() if torch.is_tensor(x) else x
crossentropy, triplets, rerank = load("mmt.loss.crossentropy"), load("mmt.loss.triplet"), load("mmt.utils.rerank")
ranking, lr_scheduler = load("mmt.evaluation_metrics.ranking"), load("mmt.utils.lr_scheduler")


def cross_entropy(logits, labels, epsilon):
    return crossentropy.CrossEntropyLabelSmooth(logits.shape[1], epsilon)(logits, labels)


def triplet(features, labels, margin, normalize):
    value, precision = triplets.TripletLoss(margin, normalize)(features, labels)
    return value, {"precision": precision}


def softmax_triplet(features, labels, margin, normalize):
    return triplets.SoftTripletLoss(margin, normalize)(features, features, labels)


def soft_softmax_triplet(student, teacher, labels, normalize):
    return triplets.SoftTripletLoss(None, normalize)(student, teacher, labels)


def mining(distances, labels):
    similarity = (labels[:, None] == labels[None, :]).float()
    found = triplets._batch_hard(distances, similarity, indice=True)
    return dict(zip(["positive_distance", "negative_distance", "positive", "negative"], found))


def k_reciprocal(distances, k):
    order = torch.argsort(distances, dim=-1)
    sets = np.zeros(distances.shape, dtype=int)
    for i in range(len(distances)):
        sets[i, rerank.k_reciprocal_neigh(order, i, k)] = 1
    return {"reciprocal": sets}


def jaccard(features, k1, k2):
    return {"jaccard": rerank.compute_jaccard_dist(features, k1=k1, k2=k2, print_flag=False)}


def re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, **share):
    if len(query_query) + len(gallery_gallery) < 2:
        raise NotImplementedError("a single image")
    return {"distances": rerank.re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, share["lambda"])}


def split(query_identities, gallery_identities, query_cameras, gallery_cameras):
    return query_identities, gallery_identities, query_cameras, gallery_cameras


def mean_ap(distances, **labels):
    return {"map": ranking.mean_ap(distances, *split(**labels))}


def cmc(distances, ranks, rule, **labels):
    named = {"separate_camera_set": rule == "separate-cameras", "first_match_break": rule != "all"}
    return {"cmc": ranking.cmc(distances, *split(**labels), topk=ranks, **named)}


def schedule(learning_rate, milestones, gamma, warm_up, warm_up_factor, warm_up_kind, index):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate)
    found = lr_scheduler.WarmupMultiStepLR(optimizer, list(milestones), gamma, warm_up_factor, warm_up, warm_up_kind)
    found.last_epoch = index
    return {"rate": found.get_lr()[0]}


def mean_network(mean, student, step, alpha, convention):
    """The method is taken out of the trainer, whose module needs the whole package."""
    if convention != "published":
        raise NotImplementedError("the paper's constant α")
    source = open(f"{folder}/mmt/trainers.py").read()
    lines = source[source.index("    def _update_ema_variables") : source.index("    def _parse_data", source.index("_update_ema_variables("))]
    space = {}
    exec("class Trainer:\n" + lines.split("    def _parse_data")[0], space)  # the clone's own code
    network = lambda values: types.SimpleNamespace(parameters=lambda: [values])
    space["Trainer"]._update_ema_variables(None, network(student), network(mean), alpha, step)
    return {"mean": mean}


LOSS = ["loss", "gradient"]
ANSWERS = {
    "D1": (loss(cross_entropy, "logits"), LOSS, BOTH),
    "D2": (loss(lambda student, teacher: crossentropy.SoftEntropy()(student, teacher), "student"), LOSS, BOTH),
    "D3": (on_tensors(lambda x, y: {"distances": triplets.euclidean_dist(x, y)}), ["distances"], BOTH),
    "D4": (on_tensors(mining), ["positive_distance", "negative_distance", "positive", "negative"], BOTH),
    "D5": (loss(triplet, "features"), [*LOSS, "precision"], BOTH),
    "D6": (loss(softmax_triplet, "features"), LOSS, BOTH),
    "D7": (loss(soft_softmax_triplet, "student"), LOSS, BOTH),
    "D11": (on_tensors(k_reciprocal), ["reciprocal"], ["f64"]),
    "D12": (on_tensors(jaccard), ["jaccard"], BOTH),
    "D16": (mean_ap, ["map"], ["f64"]),
    "D17": (cmc, ["cmc"], ["f64"]),
    "D18": (re_ranking, ["distances"], ["f32"]),
    "D22": (schedule, ["rate"], ["f64"]),
    "D23": (on_tensors(mean_network), ["mean"], BOTH),
}

if __name__ == "__main__":
    serve(f"yxgeee/MMT {commit}", ANSWERS)
