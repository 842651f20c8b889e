"""SpCL, github.com/yxgeee/SpCL, from a clone; needs faiss.

    cargo run --bin reproduce -- conformance -- python3 adapters/spcl.py CLONE
"""
from clustering_of_features import jaccard_of
from template import serve
from torch_glue import clone

folder, commit = clone()
ANSWERS = {"D12": (jaccard_of(folder, "spcl", "utils.faiss_rerank"), ["jaccard"], ["f32"])}

if __name__ == "__main__":
    serve(f"yxgeee/SpCL {commit}", ANSWERS)
