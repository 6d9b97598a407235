"""Algorithms on a parent array: leaves first, children before parents, root last."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int32]


def as_array(values: ArrayLike, name: str) -> NDArray:
    """Return `values` as an array, or raise naming `name` where rows are uneven."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from error


def as_floats(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return a float64 copy of `values`, None read as nan, or raise naming `name`."""
    array = as_array(values, name)
    # Lists with None come as objects.
    if array.dtype.kind not in "biufO":
        raise ValueError(f"{name} must hold numbers, got dtype {array.dtype}.")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}.") from error


def as_parents(parents: ArrayLike, name: str = "parents") -> IntArray:
    """Check a parent array and return it as int32 with the root its own parent.

    The root may also be given as -1.
    """
    array = as_array(parents, name)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be a non-empty 1-D integer array, got shape "
            f"{array.shape} and dtype {array.dtype}."
        )
    root = array.size - 1
    array = array.astype(np.int64)
    if array[root] == -1:
        array[root] = root
    if array[root] != root:
        raise ValueError(
            f"{name}: the last node is the root and its own parent (or -1), got "
            f"parents[{root}] = {array[root]}."
        )
    nodes = np.arange(root)
    wrong = np.flatnonzero((array[:root] <= nodes) | (array[:root] > root))
    if wrong.size:
        node = wrong[0]
        raise ValueError(
            f"{name}[i] must lie in (i, {root}] so that children come before their "
            f"parents, got {name}[{node}] = {array[node]}."
        )
    return array.astype(np.int32)


def count_leaves(parents: IntArray) -> int:
    """Return the number of leaves, which must be the first nodes."""
    n_nodes = parents.size
    if n_nodes == 1:
        return 1
    has_child = np.zeros(n_nodes, dtype=bool)
    has_child[parents[:-1]] = True
    n_leaves = int(np.argmax(has_child))
    late = np.flatnonzero(~has_child[n_leaves:])
    if late.size:
        raise ValueError(
            "parents: leaves must come before internal nodes, but node "
            f"{n_leaves + late[0]} has no children and node {n_leaves} has some."
        )
    return n_leaves


def node_depths(parents: IntArray) -> IntArray:
    """Return the number of edges from the root to every node."""
    depth = np.zeros(parents.size, dtype=np.int32)
    ancestor = parents.copy()
    root = parents.size - 1
    # Doubling pointers: after step s every node knows its 2**s-th ancestor.
    depth[:-1] = 1
    while (ancestor != root).any():
        depth += depth[ancestor]
        ancestor = ancestor[ancestor]
    return depth


def accumulate_to_ancestors(
    parents: IntArray, leaf_values: NDArray, *, depth: IntArray | None = None
) -> NDArray:
    """Sum values given on the leaves over every node's region.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,)
        A parent array, leaves first and root last.
    leaf_values : ndarray of shape (n_leaves, ...)
        One value or row for each leaf.
    depth : ndarray of shape (n_nodes,), default=None
        Depths of the nodes, where they are known already.

    Returns
    -------
    ndarray of shape (n_nodes, ...)
        Row i is the sum of the leaf rows under node i. As in ``numpy.sum``,
        booleans are counted and small integers widened.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import accumulate_to_ancestors
    >>> accumulate_to_ancestors(np.array([3, 3, 4, 4, 4]), np.array([1, 10, 100]))
    array([  1,  10, 100,  11, 111])
    """
    leaf_values = np.asarray(leaf_values)
    n_nodes = parents.size
    dtype = leaf_values[:0].sum().dtype
    values = np.zeros((n_nodes, *leaf_values.shape[1:]), dtype=dtype)
    values[: leaf_values.shape[0]] = leaf_values
    for level in levels_deepest_first(node_depths(parents) if depth is None else depth):
        np.add.at(values, parents[level], values[level])
    return values


def levels_deepest_first(depth: IntArray) -> list[NDArray[np.intp]]:
    """Return the nodes of each depth, deepest first, without the root's level."""
    order = np.argsort(-depth, kind="stable")
    boundaries = np.flatnonzero(np.diff(depth[order])) + 1
    levels = np.split(order, boundaries)
    return levels[:-1]


def child_slices(parents: IntArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return children in compressed rows: those of i are order[start[i]:start[i+1]]."""
    order = np.argsort(parents[:-1], kind="stable")
    start = np.zeros(parents.size + 1, dtype=np.intp)
    np.cumsum(np.bincount(parents[:-1], minlength=parents.size), out=start[1:])
    return order, start


def preorder(parents: IntArray, depth: IntArray) -> NDArray[np.intp]:
    """Return all nodes, each before its descendants, siblings by index."""
    n_nodes = parents.size
    size = np.ones(n_nodes, dtype=np.intp)
    levels = levels_deepest_first(depth)
    for level in levels:
        np.add.at(size, parents[level], size[level])
    position = np.zeros(n_nodes, dtype=np.intp)
    # A node stands one after its parent, and after its elder siblings' subtrees.
    for level in reversed(levels):
        by_parent = level[np.lexsort((level, parents[level]))]
        mothers = parents[by_parent]
        before = np.cumsum(size[by_parent]) - size[by_parent]
        first = np.r_[True, mothers[1:] != mothers[:-1]]
        offset = before - np.maximum.accumulate(np.where(first, before, 0))
        position[by_parent] = position[mothers] + 1 + offset
    order = np.empty(n_nodes, dtype=np.intp)
    order[position] = np.arange(n_nodes)
    return order


def first_positions(labels: NDArray, n_labels: int) -> NDArray[np.int64]:
    """Return the first position of every label in raster order.

    The number of positions stands for a label that is absent; labels lie in
    [-1, n_labels).
    """
    flat = labels.ravel()
    first = np.full(n_labels + 1, flat.size, dtype=np.int64)
    # Writing positions backwards leaves the first one in place; -1 hits the end.
    first[flat[::-1]] = np.arange(flat.size - 1, -1, -1)
    return first[:n_labels]


def canonical_labels(
    labels: NDArray, n_labels: int
) -> tuple[IntArray, NDArray[np.intp]]:
    """Number labels by their first position in raster order.

    Parameters
    ----------
    labels : integer ndarray of any shape
        Values in [-1, n_labels); -1 stays.
    n_labels : int
        Number of labels, present or not.

    Returns
    -------
    relabelled : int32 ndarray of the same shape
    kept : ndarray of shape (n_present,)
        The old label of every new one.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import canonical_labels
    >>> canonical_labels(np.array([[2, 2, -1], [0, 2, 0]]), 3)
    (array([[ 0,  0, -1],
           [ 1,  0,  1]], dtype=int32), array([2, 0]))
    """
    first = first_positions(labels, n_labels)
    present = np.flatnonzero(first < labels.size)
    kept = present[np.argsort(first[present], kind="stable")]
    new = np.full(n_labels + 1, -1, dtype=np.int32)
    new[kept] = np.arange(kept.size)
    return new[labels], kept


def canonical_parents(
    parents: IntArray, leaf_order: NDArray[np.intp]
) -> tuple[IntArray, NDArray[np.intp]]:
    """Renumber a tree's nodes so that equal trees have equal arrays.

    Leaves take the order given; internal nodes are sorted by depth, deepest
    first, and within a depth by their smallest leaf. Internal nodes none of
    whose leaves is in `leaf_order` go.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,)
    leaf_order : ndarray of shape (n_kept_leaves,)
        The old number of every new leaf.

    Returns
    -------
    parents : ndarray of shape (n_kept_nodes,)
    kept : ndarray of shape (n_kept_nodes,)
        The old number of every new node.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import canonical_parents
    >>> canonical_parents(np.array([3, 3, 4, 4, 4]), np.array([2, 0, 1]))
    (array([4, 3, 3, 4, 4], dtype=int32), array([2, 0, 1, 3, 4]))
    """
    n_nodes = parents.size
    n_leaves = leaf_order.size
    depth = node_depths(parents)
    smallest = np.full(n_nodes, n_leaves, dtype=np.int64)
    smallest[leaf_order] = np.arange(n_leaves)
    for level in levels_deepest_first(depth):
        np.minimum.at(smallest, parents[level], smallest[level])
    is_leaf = np.zeros(n_nodes, dtype=bool)
    is_leaf[leaf_order] = True
    internal = np.flatnonzero(~is_leaf & (smallest < n_leaves))
    internal = internal[np.lexsort((smallest[internal], -depth[internal]))]
    kept = np.concatenate([leaf_order, internal]).astype(np.intp)
    new = np.full(n_nodes, -1, dtype=np.int32)
    new[kept] = np.arange(kept.size)
    return new[parents[kept]], kept


def lowest_common_ancestors(
    parents: IntArray, first: NDArray, second: NDArray
) -> NDArray[np.intp]:
    """Return the lowest common ancestor of every pair of nodes.

    The smaller of two different nodes cannot be an ancestor of the other, so
    it steps up; this ends where the two meet.
    """
    first = first.astype(np.intp)
    second = second.astype(np.intp)
    moving = np.flatnonzero(first != second)
    while moving.size:
        low = np.minimum(first[moving], second[moving])
        high = np.maximum(first[moving], second[moving])
        first[moving] = parents[low]
        second[moving] = high
        moving = moving[first[moving] != second[moving]]
    return first


def contract_parents(parents: IntArray, keep: NDArray[np.bool_]) -> IntArray:
    """Return the parent array of the nodes kept, under their nearest kept ancestor.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,), of integers
    keep : ndarray of shape (n_nodes,), dtype bool
        At most one of the nodes kept has no kept ancestor.

    Returns
    -------
    ndarray of shape (n_kept,), dtype int32

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import contract_parents
    >>> contract_parents(np.array([2, 3, 3, 3]), np.array([True, True, False, True]))
    array([2, 2, 2], dtype=int32)
    """
    root = parents.size - 1
    # The nearest node kept, from each one on upwards, by steps that double.
    nearest = np.where(keep, np.arange(parents.size), parents)
    nearest[root] = root
    while not (keep[nearest] | (nearest == root)).all():
        nearest = nearest[nearest]
    kept = np.flatnonzero(keep)
    new = np.full(parents.size, -1, dtype=np.int32)
    new[kept] = np.arange(kept.size)
    result: IntArray = new[nearest[parents[kept]]]
    # Where the root goes, the last of the nodes kept takes its place.
    result[-1] = kept.size - 1
    return result


def prune_nodes(
    parents: IntArray, labels: NDArray, altitude: NDArray
) -> tuple[IntArray, NDArray, NDArray]:
    """Remove nodes without pixels, and nodes of one child.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,)
    labels : integer ndarray of any shape
        Leaf of each pixel, -1 for none; leaves may have no pixel.
    altitude : ndarray of shape (n_nodes,)

    Returns
    -------
    parents : ndarray of shape (n_kept,), dtype int32
    labels : integer ndarray
        Leaf of each pixel by the new numbers.
    altitude : ndarray of shape (n_kept,)

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import prune_nodes
    >>> parents, labels, altitude = np.array([3, 3, 4, 4, 4]), [0, 0, 2], np.arange(5)
    >>> prune_nodes(parents, np.array(labels), altitude)
    (array([2, 2, 2], dtype=int32), array([0, 0, 1]), array([0, 2, 4]))
    """
    n_leaves = count_leaves(parents)
    area = np.bincount(labels.ravel() + 1, minlength=n_leaves + 1)[1:]
    present = accumulate_to_ancestors(parents, area > 0) > 0
    children = np.bincount(parents[:-1][present[:-1]], minlength=parents.size)
    keep = np.where(np.arange(parents.size) < n_leaves, present, children > 1)
    position = np.append(np.cumsum(keep) - 1, -1)
    return contract_parents(parents, keep), position[labels], altitude[keep]
