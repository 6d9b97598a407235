"""From an ultrametric contour map to the tree of its regions."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree
from skimage.measure import label
from skimage.segmentation import watershed

from skuhas.baselines._trees import contracted, region_tree


def tree_from_contours(contours, shape=None, *, valid=None):
    r"""Return the tree of an ultrametric contour map.

    The leaves are the connected parts without contour. Two of them are joined at
    the lowest height at which a path leads from one to the other, that is by
    single linkage: for every t, the regions of altitude at most t are the
    connected parts of what is left when contours stronger than t are drawn. On
    an ultrametric map these are the regions it was drawn of.

    Parameters
    ----------
    contours : array-like of shape (2 height + 1, 2 width + 1) or (height, width)
        In the first, pixels lie at odd places and the edges between them at the
        others (the variable ``ucm2`` of the published files). In the second, as
        in ``ucm``, contours cover pixels: these go to the leaf that the lower
        contour leads to, and regions that are all contour are lost.
    shape : (int, int), default=None
        Height and width of the image; by default `contours` has twice the size
        plus one.
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
    >>> from skuhas.baselines import tree_from_contours
    >>> contours = np.zeros((3, 7))
    >>> contours[:, 2], contours[:, 4] = 0.3, 0.8
    >>> tree = tree_from_contours(contours)
    >>> tree.leaf_labels
    array([[0, 1, 2]], dtype=int32)
    >>> tree.altitude
    array([0. , 0. , 0. , 0.3, 0.8])
    """
    contours = _checked(contours)
    if shape is None:
        if contours.shape[0] % 2 == 0 or contours.shape[1] % 2 == 0:
            raise ValueError(
                "contours without shape must have twice the image's size plus one, "
                f"got {contours.shape}."
            )
        shape = tuple(side // 2 for side in contours.shape)
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
    n_leaves = int(labels.max()) + 1
    parents, altitude = _joined(n_leaves, pairs, strengths)
    return region_tree(parents, altitude, labels, valid)


def _checked(contours):
    contours = np.asarray(contours)
    if contours.ndim != 2 or contours.size == 0 or contours.dtype.kind not in "fiub":
        raise ValueError(
            "contours must be one map of numbers, of shape (rows, columns), got dtype "
            f"{contours.dtype} and shape {contours.shape}."
        )
    values = contours.astype(np.float64)
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(
            "contours must be finite and at least 0, got "
            f"[{values.min()}, {values.max()}]."
        )
    if values.min() > 0:
        raise ValueError(
            "contours must be 0 inside regions, got no value under "
            f"{values.min()}: this is no ultrametric contour map."
        )
    return values


def _from_double(contours):
    """Return leaves, and pairs of touching ones with the strength between them."""
    right = contours[1::2, 2:-1:2]
    down = contours[2:-1:2, 1::2]
    # Places of pixels become free, that thinned maps may have on contours too.
    free = contours == 0
    free[1::2, 1::2] = True
    free[::2, ::2] = False
    labels = label(free, connectivity=1)[1::2, 1::2] - 1
    labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    return labels, *_touching(labels, right, down)


def _from_single(contours):
    markers = label(contours == 0, connectivity=1)
    labels = watershed(contours, markers) - 1
    right = np.maximum(contours[:, :-1], contours[:, 1:])
    down = np.maximum(contours[:-1], contours[1:])
    return labels, *_touching(labels, right, down)


def _touching(labels, right, down):
    pairs, strengths = [], []
    for first, second, strength in (
        (labels[:, :-1], labels[:, 1:], right),
        (labels[:-1], labels[1:], down),
    ):
        differ = first != second
        pairs.append(np.sort([first[differ], second[differ]], axis=0))
        strengths.append(strength[differ])
    pairs, strengths = np.hstack(pairs), np.concatenate(strengths)
    # Of every pair the lowest strength, the pass between the two.
    order = np.lexsort((strengths, *pairs[::-1]))
    pairs, strengths = pairs[:, order], strengths[order]
    new = np.ones(strengths.size, dtype=bool)
    new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    return pairs[:, new], strengths[new]


def _joined(n_leaves, pairs, strengths):
    """Return the single-linkage tree, with equal heights joined in one node."""
    if n_leaves == 1:
        return np.zeros(1, dtype=np.int64), np.zeros(1)
    # Ranks, since scipy takes a weight of 0 for no edge; indices of the one width
    # that SciPy 1.12 takes.
    levels, ranks = np.unique(strengths, return_inverse=True)
    places = tuple(pairs.astype(np.int32))
    graph = sparse.csr_array((ranks + 1.0, places), shape=(n_leaves, n_leaves))
    forest = minimum_spanning_tree(graph).tocoo()
    order = np.argsort(forest.data, kind="stable")
    first, second = forest.row[order].tolist(), forest.col[order].tolist()
    heights = levels[forest.data[order].astype(np.intp) - 1]
    parents = np.arange(2 * n_leaves - 1)
    top = np.arange(2 * n_leaves - 1)

    def find(node):
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
    return contracted(parents, keep), altitude[keep]
