"""Slow, literal versions of what RegionTree does: recursion, sets and loops."""

import math
from collections import deque

import numpy as np


def children(parents, node):
    root = len(parents) - 1
    return [i for i in range(root) if parents[i] == node]


def leaves_under(parents, node):
    below = children(parents, node)
    if not below:
        return {node}
    return set().union(*(leaves_under(parents, child) for child in below))


def path(parents, node):
    if node == len(parents) - 1:
        return [node]
    return [*path(parents, int(parents[node])), node]


def preorder(parents, node=None):
    node = len(parents) - 1 if node is None else node
    order = [node]
    for child in children(parents, node):
        order += preorder(parents, child)
    return order


def lca(parents, first, second):
    common = [node for node in path(parents, first) if node in path(parents, second)]
    return common[-1]


def mask(tree, node):
    leaves = leaves_under(tree.parents, node)
    inside = [label in leaves for label in tree.leaf_labels.ravel().tolist()]
    return np.array(inside).reshape(tree.shape)


def area(tree, node):
    return int(mask(tree, node).sum())


def first_pixel(tree, node):
    return mask(tree, node).ravel().tolist().index(True)


def altitude(tree, node):
    """The altitude of a tree that was given none."""
    if not children(tree.parents, node):
        return 0.0
    if np.isnan(tree.ncut[tree.n_leaves :]).all():

        def edges(node):
            below = children(tree.parents, node)
            return 1 + max(map(edges, below)) if below else 0

        return edges(node) / edges(tree.root)
    heights = [1.0]
    for above in path(tree.parents, node):
        if not math.isnan(tree.ncut[above]):
            n_parts = max(len(children(tree.parents, above)), 2)
            clear = 1 - tree.ncut[above] / (1 - 1 / n_parts)
            share = area(tree, above) / area(tree, tree.root)
            heights.append(max(clear, 0.0) * share**0.25)
    return min(heights)


def open_nodes(
    tree, *, depth=None, n_regions=None, max_ncut=None, max_perturbation=None
):
    """The nodes that keep their children, found from the root downwards."""

    def passes(node):
        if not children(tree.parents, node):
            return False
        if depth is not None and len(path(tree.parents, node)) - 1 >= depth:
            return False
        if max_ncut is not None and tree.ncut[node] >= max_ncut:
            return False
        limit = max_perturbation
        return not (limit is not None and tree.perturbation[node] > limit)

    opened = set()
    frontier = {tree.root}
    while True:
        candidates = [node for node in frontier if passes(node)]
        if not candidates:
            return opened
        node = max(candidates, key=lambda i: (tree.altitude[i], area(tree, i), i))
        below = children(tree.parents, node)
        if n_regions is not None and len(frontier) - 1 + len(below) > n_regions:
            return opened
        opened.add(node)
        frontier = (frontier - {node}) | set(below)


def canonical(tree, opened):
    """Parents, labels and old node numbers of the tree whose open nodes are given."""
    kept = [
        node
        for node in range(tree.n_nodes)
        if node == tree.root or int(tree.parents[node]) in opened
    ]
    leaves = sorted(
        (node for node in kept if node not in opened),
        key=lambda node: first_pixel(tree, node),
    )
    rank = {node: leaves.index(node) for node in leaves}
    for node in opened:
        below = [i for i in leaves if node in path(tree.parents, i)]
        rank[node] = min(rank[i] for i in below)
    internal = sorted(
        opened, key=lambda node: (-len(path(tree.parents, node)), rank[node])
    )
    old = leaves + internal
    new = {node: number for number, node in enumerate(old)}
    parents = [new[int(tree.parents[node])] for node in old]
    labels = np.full(tree.shape, -1)
    for node in leaves:
        labels[mask(tree, node)] = new[node]
    return parents, labels, old


def strength(tree, first, second):
    """The contour strength between two pixels with the given labels."""
    if first == second:
        return 0.0
    if first < 0 or second < 0:
        return float(tree.altitude[tree.root])
    return float(tree.altitude[lca(tree.parents, first, second)])


def saliency(tree):
    height, width = tree.shape
    labels = tree.leaf_labels.tolist()
    contours = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            for v, u in [(y, x + 1), (y + 1, x)]:
                if v < height and u < width:
                    value = strength(tree, labels[y][x], labels[v][u])
                    contours[y, x] = max(contours[y, x], value)
    return contours


def double_saliency(tree):
    height, width = tree.shape
    labels = tree.leaf_labels.tolist()
    contours = np.zeros((2 * height + 1, 2 * width + 1))
    for y in range(height):
        for x in range(width):
            if x + 1 < width:
                value = strength(tree, labels[y][x], labels[y][x + 1])
                contours[2 * y + 1, 2 * x + 2] = value
            if y + 1 < height:
                value = strength(tree, labels[y][x], labels[y + 1][x])
                contours[2 * y + 2, 2 * x + 1] = value
    for i in range(0, 2 * height + 1, 2):
        for j in range(0, 2 * width + 1, 2):
            around = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
            contours[i, j] = max(
                contours[a, b]
                for a, b in around
                if 0 <= a <= 2 * height and 0 <= b <= 2 * width
            )
    return contours


def components(blocked_right, blocked_down):
    """4-connected components of pixels between blocked edges."""
    height, width = blocked_right.shape[0], blocked_down.shape[1]
    found = np.full((height, width), -1)
    number = 0
    for start in np.ndindex(height, width):
        if found[start] >= 0:
            continue
        found[start] = number
        queue = deque([start])
        while queue:
            y, x = queue.popleft()
            steps = []
            if x + 1 < width and not blocked_right[y, x]:
                steps.append((y, x + 1))
            if x > 0 and not blocked_right[y, x - 1]:
                steps.append((y, x - 1))
            if y + 1 < height and not blocked_down[y, x]:
                steps.append((y + 1, x))
            if y > 0 and not blocked_down[y - 1, x]:
                steps.append((y - 1, x))
            for step in steps:
                if found[step] < 0:
                    found[step] = number
                    queue.append(step)
        number += 1
    return found


def interpolation(shape, grid_shape):
    """Dense bilinear weights, shape (height, width, rows, columns)."""
    (height, width), (rows, columns) = shape, grid_shape
    weights = np.zeros((height, width, rows, columns))
    for y in range(height):
        for x in range(width):
            v = min(max((y + 0.5) * rows / height - 0.5, 0), rows - 1)
            u = min(max((x + 0.5) * columns / width - 0.5, 0), columns - 1)
            top, left = math.floor(v), math.floor(u)
            for row, a in [(top, 1 - (v - top)), (top + 1, v - top)]:
                for column, b in [(left, 1 - (u - left)), (left + 1, u - left)]:
                    if a * b > 0:
                        weights[y, x, row, column] += a * b
    return weights


def same_partition(first, second):
    """Whether two label maps group their elements alike."""
    pairs = set(zip(np.ravel(first).tolist(), np.ravel(second).tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
