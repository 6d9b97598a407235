"""Affinities between regions, from their descriptors, areas and colours."""

from __future__ import annotations

from skuhas.spectral._backend import Array
from skuhas.spectral._kernels import CosineKernel, ExponentialKernel


def exponential_affinity(
    descriptors: Array,
    areas: Array,
    *,
    temperature: float = 0.1,
    colors: Array | None = None,
    color_scale: float | None = None,
    positions: Array | None = None,
    position_scale: float | None = None,
) -> Array:
    r"""Return the exponential affinity between regions.

    With c the cosine of two descriptors,

    .. math:: A_{ij} = \sqrt{a_i a_j} \exp\Big(\frac{c_{ij} - 1}{T}
        - \frac{\|\mathrm{Lab}_i - \mathrm{Lab}_j\|}{s}
        - \frac{\|p_i - p_j\|}{r}\Big)

    The diagonal, :math:`A_{ii} = a_i`, is kept: with a zero diagonal the only
    cut of two regions always costs 1, whatever their likeness.

    Parameters
    ----------
    descriptors : array of shape (n_regions, n_features), float32 or float64
        Unit rows; a zero row has cosine 0 with every other.
    areas : array of shape (n_regions,)
        Weights of the regions, greater than 0.
    temperature : float, default=0.1
        T, in units of cosine.
    colors : array of shape (n_regions, 3), default=None
        Mean CIELAB colours.
    color_scale : float, default=None
        s, in CIELAB units. None leaves the term out.
    positions : array of shape (n_regions, 2), default=None
        Centroids, in units of the longer image side.
    position_scale : float, default=None
        r, in the same units. None leaves the term out.

    Returns
    -------
    array of shape (n_regions, n_regions), of the dtype of `descriptors`
        Symmetric and positive.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import exponential_affinity
    >>> exponential_affinity(np.eye(2), np.array([1.0, 4.0]), temperature=1.0)
    array([[1.        , 0.73575888],
           [0.73575888, 4.        ]])
    """
    kernel = ExponentialKernel.of_regions(
        descriptors,
        areas,
        temperature=temperature,
        colors=colors,
        color_scale=color_scale,
        positions=positions,
        position_scale=position_scale,
    )
    return kernel.matrix()


def cosine_affinity(means: Array, counts: Array, largest_distance: float) -> Array:
    r"""Return the sum of token affinities between regions.

    Two tokens have the affinity :math:`1 - d/d_{max}` with d their cosine
    distance. With unit rows x that is :math:`\alpha + \beta\, x_i \cdot x_j`,
    :math:`\beta = 1/d_{max}`, :math:`\alpha = 1 - \beta`, and between regions of
    n_i and n_j tokens with plain means m

    .. math:: A_{ij} = n_i n_j (\alpha + \beta\, m_i \cdot m_j), \quad A_{ii} = 0.

    With one token a region it is the paper's token graph.

    Parameters
    ----------
    means : array of shape (n_regions, n_features)
        Plain means of unit tokens, not normalised again.
    counts : array of shape (n_regions,)
        Tokens of each region; fractions are allowed.
    largest_distance : float
        d_max, in [0, 2]. At 0 all tokens are equal and all affinities 1.

    Returns
    -------
    array of shape (n_regions, n_regions), dtype float64
        On the device of `means`.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import cosine_affinity
    >>> cosine_affinity(np.eye(2), np.array([1.0, 2.0]), 2.0)
    array([[0., 1.],
           [1., 0.]])
    """
    return CosineKernel(means, counts, largest_distance).matrix()
