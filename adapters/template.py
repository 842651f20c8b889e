"""The start of an adapter of your own for `reproduce conformance`; needs numpy only. Copy it and let the functions call your code:

    cargo run --bin reproduce -- conformance -- python3 adapters/template.py

A function gets the inputs of a definition by name (docs/conformance.md lists them) and returns its outputs by name. Leave out what
you do not have; raise NotImplementedError for cases that your code does not take.
"""
import json
import os
import sys

import numpy as np


def cross_entropy(logits, labels, epsilon):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    target = np.eye(logits.shape[1], dtype=logits.dtype)[labels] * (1 - epsilon) + epsilon / logits.shape[1]
    return {"loss": -(target * log).sum(axis=1).mean(), "gradient": (np.exp(log) - target) / len(labels)}


def normalisation(features):
    return {"unit": features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)}


def eps_rule(distances, rho):
    above = distances[np.triu_indices(len(distances), 1)]
    smallest = np.sort(above[above != 0])
    return {"eps": smallest[: round(rho * len(smallest))].mean()}


# Number: function, outputs, widths.
ANSWERS = {
    "D1": (cross_entropy, ["loss", "gradient"], ["f64", "f32"]),
    "D9": (normalisation, ["unit"], ["f64", "f32"]),
    "D13": (eps_rule, ["eps"], ["f64"]),
}


def read(value, folder, dtype):
    """An input: lists of floats in the width of the call, lists of whole numbers as int64, anything else as it is."""
    if isinstance(value, dict):  # a large array in a safetensors file
        with open(os.path.join(folder, value["file"]), "rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))[value["tensor"]]
            value = np.frombuffer(file.read()).reshape(header["shape"])
    if not isinstance(value, (list, np.ndarray)):
        return value
    value = np.asarray(value)
    return value.astype(dtype) if value.dtype.kind == "f" else value


def serve(name, answers):
    """Answers questions, a line of JSON each, until there are none. What your code prints goes to standard error."""
    folder, answers_to, sys.stdout = ".", sys.stdout, sys.stderr
    for line in sys.stdin:
        question = json.loads(line)
        if "ask" in question:
            folder = question["folder"]
            offers = {number: {"outputs": outputs, "widths": widths} for number, (_, outputs, widths) in answers.items()}
            reply = {"name": name, "offers": offers}
        else:
            reply = {"call": question["call"]}
            dtype = np.float32 if question["width"] == "f32" else np.float64
            inputs = {key: read(value, folder, dtype) for key, value in question["inputs"].items()}
            try:
                if question["definition"] not in answers:
                    raise NotImplementedError("not offered")
                outputs = answers[question["definition"]][0](**inputs)
                reply["outputs"] = {key: np.asarray(value).tolist() for key, value in outputs.items()}
            except NotImplementedError as reason:
                reply["declined"] = str(reason)
        print(json.dumps(reply), file=answers_to, flush=True)


if __name__ == "__main__":
    serve("template", ANSWERS)
