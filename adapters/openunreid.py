"""OpenUnReID, github.com/open-mmlab/OpenUnReID, from a clone; needs faiss.

    cargo run --bin reproduce -- conformance -- python3 adapters/openunreid.py CLONE
"""
import warnings

import market_ranking
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


LOSS = ["loss", "gradient"]
ANSWERS = {
    "D1": (loss(cross_entropy, "logits"), LOSS, BOTH),
    "D2": (loss(soft_cross_entropy, "student"), LOSS, BOTH),
    "D3": (on_tensors(lambda x, y: {"distances": triplets.euclidean_dist(x, y), "squares": compute_dist.compute_euclidean_distance(x, y)}), ["distances", "squares"], BOTH),
    "D5": (loss(triplet, "features"), LOSS, BOTH),
    "D6": (loss(softmax_triplet, "features"), LOSS, BOTH),
    "D7": (loss(soft_softmax_triplet, "student"), LOSS, BOTH),
    "D12": (jaccard, ["jaccard"], ["f32"]),
    **market_ranking.answers(rank.evaluate_rank, verbose=False),
}

if __name__ == "__main__":
    serve(f"open-mmlab/OpenUnReID {commit}", ANSWERS)
