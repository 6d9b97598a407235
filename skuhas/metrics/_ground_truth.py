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
        One for each annotator whose map counts. In trees made of label maps
        ``"background"`` marks the leaves of the background and ``"label"`` holds
        the labels of the leaves.
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


def class_keys(tree: RegionTree, nodes: NDArray[np.intp], name: str) -> list[int | str]:
    """Return what class each node of a ground-truth tree is.

    Parameters
    ----------
    tree : RegionTree
        With the names of a class tree, or a label map's.
    nodes : ndarray of shape (n,)
    name : str
        How messages call the tree.

    Returns
    -------
    list of int or str, length n
        Labels of a label map; for a class tree the names on the way down to the
        node, the root left out, joined by ``/``.
    """
    if _has_names(tree):
        names = tree.node_data["name"]
        paths: list[int | str] = [""] * tree.n_nodes
        for node in range(tree.n_nodes - 2, -1, -1):
            above = paths[tree.parents[node]]
            paths[node] = f"{above}/{names[node]}" if above else str(names[node])
        # Only a root that is alone is ever asked for.
        paths[tree.root] = str(names[tree.root])
        return [paths[node] for node in nodes]
    if _has_labels(tree):
        return [int(label) for label in tree.node_data["label"][nodes]]
    raise ValueError(
        f"{name} must be a label map or a tree that tells the classes of its nodes, "
        'as LabelHierarchy.tree makes them; got a tree whose node_data has no "name".'
    )


def has_classes(tree: RegionTree) -> bool:
    """Return whether `class_keys` knows the classes of a tree's nodes."""
    return _has_names(tree) or _has_labels(tree)


def _has_names(tree: RegionTree) -> bool:
    names = tree.node_data.get("name")
    return names is not None and names.dtype.kind == "U" and names.ndim == 1


def _has_labels(tree: RegionTree) -> bool:
    labels = tree.node_data.get("label")
    if labels is None or labels.dtype.kind not in "iu" or labels.ndim != 1:
        return False
    return tree.height == 1


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
    labels = values[kept]
    is_background = np.append(_among(labels, background), False)
    return RegionTree(
        np.full(n_leaves + 1, n_leaves),
        leaf_of_value[index],
        # The root has no label; whatever stands there is never read.
        node_data={
            "background": is_background,
            "label": np.append(labels, labels[:1]),
        },
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
