"""Group `models`: one training pass and one evaluation pass of the published networks with generated weights."""

from __future__ import annotations

import json
import re

import torch
from torch import nn

from . import generator
from .published import Published

Tensors = dict[str, torch.Tensor]
# The name of the function in cases that hold a whole network: only its first argument is read, the rest is in `params`.
CREATED = r"mmt\.models\.create\('(\w+)', num_features=\d+, num_classes=\d+, dropout=0\)"


def create(published: Published, arch: str, case: dict, prefix: str = "", **settings) -> nn.Module:
    """A network in training mode, with generated weights."""
    network = published.module("models").create(arch, pretrained=False, **settings)
    return generator.fill(network, case["params"]["seed"], prefix).train()


def case_images(case: dict) -> torch.Tensor:
    return generator.images(case["params"]["seed"], **case["params"]["images"])


def named(meaning: str) -> list[str]:
    """The state-dict entries that the meaning of an output lists."""
    return re.findall(r"\b(?:base|feat|feat_bn|classifier)\.[\w.]*\w", meaning)


def network(published: Published, case: dict, inputs: Tensors) -> dict:
    arch = re.fullmatch(CREATED, case["function"])[1]
    params = case["params"]
    model = create(published, arch, case, num_features=params["num_features"], num_classes=params["num_classes"])
    stages = []
    for layer in model.base:
        layer.register_forward_hook(lambda layer, given, out: stages.append(torch.stack([out.mean(), out.abs().mean()])))
    images, loss = case_images(case), published.module("loss")
    pooled, logits = model(images)
    total = loss.CrossEntropyLabelSmooth(params["num_classes"])(logits, inputs["labels"])
    total = total + loss.SoftTripletLoss(margin=0.0)(pooled, pooled, inputs["labels"])
    total.backward()
    found = {"pooled": pooled, "logits": logits, "loss": total, "stages": torch.stack(stages)}
    parameters, state = dict(model.named_parameters()), model.state_dict()
    norms = named(case["outputs"]["out.grad_norms"]["meaning"])
    found["grad_norms"] = torch.stack([parameters[name].grad.norm() for name in norms])
    for name, output in case["outputs"].items():
        if name.startswith("out.state."):
            stem = name.removeprefix("out.")
            found[stem] = state[stem.removeprefix("state.")][: output["shape"][0]].clone()
    found["num_batches_tracked"] = state["base.1.num_batches_tracked"].clone()
    with torch.no_grad():
        found["evaluated"] = model.eval()(images)
    return found


def variants(published: Published, case: dict, inputs: Tensors) -> dict:
    images, classes = case_images(case), case["params"]["num_classes"]
    plain = create(published, "resnet50", case, num_classes=0)
    unit = create(published, "resnet50", case, num_features=64, norm=True, num_classes=classes)
    embedded = create(published, "resnet50", case, num_features=64, num_classes=classes)
    return {
        "no_classes_second": plain(images)[1][:, :64],
        "norm_logits": unit(images)[1],
        "with_bn_first": embedded(images, feature_withbn=True)[0],
    }


def cut_at_pooling(published: Published, case: dict, inputs: Tensors) -> dict:
    published.module("models").create("resnet50", pretrained=False, cut_at_pooling=True)
    return {}


def generated(published: Published, case: dict, inputs: Tensors) -> dict:
    params = case["params"]
    state = create(published, "resnet50", case, num_classes=params["num_classes"]).state_dict()
    found = {"images": case_images(case)}
    for name, output in case["outputs"].items():
        stem = name.removeprefix("out.")
        if stem != "images":
            found[stem] = state[stem].flatten()[: output["shape"][0]]
    return found


FUNCTIONS = {
    "mmt.models.create('resnet50', ...)": variants,
    "mmt.models.create('resnet50', cut_at_pooling=True)": cut_at_pooling,
    "the splitmix64 generator of FORMAT.md": generated,
}
