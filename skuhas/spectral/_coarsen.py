"""Groups of neighbouring regions that stand for them while there are too many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skuhas.spectral._kernels import ExponentialKernel

# Likenesses as close as this, in units of the exponent, are told apart by lot: along
# a gradient every region would wait for the next one otherwise.
STEP = 0.1


def coarsen(
    kernel: ExponentialKernel, conductance: Any, n_groups: int
) -> list[NDArray[np.int32]]:
    r"""Join neighbouring regions round by round, until few enough are left.

    In a round two regions become one where each is the other's most similar
    neighbour. At most two become one at a time, so groups grow evenly, and what
    differs most from its surroundings stays by itself longest. Differences of a
    tenth in the exponent of the affinity do not count.

    Parameters
    ----------
    kernel : ExponentialKernel
        Of n regions, its arrays numpy's.
    conductance : sparse array of shape (n, n)
        Symmetric, positive between neighbours. Regions without neighbours are
        joined to the next one in order.
    n_groups : int
        Groups after the last round, at most.

    Returns
    -------
    list of ndarray of shape (n,), dtype int32
        Group of every region after each round, numbered by their first region;
        every group is a union of groups of the round before.

    References
    ----------
    E. Sharon, M. Galun, D. Sharon, R. Basri and A. Brandt. "Hierarchy and
    adaptivity in segmenting visual scenes". Nature 442, 2006. I. Dhillon,
    Y. Guan and B. Kulis. "Weighted Graph Cuts without Eigenvectors: A
    Multilevel Approach". IEEE TPAMI 29(11), 2007, for pairs of best neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from skuhas.spectral import ExponentialKernel, coarsen
    >>> rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> kernel = ExponentialKernel.of_regions(rows, np.ones(4))
    >>> chain = sparse.csr_array(np.eye(4, k=1) + np.eye(4, k=-1))
    >>> coarsen(kernel, chain, 2)
    [array([0, 0, 1, 1], dtype=int32)]
    """
    groups = np.arange(kernel.size)
    neighbours = sparse.coo_array(sparse.triu(conductance, k=1))
    first, second = neighbours.row.astype(np.intp), neighbours.col.astype(np.intp)
    rounds = []
    while kernel.size > n_groups:
        first, second = _with_loners(first, second, kernel.size)
        pairs = _best_pairs(kernel, first, second)
        joined = np.arange(kernel.size)
        joined[second[pairs]] = first[pairs]
        # The smaller of two is first, so numbers stay in order.
        _, joined = np.unique(joined, return_inverse=True)
        kernel = kernel.grouped(joined)
        groups = joined[groups]
        rounds.append(groups.astype(np.int32))
        first, second = _between(joined[first], joined[second], kernel.size)
    return rounds


def _with_loners(
    first: NDArray[np.intp], second: NDArray[np.intp], size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give regions without neighbours the next one, the last the one before."""
    degree = np.bincount(first, minlength=size) + np.bincount(second, minlength=size)
    alone = np.flatnonzero(degree == 0)
    if not alone.size:
        return first, second
    other = np.where(alone + 1 < size, alone + 1, alone - 1)
    return _between(np.append(first, alone), np.append(second, other), size)


def _between(
    one: NDArray[np.intp], other: NDArray[np.intp], size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return every pair of different regions once, the smaller first."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    codes = np.unique(low[low != high] * size + high[low != high])
    first, second = np.divmod(codes, size)
    return first, second


def _best_pairs(
    kernel: ExponentialKernel, first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the pairs of which each is the other's best."""
    likeness = kernel.log_similarity(first, second)
    lot = np.random.default_rng(first.size).permutation(first.size)
    order = np.lexsort((lot, -np.round(likeness / STEP)))
    rank = np.empty(first.size, dtype=np.intp)
    rank[order] = np.arange(first.size)
    best = np.full(kernel.size, first.size)
    for side in (first, second):
        np.minimum.at(best, side, rank)
    return np.flatnonzero((best[first] == rank) & (best[second] == rank))
