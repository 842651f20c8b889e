"""fast-reid, github.com/JDAI-CV/fast-reid, from a clone; needs faiss.

    cargo run --bin reproduce -- conformance -- python3 adapters/fast_reid.py CLONE
"""
import sys
import types
import warnings

import market_ranking
from clustering_of_features import jaccard_of
from template import serve
from torch_glue import BOTH, bare_package, clone, load, loss, one_identity, on_tensors

warnings.simplefilter("ignore")
folder, commit = clone()
jaccard = jaccard_of(folder, "fastreid", "utils.compute_dist")
for name in ["modeling", "modeling.losses", "evaluation"]:
    bare_package(f"fastreid.{name}", f"{folder}/fastreid/{name.replace('.', '/')}")
# The losses write an accuracy into a log that is not there.
sys.modules["fastreid.utils.events"] = types.SimpleNamespace(get_event_storage=None)
smoothed, triplets = load("fastreid.modeling.losses.cross_entroy_loss"), load("fastreid.modeling.losses.triplet_loss")
utils, rank, rerank = load("fastreid.modeling.losses.utils"), load("fastreid.evaluation.rank"), load("fastreid.evaluation.rerank")


def cross_entropy(logits, labels, epsilon):
    if logits.shape[1] == 1:
        raise NotImplementedError("a single class: the smoothing is divided by M − 1")
    return smoothed.cross_entropy_loss(logits, labels, epsilon)


def triplet(features, labels, margin, normalize):
    one_identity(labels)
    if margin == 0:
        raise NotImplementedError("margin 0, which stands for the softplus there")
    return triplets.triplet_loss(features, labels, margin, normalize, hard_mining=True)


def re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, **share):
    return {"distances": rerank.re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, share["lambda"])}


LOSS = ["loss", "gradient"]
ANSWERS = {
    "D1": (loss(cross_entropy, "logits"), LOSS, BOTH),
    "D3": (on_tensors(lambda x, y: {"distances": utils.euclidean_dist(x, y)}), ["distances"], BOTH),
    "D5": (loss(triplet, "features"), LOSS, BOTH),
    "D9": (on_tensors(lambda features: {"unit": utils.normalize(features)}), ["unit"], BOTH),
    "D12": (jaccard, ["jaccard"], ["f32"]),
    "D18": (re_ranking, ["distances"], ["f32"]),
    **market_ranking.answers(rank.evaluate_rank),
}

if __name__ == "__main__":
    serve(f"JDAI-CV/fast-reid {commit}", ANSWERS)
