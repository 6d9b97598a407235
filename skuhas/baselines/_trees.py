"""From merges, nested partitions and pixel masks to region trees."""

import numpy as np

from skuhas.tree import RegionTree, accumulate_to_ancestors


def region_tree(parents, altitude, labels, valid=None):
    """Return a tree without empty nodes and without nodes of one child.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,), of integers
        As of a `RegionTree`.
    altitude : ndarray of shape (n_nodes,)
        Never falling on the way up.
    labels : ndarray of shape (height, width), of integers
        Leaf of each pixel, -1 for none. Leaves without pixel go.
    valid : ndarray of shape (height, width), dtype bool, default=None
        Pixels elsewhere belong to no leaf.

    Returns
    -------
    RegionTree
        Numbered canonically.
    """
    if valid is not None:
        labels = np.where(valid, labels, -1)
    n_leaves = int(np.argmax(np.bincount(parents[:-1], minlength=parents.size) > 0))
    n_leaves = n_leaves if parents.size > 1 else 1
    area = np.bincount(labels.ravel() + 1, minlength=n_leaves + 1)[1:]
    present = accumulate_to_ancestors(parents, area > 0) > 0
    children = np.bincount(parents[:-1][present[:-1]], minlength=parents.size)
    keep = np.where(np.arange(parents.size) < n_leaves, present, children > 1)
    parents = contracted(parents, keep)
    position = np.append(np.cumsum(keep) - 1, -1)
    return RegionTree(parents, position[labels], altitude=altitude[keep]).cut()


def contracted(parents, keep):
    """Return the parent array of the nodes kept, under their nearest kept ancestor.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,), of integers
    keep : ndarray of shape (n_nodes,), dtype bool
        At most one of the nodes kept has no kept ancestor.

    Returns
    -------
    ndarray of shape (n_kept,), of integers
    """
    root = parents.size - 1
    above = parents.copy()
    # Doubling steps over what goes; what is kept stays where it is.
    step = np.where(keep, np.arange(parents.size), parents)
    step[root] = root
    while not (keep[step] | (step == root)).all():
        step = step[step]
    above = step[above]
    kept = np.flatnonzero(keep)
    new = np.full(parents.size, -1, dtype=np.int64)
    new[kept] = np.arange(kept.size)
    result = new[above[kept]]
    # Where the root goes, the last of the nodes kept takes its place.
    result[-1] = kept.size - 1
    return result
