"""From nested partitions to the tree of their parts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas._common import check_list
from skuhas.tree._topology import as_array


def nested_parents(
    levels: Sequence[NDArray],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the tree whose nodes are the parts of nested partitions.

    Parameters
    ----------
    levels : sequence of ndarray of shape (n_items,)
        Nested, from fine to coarse; parts are numbered from 0 without gaps. The
        root is added where the last partition has several parts.

    Returns
    -------
    parents : ndarray of shape (n_nodes,), dtype int32
        The parts of the first partition, then those of the second, and so on; a
        part that lives through several partitions is a node in each.
    altitude : ndarray of shape (n_nodes,)
        From 0 to 1 by equal steps.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import nested_parents
    >>> nested_parents([np.array([0, 1, 2]), np.array([0, 0, 1])])
    (array([3, 3, 4, 5, 5, 5], dtype=int32), array([0. , 0. , 0. , 0.5, 0.5, 1. ]))
    """
    chain = list(levels)
    if chain[-1].max() > 0:
        chain.append(np.zeros_like(chain[0]))
    sizes = [int(level.max()) + 1 for level in chain]
    starts = np.cumsum([0, *sizes])
    parents = np.arange(starts[-1], dtype=np.int32)
    for step in range(len(chain) - 1):
        parents[starts[step] + chain[step]] = starts[step + 1] + chain[step + 1]
    heights = np.arange(len(chain)) / max(len(chain) - 1, 1)
    return parents, np.repeat(heights, sizes)


def nodes_of_label_maps(
    maps: Sequence[ArrayLike],
) -> tuple[NDArray[np.int32], NDArray[np.intp], NDArray[np.float64]]:
    """Return parents, leaf labels and altitudes of nested label maps."""
    arrays = [
        _as_label_map(array, f"maps[{i}]")
        for i, array in enumerate(check_list(maps, "maps", "label maps"))
    ]
    inside = arrays[0] >= 0
    levels = []
    for i, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"maps must be of one shape, got {arrays[0].shape} for maps[0] and "
                f"{array.shape} for maps[{i}]."
            )
        differs = (array >= 0) != inside
        if differs.any():
            place = tuple(int(side[0]) for side in np.nonzero(differs))
            raise ValueError(
                "maps must leave out the same pixels by -1, got "
                f"{int(differs.sum())} that only one of maps[0] and maps[{i}] leaves "
                f"out, such as {place}."
            )
        levels.append((i, *_numbered(array[inside])))
    if not inside.any():
        raise ValueError("maps have no region: every pixel is -1.")
    if levels[0][1].size < levels[-1][1].size:
        levels.reverse()
    for fine, coarse in itertools.pairwise(levels):
        _check_nested(fine, coarse)
    labels = np.full(arrays[0].shape, -1, dtype=np.intp)
    labels[inside] = levels[0][2]
    # The parts of the finest map are the items; any of a part's pixels tells the rest.
    some = np.empty(levels[0][1].size, dtype=np.intp)
    some[levels[0][2]] = np.arange(levels[0][2].size)
    parents, altitude = nested_parents([level[some] for _, _, level in levels])
    return parents, labels, altitude


def _numbered(labels: NDArray) -> tuple[NDArray, NDArray[np.intp]]:
    """Return the labels that occur, and the rank of each pixel's among them."""
    if labels.size and labels.max() <= 4 * labels.size:
        # Small numbers need no sorting.
        names = np.flatnonzero(np.bincount(labels))
        rank = np.zeros(int(labels.max()) + 1, dtype=np.intp)
        rank[names] = np.arange(names.size)
        return names, rank[labels]
    names, level = np.unique(labels, return_inverse=True)
    return names, level.ravel()


def _as_label_map(values: ArrayLike, name: str) -> NDArray:
    array = as_array(values, name)
    if array.ndim not in (1, 2) or array.size == 0 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be a non-empty integer array of shape (height, width) or "
            f"(n_samples,), got shape {array.shape} and dtype {array.dtype}."
        )
    if array.min() < -1:
        raise ValueError(f"{name} must be at least -1, got {array.min()}.")
    return array


def _check_nested(
    finer: tuple[int, NDArray, NDArray], coarser: tuple[int, NDArray, NDArray]
) -> None:
    (i, names, fine), (j, above, coarse) = finer, coarser
    expected = np.empty(names.size, dtype=np.intp)
    expected[fine] = coarse
    crossing = np.flatnonzero(expected[fine] != coarse)
    if crossing.size:
        region = fine[crossing[0]]
        parts = above[np.unique(coarse[fine == region])].tolist()
        others = np.unique(fine[crossing]).size - 1
        raise ValueError(
            f"maps are not nested: region {names[region]} of maps[{i}] crosses regions "
            f"{_listed(parts)} of maps[{j}]"
            f"{f', and so do {others} more of its regions' if others else ''}."
        )


def _listed(values: list[int]) -> str:
    shown = ", ".join(map(str, values[:5]))
    return f"{shown} and {len(values) - 5} more" if len(values) > 5 else shown
