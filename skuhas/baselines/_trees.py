"""From merges, nested partitions and pixel masks to region trees."""

import numpy as np

from skuhas.tree import RegionTree, prune_nodes


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
    parents, labels, altitude = prune_nodes(parents, labels, altitude)
    return RegionTree(parents, labels, altitude=altitude).cut()
