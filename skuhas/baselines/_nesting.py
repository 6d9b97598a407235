"""Trees of partitions that were found one by one."""

import numpy as np

from skuhas.baselines._trees import region_tree
from skuhas.tree import nested_parents

NESTINGS = ("majority", "intersection")


def nested(partitions, weights, nesting):
    """Make partitions nested, changing as little as the way chosen must.

    Parameters
    ----------
    partitions : list of ndarray of shape (n_items,), of integers
        From coarse to fine, labels of at least 0.
    weights : ndarray of shape (n_items,)
        Sizes of the items.
    nesting : {"majority", "intersection"}
        "majority" keeps the finest partition, and gives each of its parts whole
        to the part of the next coarser one that most of it lies in; and so on
        upwards. "intersection" keeps the coarsest, and divides each of its parts
        by the next finer one; and so on downwards.

    Returns
    -------
    list of ndarray of shape (n_items,), of integers
        From coarse to fine; every part lies in one part of the partition before.
    """
    parts = [_numbered(labels) for labels in partitions]
    if nesting == "intersection":
        for level in range(1, len(parts)):
            n_finer = int(parts[level].max()) + 1
            parts[level] = _numbered(parts[level - 1] * n_finer + parts[level])
        return parts
    for level in range(len(parts) - 2, -1, -1):
        parts[level] = _numbered(_majority(parts[level + 1], parts[level], weights))
    return parts


def _numbered(labels):
    return np.unique(labels, return_inverse=True)[1].ravel()


def _majority(finer, coarser, weights):
    """Return the coarser part of every item, by most of its finer part."""
    n_coarser = int(coarser.max()) + 1
    codes, position = np.unique(finer * n_coarser + coarser, return_inverse=True)
    shared = np.bincount(position.ravel(), weights)
    part, choice = np.divmod(codes, n_coarser)
    # The last of a part is its largest share; the lower label among equals.
    order = np.lexsort((-choice, shared, part))
    last = np.r_[part[order][1:] != part[order][:-1], True]
    return choice[order][last][finer]


def tree_of_partitions(partitions, labels, valid=None):
    """Return the tree of nested partitions of items.

    Parameters
    ----------
    partitions : list of ndarray of shape (n_items,), of integers
        Nested, from coarse to fine.
    labels : ndarray of shape (height, width), of integers
        Item of each pixel, -1 for none.
    valid : ndarray of shape (height, width), dtype bool, default=None
        Pixels elsewhere belong to no region.

    Returns
    -------
    RegionTree
        Its leaves are the parts of the finest partition. A part that is the
        same in several partitions is one node. The altitude of the root is 1
        and falls by equal steps with the partitions.
    """
    levels = [_numbered(part) for part in reversed(partitions)]
    parents, altitude = nested_parents(levels)
    leaves = np.append(levels[0], -1)[labels]
    return region_tree(parents, altitude, leaves, valid)
