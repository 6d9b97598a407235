"""From an ultrametric contour map to the tree of its regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import minimum_spanning_tree

from skuhas._common import optional_import
from skuhas.tree._topology import as_array, contract_parents


def nodes_of_contours(
    values: ArrayLike, shape: tuple[int, int] | None
) -> tuple[NDArray[np.int32], NDArray[np.intp], NDArray[np.float64]]:
    """Return parents, leaf labels and altitudes of a contour map's single linkage."""
    contours = _checked(values)
    if shape is None:
        if contours.shape[0] % 2 == 0 or contours.shape[1] % 2 == 0:
            raise ValueError(
                "contours without shape must have twice the image's size plus one, "
                f"got {contours.shape}."
            )
        shape = (contours.shape[0] // 2, contours.shape[1] // 2)
    height, width = shape
    if contours.shape == (2 * height + 1, 2 * width + 1):
        labels, pairs, strengths = _from_double(contours)
    elif contours.shape == (height, width):
        labels, pairs, strengths = _from_single(contours)
    else:
        raise ValueError(
            f"contours of an image of {height} x {width} must have shape "
            f"{(2 * height + 1, 2 * width + 1)} or {(height, width)}, got "
            f"{contours.shape}."
        )
    parents, altitude = _joined(int(labels.max()) + 1, pairs, strengths)
    return parents, labels, altitude


def _checked(values: ArrayLike) -> NDArray[np.float64]:
    contours = as_array(values, "contours")
    if contours.ndim != 2 or contours.size == 0 or contours.dtype.kind not in "fiub":
        raise ValueError(
            "contours must be one map of numbers, of shape (rows, columns), got dtype "
            f"{contours.dtype} and shape {contours.shape}."
        )
    checked = contours.astype(np.float64)
    if not np.isfinite(checked).all() or checked.min() < 0:
        raise ValueError(
            "contours must be finite and at least 0, got "
            f"[{checked.min()}, {checked.max()}]."
        )
    if checked.min() > 0:
        raise ValueError(
            "contours must be 0 inside regions, got no value under "
            f"{checked.min()}: this is no ultrametric contour map."
        )
    return checked


def _from_double(contours: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return leaves, and pairs of touching ones with the strength between them."""
    right = contours[1::2, 2:-1:2]
    down = contours[2:-1:2, 1::2]
    # Places of pixels become free, that thinned maps may have on contours too.
    free = contours == 0
    free[1::2, 1::2] = True
    free[::2, ::2] = False
    labels = ndimage.label(free)[0][1::2, 1::2]
    labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    return labels, *_touching(labels, right, down)


def _from_single(contours: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    segmentation = optional_import(
        "skimage.segmentation", package="scikit-image", purpose="from_ucm"
    )
    markers = ndimage.label(contours == 0)[0]
    labels = segmentation.watershed(contours, markers) - 1
    right = np.maximum(contours[:, :-1], contours[:, 1:])
    down = np.maximum(contours[:-1], contours[1:])
    return labels, *_touching(labels, right, down)


def _touching(
    labels: NDArray, right: NDArray, down: NDArray
) -> tuple[NDArray, NDArray]:
    found, heights = [], []
    for first, second, strength in (
        (labels[:, :-1], labels[:, 1:], right),
        (labels[:-1], labels[1:], down),
    ):
        differ = first != second
        found.append(np.sort([first[differ], second[differ]], axis=0))
        heights.append(strength[differ])
    pairs, strengths = np.hstack(found), np.concatenate(heights)
    # Of every pair the lowest strength, the pass between the two.
    order = np.lexsort((strengths, *pairs[::-1]))
    pairs, strengths = pairs[:, order], strengths[order]
    new = np.ones(strengths.size, dtype=bool)
    new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    return pairs[:, new], strengths[new]


def _joined(
    n_leaves: int, pairs: NDArray, strengths: NDArray
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the single-linkage tree, with equal heights joined in one node."""
    if n_leaves == 1:
        return np.zeros(1, dtype=np.int32), np.zeros(1)
    # Ranks, since scipy takes a weight of 0 for no edge; indices of the one width
    # that SciPy 1.12 takes.
    levels, ranks = np.unique(strengths, return_inverse=True)
    places = tuple(pairs.astype(np.int32))
    graph = sparse.csr_array((ranks + 1.0, places), shape=(n_leaves, n_leaves))
    forest = minimum_spanning_tree(graph).tocoo()
    order = np.argsort(forest.data, kind="stable")
    first, second = forest.row[order].tolist(), forest.col[order].tolist()
    heights = levels[forest.data[order].astype(np.intp) - 1]
    parents = np.arange(2 * n_leaves - 1, dtype=np.int32)
    # A list, whose items are read faster one by one.
    top = list(range(2 * n_leaves - 1))

    def find(node: int) -> int:
        while top[node] != node:
            top[node] = node = top[top[node]]
        return node

    for merged, (one, other) in enumerate(
        zip(first, second, strict=True), start=n_leaves
    ):
        for item in (find(one), find(other)):
            top[item] = parents[item] = merged
    altitude = np.concatenate([np.zeros(n_leaves), heights])
    keep = altitude < altitude[parents]
    keep[:n_leaves] = keep[-1] = True
    return contract_parents(parents, keep), altitude[keep]
