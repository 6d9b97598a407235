"""Which leaves of neighbouring windows are one."""

import numpy as np

from skuhas.superpixels._boundaries import conductance
from skuhas.superpixels._rows import row_blocks


class Seams:
    """What overlapping windows say of the leaves along the borders between tiles.

    Two leaves that face each other across a border are one where the overlap of
    their windows says so: where what they share of it is more than half of
    either's part in it. Pairs that share most come first, and leaves that touch
    within one window, which tells them apart, are never joined by way of others.

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
        middle = self._margin
        n_leaves = self.n_leaves
        code = earlier.astype(np.int64) * n_leaves + later
        facing = np.unique(
            earlier[middle - 1, along].astype(np.int64) * n_leaves
            + later[middle, along]
        )
        codes, shared = np.unique(code, return_counts=True)
        one, other = np.divmod(codes, n_leaves)
        parts = np.bincount(one, shared), np.bincount(other, shared)
        agree = 2 * shared > np.minimum(parts[0][one], parts[1][other])
        agree &= np.isin(codes, facing)
        pairs = np.stack([shared[agree], one[agree], other[agree]], axis=1)
        self._pairs.append(pairs.astype(np.int64))

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
