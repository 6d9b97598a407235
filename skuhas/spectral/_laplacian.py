"""The symmetric normalised Laplacian, by way of the normalised affinity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class NormalisedGraph:
    r"""A graph's normalised affinity :math:`N = D^{-1/2} A D^{-1/2}`.

    The symmetric normalised Laplacian is :math:`L = I - N`. A vertex without
    any affinity is a component of its own: its diagonal in N is 1, so that its
    row of L is zero.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        N.
    degrees : ndarray of shape (n,)
        Row sums of A.
    scale : ndarray of shape (n,)
        :math:`D^{-1/2}`, 1 where the degree is 0.
    trivial : ndarray of shape (n,)
        The unit eigenvector of L to the eigenvalue 0 that every graph has,
        proportional to :math:`D^{1/2} 1`.
    square_norm : float
        :math:`\|N\|_F^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import normalise
    >>> normalise(np.ones((2, 2))).matrix
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """

    matrix: NDArray[np.float64]
    degrees: NDArray[np.float64]
    scale: NDArray[np.float64]
    trivial: NDArray[np.float64]
    square_norm: float


def normalise(affinity: NDArray[np.float64]) -> NormalisedGraph:
    """Return the normalised graph of a symmetric, non-negative affinity.

    Parameters
    ----------
    affinity : ndarray of shape (n, n)

    Returns
    -------
    NormalisedGraph

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import normalise
    >>> normalise(np.array([[0.0, 4.0], [4.0, 0.0]])).degrees
    array([4., 4.])
    """
    degrees = affinity.sum(axis=1)
    root = np.sqrt(degrees)
    connected = root > 0
    scale = np.ones_like(root)
    np.divide(1.0, root, out=scale, where=connected)
    matrix = affinity * scale
    matrix *= scale[:, None]
    if connected.all():
        trivial = root / np.sqrt(degrees.sum())
    else:
        alone = np.flatnonzero(~connected)
        matrix[alone, alone] = 1.0
        total = degrees.sum()
        trivial = np.full_like(root, root.size**-0.5)
        if total > 0:
            trivial = root / np.sqrt(total)
    square_norm = float(np.vdot(matrix, matrix))
    return NormalisedGraph(matrix, degrees, scale, trivial, square_norm)
