"""The normalised cut of a partition, and its exact minimum along a line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from skuhas.spectral._backend import (
    Array,
    along,
    as_double,
    at_least,
    like,
    namespace,
    numbers,
)
from skuhas.spectral._laplacian import normalise

# Costs and values closer than this, relative to their range, are equal: they
# differ by rounding, which must not decide. For costs it depends on whether the
# affinity is in single precision.
TIE = 1e-9
COST_TIE = {True: 1e-6, False: 1e-9}
# Costs under this are all free.
ROUNDING = 1e-15


def mean_normalised_cut(affinity: Array, parts: Array) -> float:
    r"""Return the mean normalised cut of a partition.

    .. math:: \frac{1}{k} \sum_{P} \frac{\mathrm{cut}(P, V \setminus P)}
        {\mathrm{assoc}(P, V)}

    Parameters
    ----------
    affinity : array of shape (n, n)
        Symmetric and non-negative.
    parts : array of shape (n,), of integers
        Part of every vertex, from 0 to k - 1, none of them empty.

    Returns
    -------
    float
        In [0, 1]. A part without any affinity costs nothing.

    References
    ----------
    J. Shi and J. Malik. "Normalized Cuts and Image Segmentation". IEEE TPAMI
    22(8), 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import mean_normalised_cut
    >>> affinity = np.array([[3.0, 1.0], [1.0, 3.0]])
    >>> mean_normalised_cut(affinity, np.array([0, 1]))
    0.25
    """
    return cost_of_parts(normalise(affinity), parts)


def cost_of_parts(graph: Any, parts: Array) -> float:
    """Return the mean normalised cut of a partition of a normalised graph."""
    xp = namespace(parts)
    n_parts = int(xp.max(parts)) + 1
    member = as_double(parts[:, None] == numbers(n_parts, parts))
    # A is D^(1/2) N D^(1/2), but for vertices without affinity, whose D is 0.
    spread = xp.sqrt(graph.degrees)[:, None] * member
    between = spread.T @ graph.product(spread)
    volume = xp.sum(graph.degrees[:, None] * member, axis=0)
    # Not volume less inside, which would leave nearly free cuts to rounding.
    others = like(1.0 - np.eye(n_parts), between)
    cost = _share(xp.sum(between * others, axis=0), volume, xp.sum(volume))
    return min(max(float(xp.mean(cost)), 0.0), 1.0)


def sweep_cut(affinity: Array, values: Array) -> tuple[Array, float] | None:
    """Cut a graph in two at the best threshold of one value a vertex.

    Every threshold between two distinct values is tried, by prefix sums along
    the sorted order. Equal costs take the most even cut in number of vertices,
    then the one whose smaller side holds the lowest vertex, so that neither
    rounding nor the sign of an eigenvector decides.

    Parameters
    ----------
    affinity : array of shape (n, n)
        Symmetric and non-negative.
    values : array of shape (n,)
        Most often :math:`D^{-1/2} v` with v the second eigenvector.

    Returns
    -------
    parts : array of shape (n,)
        0 or 1; vertex 0 has part 0.
    cost : float
        Mean normalised cut of the two parts, in [0, 1].

    None where all values are equal.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import sweep_cut
    >>> affinity = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> sweep_cut(affinity, np.array([0.3, 0.2, -0.5]))
    (array([0, 0, 1]), 0.0)
    """
    parts, cost = sweep(normalise(affinity), values)
    return None if np.isinf(float(cost)) else (parts, float(cost))


def sweep(graph: Any, values: Array) -> tuple[Array, Array]:
    """Cut graphs of one size in two, each at the best threshold of its values.

    Parameters
    ----------
    graph : NormalisedGraph or FactoredGraph
        One graph or a stack of them.
    values : array of shape (..., n)

    Returns
    -------
    parts : array of shape (..., n), of integers
    costs : array of shape (...)
        Infinite where all values are equal, and nothing is cut.
    """
    xp = namespace(values)
    order = xp.argsort(values, axis=-1, stable=True)
    ranked = along(values, order)
    span = ranked[..., -1:] - ranked[..., :1]
    distinct = (ranked[..., 1:] - ranked[..., :-1]) > TIE * span
    degrees = along(graph.degrees, order)
    volume = xp.cumulative_sum(degrees, axis=-1)
    total = volume[..., -1:]
    first = volume[..., :-1]
    cut = at_least(first - graph.leading_sums(order)[..., :-1], 0.0)
    cost = 0.5 * (_share(cut, first, total) + _share(cut, total - first, total))
    cost = xp.where(distinct, cost, xp.inf)
    least = xp.min(cost, axis=-1, keepdims=True)
    tied = cost <= least * (1.0 + COST_TIE[graph.single]) + ROUNDING
    # Position i cuts after the first i + 1 vertices of the order.
    place = xp.argmin(cost, axis=-1, keepdims=True)
    # One in each graph is the least itself.
    if int(xp.count_nonzero(tied)) > math.prod(values.shape[:-1]):
        place = _most_even(tied, order)
    parts = xp.astype(values > along(ranked, place), xp.int64)
    parts = xp.where(parts[..., :1] == 1, 1 - parts, parts)
    least = least[..., 0]
    return parts, xp.where((least > 1.0) & (least < xp.inf), 1.0, least)


def _most_even(tied: Array, order: Array) -> Array:
    """Return the positions of the most even of equally dear cuts."""
    xp = namespace(order)
    n_vertices = order.shape[-1]
    every = numbers(n_vertices, order)
    place = every[:-1]
    uneven = xp.where(tied, xp.abs(2 * (place + 1) - n_vertices), n_vertices)
    most_even = tied & (uneven == xp.min(uneven, axis=-1, keepdims=True))
    # Two at most are left, equally far from the middle.
    low = xp.min(xp.where(most_even, place, n_vertices), axis=-1, keepdims=True)
    high = xp.max(xp.where(most_even, place, -1), axis=-1, keepdims=True)
    before = xp.min(xp.where(every <= low, order, n_vertices), axis=-1, keepdims=True)
    after = xp.min(xp.where(every > high, order, n_vertices), axis=-1, keepdims=True)
    return xp.where(before < after, low, high)


def _share(cut: Array, side: Array, total: Array) -> Array:
    """Return cut / side, and 0 where the side has no affinity at all."""
    xp = namespace(cut)
    empty = side <= TIE * total
    return xp.where(empty, 0.0, cut / xp.where(empty, 1.0, side))
