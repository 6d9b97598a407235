"""Where the nodes of a dendrogram and their pictures go."""

from typing import NamedTuple

import numpy as np

# Sides of pictures, as parts of the width of a leaf's column.
LEAF_SIDE, NODE_SIDE = 0.9, 0.76
# Least distance of two rows of pictures.
ROW = 0.98
# Places along a node's bar at which its picture may sit, from the middle out.
ALONG = np.array([0.0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75, 1.0, -1.0])
# Room around a picture, as a part of its side.
ROOM = 0.06


class Box(NamedTuple):
    """A picture's rectangle in coordinates of the axes' data."""

    left: float
    right: float
    low: float
    high: float

    @classmethod
    def around(cls, x, y, half_width, half_height):
        """Return the box around a point."""
        return cls(x - half_width, x + half_width, y - half_height, y + half_height)

    def touches_any(self, lefts, rights, lows, highs):
        """Tell whether any of some rectangles or lines overlaps the box."""
        across = (lefts < self.right) & (rights > self.left)
        return bool((across & (lows < self.high) & (highs > self.low)).any())


def columns_of_nodes(tree):
    """Return x of every node: leaves at 0, 1, ..., parents over their children."""
    across = np.zeros(tree.n_nodes)
    order = tree.preorder()
    leaves = order[order < tree.n_leaves]
    across[leaves] = np.arange(tree.n_leaves)
    for node in range(tree.n_leaves, tree.n_nodes):
        across[node] = across[tree.children(node)].mean()
    return across


def children_spans(tree, across):
    """Return the least and the largest x of the children of every node."""
    low, high = across.copy(), across.copy()
    np.minimum.at(low, tree.parents[:-1], across[:-1])
    np.maximum.at(high, tree.parents[:-1], across[:-1])
    return low, high


def place_pictures(tree, across, up, *, unit, size, boxes, order):
    """Return boxes of pictures of nodes that touch neither each other nor bars.

    Parameters
    ----------
    tree : RegionTree
    across, up : ndarray of shape (n_nodes,)
        Where the nodes are.
    unit : float
        Height of a leaf's column's width, in units of `up`.
    size : float
        Size of pictures, 1 for the largest.
    boxes : dict of int to Box
        Pictures of the leaves.
    order : iterable of int
        Nodes with children, those first that are to have a picture most.

    Returns
    -------
    dict of int to Box
        With the leaves. Nodes without room for a picture are left out.
    """
    low, high = children_spans(tree, across)
    internal = np.arange(tree.n_leaves, tree.n_nodes)
    half = NODE_SIDE / 2 * size
    wide = half * (1 + 2 * ROOM)
    boxes = dict(boxes)
    for node in order:
        bars = internal[internal != node]
        # The node's own stem, and those of its children, lead to its picture.
        own = tree.parents == node
        own[node] = True
        stems = np.flatnonzero(~own)
        taken = np.array(list(boxes.values())).reshape(-1, 4)
        middle, reach = (high[node] + low[node]) / 2, (high[node] - low[node]) / 2
        for x in (across[node], *(middle + ALONG * reach)):
            around = Box.around(x, up[node], wide, wide * unit)
            if not (
                around.touches_any(*taken.T)
                or around.touches_any(low[bars], high[bars], up[bars], up[bars])
                or around.touches_any(
                    across[stems], across[stems], up[stems], up[tree.parents[stems]]
                )
            ):
                boxes[int(node)] = Box.around(x, up[node], half, half * unit)
                break
    return boxes
