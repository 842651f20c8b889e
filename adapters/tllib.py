"""Transfer-Learning-Library, github.com/thuml/Transfer-Learning-Library, from a clone.

    cargo run --bin reproduce -- conformance -- python3 adapters/tllib.py CLONE
"""
import torch

from template import serve
from torch_glue import BOTH, bare_package, clone, load, loss, on_tensors

folder, commit = clone()
for name in ["tllib", "tllib.vision", "tllib.vision.models", "tllib.vision.models.reid", "tllib.utils", "tllib.utils.metric", "tllib.self_training"]:
    bare_package(name, f"{folder}/{name.replace('.', '/')}")
losses, metric, teacher = load("tllib.vision.models.reid.loss"), load("tllib.utils.metric.reid"), load("tllib.self_training.mean_teacher")


def cross_entropy(logits, labels, epsilon):
    return losses.CrossEntropyLossWithLabelSmooth(logits.shape[1], epsilon)(logits, labels)


def mining(distances, labels):
    identities = (labels[:, None] == labels[None, :]).to(distances.dtype)
    found = losses.hard_examples_mining(distances, identities, return_idxes=True)
    return dict(zip(["positive_distance", "negative_distance", "positive", "negative"], found))


def softmax_triplet(features, labels, margin, normalize):
    return losses.SoftTripletLoss(margin, normalize)(features, features, labels)


def soft_softmax_triplet(student, teacher, labels, normalize):
    return losses.SoftTripletLoss(None, normalize)(student, teacher, labels)


def labels_of(query_identities, gallery_identities, query_cameras, gallery_cameras):
    return query_identities, gallery_identities, query_cameras, gallery_cameras


def mean_ap(distances, **labels):
    return {"map": metric.mean_ap(torch.from_numpy(distances), *labels_of(**labels))}


def cmc(distances, ranks, rule, **labels):
    named = {"separate_camera_set": rule == "separate-cameras", "first_match_break": rule != "all"}
    return {"cmc": metric.cmc(torch.from_numpy(distances), *labels_of(**labels), topk=ranks, **named)}


def re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, **share):
    return {"distances": metric.re_ranking(query_gallery, query_query, gallery_gallery, k1, k2, share["lambda"])}


class Network(torch.nn.Module):
    def __init__(self, values):
        super().__init__()
        self.values = torch.nn.Parameter(values)


def mean_network(mean, student, step, alpha, convention):
    """The mean network of the class; α_t as examples/domain_adaptation/re_identification/mmt.py sets it before each update."""
    found = teacher.EMATeacher(Network(mean), alpha)
    found.model = Network(student)
    if convention == "published":
        found.set_alpha(min(alpha, 1 - 1 / (step + 1)))
    found.update()
    return {"mean": found.teacher.values}


LOSS = ["loss", "gradient"]
ANSWERS = {
    "D1": (loss(cross_entropy, "logits"), LOSS, BOTH),
    "D2": (loss(lambda student, teacher: losses.CrossEntropyLoss()(student, teacher), "student"), LOSS, BOTH),
    "D3": (on_tensors(lambda x, y: {"distances": losses.pairwise_euclidean_distance(x, y)}), ["distances"], BOTH),
    "D4": (on_tensors(mining), ["positive_distance", "negative_distance", "positive", "negative"], BOTH),
    "D5": (loss(lambda features, labels, margin, normalize: losses.TripletLoss(margin, normalize)(features, labels), "features"), LOSS, BOTH),
    "D6": (loss(softmax_triplet, "features"), LOSS, BOTH),
    "D7": (loss(soft_softmax_triplet, "student"), LOSS, BOTH),
    "D16": (mean_ap, ["map"], ["f64"]),
    "D17": (cmc, ["cmc"], ["f64"]),
    "D18": (on_tensors(re_ranking), ["distances"], ["f32"]),
    "D23": (on_tensors(mean_network), ["mean"], BOTH),
}

if __name__ == "__main__":
    serve(f"thuml/Transfer-Learning-Library {commit}", ANSWERS)
