"""Most definitions once more, in numpy: an example of a full adapter, and what the tests plant mistakes in.

    cargo run --bin reproduce -- conformance -- python3 adapters/numpy_reference.py
"""
import numpy as np

from template import cross_entropy, eps_rule, normalisation, serve


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def soft_cross_entropy(student, teacher):
    log, target = log_softmax(student), np.exp(log_softmax(teacher))
    return {"loss": -(target * log).sum(axis=1).mean(), "gradient": (np.exp(log) - target) / len(student)}


def squared(x, y):
    return ((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=2)


def euclidean(x, y):
    return np.sqrt(np.maximum(squared(x, y), 1e-12))


def distances(x, y):
    return {"distances": euclidean(x, y), "squares": squared(x, y)}


def mining(distances, labels):
    same = labels[:, None] == labels[None, :]
    if same.all():
        raise NotImplementedError("a batch of one identity")
    positive = np.where(same, distances, -np.inf).argmax(axis=1)
    negative = np.where(same, np.inf, distances).argmin(axis=1)
    rows = np.arange(len(labels))
    return {
        "positive": positive,
        "negative": negative,
        "positive_distance": distances[rows, positive],
        "negative_distance": distances[rows, negative],
    }


def carried_back(features, pairs, slope_positive, slope_negative):
    """Slopes in the two distances of each row as a gradient of the features."""
    gradient = np.zeros_like(features)
    for slopes, others in ((slope_positive, pairs["positive"]), (slope_negative, pairs["negative"])):
        for i, j in enumerate(others):
            difference = features[i] - features[j]
            square = (difference**2).sum()
            if square >= 1e-12:
                part = slopes[i] * difference / np.sqrt(square)
                gradient[i] += part
                gradient[j] -= part
    return gradient


def through_normalisation(features, gradient):
    norm = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / norm
    return (gradient - (gradient * unit).sum(axis=1, keepdims=True) * unit) / norm


def of_pairs(features, labels, normalize, compute):
    """A loss of hardest pairs: `compute` gives its value, its slopes in both distances, and more outputs."""
    used = normalisation(features)["unit"] if normalize else features
    pairs = mining(euclidean(used, used), labels)
    loss, slopes, more = compute(pairs)
    gradient = carried_back(used, pairs, *slopes)
    return {"loss": loss, "gradient": through_normalisation(features, gradient) if normalize else gradient, **more}


def triplet(features, labels, margin, normalize):
    def compute(pairs):
        cost = pairs["positive_distance"] - pairs["negative_distance"] + margin
        slope = (cost > 0) / len(labels)
        precision = (pairs["negative_distance"] > pairs["positive_distance"]).mean()
        return np.maximum(cost, 0).mean(), (slope, -slope), {"precision": precision}

    return of_pairs(features, labels, normalize, compute)


def against_targets(pairs, target):
    """Cross-entropy of the softmax over the two distances with the targets of both."""
    log = log_softmax(np.stack([pairs["positive_distance"], pairs["negative_distance"]], axis=1))
    slopes = (np.exp(log) - target) / len(log)
    return -(target * log).sum(axis=1).mean(), (slopes[:, 0], slopes[:, 1]), {}


def softmax_triplet(features, labels, margin, normalize):
    target = np.array([[margin, 1 - margin]], dtype=features.dtype)
    return of_pairs(features, labels, normalize, lambda pairs: against_targets(pairs, target))


def soft_softmax_triplet(student, teacher, labels, normalize):
    used = normalisation(teacher)["unit"] if normalize else teacher
    theirs, rows = euclidean(used, used), np.arange(len(labels))

    def compute(pairs):
        compared = np.stack([theirs[rows, pairs["positive"]], theirs[rows, pairs["negative"]]], axis=1)
        return against_targets(pairs, np.exp(log_softmax(compared)))

    return of_pairs(student, labels, normalize, compute)


def ranked(distances):
    return np.argsort(distances, axis=1, kind="stable")


def reciprocal(ranking, k):
    count = len(ranking)
    near = np.zeros((count, count), dtype=bool)
    near[np.arange(count)[:, None], ranking[:, : k + 1]] = True
    return near & near.T


def expanded(ranking, k):
    own, halves = reciprocal(ranking, k), reciprocal(ranking, round(k / 2))
    result = own.copy()
    for i in range(len(ranking)):
        for candidate in np.flatnonzero(own[i]):
            if 3 * (own[i] & halves[candidate]).sum() > 2 * halves[candidate].sum():
                result[i] |= halves[candidate]
    return result


def k_reciprocal(distances, k):
    ranking = ranked(distances)
    return {"reciprocal": reciprocal(ranking, k), "expanded": expanded(ranking, k)}


def encodings(scaled, k1, k2):
    ranking = ranked(scaled)
    weights = np.where(expanded(ranking, k1), np.exp(-scaled), 0)
    # A row without neighbours, not even itself, stays empty.
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    return weights if k2 == 1 else weights[ranking[:, :k2]].mean(axis=1)


def jaccard_of(encoded):
    common = np.minimum(encoded[:, None, :], encoded[None, :, :]).sum(axis=2)
    return 1 - common / (2 - common)


def jaccard(features, k1, k2):
    scaled = 2 * (features**2).sum(axis=1)[None, :] - 2 * features @ features.T
    largest = scaled.max(axis=1, keepdims=True)
    scaled = scaled / np.where(largest > 0, largest, 1)
    found = jaccard_of(encodings(scaled.astype(np.float64), k1, k2))
    return {"jaccard": np.where(found < 1e-12, 0, found)}


def dbscan(distances, eps, min_samples):
    near = distances <= eps
    core = near.sum(axis=1) >= min_samples
    labels = np.full(len(distances), -1)
    for first in range(len(distances)):
        if core[first] and labels[first] < 0:
            cluster, waiting = labels.max() + 1, [first]
            labels[first] = cluster
            while waiting:
                point = waiting.pop()
                if core[point]:
                    new = np.flatnonzero(near[point] & (labels < 0))
                    labels[new] = cluster
                    waiting.extend(new)
    return {"labels": labels, "core": core.astype(int)}


def centroids(features, labels, clusters):
    means = np.stack([features[labels == cluster].mean(axis=0) for cluster in range(clusters)])
    return {"centroids": means, "classifier": normalisation(means)["unit"]}


def rankings(distances, query_identities, query_cameras, gallery_identities, gallery_cameras, separate=False):
    """Distances and matches of each query that has one, nearest first."""
    for i in range(len(distances)):
        match = gallery_identities == query_identities[i]
        camera = gallery_cameras == query_cameras[i]
        kept = ~(camera if separate else match & camera)
        order = np.argsort(distances[i][kept], kind="stable")
        if match[kept].any():
            yield distances[i][kept][order], match[kept][order]


def average_precision(distances, match):
    ends = np.append(distances[1:] != distances[:-1], True)
    within = np.cumsum(match)[ends]
    precision = within / (np.flatnonzero(ends) + 1)
    return (np.diff(within, prepend=0) / match.sum() * precision).sum()


def mean_average_precision(**split):
    return {"map": np.mean([average_precision(*ranking) for ranking in rankings(**split)])}


def cmc(ranks, rule, **split):
    curves = []
    for _, match in rankings(**split, separate=rule == "separate-cameras"):
        places = np.flatnonzero(match)
        hits = places - np.arange(len(places)) if rule == "all" else places[:1]
        curves.append([(hits < rank).mean() for rank in range(1, ranks + 1)])
    return {"cmc": np.mean(curves, axis=0)}


def table(pseudo_labels, identities):
    """Images of each cluster and identity; noise is left out."""
    kept = pseudo_labels >= 0
    clusters, identities = pseudo_labels[kept], identities[kept]
    return np.array([[((clusters == a) & (identities == b)).sum() for b in set(identities)] for a in set(clusters)])


def adjusted_rand(pseudo_labels, identities):
    counts = table(pseudo_labels, identities)
    pairs = lambda n: (n * (n - 1) / 2).sum()
    both, rows, columns = pairs(counts), pairs(counts.sum(axis=1)), pairs(counts.sum(axis=0))
    total = pairs(np.array([counts.sum()]))
    chance = rows * columns / total if total else 0
    most = (rows + columns) / 2
    return {"ari": 1 if most == chance else (both - chance) / (most - chance)}


def mutual_information(pseudo_labels, identities):
    shares = table(pseudo_labels, identities)
    shares = shares / shares.sum()
    entropy = lambda p: -(p[p > 0] * np.log(p[p > 0])).sum()
    rows, columns = entropy(shares.sum(axis=1)), entropy(shares.sum(axis=0))
    information = rows + columns - entropy(shares.ravel())
    return {"nmi": 1 if rows + columns == 0 else 2 * information / (rows + columns)}


def purity(pseudo_labels, identities):
    counts = table(pseudo_labels, identities)
    return {"purity": counts.max(axis=1).sum() / counts.sum()}


def schedule(learning_rate, milestones, gamma, warm_up, warm_up_factor, warm_up_kind, index):
    rate = learning_rate * gamma ** (np.asarray(milestones) <= index).sum()
    if index < warm_up:
        share = index / warm_up
        rate *= warm_up_factor if warm_up_kind == "constant" else warm_up_factor * (1 - share) + share
    return {"rate": rate}


def mean_network(mean, student, step, alpha, convention):
    decay = min(1 - 1 / (step + 1), alpha) if convention == "published" else alpha
    return {"mean": decay * mean + (1 - decay) * student}


def adam(parameter, gradients, learning_rate, weight_decay):
    first, second = np.zeros_like(parameter), np.zeros_like(parameter)
    for step, gradient in enumerate(gradients, start=1):
        gradient = gradient + weight_decay * parameter
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        root = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        parameter = parameter - learning_rate * first / (1 - 0.9**step) / root
    return {"parameter": parameter}


def batch_norm(x, weight, bias, running_mean, running_var, training, upstream):
    mean, variance = (x.mean(axis=(0, 2)), x.var(axis=(0, 2))) if training else (running_mean, running_var)
    of = lambda channel: channel[None, :, None]
    root = np.sqrt(variance + 1e-5)
    normalized = (x - of(mean)) / of(root)
    gradient = upstream * of(weight / root)
    if training:
        count = x.shape[0] * x.shape[2]
        running_mean = 0.9 * running_mean + 0.1 * mean
        running_var = 0.9 * running_var + 0.1 * variance * count / (count - 1)
        along = (gradient * normalized).mean(axis=(0, 2))
        gradient = gradient - of(gradient.mean(axis=(0, 2))) - normalized * of(along)
    y = of(weight) * normalized + of(bias)
    return {"y": y, "running_mean": running_mean, "running_var": running_var, "gradient": gradient}


BOTH = ["f64", "f32"]
ANSWERS = {
    "D1": (cross_entropy, ["loss", "gradient"], BOTH),
    "D2": (soft_cross_entropy, ["loss", "gradient"], BOTH),
    "D3": (distances, ["distances", "squares"], BOTH),
    "D4": (mining, ["positive", "negative", "positive_distance", "negative_distance"], BOTH),
    "D5": (triplet, ["loss", "precision", "gradient"], BOTH),
    "D6": (softmax_triplet, ["loss", "gradient"], BOTH),
    "D7": (soft_softmax_triplet, ["loss", "gradient"], BOTH),
    "D9": (normalisation, ["unit"], BOTH),
    "D11": (k_reciprocal, ["reciprocal", "expanded"], ["f64"]),
    "D12": (jaccard, ["jaccard"], BOTH),
    "D13": (eps_rule, ["eps"], ["f64"]),
    "D14": (dbscan, ["labels", "core"], ["f64"]),
    "D15": (centroids, ["centroids", "classifier"], BOTH),
    "D16": (mean_average_precision, ["map"], ["f64"]),
    "D17": (cmc, ["cmc"], ["f64"]),
    "D19": (adjusted_rand, ["ari"], ["f64"]),
    "D20": (mutual_information, ["nmi"], ["f64"]),
    "D21": (purity, ["purity"], ["f64"]),
    "D22": (schedule, ["rate"], ["f64"]),
    "D23": (mean_network, ["mean"], BOTH),
    "D24": (adam, ["parameter"], ["f64"]),
    "D30": (batch_norm, ["y", "running_mean", "running_var", "gradient"], ["f64"]),
}

if __name__ == "__main__":
    serve("numpy reference", ANSWERS)
