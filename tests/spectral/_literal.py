"""Slow versions of the numeric core, written straight from the definitions."""

import numpy as np


def laplacian(affinity):
    """I - D^(-1/2) A D^(-1/2), the row of a vertex without affinity zero."""
    n = len(affinity)
    degree = [sum(affinity[i, j] for j in range(n)) for i in range(n)]
    result = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if degree[i] > 0 and degree[j] > 0:
                result[i, j] = (i == j) - affinity[i, j] / np.sqrt(
                    degree[i] * degree[j]
                )
    return result


def mean_ncut(affinity, parts):
    costs = []
    for part in sorted(set(parts)):
        inside = [i for i, p in enumerate(parts) if p == part]
        outside = [i for i, p in enumerate(parts) if p != part]
        cut = sum(affinity[i, j] for i in inside for j in outside)
        assoc = sum(affinity[i, j] for i in inside for j in range(len(parts)))
        costs.append(cut / assoc if assoc > 0 else 0.0)
    return float(np.mean(costs))


def sweep(affinity, values):
    """Best threshold: least cost, then most even, then the lowest vertex."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    span = values[order[-1]] - values[order[0]]
    found = []
    for size in range(1, len(values)):
        if not values[order[size]] - values[order[size - 1]] > 1e-9 * span:
            continue
        first, second = order[:size], order[size:]
        parts = np.isin(np.arange(len(values)), second).astype(int)
        cost = mean_ncut(affinity, parts)
        smaller = first if len(first) <= len(second) else second
        found.append((cost, abs(len(first) - len(second)), min(smaller), parts))
    if not found:
        return None
    least = min(cost for cost, *_ in found)
    ties = [entry for entry in found if entry[0] <= least * (1 + 1e-9) + 1e-15]
    cost, _, _, parts = min(ties, key=lambda entry: entry[1:3])
    return (parts if parts[0] == 0 else 1 - parts), cost


def ideal_affinity(parts, weights, self_affinity):
    n = len(parts)
    ideal = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if parts[i] == parts[j] and (i != j or self_affinity):
                ideal[i, j] = weights[i] * weights[j]
    return ideal


def perturbation(affinity, parts, weights, gap, self_affinity):
    difference = laplacian(affinity) - laplacian(
        ideal_affinity(parts, weights, self_affinity)
    )
    norm = np.sqrt(sum(float(x) ** 2 for x in difference.ravel()))
    return norm / gap


def split(affinity, weights, gates, self_affinity, cluster):
    """One split: the eigengap, the gates, the retry with fewer parts.

    `cluster(vectors, k)` stands for the clustering of eigenvectors.
    """
    n = len(affinity)
    if n == 2:
        ncut = mean_ncut(affinity, [0, 1])
        if gates.max_ncut is not None and not ncut < gates.max_ncut:
            return None
        return np.array([0, 1]), ncut, 0.0, np.inf
    values, vectors = np.linalg.eigh(laplacian(affinity))
    n_pairs = min(max(gates.max_branching, 3), n)
    values = values[:n_pairs]
    # gap[k] lies between the k-th and the (k+1)-th smallest eigenvalue.
    gap = {k: values[k] - values[k - 1] for k in range(2, n_pairs)}
    k = max(gap, key=lambda key: (gap[key], -key))
    degree = affinity.sum(axis=1)
    while k >= 2:
        if k == 2:
            found = sweep(affinity, vectors[:, 1] / np.sqrt(degree))
            if found is None:
                return None
            parts, ncut = found
        else:
            parts = cluster(vectors[:, :k], k)
            if len(set(parts)) < k:
                k -= 1
                continue
            ncut = mean_ncut(affinity, parts)
        bound = perturbation(affinity, parts, weights, gap[k], self_affinity)
        if gates.max_perturbation is not None and bound > gates.max_perturbation:
            return None
        if gates.max_ncut is None or ncut < gates.max_ncut:
            return parts, ncut, bound, gap[k]
        k -= 1
    return None


def nearness(conductance):
    """Damped sums over walks, as a truncated series, scaled to ones."""
    degree = conductance.sum(axis=1)
    scale = np.array([1 / np.sqrt(d) if d > 0 else 0.0 for d in degree])
    step = 0.99 * scale[:, None] * conductance * scale
    walks, power = np.eye(len(step)), np.eye(len(step))
    for _ in range(3000):
        power = power @ step
        walks = walks + power
    root = np.sqrt(np.diagonal(walks))
    return np.clip(walks / root / root[:, None], 1e-12, 1.0)


def bound(affinity, near, shares, strength, vertices):
    """The affinity of a node: A * K ** q, q from the node's share."""
    block = affinity[np.ix_(vertices, vertices)]
    if near is None:
        return block
    share = min(sum(shares[v] for v in vertices), 1.0)
    exponent = strength * min(1.0, np.log(1 / share) / np.log(100))
    return block * near[np.ix_(vertices, vertices)] ** exponent


def grow(
    affinity, weights, gates, self_affinity, cluster, near=None, shares=None, strength=1
):
    """Nested sets: {vertices: (children, ncut, perturbation, eigengap)}."""
    tree = {}

    def visit(vertices, depth):
        tree[frozenset(vertices)] = None
        if len(vertices) <= max(gates.min_size, 1):
            return
        if gates.max_depth is not None and depth >= gates.max_depth:
            return
        block = bound(affinity, near, shares, strength, vertices)
        result = split(block, weights[vertices], gates, self_affinity, cluster)
        if result is None:
            return
        parts, *figures = result
        children = [
            [v for v, p in zip(vertices, parts, strict=True) if p == part]
            for part in sorted(set(parts))
        ]
        tree[frozenset(vertices)] = ({frozenset(c) for c in children}, *figures)
        for child in children:
            visit(child, depth + 1)

    visit(list(range(len(affinity))), 0)
    return tree
