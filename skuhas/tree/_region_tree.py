"""RegionTree: nested regions of one image as a parent array and arrays beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.tree._arrays import FIGURES
from skuhas.tree._graph_formats import GraphFormats
from skuhas.tree._region_formats import RegionFormats
from skuhas.tree._regions import Regions
from skuhas.tree._shown import Shown
from skuhas.tree._sources import Sources
from skuhas.tree._storage import Storage


class RegionTree(
    Regions,
    Sources,
    Storage,
    RegionFormats,
    GraphFormats,
    Shown,
):
    """A tree of nested regions over the pixels of an image.

    Nodes ``0 .. n_leaves - 1`` are leaves; internal nodes follow, children
    before parents; the last node is the root and its own parent. A node's
    region is the union of its leaves. The arrays are read-only.

    Parameters
    ----------
    parents : array-like of shape (n_nodes,), dtype int
        Parent of every node, ``parents[i] > i``. The root is last and its own
        parent; -1 is taken too.
    leaf_labels : array-like of int
        Leaf that each pixel belongs to: shape (height, width) for an image,
        (n_samples,) for rows of a table. Every leaf has a pixel; -1 marks
        pixels outside every region.
    ncut : array-like of shape (n_nodes,), default=None
        Mean normalised cut, in [0, 1], of the split that made the node's
        children. Nan at leaves; None is nan everywhere.
    perturbation : array-like of shape (n_nodes,), default=None
        Perturbation bound of that split, at least 0. Nan at leaves.
    eigengap : array-like of shape (n_nodes,), default=None
        Gap of the spectrum at that split, at least 0 or infinite. Nan at
        leaves.
    altitude : array-like of shape (n_nodes,), default=None
        A height that never falls on the way up. By default it follows from
        `ncut`, see `altitude`.
    node_data : mapping of str to array-like of shape (n_nodes, ...), default=None
        Arrays of your own. They are cut, resized and saved with the tree.

    Attributes
    ----------
    parents : ndarray of shape (n_nodes,), dtype int32
    leaf_labels : ndarray, dtype int32
    ncut, perturbation, eigengap : ndarray of shape (n_nodes,), dtype float64
    node_data : dict of str to ndarray
    n_nodes, n_leaves, root, height : int
    shape : tuple of int
        Shape of `leaf_labels`.

    Raises
    ------
    TypeError, ValueError
        An array breaks the contract above; the message names it.

    See Also
    --------
    skuhas.HierarchicalSpectralSegmenter : Makes such trees from images.

    Examples
    --------
    >>> from skuhas import RegionTree
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 0, 1], [2, 2, 2]])
    >>> tree
    RegionTree(n_leaves=3, n_nodes=5, height=2, shape=(2, 3))
    >>> tree.mask(3)
    array([[ True,  True,  True],
           [False, False, False]])
    >>> tree.labels(depth=1)
    array([[0, 0, 0],
           [1, 1, 1]], dtype=int32)
    """

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RegionTree):
            return NotImplemented
        return (
            np.array_equal(self.parents, other.parents)
            and np.array_equal(self.leaf_labels, other.leaf_labels)
            and all(
                np.array_equal(
                    getattr(self, name), getattr(other, name), equal_nan=True
                )
                for name in FIGURES
            )
            and np.array_equal(self.altitude, other.altitude)
            and self.node_data.keys() == other.node_data.keys()
            and all(
                _same(values, other.node_data[name])
                for name, values in self.node_data.items()
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"RegionTree(n_leaves={self.n_leaves}, n_nodes={self.n_nodes}, "
            f"height={self.height}, shape={self.shape})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._fields())


def _rebuild(cls: type[RegionTree], fields: dict[str, Any]) -> RegionTree:
    return cls(**fields)


def _same(first: NDArray, second: NDArray) -> bool:
    may_hold_nan = first.dtype.kind == "f" and second.dtype.kind == "f"
    return np.array_equal(first, second, equal_nan=may_hold_nan)
