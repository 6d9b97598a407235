"""One split of one node: how many parts, which, and whether they may stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.spectral._assign import cluster_rows
from skuhas.spectral._backend import Array, as_double, like, namespace, to_numpy
from skuhas.spectral._eigen import pairs_and_guesses
from skuhas.spectral._gates import Gates
from skuhas.spectral._laplacian import NormalisedGraph, normalise
from skuhas.spectral._perturbation import distance_from_ideal, perturbation
from skuhas.spectral._sweep import cost_of_parts, sweep

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
    affinity: Array,
    weights: Array,
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
    affinity : array of shape (n, n)
        Symmetric and non-negative, n >= 2.
    weights : array of shape (n,)
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
    splits, _ = split_affinities(
        affinity,
        weights,
        gates,
        self_affinity=self_affinity,
        assign_labels=assign_labels,
        seeds=[seed],
    )
    return splits[0]


def split_affinities(
    affinity: Array,
    weights: Array,
    gates: Gates,
    *,
    self_affinity: bool,
    assign_labels: str,
    seeds: list[int],
    start: Array | None = None,
) -> tuple[list[Split | None], Array | None]:
    """Split one graph, or each of a stack of one size.

    Parameters
    ----------
    affinity : array of shape (n, n) or (n_graphs, n, n)
    weights : array of shape (n,) or (n_graphs, n)
    gates, self_affinity, assign_labels
        As `split_graph` has them.
    seeds : list of int
        One a graph.
    start : array of shape (n, n_vectors), default=None
        Guesses of the eigenvectors, of one graph.

    Returns
    -------
    splits : list of (Split or None)
    guesses : array of shape (n, n_vectors) or None
        From which the parts may start.
    """
    if affinity.shape[-1] == 2:
        return _pairs(affinity, gates), None
    graph = normalise(affinity)
    if graph.single and bool(graph.other_eigenvalues()[1] < NEARLY_UNIFORM):
        # Single precision would lose what little tells the vertices apart.
        graph = normalise(as_double(affinity))
    return split_normalised(
        graph,
        weights,
        gates,
        self_affinity=self_affinity,
        assign_labels=assign_labels,
        seeds=seeds,
        start=start,
    )


def split_normalised(
    graph: Any,
    weights: Array,
    gates: Gates,
    *,
    self_affinity: bool,
    assign_labels: str,
    seeds: list[int],
    start: Array | None = None,
) -> tuple[list[Split | None], Array | None]:
    """Split normalised or factored graphs of three vertices and more."""
    n_pairs = min(max(gates.max_branching, 3), graph.size)
    # Three pairs can only make two parts, for which one vector is swept.
    n_vectors = 2 if n_pairs == 3 else None
    values, vectors, guesses = pairs_and_guesses(
        graph, n_pairs, start, n_vectors=n_vectors
    )
    xp = namespace(values)
    # Position i is the gap after the i + 2 smallest eigenvalues.
    gaps = values[..., 2:] - values[..., 1:-1]
    n_parts = to_numpy(xp.argmax(gaps, axis=-1)) + 2
    if np.all(n_parts == 2):
        line = vectors[..., 1] * graph.scale
        parts, costs = sweep(graph, line)
        distance = distance_from_ideal(graph, parts, weights, self_affinity, 2)
        figures = zip(
            to_numpy(parts).reshape(-1, graph.size),
            to_numpy(costs).ravel(),
            to_numpy(distance).ravel(),
            to_numpy(gaps[..., 0]).ravel(),
            strict=True,
        )
        return [_in_two(*entry, gates) for entry in figures], guesses
    if graph.degrees.ndim == 1:
        many = _MoreParts(graph, vectors, gaps, weights, self_affinity, assign_labels)
        return [many.split(int(n_parts), gates, seeds[0])], guesses
    splits = []
    for place, seed in enumerate(seeds):
        many = _MoreParts(
            graph[place],
            vectors[place, ...],
            gaps[place, ...],
            weights[place, ...],
            self_affinity,
            assign_labels,
        )
        splits.append(many.split(int(n_parts[place]), gates, seed))
    return splits, guesses


def _pairs(affinity: Array, gates: Gates) -> list[Split | None]:
    """Split pairs, which can be done in one way only and needs no spectrum."""
    splits: list[Split | None] = []
    for pair in to_numpy(affinity).reshape(-1, 2, 2).astype(np.float64).tolist():
        cross, ncut = pair[0][1], 0.0
        if cross > 0:
            ncut = 0.5 * cross / (cross + pair[0][0])
            ncut += 0.5 * cross / (cross + pair[1][1])
        if gates.max_ncut is not None and not ncut < gates.max_ncut:
            splits.append(None)
        else:
            splits.append(Split(np.array([0, 1]), ncut, 0.0, np.inf))
    return splits


def _in_two(
    parts: NDArray[np.intp], ncut: float, distance: float, gap: float, gates: Gates
) -> Split | None:
    if ncut == np.inf:
        return None
    bound = 0.0
    if distance > 0:
        bound = float(distance / gap) if gap > 0 else np.inf
    if gates.max_perturbation is not None and bound > gates.max_perturbation:
        return None
    if gates.max_ncut is not None and not ncut < gates.max_ncut:
        return None
    return Split(parts, float(ncut), bound, float(gap))


@dataclass(frozen=True, slots=True)
class _MoreParts:
    """One graph, where its eigengap may ask for more than two parts."""

    graph: NormalisedGraph | Any
    vectors: Array
    gaps: Array
    weights: Array
    self_affinity: bool
    assign_labels: str

    def split(self, n_parts: int, gates: Gates, seed: int) -> Split | None:
        gaps = to_numpy(self.gaps).tolist()
        for number in range(n_parts, 1, -1):
            partition = self._partition(number, seed)
            if partition is None:
                continue
            parts, ncut = partition
            gap = gaps[number - 2]
            bound = perturbation(
                self.graph, parts, self.weights, gap, self_affinity=self.self_affinity
            )
            if gates.max_perturbation is not None and bound > gates.max_perturbation:
                return None
            if gates.max_ncut is None or ncut < gates.max_ncut:
                return Split(to_numpy(parts), ncut, bound, gap)
        return None

    def _partition(self, n_parts: int, seed: int) -> tuple[Array, float] | None:
        """Return parts and their mean normalised cut, None where rows coincide."""
        if n_parts == 2:
            parts, cost = sweep(self.graph, self.vectors[:, 1] * self.graph.scale)
            return None if np.isinf(float(cost)) else (parts, float(cost))
        parts = cluster_rows(
            self.vectors[:, :n_parts],
            n_parts,
            assign_labels=self.assign_labels,
            seed=seed,
        )
        parts = like(parts, self.vectors)
        if int(namespace(parts).max(parts)) + 1 < n_parts:
            return None
        return parts, cost_of_parts(self.graph, parts)
