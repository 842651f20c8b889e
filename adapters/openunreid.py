"""OpenUnReID, github.com/open-mmlab/OpenUnReID, from a clone; needs faiss.

    cargo run --bin reproduce -- conformance -- python3 adapters/openunreid.py CLONE
"""
import warnings

import torch

from clustering_of_features import jaccard_of
from template import serve
from torch_glue import BOTH, bare_package, clone, load, loss, one_identity, on_tensors

warnings.simplefilter("ignore")
folder, commit = clone()
jaccard = jaccard_of(folder, "openunreid", "core.utils.compute_dist")
for name in ["models", "models.losses", "utils", "core.metrics"]:
    bare_package(f"openunreid.{name}", f"{folder}/openunreid/{name.replace('.', '/')}")
# Losses ask whether they run on several machines.
torch_utils = bare_package("openunreid.utils.dist_utils", "")
torch_utils.get_dist_info = lambda: (0, 1, False)
classification, triplets = load("openunreid.models.losses.classification"), load("openunreid.models.losses.triplet")
rank, compute_dist = load("openunreid.core.metrics.rank"), load("openunreid.core.utils.compute_dist")


def cross_entropy(logits, labels, epsilon):
    return classification.CrossEntropyLoss(logits.shape[1], epsilon)({"prob": logits}, labels)


def soft_cross_entropy(student, teacher):
    return classification.SoftEntropyLoss()({"prob": student}, {"prob": teacher})


def plain(normalize, labels):
    one_identity(labels)
    if normalize:
        raise NotImplementedError("normalised features")


def triplet(features, labels, margin, normalize):
    plain(normalize, labels)
    return triplets.TripletLoss(margin)({"pooling": features}, labels)


def softmax_triplet(features, labels, margin, normalize):
    plain(normalize, labels)
    return triplets.SoftmaxTripletLoss(margin)({"pooling": features}, labels)


def soft_softmax_triplet(student, teacher, labels, normalize):
    plain(normalize, labels)
    return triplets.SoftSoftmaxTripletLoss()({"pooling": student}, labels, {"pooling": teacher})


def ranked(distances, labels, ranks):
    order = ["query_identities", "gallery_identities", "query_cameras", "gallery_cameras"]
    return rank.evaluate_rank(distances, *(labels[name] for name in order), max_rank=ranks, verbose=False)


def mean_ap(distances, **labels):
    return {"map": ranked(distances, labels, 1)[1]}


def cmc(distances, ranks, rule, **labels):
    if rule != "first":
        raise NotImplementedError("another rule than the first match")
    if ranks > distances.shape[1]:
        raise NotImplementedError("more ranks than gallery images")
    return {"cmc": ranked(distances, labels, ranks)[0]}


LOSS = ["loss", "gradient"]
ANSWERS = {
    "D1": (loss(cross_entropy, "logits"), LOSS, BOTH),
    "D2": (loss(soft_cross_entropy, "student"), LOSS, BOTH),
    "D3": (on_tensors(lambda x, y: {"distances": triplets.euclidean_dist(x, y), "squares": compute_dist.compute_euclidean_distance(x, y)}), ["distances", "squares"], BOTH),
    "D5": (loss(triplet, "features"), LOSS, BOTH),
    "D6": (loss(softmax_triplet, "features"), LOSS, BOTH),
    "D7": (loss(soft_softmax_triplet, "student"), LOSS, BOTH),
    "D12": (jaccard, ["jaccard"], ["f32"]),
    "D16": (mean_ap, ["map"], ["f64"]),
    "D17": (cmc, ["cmc"], ["f64"]),
}

if __name__ == "__main__":
    serve(f"open-mmlab/OpenUnReID {commit}", ANSWERS)
