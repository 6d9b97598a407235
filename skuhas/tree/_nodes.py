"""Nodes as records: what formats with one entry a node write and read."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.tree import _files
from skuhas.tree._arrays import FIGURES
from skuhas.tree._files import TreeFormatError
from skuhas.tree._fill import OverlapError, labels_of_runs
from skuhas.tree._structure import Structure
from skuhas.tree._topology import accumulate_to_ancestors

# Before the names of the caller's own arrays.
PREFIX = "data."


def records(tree: Structure) -> list[dict[str, Any]]:
    """Return depth, altitude, figures and data of every node, fit for JSON.

    Nan is None, infinities are strings.
    """
    columns: dict[str, NDArray] = {"depth": tree.depth, "altitude": tree.altitude}
    columns |= {name: getattr(tree, name) for name in FIGURES}
    columns |= {PREFIX + name: values for name, values in tree.node_data.items()}
    plain = [_files.plain(values.tolist()) for values in columns.values()]
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*plain, strict=True)]


def header(tree: Structure) -> dict[str, Any]:
    """Return what records alone do not tell, to be read by `fields`."""
    return {
        "format": _files.FORMAT,
        "version": _files.VERSION,
        "altitude": "computed" if tree._given_altitude is None else "given",
        "dtypes": {name: values.dtype.str for name, values in tree.node_data.items()},
    }


def fields(
    entries: Sequence[Mapping[str, Any]], head: Any, source: str
) -> dict[str, Any]:
    """Return the figures and data in records, by the header or without one."""
    known = head if isinstance(head, Mapping) else {}
    if known and known.get("version") != _files.VERSION:
        raise TreeFormatError(
            f"{source}: version {known.get('version')!r} of the format cannot be read; "
            f"this release of skuhas reads version {_files.VERSION}."
        )
    names = [*FIGURES, *(["altitude"] if known.get("altitude") != "computed" else [])]
    found: dict[str, Any] = {}
    dtypes = known.get("dtypes", {})
    try:
        for name in names:
            values = [entry.get(name) for entry in entries]
            if any(value is not None for value in values):
                found[name] = _files.array_of(values, "<f8", name)
        found["node_data"] = {
            name: _files.array_of(
                [entry[PREFIX + name] for entry in entries], code, PREFIX + name
            )
            for name, code in dtypes.items()
        }
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise TreeFormatError(f"{source}: not a region tree: {detail}.") from error
    if "altitude" in found and not np.isfinite(found["altitude"]).all():
        del found["altitude"]
    return found


def ordered(
    names: Sequence[Hashable], parent_names: Sequence[Hashable], source: str
) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Put nodes in the order of a tree: leaves, then children before parents.

    Parameters
    ----------
    names, parent_names : sequence
        Of every node; the parent of the root is None.
    source : str
        How messages start.

    Returns
    -------
    order : ndarray of shape (n_nodes,)
        Place among `names` of every node of the tree. Leaves keep their order.
    parents : ndarray of shape (n_nodes,), dtype int32
    """
    n_nodes = len(names)
    if not n_nodes:
        raise TreeFormatError(f"{source}: it has no nodes.")
    index: dict[Hashable, int] = {None: n_nodes}
    for place, name in enumerate(names):
        if name in index:
            raise TreeFormatError(f"{source}: two nodes are called {name!r}.")
        index[name] = place
    missing = [name for name in parent_names if name not in index]
    if missing:
        raise TreeFormatError(
            f"{source}: {missing[0]!r} is a parent, and there is no such node."
        )
    above = np.array([*(index[name] for name in parent_names), n_nodes], dtype=np.intp)
    roots = np.flatnonzero(above[:-1] == n_nodes)
    if roots.size != 1:
        raise TreeFormatError(
            f"{source}: exactly one node must be without parent, got {roots.size}."
        )
    depth = np.append(np.ones(n_nodes, dtype=np.intp), 0)
    ancestor = above.copy()
    # After s steps every pointer is 2**s high, so that only circles go on.
    for _ in range(n_nodes.bit_length()):
        depth += depth[ancestor]
        ancestor = ancestor[ancestor]
    circular = np.flatnonzero(ancestor != n_nodes)
    if circular.size:
        raise TreeFormatError(
            f"{source}: node {names[circular[0]]!r} is its own ancestor, or under one "
            "that is."
        )
    is_leaf = np.bincount(above[:-1], minlength=n_nodes + 1)[:n_nodes] == 0
    order = np.lexsort(
        (np.arange(n_nodes), np.where(is_leaf, 0, -depth[:-1]), ~is_leaf)
    )
    position = np.empty(n_nodes, dtype=np.int32)
    position[order] = np.arange(n_nodes)
    parents = np.append(position[above[order][:-1]], n_nodes - 1).astype(np.int32)
    return order, parents


def leaf_labels(
    parents: NDArray,
    names: Sequence[Hashable],
    runs: tuple[NDArray, NDArray, NDArray],
    size: int,
    source: str,
) -> NDArray[np.intp]:
    """Return the leaf of every position from the runs of all nodes.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,)
    names : sequence of length n_nodes
        What messages call the nodes.
    runs : tuple of ndarray of shape (n_runs,)
        Node, first position and length.
    size : int
        Number of positions.
    source : str
        How messages start.
    """
    node, start, length = runs
    n_leaves = int(
        np.bincount(parents[:-1], minlength=parents.size).astype(bool).argmax()
    )
    n_leaves = n_leaves if parents.size > 1 else 1
    of_leaf = node < n_leaves
    try:
        labels = labels_of_runs(node[of_leaf], start[of_leaf], length[of_leaf], size)
    except OverlapError as error:
        one, other = error.args[:2]
        raise TreeFormatError(
            f"{source}: regions {names[one]!r} and {names[other]!r} overlap, and "
            "neither is above the other."
        ) from None
    area = np.bincount(node, length, minlength=parents.size).astype(np.int64)
    if not area[:n_leaves].all():
        empty = names[int(np.argmin(area[:n_leaves]))]
        raise TreeFormatError(f"{source}: region {empty!r} has no pixel.")
    expected = accumulate_to_ancestors(parents, area[:n_leaves])
    wrong = np.flatnonzero(area != expected)
    if wrong.size:
        bad = int(wrong[0])
        raise TreeFormatError(
            f"{source}: region {names[bad]!r} has {area[bad]} pixels and the regions "
            f"under it have {expected[bad]}; a region must be the union of those "
            "under it."
        )
    return labels


def document_of(
    document: Mapping[str, Any] | str | os.PathLike[str], name: str
) -> tuple[Mapping[str, Any], str]:
    """Return a JSON object, read from a file where a path is given, and its name."""
    if isinstance(document, Mapping):
        return document, name
    if not isinstance(document, (str, os.PathLike)):
        raise TypeError(
            f"{name} must be a dict or the path of a JSON file, got "
            f"{type(document).__name__}."
        )
    source = os.fspath(document)
    try:
        found = json.loads(Path(document).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise TreeFormatError(f"{source}: not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise TreeFormatError(f"{source}: no JSON object.")
    return found, source
