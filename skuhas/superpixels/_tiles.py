"""Superpixels of large images, from overlapping windows."""

import math
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

import joblib
import numpy as np

from skuhas.superpixels._rows import row_blocks
from skuhas.superpixels._seams import Seams, join_small

# Pixels up to which an image is taken whole.
WHOLE = 2**21
# Side of a tile at most, and how far its window reaches beyond it, in pixels.
TILE = 512
MARGIN = 32
# Windows computed at once at most: each takes about 100 MB.
WORKERS = 4
# One window in so many is computed before there is an estimate of what all will
# give, but not fewer than the second number.
SAMPLED = 8, 8
# Standard errors that an estimate has to lie beyond a limit.
SURE = 2.0


@dataclass(frozen=True, slots=True)
class _Tile:
    """A tile, and the window about it, as pairs of slices."""

    place: tuple[int, int]
    core: tuple[slice, slice]
    window: tuple[slice, slice]

    @property
    def core_in_window(self):
        return tuple(
            slice(core.start - window.start, core.stop - window.start)
            for core, window in zip(self.core, self.window, strict=True)
        )


def tiled_superpixels(
    compute, image, least=None, limit=math.inf, *, tile=TILE, margin=MARGIN
):
    """Partition an image window by window.

    Every window is partitioned on its own and keeps the labels of its tile. Leaves
    that face each other across a border between tiles become one where their
    windows, which overlap there, agree; see `Seams`. Then what borders have cut
    off, and is smaller than `least`, goes to the neighbour of the most similar
    colour.

    Windows are computed in an order that spreads over the image. Once those done
    leave little doubt that all of them would give too many leaves, the rest is
    not computed.

    Parameters
    ----------
    compute : callable
        Takes a window of the image and its share of the image's pixels, and
        returns labels of at least 0. Runs in threads.
    image : ndarray of shape (height, width, 3), dtype uint8
    least : int, default=None
        Pixels; a quarter of the mean leaf by default.
    limit : int, default=inf
        Leaves that are too many if there are more.
    tile, margin : int
        Side of a tile at most, and how far its window reaches beyond it, at most
        half as much.

    Returns
    -------
    labels : ndarray of shape (height, width), dtype int32, or None
        Superpixels are numbered by their first pixel. None where some windows
        sufficed to tell that there would be more than `limit`.
    n_leaves : int or float
        Number of superpixels, or an estimate of it.
    """
    tiles = _tiles(image.shape[:2], tile, margin)
    order = _spread(*(place + 1 for place in tiles[-1].place))
    estimate = _Estimate(len(tiles), image[..., 0].size)
    windows = {}
    parts = _partitioned(compute, image, [tiles[index] for index in order])
    with closing(parts):
        for index, (part, window) in zip(order, parts, strict=True):
            windows[index] = window
            estimate.add(window, part.core_in_window)
            if estimate.surely_above(limit):
                return None, estimate.value
    labels = np.empty(image.shape[:2], dtype=np.int32)
    seams = Seams(margin)
    for index, part in enumerate(tiles):
        window = windows.pop(index)
        window += seams.n_leaves
        labels[part.core] = window[part.core_in_window]
        seams.add(window, part.place, part.core_in_window)
    n_leaves = _renumber(labels, seams.groups())
    cut = _along_borders(labels, tiles)
    if cut.size:
        if least is None:
            least = labels.size / n_leaves / 4
        n_leaves = _renumber(labels, join_small(labels, image, n_leaves, cut, least))
    return labels, n_leaves


class _Estimate:
    """What some windows say of the number of leaves of all of them.

    A leaf counts with the share of it that lies in the window's tile. The number is
    the ratio estimator of leaves a pixel, its error that of a simple random sample
    of tiles without replacement.

    Parameters
    ----------
    n_tiles, n_pixels : int
        Of the whole image.
    """

    def __init__(self, n_tiles, n_pixels):
        self._n_tiles, self._n_pixels = n_tiles, n_pixels
        self._leaves, self._pixels = [], []

    def add(self, window, core):
        """Take in the labels of a window, with the slices of its tile."""
        own = window[core]
        area = np.bincount(window.ravel())
        inside = np.bincount(own.ravel(), minlength=area.size)
        self._leaves.append((inside[area > 0] / area[area > 0]).sum())
        self._pixels.append(own.size)

    @property
    def value(self):
        return self._n_pixels * sum(self._leaves) / sum(self._pixels)

    def surely_above(self, limit):
        """Return whether there are enough windows to say so."""
        seen = len(self._leaves)
        enough = max(self._n_tiles // SAMPLED[0], SAMPLED[1])
        if self.value <= limit or not enough <= seen < self._n_tiles:
            return False
        leaves, pixels = np.array(self._leaves), np.array(self._pixels)
        residuals = leaves - pixels * self.value / self._n_pixels
        unseen = 1 - seen / self._n_tiles
        variance = seen * unseen * (residuals**2).sum() / (seen - 1)
        error = self._n_pixels * math.sqrt(variance) / pixels.sum()
        return self.value - SURE * error > limit


def _spread(n_rows, n_columns):
    """Return the tiles' numbers in an order that spreads over the image at once."""
    # Points of a sequence that fills a square evenly (M. Roberts's R2).
    root = 1.32471795724474602596
    n_tiles = n_rows * n_columns
    points = (0.5 + np.arange(4 * n_tiles)[:, None] / [root, root**2]) % 1
    rows, columns = (points * [n_rows, n_columns]).astype(int).T
    met = dict.fromkeys((rows * n_columns + columns).tolist())
    return [*met, *(index for index in range(n_tiles) if index not in met)]


def _partitioned(compute, image, tiles):
    """Yield tiles with the labels of their windows, computed in threads."""

    def partition(part):
        window = image[part.window]
        share = window[..., 0].size / image[..., 0].size
        return compute(window, share).astype(np.int32)

    pool = ThreadPoolExecutor(max_workers=_n_workers(len(tiles)))
    try:
        yield from zip(tiles, pool.map(partition, tiles), strict=True)
    finally:
        # After an error or Ctrl-C only windows under way are waited for.
        pool.shutdown(cancel_futures=True)


def _tiles(shape, tile, margin):
    axes = []
    for side in shape:
        count = -(-side // tile)
        edges = [side * index // count for index in range(count + 1)]
        axes.append(
            [
                (
                    slice(low, high),
                    slice(max(0, low - margin), min(side, high + margin)),
                )
                for low, high in pairwise(edges)
            ]
        )
    return [
        _Tile((i, j), (rows[0], columns[0]), (rows[1], columns[1]))
        for i, rows in enumerate(axes[0])
        for j, columns in enumerate(axes[1])
    ]


def _n_workers(n_tiles):
    # A worker process of joblib's has one core to itself.
    alone = multiprocessing.parent_process() is None
    return min(n_tiles, WORKERS, joblib.cpu_count()) if alone else 1


def _renumber(labels, group):
    """Replace labels by their groups, numbered by first pixel, in place.

    Returns
    -------
    int
        Number of groups.
    """
    # From the last block to the first, and backwards within: first pixels stay.
    first = np.full(group.size, labels.size, dtype=np.int64)
    width = labels.shape[1]
    for rows in reversed(list(row_blocks((*labels.shape, 3)))):
        pixels = np.arange(rows.stop * width - 1, rows.start * width - 1, -1)
        first[labels[rows].ravel()[::-1]] = pixels
    groups, position = np.unique(group, return_inverse=True)
    first_of_group = np.full(groups.size, labels.size, dtype=np.int64)
    np.minimum.at(first_of_group, position, first)
    order = np.argsort(first_of_group, kind="stable")
    number = np.empty(groups.size, dtype=np.int32)
    number[order] = np.arange(groups.size)
    number = number[position]
    for rows in row_blocks((*labels.shape, 3)):
        labels[rows] = number[labels[rows]]
    return int(np.count_nonzero(first_of_group < labels.size))


def _along_borders(labels, tiles):
    """Return the leaves with a pixel at a border between tiles."""
    lines = [np.zeros(0, dtype=labels.dtype)]
    for part in tiles:
        rows, columns = part.core
        if rows.start > 0:
            lines.append(labels[rows.start - 1 : rows.start + 1, columns].ravel())
        if columns.start > 0:
            lines.append(labels[rows, columns.start - 1 : columns.start + 1].ravel())
    return np.unique(np.concatenate(lines))
