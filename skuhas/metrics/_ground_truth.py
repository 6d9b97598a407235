"""Elements of y_true and y_pred as region trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.tree import RegionTree


def truth_trees(
    element: Any, ignored: NDArray[np.int64], background: NDArray[np.int64]
) -> list[RegionTree]:
    """Return the ground-truth trees of one image that have foreground.

    Parameters
    ----------
    element : RegionTree, label map, list of them, or None
        Checked before.
    ignored, background : ndarray of int
        Labels of label maps that take no part, and that are background.

    Returns
    -------
    list of RegionTree
        One for each annotator whose map counts; their ``"background"`` marks
        the leaves of the background.
    """
    annotations = element if isinstance(element, (list, tuple)) else [element]
    trees = [
        tree
        if tree is None or isinstance(tree, RegionTree)
        else tree_of_labels(np.asarray(tree), ignored, background)
        for tree in annotations
    ]
    return [tree for tree in trees if tree is not None and foreground(tree).any()]


def predicted_tree(element: Any, name: str) -> RegionTree:
    """Return a prediction as a tree; a label map becomes a tree of one level."""
    if isinstance(element, RegionTree):
        return element
    nothing = np.array([-1], dtype=np.int64)
    tree = tree_of_labels(np.asarray(element), nothing, nothing[:0])
    if tree is None:
        raise ValueError(
            f"{name} has no region: every pixel has the label -1, which marks pixels "
            "outside every region."
        )
    return tree


def foreground(tree: RegionTree) -> NDArray[np.bool_]:
    """Return which leaves are not marked as background in ``node_data``."""
    background = tree.node_data.get("background")
    if background is None or background.dtype != bool or background.ndim != 1:
        return np.ones(tree.n_leaves, dtype=bool)
    return ~background[: tree.n_leaves]


def tree_of_labels(
    label_map: NDArray, ignored: NDArray[np.int64], background: NDArray[np.int64]
) -> RegionTree | None:
    """Return a root with one leaf for each label, or None where all are ignored."""
    values, index = _number(label_map)
    kept = ~_among(values, ignored)
    n_leaves = int(kept.sum())
    if n_leaves == 0:
        return None
    leaf_of_value = np.where(kept, np.cumsum(kept) - 1, -1)
    is_background = np.append(_among(values[kept], background), False)
    return RegionTree(
        np.full(n_leaves + 1, n_leaves),
        leaf_of_value[index],
        node_data={"background": is_background},
    )


def _among(values: NDArray, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which values are among some labels, whatever integers they are."""
    if values.dtype.kind == "u":
        # Numpy before 2.0 cannot look up unsigned 64-bit values among signed ones.
        chosen = chosen[chosen >= 0].astype(np.uint64)
    return np.isin(values, chosen)


def _number(label_map: NDArray) -> tuple[NDArray, NDArray]:
    """Return the labels in increasing order and each pixel's place among them."""
    low, high = int(label_map.min()), int(label_map.max())
    if high - low >= 4 * label_map.size or high > np.iinfo(np.int64).max:
        values, index = np.unique(label_map, return_inverse=True)
        # Numpy before 2.0 flattens the places.
        return values, index.reshape(label_map.shape)
    # Labels are mostly small: a table of them is far faster than sorting pixels.
    offset = label_map.astype(np.int64) - low
    present = np.bincount(offset.ravel()) > 0
    return np.flatnonzero(present) + low, (np.cumsum(present) - 1)[offset]
