"""How far a graph is from the ideal block graph of a partition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skuhas.spectral._laplacian import NormalisedGraph


def perturbation(
    graph: NormalisedGraph,
    parts: NDArray,
    weights: NDArray[np.float64],
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
    graph : NormalisedGraph
    parts : ndarray of shape (n,), dtype int
        Part of every vertex, from 0 to k - 1.
    weights : ndarray of shape (n,)
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
    if gap == np.inf:
        return 0.0
    n_parts = int(parts.max()) + 1
    total = np.bincount(parts, weights=weights, minlength=n_parts)[parts]
    if self_affinity:
        ideal = np.sqrt(weights / total)
        ideal_square = float(n_parts)
    else:
        others = total - weights
        # A part of one vertex is isolated in the ideal graph; as in `normalise`
        # its Laplacian row is zero, which the diagonal below accounts for.
        alone = np.bincount(parts, minlength=n_parts)[parts] == 1
        ideal = np.zeros_like(weights)
        ideal[~alone] = np.sqrt(weights[~alone] / others[~alone])
        square = np.bincount(parts, weights=ideal**2, minlength=n_parts)
        ideal_square = float((square**2).sum() - (ideal**4).sum() + alone.sum())
    spread = np.zeros((parts.size, n_parts))
    spread[np.arange(parts.size), parts] = ideal
    inner = float(np.einsum("ip,ip->", spread, graph.product(spread)))
    if not self_affinity:
        diagonal = graph.diagonal()
        inner += float(diagonal[alone].sum() - (diagonal * ideal**2).sum())
    distance = graph.square_norm + ideal_square - 2.0 * inner
    # Rounding of the three sums, each of which is about as large as N's.
    if distance <= 1e-13 * max(ideal_square, 1.0):
        return 0.0
    if gap <= 0:
        return float("inf")
    return float(np.sqrt(distance) / gap)
