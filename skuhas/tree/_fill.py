"""Pixels inside polygons, by the even-odd rule at the pixels' centres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spans(
    rings: list[tuple[int, NDArray]], shape: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the runs of pixels along rows whose centres lie in each region.

    Parameters
    ----------
    rings : list of (int, ndarray of shape (n_points, 2))
        Region and closed ring of columns and rows; holes are rings like others.
    shape : (int, int)
        Height and width.

    Returns
    -------
    region, row, start, stop : ndarray of shape (n_spans,)
        Sorted by region, row and start; columns start up to stop are inside.
    """
    height, width = shape
    if not rings:
        return tuple(np.empty(0, dtype=np.int64) for _ in range(4))  # type: ignore
    region = np.concatenate([np.full(len(ring) - 1, i) for i, ring in rings])
    begin = np.concatenate([ring[:-1] for _, ring in rings])
    end = np.concatenate([ring[1:] for _, ring in rings])
    upper = np.minimum(begin[:, 1], end[:, 1])
    lower = np.maximum(begin[:, 1], end[:, 1])
    # Rows whose centre an edge passes; each meeting point belongs to one edge.
    first = np.clip(np.ceil(upper - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(lower - 0.5), 0, height).astype(np.int64)
    count = last - first
    edge = np.repeat(np.arange(region.size), count)
    row = (
        np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (end[:, 0] - begin[:, 0]) / (end[:, 1] - begin[:, 1])
    at = begin[edge, 0] + (row + 0.5 - begin[edge, 1]) * slope[edge]
    column = np.clip(np.ceil(at - 0.5), 0, width).astype(np.int64)
    order = np.lexsort((column, row, region[edge]))
    owner, row, column = region[edge][order], row[order], column[order]
    # Closed rings cross a row an even number of times.
    inside = column[1::2] > column[::2]
    return (
        owner[::2][inside].astype(np.intp),
        row[::2][inside],
        column[::2][inside],
        column[1::2][inside],
    )


def labels_of_runs(
    region: NDArray, start: NDArray, length: NDArray, size: int
) -> NDArray[np.intp]:
    """Return the region of every position, -1 for none.

    Parameters
    ----------
    region, start, length : ndarray of shape (n_runs,)
        Runs of positions, and whose they are.
    size : int
        Number of positions.

    Raises
    ------
    OverlapError
        Two regions hold one position.
    """
    offset = np.repeat(start - np.cumsum(length) + length, length)
    position = np.arange(offset.size) + offset
    labels = np.full(size, -1, dtype=np.intp)
    labels[position] = np.repeat(region, length)
    if np.count_nonzero(labels >= 0) < position.size:
        place = int(np.argmax(np.bincount(position, minlength=size) > 1))
        holders = np.unique(region[(start <= place) & (place < start + length)])
        raise OverlapError(*holders.tolist())
    return labels


class OverlapError(Exception):
    """The regions that hold one position."""
