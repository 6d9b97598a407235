"""The normalised cut of a partition, and its exact minimum along a line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Costs and values closer than this, relative to their range, are equal: they
# differ by rounding, which must not decide. For costs it depends on the bytes of
# a number.
TIE = 1e-9
COST_TIE = {4: 1e-6, 8: 1e-9}
# Costs under this are all free.
ROUNDING = 1e-15
# Rows that are summed at once.
STRIP = 256
# Up to this size two running sums are cheaper than strips.
SMALL = 64


def mean_normalised_cut(affinity: NDArray, parts: NDArray) -> float:
    r"""Return the mean normalised cut of a partition.

    .. math:: \frac{1}{k} \sum_{P} \frac{\mathrm{cut}(P, V \setminus P)}
        {\mathrm{assoc}(P, V)}

    Parameters
    ----------
    affinity : ndarray of shape (n, n)
        Symmetric and non-negative.
    parts : ndarray of shape (n,), dtype int
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
    n_parts = int(parts.max()) + 1
    member = np.zeros((n_parts, parts.size))
    member[parts, np.arange(parts.size)] = 1.0
    between = member @ affinity @ member.T
    volume = between.sum(axis=1)
    inside = np.diagonal(between)
    cost = np.zeros(n_parts)
    np.divide(volume - inside, volume, out=cost, where=volume > 0)
    return float(np.clip(cost.mean(), 0.0, 1.0))


def sweep_cut(
    affinity: NDArray, values: NDArray[np.float64]
) -> tuple[NDArray[np.intp], float] | None:
    """Cut a graph in two at the best threshold of one value a vertex.

    Every threshold between two distinct values is tried, by prefix sums along
    the sorted order. Equal costs take the most even cut in number of vertices,
    then the one whose smaller side holds the lowest vertex, so that neither
    rounding nor the sign of an eigenvector decides.

    Parameters
    ----------
    affinity : ndarray of shape (n, n)
        Symmetric and non-negative.
    values : ndarray of shape (n,)
        Most often :math:`D^{-1/2} v` with v the second eigenvector.

    Returns
    -------
    parts : ndarray of shape (n,)
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
    order = values.argsort(kind="stable")
    ranked = values[order]
    span = ranked[-1] - ranked[0]
    distinct = (ranked[1:] - ranked[:-1] > TIE * span).nonzero()[0]
    if not distinct.size:
        return None
    sorted_affinity = affinity.take(order, axis=0).take(order, axis=1)
    volume = sorted_affinity.sum(axis=1, dtype=np.float64).cumsum()
    inside = _leading_sums(sorted_affinity)[distinct]
    first, total = volume[distinct], volume[-1]
    cut = np.maximum(first - inside, 0.0)
    cost = 0.5 * (_share(cut, first, total) + _share(cut, total - first, total))
    limit = float(cost.min()) * (1.0 + COST_TIE[affinity.itemsize]) + ROUNDING
    ties = (cost <= limit).nonzero()[0]
    position = int(distinct[ties[0]]) + 1
    if ties.size > 1:
        position = _most_even(distinct[ties] + 1, order)
    best = float(cost[np.searchsorted(distinct, position - 1)])
    parts = np.zeros(values.size, dtype=np.intp)
    parts[order[position:]] = 1
    if parts[0] == 1:
        parts = 1 - parts
    return parts, min(best, 1.0)


def _share(
    cut: NDArray[np.float64], side: NDArray[np.float64], total: float
) -> NDArray[np.float64]:
    """Return cut / side, and 0 where the side has no affinity at all."""
    empty = side <= TIE * total
    if empty.any():
        return np.where(empty, 0.0, cut / np.where(empty, 1.0, side))
    return cut / side


def _leading_sums(matrix: NDArray) -> NDArray[np.float64]:
    """Return the sums of all leading square blocks of a symmetric matrix."""
    size = len(matrix)
    if size <= SMALL:
        return matrix.cumsum(axis=0, dtype=np.float64).cumsum(axis=1).diagonal()
    # Row sums under the diagonal, strip by strip to save a copy of the whole.
    below = np.empty(size)
    for start in range(0, size, STRIP):
        rows = slice(start, min(start + STRIP, size))
        corner = np.tril(matrix[rows, rows], -1)
        below[rows] = corner.sum(axis=1, dtype=np.float64)
        below[rows] += matrix[rows, :start].sum(axis=1, dtype=np.float64)
    return (2.0 * below + matrix.diagonal()).cumsum()


def _most_even(sizes: NDArray[np.intp], order: NDArray[np.intp]) -> int:
    """Choose among cuts after the first `sizes` vertices of `order`."""
    n_vertices = order.size
    uneven = np.abs(2 * sizes - n_vertices)
    sizes = sizes[uneven == uneven.min()]
    if sizes.size == 1:
        return int(sizes[0])
    # Two are left, equally far from the middle.
    low, high = int(sizes[0]), int(sizes[1])
    return low if order[:low].min() < order[high:].min() else high
