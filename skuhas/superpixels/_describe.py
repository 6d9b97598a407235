"""What the graph needs to know of every leaf."""

from dataclasses import dataclass

import numpy as np

from skuhas.superpixels._rows import UnitRows, row_blocks
from skuhas.superpixels._tensors import UnitTensor
from skuhas.tree import token_weights


@dataclass(frozen=True, slots=True)
class LeafDescription:
    """Features, size, colour and place of every leaf.

    Parameters
    ----------
    means : array of shape (n_leaves, n_features), dtype of the features
        Area-weighted mean of the unit features, interpolated to the pixels; a
        tensor where the features are one.
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
        length = ((self.means**2).sum(axis=1) ** 0.5)[:, None]
        return self.means / (length + (length == 0))


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
    height, width = labels.shape
    areas = np.zeros(n_leaves)
    places = np.zeros((2, n_leaves))
    colors = None if lab is None else np.zeros((3, n_leaves))
    for rows in row_blocks((height, width, 3)):
        # One bin more, in front, for pixels of no leaf.
        leaf = labels[rows].ravel() + 1

        def total(values, leaf=leaf):
            return np.bincount(leaf, values, minlength=n_leaves + 1)[1:]

        count = total(None)
        areas += count
        row, column = np.indices((rows.stop - rows.start, width), dtype=np.float64)
        places[0] += total(row.ravel()) + rows.start * count
        places[1] += total(column.ravel())
        if colors is not None:
            for channel, values in zip(
                colors, np.moveaxis(lab[rows], -1, 0), strict=True
            ):
                channel += total(values.ravel())
    positions = (places / areas + 0.5).T / max(height, width)
    if colors is not None:
        colors = (colors / areas).T
    if isinstance(tokens, UnitTensor):
        means = tokens.means(token_weights(labels, tokens.shape[:2], n_leaves), areas)
    else:
        sums = _pooled(labels, tokens, n_leaves)
        means = sums / areas[:, None].astype(sums.dtype)
    return LeafDescription(means, areas, colors, positions)


def _pooled(labels, tokens, n_leaves):
    """Return the sum over every leaf's pixels of the interpolated tokens."""
    rows, columns, n_features = tokens.shape
    weights = token_weights(labels, (rows, columns), n_leaves)
    lengths = tokens.lengths() if isinstance(tokens, UnitRows) else None
    if lengths is not None:
        # The few weights are divided by the lengths, and not the many features.
        flat = np.where(lengths > 0, lengths, 1.0).ravel()
        weights.data /= flat[weights.indices]
        tokens = tokens.source
    dtype = np.result_type(tokens.dtype, np.float32)
    weights = weights.astype(dtype)
    blocks = list(row_blocks(tokens.shape))
    if len(blocks) == 1:
        return weights @ tokens[:].reshape(-1, n_features).astype(dtype, copy=False)
    weights = weights.tocsc()
    sums = np.zeros((n_leaves, n_features), dtype=dtype)
    for block in blocks:
        part = weights[:, block.start * columns : block.stop * columns]
        leaves = np.unique(part.indices)
        values = tokens[block].reshape(-1, n_features).astype(dtype, copy=False)
        sums[leaves] += part.tocsr()[leaves] @ values
    return sums
