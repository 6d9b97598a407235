"""The pixels of the nodes: masks, sizes, contours, mean features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import check_integer
from skuhas.tree import _contours, _topology
from skuhas.tree._cuts import Cuts
from skuhas.tree._pooling import pool_features, token_weights

if TYPE_CHECKING:
    from typing import Self


class Regions(Cuts):
    """Masks of the nodes, and what is drawn or averaged over them."""

    def mask(self, node: int) -> NDArray[np.bool_]:
        """Return which pixels belong to a node.

        Parameters
        ----------
        node : int

        Returns
        -------
        ndarray of the shape of `leaf_labels`, dtype bool
        """
        # One more entry, False, answers for the label -1.
        inside = np.append(self._leaves_below(self._check_node(node)), False)
        return inside[self.leaf_labels]

    def masks(self) -> Iterator[NDArray[np.bool_]]:
        """Yield the mask of every node in order, one at a time.

        Yields
        ------
        ndarray of the shape of `leaf_labels`, dtype bool
        """
        for node in range(self.n_nodes):
            yield self.mask(node)

    def resize(self, shape: tuple[int, int]) -> Self:
        """Return the tree over an image of another size.

        Parameters
        ----------
        shape : (int, int)
            New height and width in pixels. Labels are taken from the nearest
            pixel; regions that lose their last pixel go, and so do nodes left
            without any.

        Returns
        -------
        RegionTree
            Numbered canonically.

        Raises
        ------
        ValueError
            The tree is not one of an image, or no pixel of a region is left.
        """
        self._check_is_image("resize")
        size = tuple(shape) if np.iterable(shape) else ()
        if len(size) != 2:
            raise ValueError(f"shape must be (height, width), got {shape!r}.")
        for side in size:
            check_integer(side, "shape", low=1)
        index = [
            ((np.arange(new) + 0.5) * old / new).astype(np.intp)
            for old, new in zip(self.shape, size, strict=True)
        ]
        labels = self.leaf_labels[np.ix_(*index)]
        if (labels < 0).all():
            raise ValueError(f"shape {size} is too small: no region keeps a pixel.")
        labels, kept = _topology.canonical_labels(labels, self.n_leaves)
        return self._restructured(kept, labels)

    def saliency(self, *, double: bool = False) -> NDArray[np.float32]:
        """Return the ultrametric contour map.

        The strength between two neighbouring pixels is the altitude of the
        lowest node that holds both, 0 inside a leaf; thresholding at t leaves
        the contours of the nodes higher than t. Where exactly one of them lies
        outside every region the strength is the root's altitude.

        Parameters
        ----------
        double : bool, default=False
            If True, the map has twice the size plus one and every edge between
            two pixels has a place of its own (Arbeláez et al., 2011).
            Otherwise a pixel takes the largest strength towards its right and
            lower neighbours.

        Returns
        -------
        ndarray of shape (height, width) or (2 height + 1, 2 width + 1), float32

        References
        ----------
        P. Arbeláez, M. Maire, C. Fowlkes and J. Malik. "Contour Detection and
        Hierarchical Image Segmentation". IEEE TPAMI 33(5), 2011.
        """
        self._check_is_image("saliency")
        return _contours.saliency(
            self.leaf_labels, self.parents, self.altitude, double=double
        )

    def embeddings(self, feature_map: Any) -> NDArray[np.float32]:
        """Return the mean feature of every node.

        Parameters
        ----------
        feature_map : FeatureMap or array-like of shape (rows, columns, n_features)
            Features on a grid that covers the image; they are interpolated
            bilinearly to the pixels. For a tree over samples, an array of
            shape (n_samples, n_features).

        Returns
        -------
        ndarray of shape (n_nodes, n_features), dtype float32
            Weighted by area; not normalised.
        """
        features = np.asarray(feature_map, dtype=np.float32)
        image = self.leaf_labels.ndim == 2
        if features.ndim != self.leaf_labels.ndim + 1 or 0 in features.shape:
            wanted = (
                "(rows, columns, n_features)" if image else "(n_samples, n_features)"
            )
            raise ValueError(
                f"feature_map must have shape {wanted}, got {features.shape}."
            )
        grid = self.leaf_labels if image else self.leaf_labels[None, :]
        if not image and features.shape[0] != self.leaf_labels.size:
            raise ValueError(
                f"feature_map must have {self.leaf_labels.size} rows, one for each "
                f"sample, got {features.shape[0]}."
            )
        size = features.shape[:2] if image else (1, features.shape[0])
        weights = token_weights(grid, size, self.n_leaves)
        tokens = features.reshape(-1, features.shape[-1])
        means = pool_features(weights, tokens).astype(np.float64)
        sums = self.accumulate(means * self.area[: self.n_leaves, None])
        return (sums / self.area[:, None]).astype(np.float32)
