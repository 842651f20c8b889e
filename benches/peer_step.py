"""One step of mutual mean-teaching as the published trainer does it, in PyTorch eager, to be timed beside ours:

    reproduce bench --threads 2 -- python3 benches/peer_step.py small 2
    reproduce bench --threads 2 --backbone resnet50 --batch 16 --height 128 --width 64 -- python3 benches/peer_step.py resnet50 2

Written from the description of the method in README.md, with the operations the published trainer chooses: separate forward passes of
the four networks, sorted rows for batch-hard mining, the same distances computed for the hard and for the soft loss, Adam with a
parameter group for each parameter, and a Python loop over the parameters for the mean networks.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

# Name: (kind of block, stem (kernel, stride, channels, pool), stages (blocks, width, stride), projection, (batch, height, width)).
NETWORKS = {
    "small": ("basic", (3, 2, 16, False), [(1, 16, 1), (1, 32, 2), (1, 64, 2), (1, 64, 1)], 512, (32, 64, 32)),
    "resnet50": ("bottleneck", (7, 2, 64, True), [(3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 1)], None, (16, 128, 64)),
}
CLUSTERS = 100


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    def __init__(self, kind: str, inputs: int, width: int, stride: int):
        super().__init__()
        outputs = width if kind == "basic" else 4 * width
        plan = [(3, width, stride), (3, outputs, 1)] if kind == "basic" else [(1, width, 1), (3, width, stride), (1, outputs, 1)]
        layers, channels = [], inputs
        for kernel, out, step in plan:
            layers += [convolution(channels, out, kernel, step), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
            channels = out
        self.body = nn.Sequential(*layers[:-1])
        self.relu = layers[-1]
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.body(x)
        out += shortcut
        return self.relu(out)


class Network(nn.Module):
    def __init__(self, name: str):
        super().__init__()
        kind, (kernel, stride, channels, pool), stages, projection, _ = NETWORKS[name]
        layers = [convolution(3, channels, kernel, stride), nn.BatchNorm2d(channels)]
        if pool:
            layers.append(nn.MaxPool2d(3, 2, 1))
        for blocks, width, step in stages:
            for at in range(blocks):
                layers.append(Block(kind, channels, width, step if at == 0 else 1))
                channels = width if kind == "basic" else 4 * width
        if projection:
            layers += [convolution(channels, projection, 1), nn.BatchNorm2d(projection), nn.ReLU(inplace=True)]
            channels = projection
        self.base = nn.Sequential(*layers)
        self.neck = nn.BatchNorm1d(channels)
        self.neck.bias.requires_grad_(False)
        self.classifier = nn.Linear(channels, CLUSTERS, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.normal_(self.classifier.weight, std=0.001)

    def forward(self, images):
        x = self.base(images)
        pooled = F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1)
        return pooled, self.classifier(self.neck(pooled))


def smoothed(logits, labels, epsilon=0.1):
    log = F.log_softmax(logits, dim=1)
    targets = torch.zeros_like(log).scatter_(1, labels.unsqueeze(1), 1)
    targets = (1 - epsilon) * targets + epsilon / logits.size(1)
    return (-targets * log).mean(0).sum()


def soft(student, teacher):
    return (-F.softmax(teacher, dim=1).detach() * F.log_softmax(student, dim=1)).mean(0).sum()


def distances(x):
    squares = x.pow(2).sum(1, keepdim=True).expand(len(x), len(x))
    return torch.addmm(squares + squares.t(), x, x.t(), beta=1, alpha=-2).clamp(min=1e-12).sqrt()


def hardest(distance, same):
    positive, at_positive = torch.sort(distance + (-9999999.0) * (1 - same), dim=1, descending=True)
    negative, at_negative = torch.sort(distance + 9999999.0 * same, dim=1, descending=False)
    return positive[:, 0], negative[:, 0], at_positive[:, 0], at_negative[:, 0]


def pairs(features, labels):
    distance = distances(features)
    same = labels.expand(len(labels), len(labels)).eq(labels.expand(len(labels), len(labels)).t()).float()
    positive, negative, at_positive, at_negative = hardest(distance, same)
    return F.log_softmax(torch.stack((positive, negative), dim=1), dim=1), at_positive, at_negative


def triplet(features, labels):
    log, _, _ = pairs(features, labels)
    return -log[:, 1].mean()


def soft_triplet(student, teacher, labels):
    log, at_positive, at_negative = pairs(student, labels)
    reference = distances(teacher.detach())
    chosen = torch.stack(
        (reference.gather(1, at_positive.unsqueeze(1))[:, 0], reference.gather(1, at_negative.unsqueeze(1))[:, 0]), dim=1
    )
    return (-F.softmax(chosen, dim=1).detach() * log).mean(0).sum()


class Step:
    """Two students, two mean networks, an optimizer, and one batch in two views."""

    def __init__(self, name: str):
        torch.manual_seed(1)
        self.students = [Network(name).train() for _ in range(2)]
        self.means = [Network(name).train() for _ in range(2)]
        for mean in self.means:
            for parameter in mean.parameters():
                parameter.detach_()
        groups = [
            {"params": [parameter], "lr": 1e-6, "weight_decay": 5e-4}
            for student in self.students
            for parameter in student.parameters()
            if parameter.requires_grad
        ]
        self.adam = torch.optim.Adam(groups)
        batch, height, width = NETWORKS[name][-1]
        self.views = [torch.randn(batch, 3, height, width) for _ in range(2)]
        self.labels = torch.arange(batch) // 4

    def run(self) -> None:
        (f1, p1), (f2, p2) = [student(view) for student, view in zip(self.students, self.views)]
        (g1, q1), (g2, q2) = [mean(view) for mean, view in zip(self.means, self.views)]
        labels = self.labels
        identity = smoothed(p1, labels) + smoothed(p2, labels)
        hard = triplet(f1, labels) + triplet(f2, labels)
        soft_identity = soft(p1, q2) + soft(p2, q1)
        soft_hard = soft_triplet(f1, g2, labels) + soft_triplet(f2, g1, labels)
        loss = identity * 0.5 + hard * 0.2 + soft_identity * 0.5 + soft_hard * 0.8
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        for mean, student in zip(self.means, self.students):
            for ours, theirs in zip(mean.parameters(), student.parameters()):
                ours.data.mul_(0.99).add_(theirs.data, alpha=0.01)
        for value in (identity, hard, soft_identity, soft_hard):
            value.item()


def serve(name: str, threads: int) -> None:
    """A step for every line that comes in; its seconds go out."""
    torch.set_num_threads(threads)
    step = Step(name)
    for _ in range(3):
        step.run()
    print(f"torch {torch.__version__}", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        step.run()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
