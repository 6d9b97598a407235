"""Parent arrays from other descriptions of a tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas.tree._topology import as_array, as_floats


def parents_from_linkage(
    children: ArrayLike, distances: ArrayLike | None
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the parent array and altitudes of a binary merge table."""
    table = as_array(children, "children")
    if table.ndim != 2 or table.shape[1] not in (2, 4) or table.shape[0] == 0:
        raise ValueError(
            "children must have shape (n_leaves - 1, 2) or (n_leaves - 1, 4) with at "
            f"least one row, got {table.shape}."
        )
    if table.dtype.kind not in "iuf":
        raise ValueError(f"children must hold whole numbers, got dtype {table.dtype}.")
    pairs = table[:, :2]
    n_merges = len(pairs)
    n_leaves = n_merges + 1
    n_nodes = n_leaves + n_merges
    earlier = pairs < n_leaves + np.arange(n_merges)[:, None]
    allowed = (pairs >= 0) & earlier & (pairs == np.floor(pairs))
    if not allowed.all():
        row = int(np.argmin(allowed.all(axis=1)))
        raise ValueError(
            "children: row i may only merge items and results of earlier rows, that "
            f"is whole numbers in [0, {n_leaves} + i), got {pairs[row].tolist()} in "
            f"row {row}."
        )
    merges = pairs.astype(np.intp)
    uses = np.bincount(merges.ravel())
    if (uses > 1).any():
        raise ValueError(f"children: node {np.argmax(uses > 1)} is merged twice.")
    parents = np.empty(n_nodes, dtype=np.int32)
    parents[merges[:, 0]] = parents[merges[:, 1]] = n_leaves + np.arange(n_merges)
    parents[-1] = n_nodes - 1
    if distances is None and table.shape[1] == 4:
        distances = table[:, 2]
    if distances is None:
        heights = np.arange(1, n_merges + 1) / n_merges
    else:
        heights = as_floats(distances, "distances")
    if heights.shape != (n_merges,) or not np.isfinite(heights).all():
        raise ValueError(
            f"distances must have one finite value for each of the {n_merges} merges, "
            f"got shape {heights.shape}"
            f"{'' if np.isfinite(heights).all() else ' with nan or infinity'}."
        )
    altitude = np.concatenate([np.zeros(n_leaves), np.maximum(heights, 0)])
    for row, (left, right) in enumerate(merges, start=n_leaves):
        altitude[row] = max(altitude[row], altitude[left], altitude[right])
    return parents, altitude
