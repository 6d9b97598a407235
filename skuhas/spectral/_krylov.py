"""The largest eigenpairs of a large symmetric operator, by blocks of products."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skuhas.spectral._backend import Array, eigh, like, namespace

# Columns that are multiplied at once: a product of a large matrix with four
# columns costs about twice one with a single one, and takes a third as many.
BLOCK = 4
# Columns of the basis at most, and those that a restart keeps; more where many pairs
# are wanted.
BASIS = 80
KEPT = 12
# The convergence is looked at after every so many products: the eigenvalues of the
# basis cost as much as a product.
LOOK = 2
# Columns shorter than this share of what they were before they were made
# orthogonal to the others are rounding.
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
    start: Array | None = None,
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
        Rows of the operator, at least `BASIS` and a block more, and ten times
        `n_pairs`.
    n_pairs : int
        Pairs wanted.
    tolerance : float
        Largest norm of a residual :math:`\|N v - \lambda v\|` allowed.
    n_products : int
        Products after which it is given up.
    reference : array
        Of the library, on the device, that the vectors shall be.
    start : array of shape (size, n_vectors), default=None
        Guesses. They are filled up with random vectors, the same for a size.

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
    block = max(BLOCK, n_pairs + 1)
    # A restart must keep all that are wanted, and leave room for what follows.
    most, kept = max(BASIS, 8 * block), max(KEPT, n_pairs + BLOCK)
    columns = [] if start is None else [start[:, :block]]
    missing = block - sum(part.shape[1] for part in columns)
    generator = np.random.default_rng(size)
    if missing:
        columns.append(like(generator.standard_normal((size, missing)), reference))
    added, _ = xp.linalg.qr(xp.concat(columns, axis=1))
    basis, images = added[:, :0], added[:, :0]
    inside = like(np.zeros((0, 0)), reference)
    worst = np.inf
    for step in range(1, n_products + 1):
        image = product(added)
        cross, own = basis.T @ image, added.T @ image
        own = 0.5 * (own + own.T)
        inside = xp.concat(
            [
                xp.concat([inside, cross], axis=1),
                xp.concat([cross.T, own], axis=1),
            ],
            axis=0,
        )
        basis = xp.concat([basis, added], axis=1)
        images = xp.concat([images, image], axis=1)
        full = basis.shape[1] + block > most
        if full or step % LOOK == 0:
            values, mix = eigh(inside)
            values, mix = xp.flip(values), xp.flip(mix, axis=1)
            wanted = mix[:, :n_pairs]
            residuals = images @ wanted - (basis @ wanted) * values[:n_pairs]
            worst = float(xp.max(xp.linalg.vector_norm(residuals, axis=0)))
            if worst <= tolerance:
                found = max(n_pairs, BLOCK)
                return values[:found], basis @ mix[:, :found]
        # Before a restart, since what the whole basis lacks is what leads on.
        added = _orthonormal(image, basis, generator)
        if full:
            mix = mix[:, :kept]
            basis, images = basis @ mix, images @ mix
            inside = like(np.eye(kept), reference) * values[:kept]
    found = max(n_pairs, BLOCK)
    values, mix = eigh(inside)
    values, mix = xp.flip(values), xp.flip(mix, axis=1)
    raise SlowConvergenceError(values[:found], basis @ mix[:, :found], worst)


def _orthonormal(image: Array, basis: Array, generator: np.random.Generator) -> Array:
    """Return an orthonormal block that is orthogonal to the basis."""
    xp = namespace(image)
    before = float(xp.max(xp.linalg.vector_norm(image, axis=0)))
    for _ in range(2):
        image = image - basis @ (basis.T @ image)
    added, corner = xp.linalg.qr(image)
    least = DEPENDENT * max(before, 1e-300)
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
