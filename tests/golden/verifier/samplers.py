"""Group `samplers`: from which images the published sampler draws, how many and how, for each possible first image."""

from __future__ import annotations

import json
from unittest import mock

from .published import Published


def picks(published: Published, table: list[dict], num_instances: int) -> dict:
    """What the sampler does for every possible first image."""
    module = published.module("utils.data.sampler")
    images = [(str(image["index"]), image["identity"], image["camera"]) for image in table]
    found = []
    for image in table:
        sampler = module.RandomMultipleGallerySampler(images, num_instances)
        length = len(sampler)
        sampler.pids = [image["identity"]]
        found.append(pick(module, sampler, image))
    return {"num_instances": num_instances, "len_reported": length, "picks": found}


def pick(module, sampler, image: dict) -> dict:
    """One identity, its first image fixed; the draws are recorded."""
    own = sampler.pid_index[image["identity"]]
    drawn = {"pool": [], "drawn": 0, "with_replacement": False}

    def choice(places, size, replace):
        drawn.update(pool=[own[place] for place in places], drawn=size, with_replacement=replace)
        return places[:1] * size

    with (
        mock.patch.object(module.random, "choice", lambda images: image["index"]),
        mock.patch.object(module.np.random, "choice", choice),
    ):
        returned = list(iter(sampler))
    if returned[0] != image["index"]:
        raise AssertionError("the first image was not the one that was asked for")
    return {"identity": image["identity"], "first": image["index"], **drawn, "returned": len(returned)}


def check(published: Published, case: dict) -> str:
    stored = json.loads((case["folder"] / case["files"][0]).read_text())
    for sampler in stored["samplers"]:
        if picks(published, stored["table"], sampler["num_instances"]) != sampler:
            return f"num_instances = {sampler['num_instances']} differs"
    return ""


TABLES = {"mmt.utils.data.sampler.RandomMultipleGallerySampler": check}
