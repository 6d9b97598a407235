"""How strong the boundaries between touching superpixels are."""

import numpy as np
from scipy.ndimage import gaussian_filter

# CIELAB units per pixel at which a boundary lets through 1/e.
CONTOUR_SCALE = 4.0
# Standard deviation in pixels of the derivative filter.
GRADIENT_SIGMA = 1.0


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
    ndarray of shape (n_leaves, n_leaves), dtype float64
        Symmetric, 0 between leaves that do not touch.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import boundary_conductance
    >>> boundary_conductance(np.array([[0, 0, 1], [2, 2, 1]]))
    array([[0., 1., 2.],
           [1., 0., 1.],
           [2., 1., 0.]])
    """
    n_leaves = int(labels.max()) + 1
    gradient = None if lab is None else _gradient(lab)
    codes, strengths = [], []
    for first, second in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
    ):
        one, other = labels[first], labels[second]
        touching = np.flatnonzero((one != other) & (one >= 0) & (other >= 0))
        one = one.ravel()[touching].astype(np.int64)
        other = other.ravel()[touching]
        codes.append(np.minimum(one, other) * n_leaves + np.maximum(one, other))
        if gradient is not None:
            larger = np.maximum(
                gradient[first].ravel()[touching], gradient[second].ravel()[touching]
            )
            strengths.append(larger)
    pairs, position = np.unique(np.concatenate(codes), return_inverse=True)
    length = np.bincount(position, minlength=pairs.size).astype(np.float64)
    if gradient is not None:
        mean = np.bincount(position, np.concatenate(strengths)) / length
        length *= np.exp(-mean / CONTOUR_SCALE)
    conductance = np.zeros((n_leaves, n_leaves))
    low, high = np.divmod(pairs, n_leaves)
    conductance[low, high] = conductance[high, low] = length
    return conductance


def _gradient(lab):
    channels = np.moveaxis(np.asarray(lab, dtype=np.float32), -1, 0)
    square = np.zeros(channels.shape[1:], dtype=np.float32)
    for channel in channels:
        for order in ((0, 1), (1, 0)):
            square += gaussian_filter(channel, GRADIENT_SIGMA, order=order) ** 2
    return np.sqrt(square)
