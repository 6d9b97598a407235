"""One split of one node: how many parts, which, and whether they may stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skuhas.spectral._assign import cluster_rows
from skuhas.spectral._eigen import smallest_eigenpairs
from skuhas.spectral._gates import Gates
from skuhas.spectral._laplacian import NormalisedGraph, normalise
from skuhas.spectral._perturbation import perturbation
from skuhas.spectral._sweep import mean_normalised_cut, sweep_cut

# Spread of the eigenvalues under which a graph is split in double precision.
NEARLY_UNIFORM = 0.01


@dataclass(frozen=True, slots=True)
class Split:
    """A split that stands, with its figures.

    Parameters
    ----------
    parts : ndarray of shape (n,), dtype int
        Part of every vertex; parts are numbered by their first vertex.
    ncut : float
        Mean normalised cut, in [0, 1].
    perturbation : float
        Perturbation bound, at least 0.
    eigengap : float
        Gap after the k-th eigenvalue, k the number of parts; infinite where
        k = n.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import Split
    >>> Split(np.array([0, 1]), 0.25, 0.0, np.inf).ncut
    0.25
    """

    parts: NDArray[np.intp]
    ncut: float
    perturbation: float
    eigengap: float


def split_graph(
    affinity: NDArray,
    weights: NDArray[np.float64],
    gates: Gates,
    *,
    self_affinity: bool = True,
    assign_labels: str = "kmeans",
    seed: int = 0,
) -> Split | None:
    """Split a graph by its spectrum, or decide to keep it whole.

    The number of parts k comes from the largest eigengap, the trivial one left
    out. A partition whose perturbation bound is too large keeps the node
    whole; one whose cut is too dear is tried again with k - 1 parts, down to
    two.

    Parameters
    ----------
    affinity : ndarray of shape (n, n)
        Symmetric and non-negative, n >= 2.
    weights : ndarray of shape (n,)
        Vertex weights of the affinity, see `perturbation`.
    gates : Gates
        ``max_depth`` and ``min_size`` are the caller's to apply.
    self_affinity : bool, default=True
        Whether the affinity keeps its diagonal.
    assign_labels : {"kmeans", "cluster_qr"}, default="kmeans"
        How eigenvectors become more than two parts.
    seed : int, default=0
        Seed of k-means.

    Returns
    -------
    Split or None
        None keeps the node whole.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import Gates, split_graph
    >>> affinity = np.kron(np.eye(2), np.ones((2, 2))) + 0.1
    >>> split_graph(affinity, np.ones(4), Gates()).parts
    array([0, 0, 1, 1])
    """
    n_vertices = len(affinity)
    if n_vertices == 2:
        return _split_pair(affinity, gates)
    graph = normalise(affinity)
    if affinity.itemsize < 8 and graph.other_eigenvalues()[1] < NEARLY_UNIFORM:
        # Single precision would lose what little tells the vertices apart.
        affinity = affinity.astype(np.float64)
        graph = normalise(affinity)
    n_pairs = min(max(gates.max_branching, 3), n_vertices)
    values, vectors = smallest_eigenpairs(graph, n_pairs)
    # Position i of `gaps` is the gap after the i + 2 smallest eigenvalues.
    gaps = np.diff(values[1:])
    for n_parts in range(int(np.argmax(gaps)) + 2, 1, -1):
        partition = _partition(affinity, graph, vectors, n_parts, assign_labels, seed)
        if partition is None:
            continue
        parts, ncut = partition
        gap = float(gaps[n_parts - 2])
        bound = perturbation(graph, parts, weights, gap, self_affinity=self_affinity)
        if gates.max_perturbation is not None and bound > gates.max_perturbation:
            return None
        if gates.max_ncut is None or ncut < gates.max_ncut:
            return Split(parts, ncut, bound, gap)
    return None


def _split_pair(affinity: NDArray[np.float64], gates: Gates) -> Split | None:
    """Split two vertices, which can be done in one way only and needs no spectrum."""
    cross = float(affinity[0, 1])
    ncut = 0.0
    if cross > 0:
        ncut = 0.5 * cross / (cross + float(affinity[0, 0]))
        ncut += 0.5 * cross / (cross + float(affinity[1, 1]))
    if gates.max_ncut is not None and not ncut < gates.max_ncut:
        return None
    return Split(np.array([0, 1]), ncut, 0.0, np.inf)


def _partition(
    affinity: NDArray[np.float64],
    graph: NormalisedGraph,
    vectors: NDArray[np.float64],
    n_parts: int,
    assign_labels: str,
    seed: int,
) -> tuple[NDArray[np.intp], float] | None:
    """Return parts and their mean normalised cut, None where rows coincide."""
    if n_parts == 2:
        return sweep_cut(affinity, vectors[:, 1] * graph.scale)
    parts = cluster_rows(
        vectors[:, :n_parts], n_parts, assign_labels=assign_labels, seed=seed
    )
    if parts.max() + 1 < n_parts:
        return None
    return parts, mean_normalised_cut(affinity, parts)
