"""Parent arrays from other descriptions of a tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def parents_from_linkage(
    children: ArrayLike, distances: ArrayLike | None
) -> tuple[NDArray[np.int32], NDArray[np.float64] | None]:
    """Return the parent array and altitudes of a binary merge table."""
    table = np.asarray(children)
    if table.ndim != 2 or table.shape[1] not in (2, 4) or table.shape[0] == 0:
        raise ValueError(
            "children must have shape (n_leaves - 1, 2) or (n_leaves - 1, 4) with at "
            f"least one row, got {table.shape}."
        )
    if distances is None and table.shape[1] == 4:
        distances = table[:, 2]
    merges = table[:, :2].astype(np.intp)
    n_merges = len(merges)
    n_leaves = n_merges + 1
    n_nodes = n_leaves + n_merges
    late = (merges < 0) | (merges >= n_leaves + np.arange(n_merges)[:, None])
    if (table[:, :2] != merges).any() or late.any():
        raise ValueError(
            "children: row i may only merge items and results of earlier rows, that "
            f"is whole numbers in [0, {n_leaves} + i)."
        )
    if np.unique(merges).size != 2 * n_merges:
        raise ValueError("children: a node is merged twice.")
    parents = np.empty(n_nodes, dtype=np.int32)
    parents[merges[:, 0]] = parents[merges[:, 1]] = n_leaves + np.arange(n_merges)
    parents[-1] = n_nodes - 1
    if distances is None:
        return parents, None
    heights = np.asarray(distances, dtype=np.float64)
    if heights.shape != (n_merges,) or not np.isfinite(heights).all():
        raise ValueError(
            f"distances must have one finite value for each of the {n_merges} merges, "
            f"got shape {heights.shape}."
        )
    altitude = np.concatenate([np.zeros(n_leaves), np.maximum(heights, 0)])
    for row, (left, right) in enumerate(merges, start=n_leaves):
        altitude[row] = max(altitude[row], altitude[left], altitude[right])
    return parents, altitude
