"""How far a graph is from the ideal block graph of a partition."""

from __future__ import annotations

from typing import Any

from skuhas.spectral._backend import Array, as_double, at_least, namespace, numbers

# Rounding of the sums in the distance, each of which is about as large as N's.
ROUNDING = 1e-13


def perturbation(
    graph: Any,
    parts: Array,
    weights: Array,
    gap: float,
    *,
    self_affinity: bool,
) -> float:
    r"""Return the perturbation bound :math:`\|L - L^*\|_F / \mathrm{gap}`.

    L* is the normalised Laplacian of the ideal graph of the partition:
    similarity 1 inside the parts and 0 across, under the same vertex weights.
    By Davis and Kahan's theorem the quotient bounds how far the leading
    eigenspaces of the two lie apart: small means that the graph really has
    these blocks.

    Only the products of N with one vector a part are needed. Inside part P the
    ideal normalised affinity is :math:`t_i t_j`, with :math:`t_i^2 = w_i / W_P`
    where the diagonal is kept and :math:`w_i / (W_P - w_i)` off the diagonal
    where it is zero.

    Parameters
    ----------
    graph : NormalisedGraph or FactoredGraph
    parts : array of shape (n,), of integers
        Part of every vertex, from 0 to k - 1.
    weights : array of shape (n,)
        w, greater than 0: the affinity of vertices with similarity 1 is
        :math:`w_i w_j`.
    gap : float
        Eigengap after the k-th eigenvalue; infinite where k = n.
    self_affinity : bool
        Whether the affinity keeps its diagonal.

    Returns
    -------
    float
        At least 0; infinite where the gap is 0 and the graph is not ideal.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import normalise, perturbation
    >>> blocks = np.kron(np.eye(2), np.ones((2, 2)))
    >>> perturbation(
    ...     normalise(blocks),
    ...     np.array([0, 0, 1, 1]),
    ...     np.ones(4),
    ...     1.0,
    ...     self_affinity=True,
    ... )
    0.0
    """
    if gap == float("inf"):
        return 0.0
    distance = float(distance_from_ideal(graph, parts, weights, self_affinity))
    if distance == 0.0:
        return 0.0
    return distance / gap if gap > 0 else float("inf")


def distance_from_ideal(
    graph: Any,
    parts: Array,
    weights: Array,
    self_affinity: bool,
    n_parts: int | None = None,
) -> Array:
    r"""Return :math:`\|L - L^*\|_F` of graphs of one size.

    Parameters
    ----------
    graph : NormalisedGraph or FactoredGraph
        One graph or a stack of them.
    parts : array of shape (..., n), of integers
    weights : array of shape (..., n)
    self_affinity : bool
    n_parts : int, default=None
        Parts of every graph; None counts those of the one.

    Returns
    -------
    array of shape (...)
    """
    xp = namespace(parts)
    if n_parts is None:
        n_parts = int(xp.max(parts)) + 1
    names = numbers(n_parts, parts)
    member = as_double(parts[..., None] == names)
    total = xp.sum(member * weights[..., None], axis=-2, keepdims=True)
    total = xp.sum(member * total, axis=-1)
    if self_affinity:
        ideal = xp.sqrt(weights / total)
        ideal_square = float(n_parts)
        alone = None
    else:
        # A part of one vertex is isolated in the ideal graph; as in `normalise`
        # its Laplacian row is zero, which the diagonal below accounts for.
        count = xp.sum(member, axis=-2, keepdims=True)
        alone = xp.sum(member * count, axis=-1) == 1
        others = xp.where(alone, 1.0, total - weights)
        ideal = xp.where(alone, 0.0, xp.sqrt(weights / others))
        square = xp.sum(member * ideal[..., None] ** 2, axis=-2)
        ideal_square = xp.sum(square**2, axis=-1) - xp.sum(ideal**4, axis=-1)
        ideal_square = ideal_square + xp.sum(as_double(alone), axis=-1)
    spread = ideal[..., None] * member
    inner = xp.sum(spread * graph.product(spread), axis=(-2, -1))
    if alone is not None:
        own = xp.where(alone, 1.0, -(ideal**2)) * graph.diagonal()
        inner = inner + xp.sum(own, axis=-1)
    square = graph.square_norm + ideal_square - 2.0 * inner
    least = ROUNDING * at_least(ideal_square + 0.0 * square, 1.0)
    return xp.sqrt(xp.where(square <= least, 0.0, square))
