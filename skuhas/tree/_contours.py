"""Contour maps of a tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skuhas.tree._topology import lowest_common_ancestors


def saliency(
    leaf_labels: NDArray, parents: NDArray, altitude: NDArray, *, double: bool
) -> NDArray[np.float32]:
    """Return the ultrametric contour map of a label map and its tree."""
    height, width = leaf_labels.shape
    right = _strength(leaf_labels[:, :-1], leaf_labels[:, 1:], parents, altitude)
    down = _strength(leaf_labels[:-1], leaf_labels[1:], parents, altitude)
    if not double:
        contours = np.zeros((height, width), dtype=np.float32)
        contours[:, :-1] = right
        np.maximum(contours[:-1], down, out=contours[:-1])
        return contours
    contours = np.zeros((2 * height + 1, 2 * width + 1), dtype=np.float32)
    contours[1::2, 2:-1:2] = right
    contours[2:-1:2, 1::2] = down
    # A corner takes the strongest of the four edges that meet there.
    corner = np.zeros((height + 1, width + 1), dtype=np.float32)
    vertical = contours[1::2, ::2]
    horizontal = contours[::2, 1::2]
    np.maximum(corner[:-1], vertical, out=corner[:-1])
    np.maximum(corner[1:], vertical, out=corner[1:])
    np.maximum(corner[:, :-1], horizontal, out=corner[:, :-1])
    np.maximum(corner[:, 1:], horizontal, out=corner[:, 1:])
    contours[::2, ::2] = corner
    return contours


def _strength(
    first: NDArray, second: NDArray, parents: NDArray, altitude: NDArray
) -> NDArray[np.float32]:
    strength = np.zeros(first.shape, dtype=np.float32)
    differs = first != second
    low = np.minimum(first, second)[differs].astype(np.int64)
    high = np.maximum(first, second)[differs].astype(np.int64)
    code, position = np.unique(low * parents.size + high, return_inverse=True)
    low, high = np.divmod(code, parents.size)
    # divmod floors, so a low label of -1 comes back as -1.
    inside = low >= 0
    values = np.full(code.size, altitude[-1])
    common = lowest_common_ancestors(parents, low[inside], high[inside])
    values[inside] = altitude[common]
    strength[differs] = values[position]
    return strength
