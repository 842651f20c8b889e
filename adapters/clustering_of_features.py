"""Jaccard distance as SpCL, OpenUnReID and fast-reid have it: their files are alike, each from its own clone; needs faiss."""
from torch_glue import bare_package, load, on_tensors


def jaccard_of(folder, package, module):
    """D12 by `compute_jaccard_distance` of a module, on the processor."""
    for end in range(1, len(module.split(".")) + 1):
        name = ".".join([package, *module.split(".")[: end - 1]]) if end > 1 else package
        bare_package(name, f"{folder}/{name.replace('.', '/')}")
    compute = load(f"{package}.{module}").compute_jaccard_distance
    def jaccard(features, k1, k2):
        if k1 > len(features):
            raise NotImplementedError("fewer images than k1, for which faiss answers −1")
        if k2 > k1:
            raise NotImplementedError("k2 above k1, of which only k1 neighbours are known")
        return {"jaccard": compute(features, k1=k1, k2=k2, search_option=3)}

    return on_tensors(jaccard)
