"""From eigenvectors to parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from skuhas.spectral._backend import Array, like, namespace, to_numpy
from skuhas.spectral._k_means import k_means

ASSIGN_LABELS = ("kmeans", "cluster_qr")


def cluster_rows(
    vectors: Array,
    n_parts: int,
    *,
    assign_labels: str,
    seed: int,
    n_init: int = 10,
) -> Array:
    """Cluster the rows of eigenvectors by their direction.

    Parameters
    ----------
    vectors : array of shape (n, n_vectors), dtype float32 or float64
        Leading eigenvectors as columns.
    n_parts : int
        Parts looked for; fewer come out where rows coincide.
    assign_labels : {"kmeans", "cluster_qr"}
        k-means on the rows scaled to length 1, or the pivoted QR factorisation
        of Damle et al., which needs no start and as many vectors as parts, and
        is computed on the host.
    seed : int
        Seed of k-means.
    n_init : int, default=10
        Starts of k-means, of which the best is kept.

    Returns
    -------
    array of shape (n,), of integers
        On the device of `vectors`. Parts are numbered by their first vertex,
        none of them is empty.

    References
    ----------
    A. Ng, M. Jordan and Y. Weiss. "On Spectral Clustering: Analysis and an
    Algorithm". NIPS 2001.
    A. Damle, V. Minden and L. Ying. "Simple, direct and efficient multi-way
    spectral clustering". Information and Inference 8(1), 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import cluster_rows
    >>> vectors = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 2.0]])
    >>> cluster_rows(vectors, 2, assign_labels="cluster_qr", seed=0)
    array([0, 1, 0])
    """
    xp = namespace(vectors)
    if assign_labels == "cluster_qr":
        labels = _cluster_qr(to_numpy(vectors))
    else:
        length = xp.linalg.vector_norm(vectors, axis=1, keepdims=True)
        rows = vectors / xp.where(length > 0, length, xp.ones_like(length))
        labels = to_numpy(k_means(rows, n_parts, n_init=n_init, seed=seed))
    _, first, parts = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.intp)
    rank[np.argsort(first)] = np.arange(first.size)
    return like(rank[parts], vectors)


def _cluster_qr(vectors: NDArray) -> NDArray[np.intp]:
    n_vectors = vectors.shape[1]
    # Rows keep their lengths here: of rows scaled to 1 the first pivot, the
    # longest, would be a matter of rounding.
    pivots = linalg.qr(vectors.T, mode="r", pivoting=True)[1][:n_vectors]
    # The polar factor turns the pivot rows as nearly as it can into the axes.
    left, _, right = linalg.svd(vectors[pivots].T)
    return np.argmax(np.abs(vectors @ (left @ right)), axis=1)
