"""The smallest eigenpairs of normalised Laplacians: one interface to the solvers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from skuhas.spectral._backend import Array, at_least, eigh, is_numpy, like, namespace
from skuhas.spectral._dense import WHOLE, largest_of_matrix
from skuhas.spectral._factored import FactoredGraph
from skuhas.spectral._krylov import UNWANTED, SlowConvergenceError, largest_eigenpairs

# From this size a few products with the matrix cost less than its reduction to
# tridiagonal form.
KRYLOV = 200
# Krylov spaces pay only for a small part of the spectrum.
KRYLOV_SHARE = 25
# Products that are tried, for every so many vertices one more: as long as they
# cost less than the dense solver would have.
PRODUCTS, PRODUCT_SHARE = 20, 10
# Takes the trivial eigenvalue of N, which is 1, under all others.
SHIFT = 1.0 - UNWANTED
# Norm of a residual, by whether the affinity is in single precision.
TOLERANCE = {True: 5e-5, False: 1e-6}
# Summed squares of the eigenvalues' distances from their mean, where they are
# equal but for rounding.
ISOTROPIC = 1e-13
# Sizes of the graphs that a dense solver had to take over, while they are gathered.
_given_way: ContextVar[list[int] | None] = ContextVar("given_way", default=None)


@contextmanager
def one_warning() -> Iterator[None]:
    """Gather what a dense solver takes over within into one warning at the end."""
    sizes: list[int] = []
    token = _given_way.set(sizes)
    try:
        yield
    finally:
        _given_way.reset(token)
    if sizes:
        warnings.warn(
            f"The eigenvectors of {len(sizes)} nodes, of {min(sizes)} to {max(sizes)} "
            "vertices, did not converge in a Krylov space; a dense solver takes over "
            "there, as exact but slower.",
            ConvergenceWarning,
            stacklevel=4,
        )


def smallest_eigenpairs(
    graph: Any, n_pairs: int, *, start: Array | None = None
) -> tuple[Array, Array]:
    """Return the smallest eigenpairs of the Laplacian I - N, the trivial one first.

    The trivial pair is known in closed form and deflated, so that the others
    are orthogonal to it also where the graph falls into components and the
    eigenvalue 0 is repeated. Where all other eigenvalues are equal, as on a
    graph of equal vertices, every vector orthogonal to the trivial one would
    do; the smoothest along the vertices' order are returned.

    Small graphs are solved densely, large ones in a Krylov space as long as that
    is cheaper. Where it converges too slowly a dense solver takes over, with a
    warning.

    Parameters
    ----------
    graph : NormalisedGraph or FactoredGraph
        A graph of n vertices, or a stack of them.
    n_pairs : int
        Number of pairs, in [1, n].
    start : array of shape (n, n_vectors), default=None
        Guesses of the eigenvectors after the trivial one, of one large graph.
        They change nothing but the time that it takes.

    Returns
    -------
    values : array of shape (..., n_pairs)
        Ascending, in [0, 2]; the first is 0.
    vectors : array of shape (..., n, n_pairs)
        Orthonormal columns, each with its largest entry in absolute value
        positive.

    Warns
    -----
    ConvergenceWarning
        A large graph is solved densely, as exactly but slowly; of a factored one
        the vectors are what the iterations came to.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import normalise, smallest_eigenpairs
    >>> path = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    >>> smallest_eigenpairs(normalise(path), 3)[0].round(6)
    array([0., 1., 2.])
    """
    values, vectors, _ = pairs_and_guesses(graph, n_pairs, start)
    return values, vectors


def pairs_and_guesses(
    graph: Any,
    n_pairs: int,
    start: Array | None = None,
    *,
    n_vectors: int | None = None,
) -> tuple[Array, Array, Array | None]:
    """Return eigenpairs, and vectors from which parts of the graph may start.

    Of pairs beyond the first `n_vectors`, where that is given, the values are
    exact enough but the vectors are not.
    """
    xp = namespace(graph.degrees)
    trivial = graph.trivial[..., None]
    if n_pairs == 1:
        return xp.zeros_like(graph.degrees[..., :1]), trivial, None
    mean, spread = graph.other_eigenvalues()
    alone = graph.degrees.ndim == 1
    isotropic = spread <= ISOTROPIC
    guesses = None
    if bool(isotropic if alone else xp.all(isotropic)):
        # One value beside the trivial 1: no vector is better than another.
        mean = mean if alone else mean[..., None]
        largest = mean + xp.zeros_like(graph.degrees[..., 1:n_pairs])
        basis = _smooth_basis(graph.trivial, n_pairs - 1)
    else:
        largest, basis, guesses = _largest(graph, n_pairs - 1, start, n_vectors)
        if not alone and bool(xp.any(isotropic)):
            smooth = _smooth_basis(graph.trivial, n_pairs - 1)
            basis = xp.where(isotropic[..., None, None], smooth, basis)
            largest = xp.where(isotropic[..., None], mean[..., None], largest)
    up, down = xp.max(basis, axis=-2), xp.min(basis, axis=-2)
    basis = basis * xp.where(up < -down, -1.0, 1.0)[..., None, :]
    values = at_least(1.0 - largest, 0.0)
    values = xp.concat([xp.zeros_like(values[..., :1]), values], axis=-1)
    return values, xp.concat([trivial, basis], axis=-1), guesses


def _smooth_basis(trivial: Array, n_vectors: int) -> Array:
    """Return orthonormal cosines of growing frequency, orthogonal to `trivial`."""
    xp = namespace(trivial)
    size = trivial.shape[-1]
    phase = np.pi * (np.arange(size) + 0.5) / size
    cosines = like(np.cos(phase[:, None] * np.arange(1, n_vectors + 1)), trivial)
    # Scaled by D^(1/2), as the trivial vector is: divided by it again, the first
    # one runs monotonically along the vertices.
    columns = xp.concat([trivial[..., None], trivial[..., None] * cosines], axis=-1)
    return xp.linalg.qr(columns)[0][..., 1:]


def _largest(
    graph: Any, n_pairs: int, start: Array | None, n_vectors: int | None
) -> tuple[Array, Array, Array | None]:
    """Return the largest eigenpairs of N but for the trivial one, descending."""
    alone = graph.degrees.ndim == 1
    size = graph.size
    if alone and size >= KRYLOV and n_pairs * KRYLOV_SHARE <= size:
        try:
            return _krylov(graph, n_pairs, start, n_vectors)
        except SlowConvergenceError as error:
            if isinstance(graph, FactoredGraph):
                # There is no matrix to fall back on.
                warnings.warn(
                    f"{n_pairs} eigenvectors of {size} vertices have residuals of "
                    f"{error.residual:.1e}, not {TOLERANCE[graph.single]:.0e}.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
                values, vectors = error.values, error.vectors
                return values[:n_pairs], vectors[:, :n_pairs], vectors
            sizes = _given_way.get()
            if sizes is None:
                warnings.warn(
                    f"{n_pairs} eigenvectors of {size} vertices did not converge in a "
                    "Krylov space; a dense solver takes over, as exact but slower.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
            else:
                sizes.append(size)
    trivial = graph.trivial
    matrix = graph.matrix()
    matrix -= (SHIFT * trivial)[..., :, None] * trivial[..., None, :]
    subset = size > WHOLE and n_pairs <= size // 2
    if subset and is_numpy(trivial):
        return *_one_by_one(matrix, n_pairs), None
    xp = namespace(trivial)
    values, vectors = eigh(matrix)
    values = xp.flip(values[..., -n_pairs:], axis=-1)
    return values, xp.flip(vectors[..., -n_pairs:], axis=-1), None


def _one_by_one(matrices: NDArray, n_pairs: int) -> tuple[NDArray, NDArray]:
    """Return the largest eigenpairs of a matrix, or of each of a stack."""
    if matrices.ndim == 2:
        return largest_of_matrix(matrices, n_pairs)
    values = np.empty((*matrices.shape[:-2], n_pairs))
    vectors = np.empty((*matrices.shape[:-1], n_pairs))
    for place in np.ndindex(matrices.shape[:-2]):
        values[place], vectors[place] = largest_of_matrix(matrices[place], n_pairs)
    return values, vectors


def _krylov(
    graph: Any, n_pairs: int, start: Array | None, n_vectors: int | None
) -> tuple[Array, Array, Array]:
    values, vectors = largest_eigenpairs(
        graph.product,
        graph.size,
        n_pairs,
        tolerance=TOLERANCE[graph.single],
        n_products=PRODUCTS + graph.size // PRODUCT_SHARE,
        reference=graph.trivial,
        # The trivial pair is not among them.
        n_vectors=None if n_vectors is None else n_vectors - 1,
        start=start,
        known=graph.trivial,
    )
    return values[:n_pairs], vectors[:, :n_pairs], vectors
