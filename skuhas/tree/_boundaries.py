"""Where the nodes of a tree begin and end, for all nodes at once.

A step from a pixel of leaf a to one of leaf b leaves the nodes from a up to, but
without, the lowest common ancestor, and enters those on the way down to b. So the
work is that of the boundaries themselves, whatever the shape of the tree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skuhas.tree._topology import lowest_common_ancestors


def crossed_nodes(
    parents: NDArray, first: NDArray, second: NDArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return the nodes that hold one of two leaves and not the other.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,)
    first, second : ndarray of shape (n_steps,)
        Leaves on both sides of each step, -1 outside every region.

    Returns
    -------
    node : ndarray of shape (n_crossings,)
        A node whose boundary the step crosses.
    step : ndarray of shape (n_crossings,)
        Which step it is.
    left : ndarray of shape (n_crossings,), dtype bool
        Whether the node holds the first leaf of the two.
    """
    outside = parents.size
    # What lies outside is one more node, above the root.
    above = np.append(parents, outside)
    above[outside - 1] = outside
    start = np.concatenate([first, second]).astype(np.intp)
    start[start < 0] = outside
    n_steps = first.size
    low = np.minimum(start[:n_steps], start[n_steps:]).astype(np.int64)
    high = np.maximum(start[:n_steps], start[n_steps:])
    code, position = np.unique(low * (outside + 1) + high, return_inverse=True)
    meet = lowest_common_ancestors(above, *np.divmod(code, outside + 1))
    stop = np.tile(meet[position.ravel()], 2)
    nodes, places = [], []
    place = np.flatnonzero(start != stop)
    node, stop = start[place], stop[place]
    while place.size:
        nodes.append(node)
        places.append(place)
        node = above[node].astype(np.intp)
        going = node != stop
        node, place, stop = node[going], place[going], stop[going]
    if not nodes:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, bool)
    place = np.concatenate(places)
    return np.concatenate(nodes), place % n_steps, place < n_steps


def run_lengths(
    leaf_labels: NDArray, parents: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Return the column-major run lengths of every node's mask.

    Returns
    -------
    counts : ndarray of shape (n_runs,)
        Lengths in turn of what is outside and inside, outside first, as COCO has
        them; a last run outside goes unless it has pixels.
    offsets : ndarray of shape (n_nodes + 1,)
        Those of node i are ``counts[offsets[i]:offsets[i + 1]]``.
    """
    flat = leaf_labels.ravel(order="F")
    before, after = np.append(-1, flat), np.append(flat, -1)
    change = np.flatnonzero(before != after)
    node, step, _ = crossed_nodes(parents, before[change], after[change])
    place = change[step]
    order = np.lexsort((place, node))
    node, place = node[order], place[order]
    last = np.append(node[1:] != node[:-1], True)
    first = np.append(True, last[:-1])
    counts = place - np.where(first, 0, np.append(0, place[:-1]))
    # A tail goes behind the last run of every node that does not reach the end.
    tail = np.flatnonzero(last & (place < flat.size))
    offsets = np.bincount(node, minlength=parents.size)
    offsets[node[tail]] += 1
    counts = np.insert(counts, tail + 1, flat.size - place[tail])
    return counts, np.append(0, np.cumsum(offsets))


def bounding_boxes(leaf_labels: NDArray, n_leaves: int) -> NDArray[np.int64]:
    """Return the first and last row and column of every leaf, shape (n_leaves, 4)."""
    y, x = np.nonzero(leaf_labels >= 0)
    leaf = leaf_labels[y, x]
    boxes = np.empty((n_leaves, 4), dtype=np.int64)
    boxes[:, :2] = max(leaf_labels.shape)
    boxes[:, 2:] = -1
    for column, values in ((0, y), (1, x)):
        np.minimum.at(boxes[:, column], leaf, values)
        np.maximum.at(boxes[:, column + 2], leaf, values)
    return boxes
