"""The inverse of a positive definite matrix whose entries lie near the diagonal."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee

# Blocks of fewer rows cost more in calls than in arithmetic.
NARROWEST = 32
# Where the band takes up more of the side than this, blocks save nothing.
WIDEST = 0.25


def inverse(system: sparse.csr_array) -> NDArray:
    """Return the inverse of a positive definite matrix, most of it zeros.

    Numbered along the narrowest band that the reverse Cuthill-McKee order finds,
    the regions of a picture have few neighbours far from their own number, so
    that the cost is the square of the side times the band.

    Parameters
    ----------
    system : csr_array of shape (n, n)
        Symmetric, with a spectrum well above 0.

    Returns
    -------
    ndarray of shape (n, n)
        Symmetric to the last bit.
    """
    side = system.shape[0]
    order = reverse_cuthill_mckee(system, symmetric_mode=True)
    place = np.argsort(order)
    row, column = system.nonzero()
    band = max(NARROWEST, int(np.abs(place[row] - place[column]).max(initial=0)))
    if band > WIDEST * side:
        return _dense_inverse(system.toarray())
    turned = _band_inverse(system[order][:, order].toarray(), band)
    return turned.take(place, axis=0).take(place, axis=1)


def _dense_inverse(system: NDArray) -> NDArray:
    # LAPACK's own inverses from the factor, potri and trtri, are faster but crash
    # in some builds of OpenBLAS.
    factor = linalg.cho_factor(system, lower=True, check_finite=False)
    identity = np.eye(len(system), dtype=system.dtype)
    walks = linalg.cho_solve(factor, identity, overwrite_b=True, check_finite=False)
    return 0.5 * (walks + walks.T)


def _band_inverse(system: NDArray, band: int) -> NDArray:
    """Return the inverse of a matrix with a narrow band, overwriting it.

    In blocks as wide as the band the matrix is block tridiagonal. With S the Schur
    complements from the first block down, and M = S^-1 times the block to the right,
    the inverse G follows from the last block up,

        G[k, j] = -M G[k+1, j] for j > k,  G[k, k] = S^-1 - G[k, k+1] M^T.
    """
    side = len(system)
    edges = [*range(0, side, band), side]
    blocks = [slice(low, high) for low, high in pairwise(edges)]
    factors, ahead = [], []
    schur = system[blocks[0], blocks[0]].copy()
    for here, following in zip(blocks, [*blocks[1:], None], strict=True):
        factors.append(linalg.cho_factor(schur, lower=True, check_finite=False))
        if following is not None:
            right = system[here, following]
            ahead.append(linalg.cho_solve(factors[-1], right, check_finite=False))
            schur = system[following, following] - right.T @ ahead[-1]
    for index in range(len(blocks) - 1, -1, -1):
        here = blocks[index]
        identity = np.eye(here.stop - here.start, dtype=system.dtype)
        own = linalg.cho_solve(factors[index], identity, check_finite=False)
        if here.stop < side:
            width = blocks[index + 1].stop - here.stop
            known = system[here.stop : here.stop + width, here.stop :]
            later = -(ahead[index] @ known)
            own -= later[:, :width] @ ahead[index].T
            system[here, here.stop :] = later
            system[here.stop :, here] = later.T
        system[here, here] = (own + own.T) / 2
    return system
