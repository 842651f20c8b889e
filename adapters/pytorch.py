"""PyTorch's own cross-entropy, normalisation, distance, Adam and batch norm.

    cargo run --bin reproduce -- conformance -- python3 adapters/pytorch.py
"""
import torch
import torch.nn.functional as F

from template import serve
from torch_glue import BOTH, loss, on_tensors


def adam(parameter, gradients, learning_rate, weight_decay):
    parameter = torch.nn.Parameter(parameter)
    optimizer = torch.optim.Adam([parameter], lr=learning_rate, weight_decay=weight_decay)
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
    return {"parameter": parameter}


def batch_norm(x, weight, bias, running_mean, running_var, training, upstream):
    x.requires_grad_()
    if training and x.shape[0] * x.shape[2] == 1:
        raise NotImplementedError("one value per channel")
    y = F.batch_norm(x, running_mean, running_var, weight, bias, training)
    gradient = torch.autograd.grad((y * upstream).sum(), x)[0]
    return {"y": y, "running_mean": running_mean, "running_var": running_var, "gradient": gradient}


def soft_cross_entropy(student, teacher):
    return F.cross_entropy(student, teacher.softmax(dim=1))


ANSWERS = {
    "D1": (loss(lambda logits, labels, epsilon: F.cross_entropy(logits, labels, label_smoothing=epsilon), "logits"), ["loss", "gradient"], BOTH),
    "D2": (loss(soft_cross_entropy, "student"), ["loss", "gradient"], BOTH),
    "D3": (on_tensors(lambda x, y: {"distances": torch.cdist(x, y)}), ["distances"], BOTH),
    "D9": (on_tensors(lambda features: {"unit": F.normalize(features)}), ["unit"], BOTH),
    "D24": (on_tensors(adam), ["parameter"], ["f64"]),
    "D30": (on_tensors(batch_norm), ["y", "running_mean", "running_var", "gradient"], ["f64"]),
}

if __name__ == "__main__":
    serve(f"PyTorch {torch.__version__}", ANSWERS)
