"""What the graph needs to know of every leaf."""

from dataclasses import dataclass

import numpy as np

from skuhas.tree import pool_features, token_weights


@dataclass(frozen=True, slots=True)
class LeafDescription:
    """Features, size, colour and place of every leaf.

    Parameters
    ----------
    means : ndarray of shape (n_leaves, n_features), dtype of the features
        Area-weighted mean of the unit features, interpolated to the pixels.
    areas : ndarray of shape (n_leaves,), dtype float64
        Pixels at the size worked at.
    colors : ndarray of shape (n_leaves, 3), dtype float64, or None
        Mean CIELAB colour; None without an image.
    positions : ndarray of shape (n_leaves, 2), dtype float64
        Centroid (row, column) over the longer side.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import describe_leaves
    >>> leaves = describe_leaves(np.array([[0, 1]]), np.ones((1, 2, 1)))
    >>> leaves.areas
    array([1., 1.])
    """

    means: np.ndarray
    areas: np.ndarray
    colors: np.ndarray | None
    positions: np.ndarray

    @property
    def descriptors(self):
        """`means` scaled to length 1; zero rows stay zero."""
        length = np.linalg.norm(self.means, axis=1, keepdims=True)
        return self.means / np.where(length > 0, length, 1.0)


def describe_leaves(labels, tokens, lab=None):
    """Describe the leaves of a label map.

    Parameters
    ----------
    labels : ndarray of shape (height, width)
        Leaf of each pixel, from 0 to n_leaves - 1, each present; -1 for none.
    tokens : ndarray of shape (rows, columns, n_features)
        Unit features on a grid that covers the map.
    lab : ndarray of shape (height, width, 3), default=None
        The image in CIELAB, at the size of `labels`.

    Returns
    -------
    LeafDescription

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import describe_leaves
    >>> tokens = np.array([[[1.0], [3.0]]])
    >>> describe_leaves(np.array([[0, 0, 1, 1]]), tokens).means.ravel()
    array([1.25, 2.75])
    """
    n_leaves = int(labels.max()) + 1
    rows, columns, n_features = tokens.shape
    weights = token_weights(labels, (rows, columns), n_leaves)
    means = pool_features(weights, tokens.reshape(-1, n_features))
    inside = labels >= 0
    leaf = labels[inside]
    areas = np.bincount(leaf, minlength=n_leaves).astype(np.float64)

    def mean(values):
        sums = [
            np.bincount(leaf, weights=value, minlength=n_leaves) for value in values
        ]
        return np.stack(sums, axis=1) / areas[:, None]

    height, width = labels.shape
    row, column = np.nonzero(inside)
    positions = mean([row + 0.5, column + 0.5]) / max(height, width)
    colors = None
    if lab is not None:
        colors = mean(lab[inside].T)
    return LeafDescription(means, areas, colors, positions)
