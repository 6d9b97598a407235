"""The smallest eigenpairs of a normalised Laplacian: one interface, two solvers."""

from __future__ import annotations

import inspect
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from skuhas.spectral._laplacian import NormalisedGraph

# Below the first size the whole spectrum is cheapest; above the second a few
# dozen products with the matrix cost less than its reduction to tridiagonal form.
WHOLE_SPECTRUM = 24
LANCZOS = 200
# Lanczos pays only for a small part of the spectrum.
LANCZOS_SHARE = 10
# N has its spectrum in [-1, 1]; this takes the trivial pair from 1 to -2, under
# all others.
SHIFT = 3.0
# Restarts of Lanczos before the dense solver takes over.
RESTARTS = 25
# Relative residual of Lanczos, by the bytes of a number.
TOLERANCE = {4: 1e-5, 8: 1e-6}
# Summed squares of the eigenvalues' distances from their mean, where they are
# equal but for rounding.
ISOTROPIC = 1e-13
# Scipy 1.17 draws restart vectors from a generator of the operating system's
# entropy unless it is given one; earlier versions have a fixed sequence.
_SEEDED = "rng" in inspect.signature(eigsh).parameters


def smallest_eigenpairs(
    graph: NormalisedGraph, n_pairs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest eigenpairs of the Laplacian I - N, the trivial one first.

    The trivial pair is known in closed form and deflated, so that the others
    are orthogonal to it also where the graph falls into components and the
    eigenvalue 0 is repeated. Where all other eigenvalues are equal, as on a
    graph of equal vertices, every vector orthogonal to the trivial one would
    do; the smoothest along the vertices' order are returned.

    Parameters
    ----------
    graph : NormalisedGraph
        A graph of n vertices.
    n_pairs : int
        Number of pairs, in [1, n].

    Returns
    -------
    values : ndarray of shape (n_pairs,)
        Ascending, in [0, 2]; ``values[0]`` is 0.
    vectors : ndarray of shape (n, n_pairs)
        Orthonormal columns, each with its largest entry in absolute value
        positive.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import normalise, smallest_eigenpairs
    >>> path = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    >>> smallest_eigenpairs(normalise(path), 3)[0].round(6)
    array([0., 1., 2.])
    """
    n_vertices = graph.degrees.size
    values = np.zeros(n_pairs)
    vectors = np.empty((n_vertices, n_pairs))
    vectors[:, 0] = graph.trivial
    if n_pairs == 1:
        return values, vectors
    isotropic = _isotropic_value(graph)
    if isotropic is not None:
        largest = np.full(n_pairs - 1, isotropic)
        basis = _smooth_basis(graph.trivial, n_pairs - 1)
    else:
        largest, basis = _largest(graph, n_pairs - 1)
    values[1:] = np.maximum(1.0 - largest, 0.0)
    peaks = np.abs(basis).argmax(axis=0)
    signs = np.sign(basis[peaks, np.arange(n_pairs - 1)])
    np.multiply(basis, signs, out=vectors[:, 1:])
    return values, vectors


def _isotropic_value(graph: NormalisedGraph) -> float | None:
    """Return the one eigenvalue that N has beside the trivial 1, None if several."""
    mean, spread = graph.other_eigenvalues()
    return mean if spread <= ISOTROPIC else None


def _smooth_basis(trivial: NDArray[np.float64], n_vectors: int) -> NDArray[np.float64]:
    """Return orthonormal cosines of growing frequency, orthogonal to `trivial`."""
    size = trivial.size
    phase = np.pi * (np.arange(size) + 0.5) / size
    # Scaled by D^(1/2), as the trivial vector is: divided by it again, the first
    # one runs monotonically along the vertices.
    waves = trivial[:, None] * np.cos(phase[:, None] * np.arange(1, n_vectors + 1))
    return np.linalg.qr(np.column_stack([trivial, waves]))[0][:, 1:]


def _largest(
    graph: NormalisedGraph, n_pairs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest eigenpairs of N but for the trivial one, descending."""
    size = graph.degrees.size
    if size >= LANCZOS and n_pairs * LANCZOS_SHARE <= size:
        # Where the gap is tiny the iterations crawl; the dense solver is exact too.
        with suppress(ArpackError):
            return _lanczos(graph, n_pairs)
    matrix = graph.matrix()
    matrix -= SHIFT * graph.trivial[:, None] * graph.trivial
    if size <= WHOLE_SPECTRUM or n_pairs > size // 2:
        values, vectors = np.linalg.eigh(matrix)
        return values[: -n_pairs - 1 : -1], vectors[:, : -n_pairs - 1 : -1]
    # Bisection and inverse iteration; the MRRR driver, scipy's default, slows
    # down by orders of magnitude on the clustered spectra of near-uniform graphs.
    values, vectors = linalg.eigh(
        matrix,
        subset_by_index=[size - n_pairs, size - 1],
        driver="evx",
        check_finite=False,
    )
    if values.size < n_pairs:
        # Bisection can lose eigenvalues that are repeated to the last bit.
        values, vectors = np.linalg.eigh(matrix)
        values, vectors = values[-n_pairs:], vectors[:, -n_pairs:]
    return values[::-1], vectors[:, ::-1]


def _lanczos(
    graph: NormalisedGraph, n_pairs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = graph.degrees.size
    trivial = graph.trivial

    def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        vector = vector.ravel()
        shift = SHIFT * float(trivial @ vector)
        return graph.product(vector) - shift * trivial

    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    start = np.random.default_rng(size).standard_normal(size)
    seeded = {"rng": np.random.default_rng(size)} if _SEEDED else {}
    values, vectors = eigsh(
        operator,
        k=n_pairs,
        which="LA",
        v0=start,
        maxiter=RESTARTS,
        tol=TOLERANCE[graph.affinity.itemsize],
        **seeded,
    )
    order = np.argsort(-values, kind="stable")
    return values[order], vectors[:, order]
