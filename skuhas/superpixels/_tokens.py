"""Leaves on the feature grid itself."""

import math

import numpy as np

from skuhas.spectral import cosine_k_way_cut, k_means, largest_cosine_distance, to_numpy
from skuhas.tree import canonical_labels

TOKEN_METHODS = ("spectral", "kmeans", "grid")


def token_superpixels(
    tokens, method="spectral", *, n_leaves=200, max_leaves=4000, seed=0
):
    """Partition a feature grid.

    Parameters
    ----------
    tokens : array of shape (rows, columns, n_features), dtype float32 or float64
        Unit vectors; zero vectors are allowed.
    method : {"spectral", "kmeans", "grid"}, default="spectral"
        One k-way normalised cut of the cosine graph of all tokens, the paper's
        first step; k-means on the tokens; or every token a leaf.
    n_leaves : int, default=200
        Leaves that "spectral" and "kmeans" look for, at most `max_leaves`.
        Fewer come out where tokens coincide.
    max_leaves : int, default=4000
        Where the grid has more cells, "grid" joins them in the smallest
        squares that leave no more.
    seed : int, default=0
        Seed of k-means.

    Returns
    -------
    ndarray of shape (rows, columns), dtype int32
        Leaves numbered by their first cell.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import token_superpixels
    >>> tokens = np.eye(2)[[[0, 0, 1], [0, 1, 1]]]
    >>> token_superpixels(tokens, "spectral", n_leaves=2)
    array([[0, 0, 1],
           [0, 1, 1]], dtype=int32)
    """
    rows, columns, _ = tokens.shape
    if method == "grid":
        labels = _squares(rows, columns, max_leaves)
    else:
        flat = tokens.reshape(rows * columns, -1)
        # More leaves than different tokens would only split equal ones.
        n_leaves = _n_different(flat, min(n_leaves, max_leaves))
        if method == "kmeans":
            labels = k_means(flat, n_leaves, seed=seed)
        else:
            labels = _spectral(flat, n_leaves, seed)
        labels = to_numpy(labels).reshape(rows, columns)
    return canonical_labels(labels, int(labels.max()) + 1)[0]


def _squares(rows, columns, max_leaves):
    side = max(1, math.floor(math.sqrt(rows * columns / max_leaves)))
    while math.ceil(rows / side) * math.ceil(columns / side) > max_leaves:
        side += 1
    across = math.ceil(columns / side)
    return (np.arange(rows) // side)[:, None] * across + np.arange(columns) // side


def _spectral(flat, n_leaves, seed):
    if n_leaves == 1:
        return np.zeros(len(flat), dtype=np.intp)
    distance = largest_cosine_distance(flat)
    return cosine_k_way_cut(flat, n_leaves, distance, seed=seed)


def _n_different(flat, at_most):
    """Return the number of different rows, or `at_most` where there are more."""
    different = set()
    for start in range(0, len(flat), 1024):
        # Adding 0 makes zeros of both signs equal.
        part = to_numpy(flat[start : start + 1024]) + 0.0
        different.update(row.tobytes() for row in part)
        if len(different) >= at_most:
            return at_most
    return len(different)
