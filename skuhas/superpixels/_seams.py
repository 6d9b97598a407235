"""Which leaves of neighbouring windows are one."""

import numpy as np
from skimage.measure import label

from skuhas.superpixels._boundaries import conductance
from skuhas.superpixels._rows import row_blocks


class Seams:
    """What overlapping windows say of the leaves along the borders between tiles.

    Two leaves that face each other across a border are one where the windows, in
    the strip that both see, agree: where what the leaves share there is more than
    half of the smaller one's part. Pairs that share most come first, and leaves
    that touch within one window, which tells them apart, are never joined by way
    of others.

    Parameters
    ----------
    margin : int
        How far windows reach beyond their tiles.
    """

    def __init__(self, margin):
        self.n_leaves = 0
        self._margin = margin
        self._right = None
        self._below = {}
        self._pairs = []
        self._touching = []

    def add(self, window, place, core):
        """Take in the next window in raster order.

        Parameters
        ----------
        window : ndarray of shape (height, width)
            Labels that no earlier window has, from `n_leaves`.
        place : (int, int)
            Row and column of the tile among the tiles.
        core : (slice, slice)
            The tile within the window.
        """
        (i, j), (rows, columns), margin = place, core, self._margin
        graph = conductance(window - self.n_leaves)
        low, high = graph.nonzero()
        self._touching.append(np.stack([low, high], axis=1) + self.n_leaves)
        self.n_leaves = int(window.max()) + 1
        # Strips along borders, which run through their middle.
        if j > 0:
            strip = window[:, : columns.start + margin]
            self._compare(self._right.T, strip.T, rows)
        if i > 0:
            strip = window[: rows.start + margin]
            self._compare(self._below[j], strip, columns)
        self._right = window[:, columns.stop - margin :].copy()
        self._below[j] = window[rows.stop - margin :].copy()

    def _compare(self, earlier, later, along):
        """Find the pairs that two windows agree on, in the strip that both see.

        The border runs through the middle of the strip, `along` its length.
        """
        middle = self._margin
        # Pieces of the strip: a leaf may come back to it by way of its window.
        pieces = [
            label(strip, connectivity=1, background=-1) for strip in (earlier, later)
        ]
        n_pieces = max(piece.max() for piece in pieces) + 1
        code = pieces[0].astype(np.int64) * n_pieces + pieces[1]
        codes, where, shared = np.unique(code, return_index=True, return_counts=True)
        parts = [np.bincount(piece.ravel(), minlength=n_pieces) for piece in pieces]
        one, other = np.divmod(codes, n_pieces)
        agree = 2 * shared > np.minimum(parts[0][one], parts[1][other])
        facing = pieces[0][middle - 1, along].astype(np.int64) * n_pieces
        agree &= np.isin(codes, facing + pieces[1][middle, along])
        where = where[agree]
        pairs = shared[agree], earlier.ravel()[where], later.ravel()[where]
        self._pairs.append(np.stack(pairs, axis=1).astype(np.int64))

    def groups(self):
        """Return the group of every leaf, as its lowest leaf.

        Returns
        -------
        ndarray of shape (n_leaves,), dtype int
        """
        group = np.arange(self.n_leaves)
        if not self._pairs:
            return group
        pairs = np.concatenate(self._pairs)
        pairs = pairs[np.lexsort((pairs[:, 2], pairs[:, 1], -pairs[:, 0]))]
        concerned = np.unique(pairs[:, 1:])
        touching = np.concatenate(self._touching)
        touching = touching[np.isin(touching, concerned).all(axis=1)]
        members = {leaf: {leaf} for leaf in concerned.tolist()}
        apart = {leaf: set() for leaf in concerned.tolist()}
        for one, other in touching.tolist():
            apart[one].add(other)
        for one, other in pairs[:, 1:].tolist():
            one, other = sorted((int(group[one]), int(group[other])))
            if one == other or not apart[one].isdisjoint(members[other]):
                continue
            joined = members.pop(other)
            group[list(joined)] = one
            members[one] |= joined
            apart[one] |= apart.pop(other)
        return group


def join_small(labels, image, n_leaves, small, least):
    """Give leaves that are too small to the neighbour of the most similar colour.

    Parameters
    ----------
    labels : ndarray of shape (height, width)
        From 0 to n_leaves - 1.
    image : ndarray of shape (height, width, 3)
    n_leaves : int
    small : ndarray of int
        Leaves that may be joined to others.
    least : int
        Pixels that they need to be kept.

    Returns
    -------
    ndarray of shape (n_leaves,), dtype int
        The leaf that each one becomes.
    """
    area = np.zeros(n_leaves)
    total = np.zeros((n_leaves, 3))
    for rows in row_blocks(image.shape):
        leaf = labels[rows].ravel()
        area += np.bincount(leaf, minlength=n_leaves)
        for channel in range(3):
            values = image[rows, :, channel].ravel()
            total[:, channel] += np.bincount(leaf, values, minlength=n_leaves)
    small = small[area[small] < least]
    group = np.arange(n_leaves)

    def current(leaf):
        while group[leaf] != leaf:
            leaf = group[leaf]
        return leaf

    touching = conductance(labels)
    for leaf in small[np.argsort(area[small], kind="stable")]:
        leaf = current(leaf)
        if area[leaf] >= least:
            continue
        around = touching.indices[touching.indptr[leaf] : touching.indptr[leaf + 1]]
        around = np.unique([current(other) for other in around])
        around = around[around != leaf]
        if not around.size:
            continue
        color = total[around] / area[around, None] - total[leaf] / area[leaf]
        nearest = around[np.argmin((color**2).sum(axis=1))]
        group[leaf] = nearest
        area[nearest] += area[leaf]
        total[nearest] += total[leaf]
    return np.array([current(leaf) for leaf in range(n_leaves)])
