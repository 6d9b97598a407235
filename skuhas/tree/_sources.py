"""Trees from other descriptions of nested regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from skuhas.tree import _build, _nested, _ucm
from skuhas.tree._cuts import Cuts
from skuhas.tree._topology import as_array, prune_nodes

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

    @classmethod
    def from_ucm(
        cls,
        contours: ArrayLike,
        shape: tuple[int, int] | None = None,
        *,
        valid: ArrayLike | None = None,
    ) -> Self:
        """Build the tree of an ultrametric contour map.

        The leaves are the connected parts without contour. Two of them are joined
        at the lowest height at which a path leads from one to the other, that is
        by single linkage: for every t, the regions of altitude at most t are the
        connected parts of what is left when contours stronger than t are drawn.
        On an ultrametric map these are the regions it was drawn of, and
        ``saliency(double=True)`` gives it back.

        Parameters
        ----------
        contours : array-like of shape (2 height + 1, 2 width + 1) or (height, width)
            In the first, pixels lie at odd places and the edges between them at
            the others (the variable ``ucm2`` of the published files). In the
            second, as in ``ucm``, contours cover pixels: these go to the leaf that
            the lower contour leads to, and regions that are all contour are lost.
        shape : (int, int), default=None
            Height and width of the image; by default `contours` has twice the
            size plus one.
        valid : array-like of shape (height, width), dtype bool, default=None
            False marks pixels that belong to no region.

        Returns
        -------
        RegionTree
            Altitudes are contour strengths. A node has as many children as are
            joined at the same strength.

        Raises
        ------
        ValueError
            The map does not fit the shape, or holds what is no contour strength.

        References
        ----------
        P. Arbeláez, M. Maire, C. Fowlkes and J. Malik. "Contour Detection and
        Hierarchical Image Segmentation". IEEE TPAMI 33(5), 2011.

        Examples
        --------
        >>> import numpy as np
        >>> from skuhas import RegionTree
        >>> contours = np.zeros((3, 7))
        >>> contours[:, 2], contours[:, 4] = 0.3, 0.8
        >>> tree = RegionTree.from_ucm(contours)
        >>> tree.leaf_labels
        array([[0, 1, 2]], dtype=int32)
        >>> tree.altitude
        array([0. , 0. , 0. , 0.3, 0.8])
        """
        parents, labels, altitude = _ucm.nodes_of_contours(contours, shape)
        if valid is not None:
            kept = as_array(valid, "valid")
            if kept.shape != labels.shape or kept.dtype != bool or not kept.any():
                raise ValueError(
                    f"valid must be a boolean array of shape {labels.shape} that keeps "
                    f"a pixel, got shape {kept.shape}, dtype {kept.dtype} and "
                    f"{np.count_nonzero(kept)} pixels."
                )
            labels = np.where(kept, labels, -1)
        parents, labels, altitude = prune_nodes(parents, labels, altitude)
        return cls(parents, labels, altitude=altitude).cut()

    @classmethod
    def from_label_maps(cls, maps: Sequence[ArrayLike]) -> Self:
        """Build the tree of nested label maps.

        Parameters
        ----------
        maps : sequence of array-like of int, of shape (height, width) or (n_samples,)
            From fine to coarse or from coarse to fine. Every region of a finer map
            lies in one region of the next coarser. Any integers of at least 0 may
            be labels; -1 marks pixels outside every region, the same in all maps.

        Returns
        -------
        RegionTree
            Its leaves are the regions of the finest map. A region that is the same
            in several maps is one node. The altitude of the root is 1 and falls to
            0 by equal steps with the maps.

        Raises
        ------
        ValueError
            The maps are not nested, or not of one shape; the message says which
            regions cross.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_label_maps([[[1, 2, 7]], [[5, 5, 4]]])
        >>> tree.parents
        array([3, 3, 4, 4, 4], dtype=int32)
        >>> tree.altitude
        array([0. , 0. , 0. , 0.5, 1. ])
        """
        parents, labels, altitude = _nested.nodes_of_label_maps(maps)
        parents, labels, altitude = prune_nodes(parents, labels, altitude)
        return cls(parents, labels, altitude=altitude).cut()
