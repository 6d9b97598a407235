"""Trees from other descriptions of nested regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from skuhas.tree import _build
from skuhas.tree._cuts import Cuts

if TYPE_CHECKING:
    from typing import Self


class Sources(Cuts):
    """Constructors from parent arrays, merge tables, contours and label maps."""

    @classmethod
    def from_parents(
        cls,
        parents: ArrayLike,
        leaf_labels: ArrayLike,
        *,
        ncut: ArrayLike | None = None,
        perturbation: ArrayLike | None = None,
        eigengap: ArrayLike | None = None,
        altitude: ArrayLike | None = None,
        node_data: Mapping[str, ArrayLike] | None = None,
    ) -> Self:
        """Build a tree from a parent array, keeping the numbering given.

        Parameters
        ----------
        parents : array-like of shape (n_nodes,), dtype int
            Parent of every node, ``parents[i] > i``; the root is last and its
            own parent, or -1.
        leaf_labels : array-like of int
            Leaf of each pixel, -1 for none.
        ncut : array-like of shape (n_nodes,), default=None
            Mean normalised cut of each split, in [0, 1], nan at leaves.
        perturbation : array-like of shape (n_nodes,), default=None
            Perturbation bound of each split, nan at leaves.
        eigengap : array-like of shape (n_nodes,), default=None
            Gap of the spectrum at each split, nan at leaves.
        altitude : array-like of shape (n_nodes,), default=None
            A height that never falls on the way up.
        node_data : mapping of str to array-like, default=None
            Arrays of your own, n_nodes long.

        Returns
        -------
        RegionTree

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> RegionTree.from_parents([2, 2, -1], [0, 0, 1]).n_leaves
        2
        """
        return cls(
            parents,
            leaf_labels,
            ncut=ncut,
            perturbation=perturbation,
            eigengap=eigengap,
            altitude=altitude,
            node_data=node_data,
        )

    @classmethod
    def from_linkage(
        cls,
        children: ArrayLike,
        leaf_labels: ArrayLike | None = None,
        *,
        distances: ArrayLike | None = None,
    ) -> Self:
        """Build a tree from a binary merge table.

        Parameters
        ----------
        children : array-like of shape (n_leaves - 1, 2) or (n_leaves - 1, 4)
            scikit-learn's ``children_``, or scipy's linkage matrix, whose
            third column then gives the altitudes.
        leaf_labels : array-like of int, default=None
            Merged item that each pixel belongs to; by default item i is
            sample i.
        distances : array-like of shape (n_leaves - 1,), default=None
            Height of each merge, scikit-learn's ``distances_``. Where a merge
            lies under one of its children (centroid linkage does that) it is
            raised to it, and negative heights to 0. Without heights the order
            of the merges stands for them, so that ``cut(n_regions=n)`` undoes
            the last merges first, as scikit-learn does.

        Returns
        -------
        RegionTree
            Numbered canonically, so that node numbers differ from the table's.

        Raises
        ------
        ValueError
            The table is no binary merge of all items, or an item has no pixel.

        Examples
        --------
        >>> from scipy.cluster.hierarchy import linkage
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_linkage(linkage([[0.0], [0.1], [1.0]]))
        >>> tree.labels(n_regions=2)
        array([0, 0, 1], dtype=int32)
        """
        parents, heights = _build.parents_from_linkage(children, distances)
        n_leaves = (parents.size + 1) // 2
        labels = np.arange(n_leaves) if leaf_labels is None else leaf_labels
        tree = cls(parents, labels, altitude=heights)
        return tree.cut()
