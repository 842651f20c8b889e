"""deep-person-reid (Torchreid), github.com/KaiyangZhou/deep-person-reid, from a clone.

    cargo run --bin reproduce -- conformance -- python3 adapters/deep_person_reid.py CLONE
"""
import warnings

import market_ranking
from template import serve
from torch_glue import BOTH, bare_package, clone, load, loss, one_identity, on_tensors

warnings.simplefilter("ignore")
folder, commit = clone()
for name in ["torchreid", "torchreid.losses", "torchreid.metrics", "torchreid.utils"]:
    bare_package(name, f"{folder}/{name.replace('.', '/')}")
smoothed, triplets = load("torchreid.losses.cross_entropy_loss"), load("torchreid.losses.hard_mine_triplet_loss")
distance, rank, rerank = load("torchreid.metrics.distance"), load("torchreid.metrics.rank"), load("torchreid.utils.rerank")


def cross_entropy(logits, labels, epsilon):
    return smoothed.CrossEntropyLoss(logits.shape[1], epsilon, use_gpu=False)(logits, labels)


def triplet(features, labels, margin, normalize):
    one_identity(labels)
    if normalize:
        raise NotImplementedError("normalised features")
    return triplets.TripletLoss(margin)(features, labels)


def re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, **share):
    return {"distances": rerank.re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, share["lambda"])}


LOSS = ["loss", "gradient"]
ANSWERS = {
    "D1": (loss(cross_entropy, "logits"), LOSS, BOTH),
    "D3": (on_tensors(lambda x, y: {"squares": distance.compute_distance_matrix(x, y, "euclidean")}), ["squares"], BOTH),
    "D5": (loss(triplet, "features"), LOSS, BOTH),
    "D18": (re_ranking, ["distances"], ["f32"]),
    **market_ranking.answers(rank.evaluate_rank),
}

if __name__ == "__main__":
    serve(f"KaiyangZhou/deep-person-reid {commit}", ANSWERS)
