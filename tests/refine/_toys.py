"""Small images whose regions are known, and trees that are off by a little."""

import numpy as np

from skuhas import FeatureMap, RegionTree

COLORS = np.array([[200, 60, 40], [40, 90, 200], [60, 160, 70]], dtype=np.uint8)


def painted(truth):
    """Return an image with one colour a label."""
    return COLORS[truth]


def blocky(truth, cell):
    """Return a feature map and a label map of whole cells of the truth.

    A cell has the label, and the feature, of the pixel in its middle.
    """
    middle = truth[cell // 2 :: cell, cell // 2 :: cell]
    features = np.eye(3, dtype=np.float32)[middle]
    labels = middle.repeat(cell, axis=0).repeat(cell, axis=1)
    return FeatureMap(features, image=painted(truth)), labels


def diagonal(height=64, width=80):
    """Return a truth of three labels with slanting boundaries."""
    row, column = np.indices((height, width))
    return np.where(column + row // 2 < width // 2, 0, np.where(row > 40, 1, 2))


def tree_of_three(labels):
    """Return the tree that joins labels 1 and 2 first."""
    tree = RegionTree.from_parents(
        [4, 3, 3, 4, 4], labels, ncut=[np.nan, np.nan, np.nan, 0.3, 0.2]
    )
    return tree.cut()


def errors(tree, truth):
    """Return the share of pixels whose leaf is not the one of most of its label."""
    wrong = 0
    for label in np.unique(truth):
        leaves = tree.leaf_labels[truth == label]
        wrong += leaves.size - np.bincount(leaves).max()
    return wrong / truth.size
