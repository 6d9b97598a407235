"""Some eigenpairs of symmetric matrices that are written down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

# Up to this size all eigenpairs are as cheap as a few.
WHOLE = 12
# Of the memory that LAPACK may work in, numbers a row: its blocks of 32 columns, and
# three more.
WORK = 35


def largest_of_matrix(matrix: NDArray, n_pairs: int) -> tuple[NDArray, NDArray]:
    """Return the largest eigenpairs by bisection and inverse iteration, descending.

    The MRRR driver, scipy's default, slows down by orders of magnitude on the
    clustered spectra of near-uniform graphs. LAPACK is called directly: for the
    small matrices here scipy's checks would take as long as it does.

    Parameters
    ----------
    matrix : ndarray of shape (n, n), dtype float64
        Symmetric, C-contiguous. It is overwritten.
    n_pairs : int

    Returns
    -------
    values : ndarray of shape (n_pairs,)
    vectors : ndarray of shape (n, n_pairs)
        Orthonormal columns.
    """
    size = matrix.shape[0]
    diagonal = matrix.diagonal().copy()
    (bisection,) = get_lapack_funcs(("syevx",), (matrix,))
    values, vectors, n_found, _, trouble = bisection(
        # What is symmetric may be read by columns, without a copy.
        matrix.T,
        range="I",
        il=size - n_pairs + 1,
        iu=size,
        lower=0,
        lwork=WORK * size,
        overwrite_a=1,
    )
    if trouble or n_found < n_pairs:
        # Inverse iteration can fail on repeated eigenvalues, and bisection lose those
        # that are repeated to the last bit. LAPACK has left the upper triangle.
        np.fill_diagonal(matrix, diagonal)
        values, vectors = np.linalg.eigh(matrix, UPLO="U")
        return values[-n_pairs:][::-1], vectors[:, -n_pairs:][:, ::-1]
    return values[:n_pairs][::-1], vectors[:, ::-1]
