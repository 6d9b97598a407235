"""Checks of the arrays that a tree is made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas.tree._topology import as_array, as_floats


def frozen(array: NDArray) -> NDArray:
    array.flags.writeable = False
    return array


def as_leaf_labels(
    labels: ArrayLike, n_leaves: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return checked labels and the number of pixels of every leaf."""
    array = as_array(labels, "leaf_labels")
    if array.ndim not in (1, 2) or array.size == 0 or array.dtype.kind not in "iu":
        raise ValueError(
            "leaf_labels must be a non-empty integer array of shape (height, width) "
            f"or (n_samples,), got shape {array.shape} and dtype {array.dtype}."
        )
    if array.min() < -1 or array.max() >= n_leaves:
        raise ValueError(
            f"leaf_labels must lie in [-1, {n_leaves - 1}] for a tree of {n_leaves} "
            f"leaves, got [{array.min()}, {array.max()}]."
        )
    # First the wider type: adding one to a small integer could wrap around.
    checked = array.astype(np.int32)
    area = np.bincount(checked.ravel() + 1, minlength=n_leaves + 1)[1:]
    if not area.all():
        raise ValueError(
            f"leaf_labels: leaf {np.argmin(area)} has no pixel; every leaf needs "
            "at least one."
        )
    return checked, area.astype(np.int64)


def node_figure(
    values: ArrayLike | None, name: str, n_nodes: int
) -> NDArray[np.float64]:
    """Return checked figures of the splits, nan everywhere for None."""
    if values is None:
        return frozen(np.full(n_nodes, np.nan))
    array = as_floats(values, name)
    if array.shape != (n_nodes,):
        raise ValueError(
            f"{name} must have one value for each of the {n_nodes} nodes, "
            f"got shape {array.shape}."
        )
    if (array < 0).any():
        node = int(np.argmax(array < 0))
        raise ValueError(
            f"{name} must be at least 0 or nan, got {array[node]} at node {node}."
        )
    if name == "ncut" and (array > 1).any():
        node = int(np.argmax(array > 1))
        raise ValueError(
            f"ncut must lie in [0, 1] or be nan, got {array[node]} at node {node}."
        )
    return frozen(array)


def check_altitude(values: ArrayLike, parents: NDArray) -> NDArray[np.float64]:
    """Return checked heights, which never fall on the way up."""
    array = as_floats(values, "altitude")
    if array.shape != (parents.size,) or not np.isfinite(array).all():
        raise ValueError(
            f"altitude must have one finite value for each of the {parents.size} "
            f"nodes, got shape {array.shape}"
            f"{'' if np.isfinite(array).all() else ' with nan or infinity'}."
        )
    falls = np.flatnonzero(array > array[parents])
    if falls.size:
        node = falls[0]
        raise ValueError(
            "altitude must not fall on the way up, got "
            f"{array[node]} at node {node} and {array[parents[node]]} at its "
            f"parent {parents[node]}."
        )
    return frozen(array)


def check_node_data(data: Mapping[str, ArrayLike], n_nodes: int) -> dict[str, NDArray]:
    """Return checked arrays of the caller's own."""
    if not isinstance(data, Mapping):
        raise TypeError(
            "node_data must be a mapping of names to arrays, got "
            f"{type(data).__name__}."
        )
    checked: dict[str, NDArray] = {}
    for name, values in data.items():
        # Names become those of files inside an archive, which end at a NUL.
        if not isinstance(name, str) or not name or not name.isprintable():
            raise ValueError(
                f"node_data: names must be non-empty printable strings, got {name!r}."
            )
        array = np.array(as_array(values, f"node_data[{name!r}]"))
        if array.ndim == 0 or array.shape[0] != n_nodes:
            raise ValueError(
                f"node_data[{name!r}] must have one row for each of the "
                f"{n_nodes} nodes, got shape {array.shape}."
            )
        # Floats wider than 8 bytes differ between machines.
        if array.dtype.kind not in "biufU" or (
            array.dtype.kind == "f" and array.dtype.itemsize > 8
        ):
            raise ValueError(
                f"node_data[{name!r}] must hold booleans, integers, strings or "
                f"floats of at most 64 bits, got dtype {array.dtype}."
            )
        checked[name] = frozen(array)
    return checked
