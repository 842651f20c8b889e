"""The published code, github.com/yxgeee/MMT, from a clone; written for PyTorch 1.1, with today's call orders put back.

    cargo run --bin reproduce -- conformance -- python3 adapters/published_mmt.py CLONE
"""
import collections
import math
import random
import sys
import textwrap
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
# The erasing needs nothing of what stands beside it.
for name in ["torchvision", "torchvision.transforms", "PIL", "PIL.Image"]:
    sys.modules.setdefault(name, types.ModuleType(name))
sys.modules["PIL"].Image = types.SimpleNamespace(BILINEAR=2)
sampler, transforms = load("mmt.utils.data.sampler"), load("mmt.utils.data.transforms")


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


def lines_of(file, first, last, leave_out=()):
    """Lines of a file of the clone, from one that holds `first` to one that holds `last`: what its scripts do in the middle of a function."""
    lines = open(f"{folder}/{file}").read().splitlines()
    begin = next(at for at, line in enumerate(lines) if first in line)
    end = next(at for at, line in enumerate(lines) if last in line and at >= begin)
    kept = [line for line in lines[begin : end + 1] if not any(text in line for text in leave_out)]
    return textwrap.dedent("\n".join(kept))


SCRIPT = "examples/mmt_train_dbscan.py"
EPS_RULE = lines_of(SCRIPT, "tri_mat = np.triu", "eps = tri_mat", ["rho = "])
CENTRES = lines_of(SCRIPT, "cluster_centers = collections", "cluster_centers = torch.stack(cluster_centers)", ["new_dataset"])
UPDATE = lines_of("mmt/trainers.py", "alpha = min(1", "ema_param.data.mul_")


STEP = lines_of("mmt/trainers.py", "f_out_t1, p_out_t1 = self.model_1(inputs_1)", "loss_tri_soft*tri_soft_weight")


def objective(labels, soft_ce_weight, soft_tri_weight, epsilon, clusters, **outputs):
    """The trainer's step up to its loss, with outputs in the place of networks."""
    students = [outputs[name].requires_grad_() for name in ["features_1", "logits_1", "features_2", "logits_2"]]
    network = lambda number, mean="": lambda _: (outputs[f"{mean}features_{number}"], outputs[f"{mean}logits_{number}"])
    trainer = types.SimpleNamespace(
        model_1=network(1), model_2=network(2), model_1_ema=network(1, "mean_"), model_2_ema=network(2, "mean_"), num_cluster=clusters,
        criterion_ce=crossentropy.CrossEntropyLabelSmooth(clusters, epsilon), criterion_ce_soft=crossentropy.SoftEntropy(),
        criterion_tri=triplets.SoftTripletLoss(0.0), criterion_tri_soft=triplets.SoftTripletLoss(None),
    )
    space = {"self": trainer, "inputs_1": None, "inputs_2": None, "targets": labels, "ce_soft_weight": soft_ce_weight, "tri_soft_weight": soft_tri_weight}
    exec(STEP, space)
    gradients = torch.autograd.grad(space["loss"], students)
    names = ["features_gradient_1", "logits_gradient_1", "features_gradient_2", "logits_gradient_2"]
    hard = {name: space[f"loss_{name}"] for name in ["ce_1", "ce_2", "tri_1", "tri_2"]}
    return {**hard, "total": space["loss"], **dict(zip(names, gradients))}


def eps_rule(distances, rho):
    space = {"np": np, "rerank_dist": distances, "rho": rho}
    exec(EPS_RULE, space)
    return {"eps": space["eps"]}


def centroids(features, labels, clusters):
    space = {"collections": collections, "torch": torch, "labels": labels.numpy(), "cf": features}
    # What the loop goes through beside the labels is the data set.
    space["dataset_target"] = types.SimpleNamespace(train=[(None, None, None)] * len(labels))
    exec(CENTRES, space)
    centres = space["cluster_centers"]
    return {"centroids": centres, "classifier": torch.nn.functional.normalize(centres, dim=1)}


def mean_network(mean, student, step, alpha, convention):
    if convention != "published":
        raise NotImplementedError("the paper's constant α")
    network = lambda values: types.SimpleNamespace(parameters=lambda: [values])
    exec(UPDATE, {"global_step": step, "alpha": alpha, "ema_model": network(mean), "model": network(student), "min": min, "zip": zip})
    return {"mean": mean}


def pick(labels, cameras, instances, first):
    """What the sampler asks numpy to choose from when it has chosen `first`."""
    images = np.flatnonzero(labels >= 0)
    source = [(None, int(labels[i]), int(cameras[i])) for i in images]
    asked, own = [], []

    def choose_first(indices):
        own[:] = [i for i in indices if images[i] == first]
        return own[0] if own else indices[0]

    def choose_others(indices, size, replace):
        if own:
            asked.append(([sampler_of.pid_index[labels[first]][i] for i in indices], size, replace))
        return indices[:1]

    sampler_of = sampler.RandomMultipleGallerySampler(source, instances)
    kept = random.choice, np.random.choice
    random.choice, np.random.choice = choose_first, choose_others
    try:
        list(sampler_of)
    finally:
        random.choice, np.random.choice = kept
    # Positions in the list of images of the identity: the sampler looks them up there once more.
    chosen, drawn, replace = asked[0] if asked else ([], 0, False)
    pool = np.zeros(len(labels), dtype=int)
    pool[images[chosen]] = 1
    return {"pool": pool, "drawn": drawn, "with_replacement": int(replace)}


def erasing(height, width, probability, min_area, max_area, min_ratio, draws):
    numbers = iter(draws)
    kept = random.uniform, random.randint
    random.uniform = lambda low, high: low + (high - low) * next(numbers)
    random.randint = lambda low, high: low + math.floor(next(numbers) * (high - low + 1))
    try:
        erased = transforms.RandomErasing(probability, min_area, max_area, min_ratio, (1, 1, 1))(torch.zeros(3, height, width))
    finally:
        random.uniform, random.randint = kept
    rows, columns = torch.nonzero(erased[0], as_tuple=True)
    if len(rows) == 0:
        return {"erased": 0, "rectangle": [0, 0, 0, 0]}
    return {"erased": 1, "rectangle": [rows.min(), columns.min(), rows.max() - rows.min() + 1, columns.max() - columns.min() + 1]}


LOSS = ["loss", "gradient"]
# The soft terms are added up before they have names.
OBJECTIVE = ["ce_1", "ce_2", "tri_1", "tri_2", "total", "features_gradient_1", "logits_gradient_1", "features_gradient_2", "logits_gradient_2"]
ANSWERS = {
    "D1": (loss(cross_entropy, "logits"), LOSS, BOTH),
    "D2": (loss(lambda student, teacher: crossentropy.SoftEntropy()(student, teacher), "student"), LOSS, BOTH),
    "D3": (on_tensors(lambda x, y: {"distances": triplets.euclidean_dist(x, y)}), ["distances"], BOTH),
    "D4": (on_tensors(mining), ["positive_distance", "negative_distance", "positive", "negative"], BOTH),
    "D5": (loss(triplet, "features"), [*LOSS, "precision"], BOTH),
    "D6": (loss(softmax_triplet, "features"), LOSS, BOTH),
    "D7": (loss(soft_softmax_triplet, "student"), LOSS, BOTH),
    "D8": (on_tensors(objective), OBJECTIVE, BOTH),
    "D11": (on_tensors(k_reciprocal), ["reciprocal"], ["f64"]),
    "D12": (on_tensors(jaccard), ["jaccard"], BOTH),
    "D13": (eps_rule, ["eps"], ["f64"]),
    "D15": (on_tensors(centroids), ["centroids", "classifier"], BOTH),
    "D16": (mean_ap, ["map"], ["f64"]),
    "D17": (cmc, ["cmc"], ["f64"]),
    "D18": (re_ranking, ["distances"], ["f32"]),
    "D22": (schedule, ["rate"], ["f64"]),
    "D23": (on_tensors(mean_network), ["mean"], BOTH),
    "D25": (pick, ["pool", "drawn", "with_replacement"], ["f64"]),
    "D28": (erasing, ["erased", "rectangle"], ["f64"]),
}

if __name__ == "__main__":
    serve(f"yxgeee/MMT {commit}", ANSWERS)
