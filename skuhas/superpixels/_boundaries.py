"""How strong the boundaries between touching superpixels are."""

import numpy as np
from scipy import sparse

from skuhas.superpixels._rows import GradientRows, row_blocks

# CIELAB units per pixel at which a boundary lets through 1/e.
CONTOUR_SCALE = 4.0


def boundary_conductance(labels, lab=None):
    r"""Return how well touching leaves are joined.

    .. math:: R_{ij} = \ell_{ij} \exp(-\bar g_{ij} / 4)

    with :math:`\ell` the number of pixel pairs along the common boundary and
    :math:`\bar g` the mean, over these pairs, of the larger of the two pixels'
    colour gradients: the root of the summed squares of the Gaussian
    derivatives of the three CIELAB channels, in units per pixel.

    Parameters
    ----------
    labels : ndarray of shape (height, width)
        Leaf of each pixel, -1 for none.
    lab : ndarray of shape (height, width, 3), default=None
        The image in CIELAB. Without it all gradients are 0.

    Returns
    -------
    csr_array of shape (n_leaves, n_leaves), dtype float64
        Symmetric, with entries only where leaves touch.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import boundary_conductance
    >>> boundary_conductance(np.array([[0, 0, 1], [2, 2, 1]])).toarray()
    array([[0., 1., 2.],
           [1., 0., 1.],
           [2., 1., 0.]])
    """
    return conductance(labels, None if lab is None else GradientRows(lab))


def conductance(labels, gradient=None):
    """Return the conductances from colour gradients that may be sliced by rows."""
    n_leaves = int(labels.max()) + 1
    height, width = labels.shape
    parts = []
    for rows in row_blocks((height, width, 3)):
        # The next row is the lower end of the block's last vertical pairs.
        wide = slice(rows.start, min(rows.stop + 1, height))
        strength = None if gradient is None else gradient[wide]
        own = rows.stop - rows.start
        parts.append(_touching(labels[wide], strength, own, n_leaves))
    codes, lengths, strengths = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    # Leaves can meet in several blocks.
    codes, position = np.unique(codes, return_inverse=True)
    length = np.bincount(position, lengths, minlength=codes.size)
    mean = np.bincount(position, strengths, minlength=codes.size) / length
    value = length * np.exp(-mean / CONTOUR_SCALE)
    low, high = np.divmod(codes, n_leaves)
    return sparse.csr_array(
        (
            np.concatenate([value, value]),
            (np.concatenate([low, high]), np.concatenate([high, low])),
        ),
        shape=(n_leaves, n_leaves),
    )


def _touching(labels, gradient, own, n_leaves):
    """Return pairs of leaves as codes, with their pixel pairs and gradients' sums.

    Rows of `labels` beyond the first `own` are the next block's.
    """
    codes, strengths = [], []
    for first, second in (
        (np.s_[:own, :-1], np.s_[:own, 1:]),
        (np.s_[:-1], np.s_[1:]),
    ):
        one, other = labels[first].ravel(), labels[second].ravel()
        touching = np.flatnonzero(one != other)
        one, other = one[touching], other[touching]
        inside = (one >= 0) & (other >= 0)
        if not inside.all():
            touching, one, other = touching[inside], one[inside], other[inside]
        codes.append(
            np.minimum(one, other).astype(np.int64) * n_leaves + np.maximum(one, other)
        )
        if gradient is not None:
            one, other = gradient[first].ravel(), gradient[second].ravel()
            strengths.append(np.maximum(one[touching], other[touching]))
    codes, position = np.unique(np.concatenate(codes), return_inverse=True)
    lengths = np.bincount(position, minlength=codes.size)
    if gradient is None:
        return codes, lengths, np.zeros(codes.size)
    sums = np.bincount(position, np.concatenate(strengths), minlength=codes.size)
    return codes, lengths, sums
