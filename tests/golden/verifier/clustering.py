"""Group `clustering`: Jaccard distances, re-ranking, DBSCAN and k-means, alone and inside the published scripts."""

from __future__ import annotations

import contextlib

import numpy as np
import torch
from sklearn.cluster import DBSCAN, KMeans

from . import scripts
from .published import Published

Tensors = dict[str, torch.Tensor]


def jaccard(published: Published, case: dict, inputs: Tensors) -> dict:
    distances = published.module("utils.rerank").compute_jaccard_dist(
        inputs["features"], print_flag=False, source_features=inputs.get("source_features"), **case["params"]
    )
    if "rows" in inputs:  # larger cases hold some rows, and the sums of all
        return {"rows": distances[inputs["rows"]], "row_sums": distances.sum(1)}
    return {"dist": distances}


def k_reciprocal(published: Published, case: dict, inputs: Tensors) -> dict:
    rank, k = inputs["rank"], case["params"]["k"]
    found = torch.full((len(rank), k + 1), -1)
    for row in range(len(rank)):
        neighbours = published.module("utils.rerank").k_reciprocal_neigh(rank, row, k)
        found[row, : len(neighbours)] = neighbours
    return {"neighbours": found}


def re_ranking(published: Published, case: dict, inputs: Tensors) -> dict:
    distances = [inputs[name].numpy() for name in ("q_g_dist", "q_q_dist", "g_g_dist")]
    return {"dist": published.module("utils.rerank").re_ranking(*distances, **case["params"])}


def dbscan(published: Published, case: dict, inputs: Tensors) -> dict:
    found = DBSCAN(metric="precomputed", **case["params"]).fit(inputs["dist"].numpy())
    core = np.zeros(len(found.labels_), dtype=np.int64)
    core[found.core_sample_indices_] = 1
    return {"labels": found.labels_, "core": core}


def kmeans(published: Published, case: dict, inputs: Tensors) -> dict:
    start = inputs["init"].numpy()
    found = KMeans(n_clusters=len(start), init=start, **case["params"]).fit(inputs["x"].numpy())
    return {
        "centers": found.cluster_centers_,
        "inertia": found.inertia_,
        "labels": found.labels_,
        "n_iter": found.n_iter_,
    }


def epochs(inputs: Tensors) -> list[list[torch.Tensor]]:
    """Features by mean network 1 and 2, per epoch."""
    count = sum(name.startswith("features_1_epoch") for name in inputs)
    return [[inputs[f"features_{n}_epoch{epoch}"] for n in (1, 2)] for epoch in range(count)]


def dbscan_script(published: Published, case: dict, inputs: Tensors) -> dict:
    record = scripts.Record()
    scripts.dbscan(published, epochs(inputs), inputs.get("dist"), record)
    return record.outputs()


def eps_rule(published: Published, case: dict, inputs: Tensors) -> dict:
    features, record = torch.eye(len(inputs["dist"])), scripts.Record()
    # Where everything is noise the script ends in an error, but after it has computed eps.
    with contextlib.suppress(RuntimeError):
        scripts.dbscan(published, [[features, features]], inputs["dist"], record)
    return {"eps": record.eps}


def kmeans_script(published: Published, case: dict, inputs: Tensors) -> dict:
    features = [inputs["features_1"], inputs["features_2"]]
    return scripts.kmeans(published, features, inputs["init"], case["params"]["tol"])


FUNCTIONS = {
    "mmt.utils.rerank.compute_jaccard_dist": jaccard,
    "mmt.utils.rerank.k_reciprocal_neigh": k_reciprocal,
    "mmt.utils.rerank.re_ranking": re_ranking,
    "sklearn.cluster.DBSCAN(metric='precomputed').fit_predict": dbscan,
    "sklearn.cluster.KMeans": kmeans,
    "examples/mmt_train_dbscan.py main_worker": dbscan_script,
    "examples/mmt_train_dbscan.py (eps rule)": eps_rule,
    "examples/mmt_train_kmeans.py main_worker (KMeans started from in.init)": kmeans_script,
}
