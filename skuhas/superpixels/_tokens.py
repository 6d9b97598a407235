"""Leaves on the feature grid itself."""

import math
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skuhas.spectral import cosine_k_way_cut, largest_cosine_distance
from skuhas.tree import canonical_labels

TOKEN_METHODS = ("spectral", "kmeans", "grid")


def token_superpixels(
    tokens, method="spectral", *, n_leaves=200, max_leaves=4000, seed=0
):
    """Partition a feature grid.

    Parameters
    ----------
    tokens : ndarray of shape (rows, columns, n_features)
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
        flat = tokens.reshape(rows * columns, -1).astype(np.float64)
        # More leaves than different tokens would only split equal ones.
        n_leaves = min(n_leaves, max_leaves, len(np.unique(flat, axis=0)))
        if method == "kmeans":
            labels = _k_means(flat, n_leaves, seed)
        else:
            labels = _spectral(flat, n_leaves, seed)
        labels = labels.reshape(rows, columns)
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


def _k_means(flat, n_leaves, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(n_leaves, n_init=1, random_state=seed).fit_predict(flat)
