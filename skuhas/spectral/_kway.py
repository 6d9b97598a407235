"""One k-way normalised cut of a whole graph."""

from __future__ import annotations

import numpy as np

from skuhas.spectral._assign import cluster_rows
from skuhas.spectral._backend import Array, like, to_numpy
from skuhas.spectral._eigen import smallest_eigenpairs
from skuhas.spectral._laplacian import normalise

# Eigenvectors of the normalised Laplacian from this eigenvalue on carry no
# affinity: vertices there are no more alike than chance. A little less than 1,
# which many eigenvalues of low-rank graphs are but for rounding.
NOISE = 1.0 - 1e-6


def k_way_cut(
    affinity: Array,
    n_parts: int,
    *,
    assign_labels: str = "kmeans",
    seed: int = 0,
    n_init: int = 1,
    max_vectors: int | None = None,
) -> Array:
    """Split a graph into k parts at once.

    The leading eigenvectors of the normalised Laplacian, as many as parts but
    none whose eigenvalue is 1 or more, are clustered by row.

    Parameters
    ----------
    affinity : array of shape (n, n)
        Symmetric and non-negative.
    n_parts : int
        k, at most n.
    assign_labels : {"kmeans", "cluster_qr"}, default="kmeans"
        How eigenvectors become parts. cluster_qr gives at most as many parts
        as there are vectors.
    seed : int, default=0
        Seed of k-means.
    n_init : int, default=1
        Starts of k-means.
    max_vectors : int, default=None
        Eigenvectors at most, where the graph is known to have no more that
        carry affinity.

    Returns
    -------
    array of shape (n,), of integers
        Parts numbered by their first vertex; fewer than k where vertices
        coincide.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import k_way_cut
    >>> k_way_cut(np.kron(np.eye(3), np.ones((2, 2))), 3)
    array([0, 0, 1, 1, 2, 2])
    """
    n_vertices = int(affinity.shape[0])
    if n_parts >= n_vertices:
        return like(np.arange(n_vertices), affinity)
    graph = normalise(affinity)
    n_pairs = n_parts if max_vectors is None else min(n_parts, max_vectors)
    values, vectors = smallest_eigenpairs(graph, n_pairs)
    n_vectors = max(int(np.searchsorted(to_numpy(values), NOISE)), 1)
    return cluster_rows(
        vectors[:, :n_vectors],
        n_parts,
        assign_labels=assign_labels,
        seed=seed,
        n_init=n_init,
    )
