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

    Large graphs need only products with N, so it is never formed for them.

    Parameters
    ----------
    affinity : ndarray of shape (n, n), dtype float32 or float64
        A, symmetric and non-negative.
    degrees : ndarray of shape (n,)
        Row sums of A.
    scale : ndarray of shape (n,)
        :math:`D^{-1/2}`, 1 where the degree is 0.
    isolated : ndarray of shape (n,), dtype bool
        Which degrees are 0.
    trivial : ndarray of shape (n,)
        The unit eigenvector of L to the eigenvalue 0 that every graph has,
        proportional to :math:`D^{1/2} 1`.
    square_norm : float
        :math:`\|N\|_F^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import normalise
    >>> normalise(np.full((2, 2), 4.0)).matrix()
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """

    affinity: NDArray
    degrees: NDArray[np.float64]
    scale: NDArray[np.float64]
    isolated: NDArray[np.bool_]
    trivial: NDArray[np.float64]
    square_norm: float

    def matrix(self) -> NDArray[np.float64]:
        """Return N.

        Returns
        -------
        ndarray of shape (n, n)
        """
        matrix = self.affinity * self.scale
        matrix *= self.scale[:, None]
        if self.isolated.any():
            matrix[self.isolated, self.isolated] = 1.0
        return matrix

    def diagonal(self) -> NDArray[np.float64]:
        """Return the diagonal of N.

        Returns
        -------
        ndarray of shape (n,)
        """
        return np.diagonal(self.affinity) * self.scale**2 + self.isolated

    def other_eigenvalues(self) -> tuple[float, float]:
        """Return mean and spread of the eigenvalues of N but the trivial 1.

        Their sum is the trace and the sum of their squares the square norm, so
        that no spectrum is needed.

        Returns
        -------
        mean : float
        spread : float
            Sum of the squared distances from the mean.
        """
        n_others = max(self.degrees.size - 1, 1)
        mean = (float(self.diagonal().sum()) - 1.0) / n_others
        return mean, self.square_norm - 1.0 - n_others * mean**2

    def product(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return N times one vector or several as columns.

        Parameters
        ----------
        vectors : ndarray of shape (n,) or (n, n_vectors)

        Returns
        -------
        ndarray of the shape of `vectors`
        """
        scale, isolated = self.scale, self.isolated
        if vectors.ndim == 2:
            scale, isolated = scale[:, None], isolated[:, None]
        # Mixed precision would convert the whole matrix every time.
        scaled = (scale * vectors).astype(self.affinity.dtype, copy=False)
        return scale * (self.affinity @ scaled) + isolated * vectors


def normalise(affinity: NDArray) -> NormalisedGraph:
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
    degrees = affinity.sum(axis=1, dtype=np.float64)
    root = np.sqrt(degrees)
    isolated = root == 0
    total = float(degrees.sum())
    if isolated.any():
        scale = 1.0 / np.where(isolated, 1.0, root)
        trivial = root if total > 0 else np.ones_like(root)
    else:
        scale, trivial = 1.0 / root, root
    trivial = trivial / np.sqrt(total if total > 0 else root.size)
    square = scale * scale
    rows = np.einsum(
        "ij,ij,j->i", affinity, affinity, square.astype(affinity.dtype, copy=False)
    )
    square_norm = float(square @ rows + isolated.sum())
    return NormalisedGraph(affinity, degrees, scale, isolated, trivial, square_norm)
