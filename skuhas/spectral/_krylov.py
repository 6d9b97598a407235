"""The largest eigenpairs of a large symmetric operator, by blocks of products."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from skuhas.spectral._backend import Array, eigh, is_numpy, like, namespace
from skuhas.spectral._dense import WHOLE, largest_of_matrix

# Columns that are multiplied at once: a product of a large matrix with four
# columns costs about twice one with a single one, and takes a third as many.
BLOCK = 4
# Columns of the basis at most, and those that a restart keeps, where few pairs are
# wanted; and those that are kept beside the pairs where many are.
BASIS = 80
KEPT = 12
SPARE = 8
# Products before the residuals are looked at, which costs as much as one. The next
# look follows from what a product has divided them by since the last, within limits.
FIRST_LOOK = 4
SPEED = 4.0
SLOWEST = 1.3
# The known eigenvector is given a value under all that may be wanted, which for
# normalised affinities are in [-1, 1].
UNWANTED = -2.0
# How much larger the residual may be of a pair whose vector is not wanted: the error
# of an eigenvalue goes with the square of it.
LOOSER = 10.0
# Columns shorter than this share of what lay in the basis, once they are orthogonal
# to it, are rounding.
DEPENDENT = 1e-10


class SlowConvergenceError(ArithmeticError):
    """The residuals have not come down within the products allowed."""

    def __init__(self, values: Array, vectors: Array, residual: float) -> None:
        super().__init__()
        self.values, self.vectors, self.residual = values, vectors, residual


def largest_eigenpairs(
    product: Callable[[Array], Array],
    size: int,
    n_pairs: int,
    *,
    tolerance: float,
    n_products: int,
    reference: Array,
    n_vectors: int | None = None,
    start: Array | None = None,
    known: Array | None = None,
) -> tuple[Array, Array]:
    r"""Return the largest eigenpairs of a symmetric operator.

    The block Krylov space of a few start vectors is enlarged product by
    product, orthogonalised in full, and the Ritz pairs in it are taken; where
    it grows too large, the best of them begin another. A guess, such as an
    eigenvector of a similar operator, saves products.

    Parameters
    ----------
    product : callable
        Takes an array of shape (size, n_columns) to the operator times it.
    size : int
        Rows of the operator, more than the basis may have columns: `BASIS`, or four
        times the pairs and `SPARE`.
    n_pairs : int
        Pairs wanted.
    tolerance : float
        Largest norm of a residual :math:`\|N v - \lambda v\|` allowed.
    n_products : int
        Products after which it is given up; a few at least.
    reference : array
        Of the library, on the device, that the vectors shall be.
    n_vectors : int, default=None
        Pairs whose eigenvectors are wanted; of the others a residual ten times as
        large will do. None stands for all.
    start : array of shape (size, n_guesses), default=None
        Guesses. They are filled up with random vectors, the same for a size.
    known : array of shape (size,), default=None
        A unit eigenvector that is left out; the operator has no eigenvalue
        under -1.

    Returns
    -------
    values : array of shape (n_found,)
        Descending; more than wanted, of which the others are less exact.
    vectors : array of shape (size, n_found)
        Orthonormal columns.

    Raises
    ------
    SlowConvergenceError
        The products were not enough.

    References
    ----------
    J. Cullum and W. Donath. "A block Lanczos algorithm for computing the q
    algebraically largest eigenvalues and a corresponding eigenspace of large,
    sparse, real symmetric matrices". IEEE CDC 1974.
    """
    xp = namespace(reference)
    n_found = max(n_pairs, BLOCK)
    kept = max(KEPT, n_pairs + SPARE)
    # The known vector comes first in the basis and stays there.
    fixed = 0 if known is None else 1
    most = fixed + max(BASIS, 4 * kept)
    generator = np.random.default_rng(size)
    added = _first_block(start, size, generator, reference)
    basis = xp.empty_like(added[:most, :] @ added.T).T
    images, inside = xp.empty_like(basis.T).T, xp.zeros_like(basis[:most, :])
    if known is not None:
        basis[:, 0], images[:, 0], inside[0, 0] = known, UNWANTED * known, UNWANTED
        # What is orthogonal to an eigenvector stays so.
        added = _orthonormal(added, basis[:, :1], None, generator)
    # There must be as many columns as pairs.
    enough = -(-n_found // BLOCK) + 1
    width, look = fixed, max(enough, FIRST_LOOK if start is None else 2)
    n_products = max(n_products, enough)
    strictness = np.ones(n_pairs)
    if n_vectors is not None:
        strictness[n_vectors:] /= LOOSER**2
    strictness = like(strictness, reference)
    earlier, speed = None, SPEED
    for step in range(1, n_products + 1):
        image = product(added)
        new = slice(width, width + BLOCK)
        width += BLOCK
        all_ = slice(0, width)
        basis[:, new], images[:, new] = added, image
        cross = basis[:, all_].T @ image
        inside[all_, new], inside[new, all_] = cross, cross.T
        full = width + BLOCK > most
        last = step == n_products
        if full or last or step == look:
            values, mix = _leading(inside[all_, all_], kept if full else n_found)
            wanted = mix[:, :n_pairs]
            residuals = images[:, all_] @ wanted
            residuals -= (basis[:, all_] @ wanted) * values[:n_pairs]
            squares = xp.sum(residuals * residuals, axis=0) * strictness
            worst = float(xp.max(squares)) ** 0.5
            if worst <= tolerance or last:
                pairs = values[:n_found], basis[:, all_] @ mix[:, :n_found]
                if worst <= tolerance:
                    return pairs
                raise SlowConvergenceError(*pairs, worst)
            if earlier is not None:
                past, before = earlier
                speed = (before / worst) ** (1.0 / (step - past))
                speed = min(max(speed, SLOWEST), SPEED)
            earlier = step, worst
            look = step + min(max(int(math.log(worst / tolerance, speed)), 1), 6)
        # Before a restart, since what the whole basis lacks is what leads on.
        added = _orthonormal(image, basis[:, all_], cross, generator)
        if full:
            stay, width = slice(fixed, fixed + kept), fixed + kept
            for block in (basis, images):
                block[:, stay] = block[:, all_] @ mix
            inside[:fixed, stay], inside[stay, :fixed] = 0.0, 0.0
            inside[stay, stay] = like(np.eye(kept), reference) * values
    raise AssertionError("the last product decides")


def _first_block(
    start: Array | None, size: int, generator: np.random.Generator, reference: Array
) -> Array:
    """Return guesses, filled up with random columns, as an orthonormal block."""
    xp = namespace(reference)
    columns = [] if start is None else [start[:, :BLOCK]]
    missing = BLOCK - sum(int(part.shape[1]) for part in columns)
    if missing:
        columns.append(like(generator.standard_normal((size, missing)), reference))
    return xp.linalg.qr(xp.concat(columns, axis=1))[0]


def _leading(matrix: Array, n_pairs: int) -> tuple[Array, Array]:
    """Return the largest eigenpairs of a small symmetric matrix, descending."""
    xp = namespace(matrix)
    size = int(matrix.shape[0])
    if is_numpy(matrix) and size > WHOLE:
        return largest_of_matrix(np.array(matrix, order="C"), n_pairs)
    values, vectors = eigh(matrix)
    values, vectors = values[-n_pairs:], vectors[:, -n_pairs:]
    return xp.flip(values), xp.flip(vectors, axis=1)


def _orthonormal(
    image: Array,
    basis: Array,
    cross: Array | None,
    generator: np.random.Generator,
) -> Array:
    """Return an orthonormal block that is orthogonal to the basis.

    Where it is known already, `cross` is the basis times the block.
    """
    xp = namespace(image)
    if cross is None:
        cross = basis.T @ image
    # Twice is enough, as Kahan and Parlett showed; once is not, over many restarts.
    image = image - basis @ cross
    image = image - basis @ (basis.T @ image)
    added, corner = xp.linalg.qr(image)
    # The columns' share in the basis stands for their length: where they had more,
    # it is left, and they are not dependent.
    least = DEPENDENT * max(float(xp.max(xp.abs(cross))), 1e-300)
    if not bool(xp.any(xp.abs(xp.linalg.diagonal(corner)) <= least)):
        return added
    # The space is exhausted in some directions; others begin at random. Those left
    # are spread over all columns of the triangular factor, not its large ones.
    directions, lengths, _ = xp.linalg.svd(image, full_matrices=False)
    fresh = like(generator.standard_normal(tuple(image.shape)), image)
    image = xp.where(lengths > least, directions, fresh)
    for _ in range(2):
        image = image - basis @ (basis.T @ image)
        image, _ = xp.linalg.qr(image)
    return image
