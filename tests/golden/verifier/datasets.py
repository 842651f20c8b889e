"""Group `datasets`: what the published readers find in the trees of this folder, and what they say to broken ones."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
import urllib.request
from pathlib import Path
from unittest import mock

from .published import Published

SUBSETS = ("train", "query", "gallery")


def loaded(published: Published, name: str, root: Path) -> dict:
    """The lists and counts of a data set, sorted by path."""
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = published.module("datasets").create(name, str(root))
    base = getattr(dataset, "images_dir", None)
    found = {"images_dir": str(Path(base).relative_to(root)) if base else None}
    for subset in SUBSETS:
        images = sorted(getattr(dataset, subset))
        found[subset] = [
            {"file": inside(root, file), "identity": identity, "camera": camera} for file, identity, camera in images
        ]
        for count in ("pids", "imgs", "cams"):
            with contextlib.suppress(AttributeError):  # MSMT17 counts the training identities alone
                found[f"num_{subset}_{count}"] = getattr(dataset, f"num_{subset}_{count}")
    return found


def inside(root: Path, file: str) -> str:
    """A path below the root; MSMT17's are relative already."""
    return str(Path(file).relative_to(root)) if Path(file).is_absolute() else file


def numbered_from_zero(images: list[dict]) -> list[dict]:
    """The identities by their first appearance: published numbers them in the order of a Python set."""
    numbers = {}
    return [{**image, "identity": numbers.setdefault(image["identity"], len(numbers))} for image in images]


def check_loaded(published: Published, case: dict) -> str:
    stored = json.loads((case["folder"] / case["files"][0]).read_text())["loaded"][case["name"]]
    found = loaded(published, case["name"], (case["folder"] / case["params"]["root"]).resolve())
    if case["name"] != "msmt17":
        for lists in (stored, found):
            if {image["identity"] for image in lists["train"]} != set(range(lists["num_train_pids"])):
                return "training identities are not 0, 1, ..."
            lists["train"] = numbered_from_zero(lists["train"])
    different = [key for key in found | stored if found.get(key) != stored.get(key)]
    return f"{', '.join(different)} differ" if different else ""


def broken(published: Published, name: str, what: str, whole: Path) -> dict:
    """What the reader says to a copy of the tree `whole` that is broken as `what` says."""

    def refuse(*args):
        raise OSError("download attempted")

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "root"
        shutil.copytree(whole, root)
        break_tree(root, what)
        try:
            with mock.patch.object(urllib.request, "urlretrieve", refuse):
                loaded(published, name, root)
            error = None
        except Exception as raised:
            error = {"type": type(raised).__name__, "message": str(raised).replace(str(root), "ROOT")}
        return {"dataset": name, "what": what, "error": error, "root_created": root.exists()}


def break_tree(root: Path, what: str) -> None:
    """Breaks a whole tree."""
    inner = next(path for path in root.iterdir() if path.is_dir())
    query, number = inner / "query", what.rpartition(" ")[2]
    if what == "root folder does not exist":
        shutil.rmtree(root)
    elif what == "query folder missing":
        shutil.rmtree(query)
    elif what.endswith(" missing"):
        (inner / what.removesuffix(" missing")).unlink()
    elif what == "query holds a name that does not match":
        (query / "portrait.jpg").touch()
    elif what.startswith("query holds camera "):
        (query / f"0001_c{number}s1_000000_00.jpg").touch()
    elif what.startswith("query holds identity "):
        (query / f"{number}_c1s1_000000_00.jpg").touch()
    else:
        raise ValueError(f"unknown way to break a tree: {what}")


def check_broken(published: Published, case: dict) -> str:
    for stored in json.loads((case["folder"] / case["files"][0]).read_text())["broken"]:
        found = broken(published, stored["dataset"], stored["what"], case["folder"] / "datasets" / stored["dataset"])
        if found != stored:
            return f"{found}, stored {stored}"
    return ""


TABLES = {
    "mmt.datasets.create('market1501', ROOT)": check_loaded,
    "mmt.datasets.create('dukemtmc', ROOT)": check_loaded,
    "mmt.datasets.create('msmt17', ROOT)": check_loaded,
    "mmt.datasets.create": check_broken,
}
