"""scikit-learn: k-means from given centres, DBSCAN, average precision, adjusted Rand index, normalised mutual information.

    cargo run --bin reproduce -- conformance -- python3 adapters/scikit_learn.py
"""
import numpy as np
import sklearn
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score, average_precision_score, normalized_mutual_info_score

from template import serve


def kmeans(points, centres, tolerance, max_iterations):
    found = KMeans(len(centres), init=centres, n_init=1, tol=tolerance, max_iter=max_iterations).fit(points)
    return {
        "labels": found.labels_,
        "centroids": found.cluster_centers_,
        "inertia": found.inertia_,
        "iterations": found.n_iter_,
    }


def dbscan(distances, eps, min_samples):
    found = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit(distances)
    core = np.zeros(len(distances), dtype=int)
    core[found.core_sample_indices_] = 1
    return {"labels": found.labels_, "core": core}


def mean_average_precision(distances, query_identities, query_cameras, gallery_identities, gallery_cameras):
    """The protocol is ours, average precision is theirs."""
    precisions = []
    for i, row in enumerate(distances):
        match = gallery_identities == query_identities[i]
        kept = ~(match & (gallery_cameras == query_cameras[i]))
        if match[kept].any():
            precisions.append(average_precision_score(match[kept], -row[kept]))
    return {"map": np.mean(precisions)}


def labelled(pseudo_labels, identities):
    kept = pseudo_labels >= 0
    return identities[kept], pseudo_labels[kept]


ANSWERS = {
    "D10": (kmeans, ["labels", "centroids", "inertia", "iterations"], ["f64"]),
    "D14": (dbscan, ["labels", "core"], ["f64"]),
    "D16": (mean_average_precision, ["map"], ["f64"]),
    "D19": (lambda **labels: {"ari": adjusted_rand_score(*labelled(**labels))}, ["ari"], ["f64"]),
    "D20": (lambda **labels: {"nmi": normalized_mutual_info_score(*labelled(**labels))}, ["nmi"], ["f64"]),
}

if __name__ == "__main__":
    serve(f"scikit-learn {sklearn.__version__}", ANSWERS)
