"""Superpixels of large images, from overlapping windows."""

import math
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise, product

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
# An estimate needs one window in so many, and so many at least.
ENOUGH_ONE_IN, ENOUGH = 8, 8
# Once one window in so many is there, it has no say any more: to count them all costs
# at most twice as much.
LATE_ONE_IN = 2
# Standard errors that an estimate has to lie above the limit. Looked at window after
# window, up to one in five pictures that only just keep the limit raise a false alarm,
# and get larger leaves than they might have.
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

    Windows are computed in random order, and their labels held until all are there,
    which takes five bytes a pixel. Where a part of them, at most half, shows that
    all will hardly keep a limit on the leaves, the rest is not computed.

    Parameters
    ----------
    compute : callable
        Takes a window of the image and its share of the image's pixels, and
        returns labels of at least 0. Runs in threads.
    image : ndarray of shape (height, width, 3), dtype uint8
    least : int, default=None
        Pixels; a quarter of the mean leaf by default.
    limit : float, default=inf
        Superpixels at most. Where that is noticed only once all windows are there,
        the labels come all the same.
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
    # The same whenever the picture has so many windows.
    order = np.random.default_rng(len(tiles)).permutation(len(tiles))
    estimate = _Estimate(len(tiles), image[..., 0].size)
    windows = {}
    with closing(_partitioned(compute, image, [tiles[i] for i in order])) as found:
        for index, window in zip(order, found, strict=True):
            windows[index] = window
            estimate.add(window, tiles[index].core_in_window)
            if estimate.is_surely_above(limit):
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
    """What a random sample of windows says of the number of leaves of all of them.

    Borders between tiles cut leaves into pieces. Of a leaf without holes, pieces less
    crossings of borders plus crossings of corners are 1, which is Euler's formula. So
    a tile counts the leaves that it has pieces of, half of those that cross each of
    its borders, which the tile beyond counts too, and a quarter of those that cover
    all pixels about a corner. The estimate is the ratio of these numbers to pixels,
    and its error the standard error of a ratio in a sample without replacement.

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
        pieces = window[core]
        crossings = corners = 0
        borders = [
            _inner_borders(*side) for side in zip(core, window.shape, strict=True)
        ]
        for line in borders[0]:
            crossings += _n_in_both(window[line - 1, core[1]], window[line, core[1]])
        for line in borders[1]:
            crossings += _n_in_both(window[core[0], line - 1], window[core[0], line])
        for row, column in product(*borders):
            corner = window[row - 1 : row + 1, column - 1 : column + 1]
            corners += int((corner == corner[0, 0]).all())
        n_pieces = np.count_nonzero(np.bincount(pieces.ravel()))
        self._leaves.append(n_pieces - crossings / 2 + corners / 4)
        self._pixels.append(pieces.size)

    @property
    def value(self):
        """Number of leaves of all windows."""
        return self._n_pixels * sum(self._leaves) / sum(self._pixels)

    @property
    def error(self):
        """Standard error of `value`.

        With one tile more, without leaves: that none was like it so far does not mean
        that there is none.
        """
        leaves = np.array([*self._leaves, 0.0])
        pixels = np.array([*self._pixels, np.mean(self._pixels)])
        residuals = leaves - pixels * leaves.sum() / pixels.sum()
        unseen = 1 - len(self._leaves) / self._n_tiles
        variance = leaves.size * unseen * (residuals**2).sum() / (leaves.size - 1)
        return self._n_pixels * math.sqrt(variance) / pixels.sum()

    def is_surely_above(self, limit):
        """Return whether windows not seen yet need not be asked."""
        seen = len(self._leaves)
        enough = max(self._n_tiles // ENOUGH_ONE_IN, ENOUGH)
        if self.value <= limit or not enough <= seen <= self._n_tiles // LATE_ONE_IN:
            return False
        return self.value - SURE * self.error > limit


def _inner_borders(core, side):
    """Return where a tile begins and ends within its window.

    Each stands for the border between the pixels before it and at it. The image's
    edges are none.
    """
    return [line for line in (core.start, core.stop) if 0 < line < side]


def _n_in_both(before, after):
    """Return how many leaves have pixels opposite each other across a border."""
    return np.unique(before[before == after]).size


def _partitioned(compute, image, tiles):
    """Yield the labels of tiles' windows, computed in threads."""

    def partition(part):
        window = image[part.window]
        share = window[..., 0].size / image[..., 0].size
        return compute(window, share).astype(np.int32)

    pool = ThreadPoolExecutor(max_workers=_n_workers(len(tiles)))
    try:
        yield from pool.map(partition, tiles)
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
