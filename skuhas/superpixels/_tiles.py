"""Superpixels of large images, from overlapping windows."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
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
# One tile in so many is looked at to estimate what all will give, but not fewer
# than the second number.
SAMPLED = 8, 8


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


def tiled_superpixels(compute, image, least=None, *, tile=TILE, margin=MARGIN):
    """Partition an image window by window.

    Every window is partitioned on its own and keeps the labels of its tile. Leaves
    that face each other across a border between tiles become one where their
    windows, which overlap there, agree; see `Seams`. Then what borders have cut
    off, and is smaller than `least`, goes to the neighbour of the most similar
    colour.

    Parameters
    ----------
    compute : callable
        Takes a window of the image and its share of the image's pixels, and
        returns labels of at least 0. Runs in threads.
    image : ndarray of shape (height, width, 3), dtype uint8
    least : int, default=None
        Pixels; a quarter of the mean leaf by default.
    tile, margin : int
        Side of a tile at most, and how far its window reaches beyond it, at most
        half as much.

    Returns
    -------
    ndarray of shape (height, width), dtype int32
        Superpixels are numbered by their first pixel.
    """
    tiles = _tiles(image.shape[:2], tile, margin)
    labels = np.empty(image.shape[:2], dtype=np.int32)
    seams = Seams(margin)
    for part, window in _partitioned(compute, image, tiles):
        window += seams.n_leaves
        labels[part.core] = window[part.core_in_window]
        seams.add(window, part.place, part.core_in_window)
    n_leaves = _renumber(labels, seams.groups())
    cut = _along_borders(labels, tiles)
    if cut.size:
        if least is None:
            least = labels.size / n_leaves / 4
        _renumber(labels, join_small(labels, image, n_leaves, cut, least))
    return labels


def estimated_count(compute, image, *, tile=TILE, margin=MARGIN):
    """Return about how many superpixels `tiled_superpixels` would give.

    Some tiles, spread evenly, stand for all. A leaf counts with the share of it
    that lies in the tile.

    Parameters
    ----------
    compute : callable
    image : ndarray of shape (height, width, 3), dtype uint8
    tile, margin : int
        All as in `tiled_superpixels`.

    Returns
    -------
    float
    """
    tiles = _tiles(image.shape[:2], tile, margin)
    n_sampled = min(len(tiles), max(len(tiles) // SAMPLED[0], SAMPLED[1]))
    # Points of a sequence that fills a square evenly (M. Roberts's R2).
    root = 1.32471795724474602596
    points = (0.5 + np.arange(n_sampled)[:, None] / [root, root**2]) % 1
    n_rows, n_columns = (place + 1 for place in tiles[-1].place)
    rows, columns = (points * [n_rows, n_columns]).astype(int).T
    sample = [tiles[index] for index in np.unique(rows * n_columns + columns)]
    leaves = pixels = 0
    for part, window in _partitioned(compute, image, sample):
        core = window[part.core_in_window]
        area = np.bincount(window.ravel())
        own = np.bincount(core.ravel(), minlength=area.size)
        leaves += (own[area > 0] / area[area > 0]).sum()
        pixels += core.size
    return leaves * image[..., 0].size / pixels


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
