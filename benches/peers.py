#!/usr/bin/env python3
"""Times scikit-learn, and the published code where a clone is given, on features like those of `cargo bench --bench clustering`.

    python3 benches/peers.py [--published PATH_TO_MMT] [--images 12936] > reports/peers.md

Needs torch, numpy and scikit-learn. The published Jaccard distance takes about a minute and 8 GiB at 12,936 images.
"""

import argparse
import contextlib
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.cluster import DBSCAN, KMeans


def features(images: int, dimension: int) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Unit rows around centres, 17 per identity, spread 1; identities and cameras."""
    torch.manual_seed(images)
    rng = np.random.default_rng(images)
    identities = rng.integers(0, images // 17, images)
    centres = torch.randn(images // 17, dimension)
    rows = centres[torch.from_numpy(identities)] + torch.randn(images, dimension)
    return torch.nn.functional.normalize(rows), identities, rng.integers(0, 6, images)


def timed(name: str, step) -> object:
    start = time.perf_counter()
    # The published code talks.
    with contextlib.redirect_stdout(sys.stderr):
        result = step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"| {name} | {time.perf_counter() - start:.2f} | {peak:.1f} |", flush=True)
    return result


def clustered(x: torch.Tensor, rerank) -> None:
    """The published DBSCAN script's steps."""
    distances = timed("published Jaccard distance", lambda: rerank.compute_jaccard_dist(x, use_gpu=False))

    def eps() -> float:
        upper = np.triu(distances, 1)
        values = np.sort(upper[np.nonzero(upper)], axis=None)
        return values[: np.round(1.6e-3 * values.size).astype(int)].mean()

    chosen = timed("published eps rule", eps)
    dbscan = DBSCAN(eps=chosen, min_samples=4, metric="precomputed", n_jobs=-1)
    timed("scikit-learn DBSCAN, precomputed", lambda: dbscan.fit_predict(distances))


def evaluated(x: torch.Tensor, identities: np.ndarray, cameras: np.ndarray, metrics) -> None:
    query = np.arange(len(x)) % 5 == 0
    q, g = x[torch.from_numpy(query)], x[torch.from_numpy(~query)]
    distances = timed("query-gallery distances (torch)", lambda: (2 - 2 * q @ g.T).numpy())
    labels = (identities[query], identities[~query], cameras[query], cameras[~query])

    def both() -> None:
        metrics.mean_ap(distances, *labels)
        metrics.cmc(distances, *labels, separate_camera_set=False, single_gallery_shot=False, first_match_break=True)

    timed("published mAP + CMC", both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, help="clone of the published code, yxgeee/MMT")
    parser.add_argument("--images", type=int, default=12_936)
    arguments = parser.parse_args()
    x, identities, cameras = features(arguments.images, 2048)
    print(f"# Peers at N = {arguments.images}, D = 2048\n")
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}.\n")
    print("| step | seconds | peak memory of the process so far, GiB |\n| --- | ---: | ---: |")
    timed("product X·Xᵀ (torch)", lambda: x @ x.T)
    clusters = arguments.images * 500 // 12_936
    found = timed("scikit-learn k-means, one start", lambda: KMeans(clusters, n_init=1, random_state=1).fit(x.numpy()))
    if arguments.published:
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests/golden"))
        from verifier.published import Published

        threads = torch.get_num_threads()
        code = Published(arguments.published)
        torch.set_num_threads(threads)
        evaluated(x, identities, cameras, code.module("evaluation_metrics.ranking"))
        clustered(x, code.module("utils.rerank"))
    print(f"\nInertia of that k-means: {found.inertia_:.1f} after {found.n_iter_} iterations.")


if __name__ == "__main__":
    main()
