"""The symmetric normalised Laplacian, by way of the normalised affinity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skuhas.spectral._backend import (
    Array,
    as_double,
    is_numpy,
    like,
    namespace,
    numbers,
)

# Rows that are gone through at once, where a whole matrix more would be made.
STRIP = 256
# Vertices in order that are summed over at once, in graphs of fewer vertices than
# the second number; twice as many in larger ones.
BLOCK = 32
LARGE = 600


@dataclass(frozen=True, slots=True)
class NormalisedGraph:
    r"""A graph's normalised affinity :math:`N = D^{-1/2} A D^{-1/2}`.

    The symmetric normalised Laplacian is :math:`L = I - N`. A vertex without
    any affinity is a component of its own: its diagonal in N is 1, so that its
    row of L is zero.

    Large graphs need only products with N, so it is never formed for them.
    Arrays are numpy's or those of any library with the array API standard, on
    any device, and all fields may have further axes in front: a stack of
    graphs of one size.

    Parameters
    ----------
    affinity : array of shape (..., n, n), dtype float32 or float64
        A, symmetric and non-negative.
    degrees : array of shape (..., n)
        Row sums of A.
    scale : array of shape (..., n)
        :math:`D^{-1/2}`, 1 where the degree is 0.
    isolated : array of shape (..., n), dtype bool, or None
        Which degrees are 0; None where none is.
    trivial : array of shape (..., n)
        The unit eigenvector of L to the eigenvalue 0 that every graph has,
        proportional to :math:`D^{1/2} 1`.
    square_norm : array of shape (...)
        :math:`\|N\|_F^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import normalise
    >>> normalise(np.full((2, 2), 4.0)).matrix()
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """

    affinity: Array
    degrees: Array
    scale: Array
    isolated: Array | None
    trivial: Array
    square_norm: Array

    def __getitem__(self, place: int) -> NormalisedGraph:
        """Return one graph of a stack."""
        fields = (getattr(self, name) for name in self.__slots__)
        return NormalisedGraph(
            *(None if array is None else array[place, ...] for array in fields)
        )

    @property
    def size(self) -> int:
        """Number of vertices."""
        return self.degrees.shape[-1]

    @property
    def single(self) -> bool:
        """Whether the affinity is in single precision."""
        return self.affinity.dtype == namespace(self.affinity).float32

    def matrix(self) -> Array:
        """Return N.

        Returns
        -------
        array of shape (..., n, n)
        """
        xp = namespace(self.affinity)
        matrix = self.affinity * self.scale[..., None, :]
        matrix *= self.scale[..., None]
        if self.isolated is not None:
            own = like(np.eye(self.size, dtype=bool), self.affinity)
            matrix = xp.where(own & self.isolated[..., None], 1.0, matrix)
        return matrix

    def diagonal(self) -> Array:
        """Return the diagonal of N.

        Returns
        -------
        array of shape (..., n)
        """
        xp = namespace(self.affinity)
        own = xp.linalg.diagonal(self.affinity) * self.scale**2
        return own if self.isolated is None else own + as_double(self.isolated)

    def other_eigenvalues(self) -> tuple[Array, Array]:
        """Return mean and spread of the eigenvalues of N but the trivial 1.

        Their sum is the trace and the sum of their squares the square norm, so
        that no spectrum is needed.

        Returns
        -------
        mean : array of shape (...)
        spread : array of shape (...)
            Sum of the squared distances from the mean.
        """
        n_others = max(self.size - 1, 1)
        trace = namespace(self.degrees).sum(self.diagonal(), axis=-1)
        mean = (trace - 1.0) / n_others
        return mean, self.square_norm - 1.0 - n_others * mean**2

    def product(self, vectors: Array) -> Array:
        """Return N times one vector or several as columns.

        Parameters
        ----------
        vectors : array of shape (n,) or (..., n, n_vectors)

        Returns
        -------
        array of the shape of `vectors`
        """
        xp = namespace(self.affinity)
        if vectors.ndim == 1:
            return self.product(vectors[:, None])[:, 0]
        scale = self.scale[..., None]
        # Mixed precision would convert the whole matrix every time.
        scaled = xp.astype(scale * vectors, self.affinity.dtype, copy=False)
        result = scale * xp.matmul(self.affinity, scaled)
        if self.isolated is not None:
            result = result + as_double(self.isolated)[..., None] * vectors
        return result

    def leading_sums(self, order: Array) -> Array:
        """Return the sums of A over every leading block of its vertices in order.

        Parameters
        ----------
        order : array of shape (..., n), of integers
            A permutation of the vertices.

        Returns
        -------
        array of shape (..., n), dtype float64
            Entry i sums over the pairs of the first i + 1 vertices.
        """
        xp = namespace(self.affinity)
        if self.affinity.ndim == 2 and self.size > 4 * BLOCK:
            return xp.cumulative_sum(self._sums_below(order))
        rank = xp.argsort(order, axis=-1) if self.size > STRIP else None
        sums = []
        # Row sums under the diagonal, strip by strip: no sorted copy is made.
        for begin in range(0, self.size, STRIP):
            chosen = order[..., begin : begin + STRIP]
            rows = _rows(self.affinity, chosen)
            corner = _columns(rows, chosen)
            below = _sums_under_diagonal(corner)
            if rank is not None and begin:
                earlier = xp.astype(rank < begin, self.affinity.dtype)
                below = below + xp.matmul(rows, earlier[..., None])[..., 0]
            own = xp.linalg.diagonal(corner)
            sums.append(2.0 * below + own)
        return xp.cumulative_sum(xp.concat(sums, axis=-1), axis=-1)

    def _sums_below(self, order: Array) -> Array:
        """Return what every vertex in order adds to the sums of the leading blocks.

        Sums over all earlier blocks of vertices are one product with the matrix as
        it stands, which is faster than to put its rows in order.
        """
        xp = namespace(self.affinity)
        size, kind = self.size, self.affinity.dtype
        # Of the last block some places are vertex 0, which are cut off again.
        width = BLOCK if size < LARGE else 2 * BLOCK
        n_blocks = -(-size // width)
        padded = xp.concat([order, xp.zeros_like(order[: n_blocks * width - size])])
        block_of = xp.argsort(order) // width
        earlier = xp.astype(block_of[:, None] < numbers(n_blocks, order), kind)
        sums = xp.matmul(self.affinity, earlier)
        below = sums[order, numbers(size, order) // width]
        grid = xp.reshape(padded, (n_blocks, width))
        corners = self.affinity[grid[:, :, None], grid[:, None, :]]
        inside = _sums_under_diagonal(corners)
        own = xp.linalg.diagonal(self.affinity)
        return 2.0 * (xp.reshape(inside, (-1,))[:size] + below) + own[order]


def _sums_under_diagonal(matrices: Array) -> Array:
    """Return the sums of the rows up to the diagonal, in double precision."""
    xp = namespace(matrices)
    size = matrices.shape[-1]
    if not is_numpy(matrices) or size > STRIP:
        return xp.sum(xp.tril(matrices, k=-1), axis=-1, dtype=xp.float64)
    # Made once: numpy's tril makes a mask every time.
    return np.sum(matrices * _LOWER[:size, :size], axis=-1)


_LOWER = np.tri(STRIP, k=-1)


def _rows(matrix: Array, chosen: Array) -> Array:
    """Return rows of matrices, all at once."""
    xp = namespace(matrix)
    if matrix.ndim == 2:
        return xp.take(matrix, chosen, axis=0)
    # As rows of one long matrix, which is much faster than two index arrays.
    n_graphs, n_rows, width = matrix.shape
    first = numbers(n_graphs, chosen) * n_rows
    places = xp.reshape(chosen + first[:, None], (-1,))
    rows = xp.take(xp.reshape(matrix, (n_graphs * n_rows, width)), places, axis=0)
    return xp.reshape(rows, (n_graphs, chosen.shape[-1], width))


def _columns(rows: Array, chosen: Array) -> Array:
    """Return columns of rows of matrices; transposed, as the rows are symmetric."""
    xp = namespace(rows)
    if rows.ndim == 2:
        return xp.take(rows, chosen, axis=1)
    turned = xp.matrix_transpose(rows)
    return _rows(xp.asarray(turned, copy=True) if is_numpy(rows) else turned, chosen)


def normalise(affinity: Array) -> NormalisedGraph:
    """Return the normalised graph of a symmetric, non-negative affinity.

    Parameters
    ----------
    affinity : array of shape (..., n, n)

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
    xp = namespace(affinity)
    degrees = xp.sum(affinity, axis=-1, dtype=xp.float64)
    scale, isolated, trivial = normalising(degrees)
    square = scale * scale
    weights = xp.astype(square, affinity.dtype, copy=False)[..., None]
    rows: list[Any] = []
    for begin in range(0, affinity.shape[-1], STRIP):
        strip = affinity[..., begin : begin + STRIP, :]
        rows.append(xp.matmul(strip * strip, weights)[..., 0])
    square_norm = xp.sum(square * xp.concat(rows, axis=-1), axis=-1)
    if isolated is not None:
        square_norm = square_norm + xp.sum(as_double(isolated), axis=-1)
    return NormalisedGraph(affinity, degrees, scale, isolated, trivial, square_norm)


def normalising(degrees: Array) -> tuple[Array, Array | None, Array]:
    """Return D^(-1/2), which degrees are 0, and the trivial unit eigenvector."""
    xp = namespace(degrees)
    total = xp.sum(degrees, axis=-1, keepdims=True)
    root = xp.sqrt(degrees)
    isolated = degrees <= 0
    if not bool(xp.any(isolated)):
        return 1.0 / root, None, root / xp.sqrt(total)
    scale = 1.0 / xp.where(isolated, 1.0, root)
    # Without any affinity every vector is an eigenvector, the constant one too.
    trivial = xp.where(total > 0, root, 1.0)
    norm = xp.sqrt(xp.where(total > 0, total, float(degrees.shape[-1])))
    return scale, isolated, trivial / norm
