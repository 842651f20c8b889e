"""mAP and CMC as deep-person-reid, fast-reid and OpenUnReID have them: `evaluate_rank` of a clone."""
import numpy as np


def kept_images(distances, query_identities, gallery_identities, query_cameras, gallery_cameras):
    """Gallery images that each query sees."""
    junk = (gallery_identities == query_identities[:, None]) & (gallery_cameras == query_cameras[:, None])
    return (~junk).sum(axis=1)


def answers(evaluate_rank, **named):
    """D16 and D17 by such a function, which averages the CMC in f32; some return the average precision of each query."""
    def ranked(distances, ranks, query_identities, gallery_identities, query_cameras, gallery_cameras):
        labels = query_identities, gallery_identities, query_cameras, gallery_cameras
        return evaluate_rank(distances, *labels, max_rank=ranks, use_cython=False, **named)

    def mean_ap(distances, **labels):
        return {"map": np.mean(ranked(distances, 1, **labels)[1])}

    def cmc(distances, ranks, rule, **labels):
        if rule != "first":
            raise NotImplementedError("another rule than the first match")
        if ranks > min(kept_images(distances, **labels)):
            raise NotImplementedError("more ranks than gallery images are left")
        return {"cmc": ranked(distances, ranks, **labels)[0]}

    return {"D16": (mean_ap, ["map"], ["f64"]), "D17": (cmc, ["cmc"], ["f32"])}
