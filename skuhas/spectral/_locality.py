"""Nearness of regions on the picture: diffusion across weak boundaries."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skuhas.spectral._backend import Array, is_numpy, like, namespace
from skuhas.spectral._band import inverse

# Share of a walk's weight that goes on at every step; the rest stays behind.
# With 0.99 a walk is about a hundred steps long, the width of a picture in
# superpixels several times over.
RETENTION = 0.99
# Smallest nearness, of regions that no walk joins.
FLOOR = 1e-12
# Nodes of this share of the picture or less are bound in full.
FULL_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Locality:
    r"""How near regions are to each other, for nodes of every size.

    A large node is split by appearance alone: the sky on both sides of a tower
    is one thing. In small nodes parts should also hang together on the
    picture. So a node that covers the share f of it has the affinity

    .. math:: A_{ij} K_{ij}^{\,q}, \quad
        q = s \min\Big(1, \frac{\ln 1/f}{\ln 100}\Big)

    with K the nearness of two regions and s the strength.

    Parameters
    ----------
    log_nearness : array of shape (n_regions, n_regions), or Future of one
        Logarithm of K, at most 0, zero on the diagonal. A future is waited for
        at the first node that is smaller than the picture.
    shares : ndarray of shape (n_regions,)
        Areas of the regions, adding up to 1.
    strength : float, default=1.0
        s, at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import Locality
    >>> locality = Locality(np.zeros((2, 2)), np.array([0.9, 0.1]))
    >>> locality.exponent(np.array([0, 1])), locality.exponent(np.array([1]))
    (0.0, 0.5)
    """

    log_nearness: Array | Future
    shares: NDArray[np.float64]
    strength: float = 1.0

    def nearness(self) -> Array:
        """Return `log_nearness` once it is there.

        Returns
        -------
        array of shape (n_regions, n_regions)
        """
        made = self.log_nearness
        return made.result() if isinstance(made, Future) else made

    def exponent(self, regions: NDArray[np.intp]) -> float:
        """Return q for the node that consists of some regions.

        Parameters
        ----------
        regions : ndarray of int

        Returns
        -------
        float
            In [0, strength].
        """
        return float(self.exponents(np.asarray(regions)))

    def exponents(self, regions: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return q for nodes of one number of regions.

        Parameters
        ----------
        regions : ndarray of shape (..., n), of int

        Returns
        -------
        ndarray of shape (...)
        """
        share = self.shares[regions].sum(axis=-1)
        level = np.log(1.0 / share) / np.log(1.0 / FULL_SHARE)
        # Rounding can leave the whole picture a little above or below 1.
        level = np.minimum(np.maximum(np.round(level, 12), 0.0), 1.0)
        return self.strength * level


def diffusion_nearness(conductance: Array, *, degrees: Array | None = None) -> Array:
    r"""Return the logarithm of how near regions are by random walks.

    .. math:: G = (I - \rho\, D^{-1/2} R D^{-1/2})^{-1}, \quad
        K_{ij} = G_{ij} / \sqrt{G_{ii} G_{jj}}

    sums over all walks between two regions along the conductances R, each
    step damped by :math:`\rho = 0.99`. K is a positive definite kernel with
    ones on the diagonal.

    Parameters
    ----------
    conductance : array or sparse array of shape (n_regions, n_regions)
        R: symmetric, at least 0, zero between regions that do not touch.
    degrees : array of shape (n_regions,), default=None
        D, the row sums of R, where these are some regions of many: walks that
        leave them do not come back.

    Returns
    -------
    array of shape (n_regions, n_regions), of the dtype of `conductance`
        log K, at most 0.

    References
    ----------
    R. Kondor and J. Lafferty. "Diffusion Kernels on Graphs and Other Discrete
    Structures". ICML 2002. A. Smola and R. Kondor. "Kernels and
    Regularization on Graphs". COLT 2003 (the regularised Laplacian used here).

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import diffusion_nearness
    >>> chain = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    >>> diffusion_nearness(chain).round(4)
    array([[ 0.    , -0.0199, -0.0398],
           [-0.0199,  0.    , -0.0199],
           [-0.0398, -0.0199,  0.    ]])
    """
    # The spectrum lies in [0.01, 1.99], so a factorisation cannot fail.
    if sparse.issparse(conductance) or is_numpy(conductance):
        walks = inverse(_system(sparse.csr_array(conductance), degrees))
    else:
        walks = _inverse(conductance, degrees)
    xp = namespace(walks)
    own = like(np.arange(walks.shape[0]), walks)
    root = 1.0 / xp.sqrt(xp.linalg.diagonal(walks))
    # One product for both factors keeps the matrix symmetric to the last bit.
    walks *= root[:, None] * root
    if is_numpy(walks):
        np.clip(walks, FLOOR, 1.0, out=walks)
        np.log(walks, out=walks)
    else:
        walks = xp.log(xp.clip(walks, FLOOR, 1.0))
    walks[own, own] = 0.0
    return walks


def _system(conductance: sparse.csr_array, degrees: Array | None) -> sparse.csr_array:
    """Return the matrix whose inverse sums over all walks."""
    if degrees is None:
        degrees = conductance.sum(axis=1)
    system = conductance.astype(np.result_type(conductance.dtype, np.float32))
    scale = _root_inverse(degrees).astype(system.dtype)
    system.data *= -RETENTION * scale[system.indices]
    system.data *= np.repeat(scale, np.diff(system.indptr))
    identity = sparse.eye_array(system.shape[0], dtype=system.dtype, format="csr")
    return system + identity


def _root_inverse(degrees: Array) -> Array:
    """Return D^(-1/2), and 0 where the degree is 0."""
    xp = namespace(degrees)
    touching = degrees > 0
    return xp.where(touching, 1.0 / xp.sqrt(xp.where(touching, degrees, 1.0)), 0.0)


def _inverse(conductance: Array, degrees: Array | None) -> Array:
    """Return the same inverse of a tensor, on its device."""
    xp = namespace(conductance)
    if degrees is None:
        degrees = xp.sum(conductance, axis=1)
    scale = _root_inverse(degrees)
    system = conductance * (-RETENTION * scale)
    system *= scale[:, None]
    own = like(np.arange(system.shape[0]), system)
    system[own, own] += 1.0
    walks = xp.linalg.inv(system)
    return (walks + walks.T) / 2
