"""Graphs whose affinity is low rank but for its diagonal, without their matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.utils import gen_batches

from skuhas.spectral._backend import (
    ROWS,
    Array,
    as_double,
    eigh,
    like,
    namespace,
    self_product,
    to_numpy,
)

# Eigenvalues of the Gram matrix under this share of the largest are rounding.
RANK = 1e-12
# A degree under this share of the mean one is rounding.
ISOLATED = 1e-12
# Near-equal tokens have a distance made of rounding alone.
EQUAL = 1e-6
# With a negative offset the leading space is sought among so many times as many
# leading vectors of the positive part, and some.
MARGIN = 1.25
SOME = 16


@dataclass(frozen=True)
class FactoredGraph:
    r"""The normalised graph of an affinity that is known by a factor.

    .. math:: A = a\, u u^T + b\, F F^T - \mathrm{diag}(s), \quad
        N = D^{-1/2} A D^{-1/2}

    with F of shape (n, r) and D the row sums of A. Products with N cost O(n r) a
    vector, and no n x n array is made. The cosine graph of tokens is one of
    these, see `from_tokens`; an affinity approximated by :math:`F F^T` is
    another, with offset 0 and its diagonal kept.

    The arrays may be numpy's or tensors; all of them are on the factor's
    device. Products are made in the factor's precision, all else in double.

    Parameters
    ----------
    factor : array of shape (n, r), dtype float32 or float64
        F.
    slope, offset : float
        b >= 0 and a, which may be negative.
    constant : array of shape (n,), dtype float64
        u.
    removed : array of shape (n,), dtype float64
        s, what was taken off the diagonal; negative where something was added.
    degrees : array of shape (n,), dtype float64
        Row sums of A; 0 for vertices without any affinity.
    scale : array of shape (n,), dtype float64
        :math:`D^{-1/2}`, 0 for vertices without any affinity.
    own : array of shape (n,), dtype float64
        :math:`s D^{-1}`; -1 for vertices without any affinity, which makes
        their eigenvalue of N the 1 of a component of its own.
    trivial : array of shape (n,), dtype float64
        The unit eigenvector of N to the eigenvalue 1 that every graph has.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import FactoredGraph
    >>> graph = FactoredGraph.from_tokens(np.eye(3), 1.5)
    >>> graph.product(np.ones(3)).round(12)
    array([1., 1., 1.])
    >>> graph.restricted(np.array([0, 2])).matrix().round(12)
    array([[0., 1.],
           [1., 0.]])
    """

    factor: Array
    slope: float
    offset: float
    constant: Array
    removed: Array
    degrees: Array
    scale: Array
    own: Array
    trivial: Array

    @classmethod
    def from_factor(
        cls,
        factor: Array,
        *,
        slope: float = 1.0,
        offset: float = 0.0,
        constant: Array | None = None,
        removed: Array | None = None,
    ) -> FactoredGraph:
        """Return the graph of a factored affinity.

        Parameters
        ----------
        factor : array of shape (n, r), dtype float32 or float64
            Not copied.
        slope, offset : float
        constant : array of shape (n,), default=None
            Positive; None for ones.
        removed : array of shape (n,), default=None
            What to take off the diagonal; None keeps it.

        Returns
        -------
        FactoredGraph
        """
        xp = namespace(factor)
        n_vertices = int(factor.shape[0])
        total = xp.zeros_like(as_double(factor[0, :]))
        for rows in gen_batches(n_vertices, ROWS):
            total += xp.sum(as_double(factor[rows, :]), axis=0)
        parts = [
            as_double(factor[rows, :]) @ total for rows in gen_batches(n_vertices, ROWS)
        ]
        products = slope * xp.concat(parts)
        constant = xp.ones_like(products) if constant is None else as_double(constant)
        degrees = products + offset * float(xp.sum(constant)) * constant
        removed = xp.zeros_like(degrees) if removed is None else as_double(removed)
        degrees = degrees - removed
        isolated = degrees <= ISOLATED * max(float(xp.mean(degrees)), 1.0)
        degrees = xp.where(isolated, xp.zeros_like(degrees), degrees)
        ones = xp.ones_like(degrees)
        scale = xp.where(isolated, 0 * ones, xp.where(isolated, ones, degrees) ** -0.5)
        own = xp.where(isolated, -ones, removed * scale**2)
        trivial = xp.sqrt(degrees)
        if not bool(xp.any(trivial > 0)):
            trivial = ones
        trivial = trivial / xp.linalg.vector_norm(trivial)
        return cls(
            factor, slope, offset, constant, removed, degrees, scale, own, trivial
        )

    @classmethod
    def from_tokens(cls, tokens: Array, largest_distance: float) -> FactoredGraph:
        r"""Return the cosine graph of tokens.

        With tokens x as rows of X the factor is X, :math:`b = 1/d_{max}`,
        :math:`a = 1 - b`, and the diagonal, :math:`a + b \|x_i\|^2`, is taken
        off: `cosine_affinity` of one token a region.

        Parameters
        ----------
        tokens : array of shape (n, n_features), dtype float32 or float64
            Unit rows; zero rows are allowed.
        largest_distance : float
            d_max, in [0, 2]. At 0 all tokens are equal and all affinities 1.

        Returns
        -------
        FactoredGraph

        References
        ----------
        S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
        Parsing Semantic Image Structure". NeurIPS 2024, for the affinity.
        """
        slope = 1.0 / largest_distance if largest_distance > EQUAL else 0.0
        return cls.from_factor(
            tokens,
            slope=slope,
            offset=1.0 - slope,
            removed=(1.0 - slope) + slope * _square_lengths(tokens),
        )

    def restricted(self, vertices: Array) -> FactoredGraph:
        """Return the graph that some vertices induce, with degrees of its own.

        Parameters
        ----------
        vertices : array of shape (n_kept,), of integers
            On the factor's device.

        Returns
        -------
        FactoredGraph
        """
        take = namespace(self.factor).take
        return FactoredGraph.from_factor(
            take(self.factor, vertices, axis=0),
            slope=self.slope,
            offset=self.offset,
            constant=take(self.constant, vertices, axis=0),
            removed=take(self.removed, vertices, axis=0),
        )

    @property
    def size(self) -> int:
        """Number of vertices."""
        return int(self.factor.shape[0])

    @property
    def single(self) -> bool:
        """Whether the factor is in single precision."""
        return self.factor.dtype == namespace(self.factor).float32

    def leading_sums(self, order: Array) -> Array:
        """Return the sums of A over every leading block of its vertices in order.

        Parameters
        ----------
        order : array of shape (n,), of integers
            A permutation of the vertices.

        Returns
        -------
        array of shape (n,), dtype float64
            Entry i sums over the pairs of the first i + 1 vertices, in O(n r).
        """
        xp = namespace(self.factor)
        sums = []
        carried = xp.zeros_like(as_double(self.factor[:1, :]))
        for rows in gen_batches(self.size, ROWS):
            chosen = order[rows]
            part = as_double(xp.take(self.factor, chosen, axis=0))
            part = carried + xp.cumulative_sum(part, axis=0)
            carried = part[-1:, :]
            sums.append(xp.sum(part * part, axis=1))
        constant = xp.cumulative_sum(xp.take(self.constant, order, axis=0), axis=0)
        removed = xp.cumulative_sum(xp.take(self.removed, order, axis=0), axis=0)
        return self.offset * constant**2 + self.slope * xp.concat(sums) - removed

    def product(self, vectors: Array) -> Array:
        """Return N times one vector or several as columns.

        Parameters
        ----------
        vectors : array of shape (n,) or (n, n_vectors)

        Returns
        -------
        array of the shape and dtype of `vectors`
        """
        xp = namespace(self.factor)
        columns = vectors if vectors.ndim == 2 else vectors[:, None]
        kind, n_vertices = self.factor.dtype, int(columns.shape[0])
        level = self.scale * self.constant
        constant = self.offset * (level @ as_double(columns))
        inner = 0.0
        for rows in gen_batches(n_vertices, ROWS):
            scaled = xp.astype(self.scale[rows][:, None] * columns[rows, :], kind)
            inner = inner + as_double(self.factor[rows, :].T @ scaled)
        inner = xp.astype(self.slope * inner, kind)
        result = xp.empty_like(columns)
        for rows in gen_batches(n_vertices, ROWS):
            part = as_double(self.factor[rows, :] @ inner)
            part *= self.scale[rows][:, None]
            part += level[rows][:, None] * constant
            part -= self.own[rows][:, None] * columns[rows, :]
            result[rows, :] = xp.astype(part, columns.dtype)
        return result if vectors.ndim == 2 else result[:, 0]

    def diagonal(self) -> Array:
        """Return the diagonal of N.

        Returns
        -------
        array of shape (n,), dtype float64
        """
        whole = self.offset * self.constant**2
        whole = whole + self.slope * _square_lengths(self.factor)
        return whole * self.scale**2 - self.own

    def matrix(self) -> Array:
        """Return N, which takes n x n numbers.

        Returns
        -------
        array of shape (n, n), dtype float64
        """
        exact = as_double(self.factor)
        matrix = self.slope * self_product(exact)
        matrix += self.offset * (self.constant[:, None] * self.constant)
        matrix *= self.scale[:, None] * self.scale
        numbers = like(np.arange(int(matrix.shape[0])), matrix)
        # Written, not subtracted: what is left of the diagonal may be nothing.
        matrix[numbers, numbers] = self.diagonal()
        return matrix

    @cached_property
    def gram(self) -> Array:
        """Return the products of the columns of the scaled factor.

        The columns of :math:`D^{-1/2} [u, F]`, each as long as its share of A
        asks; (r + 1, r + 1) numbers, in O(n r^2).
        """
        gram = 0.0
        for rows in gen_batches(int(self.factor.shape[0]), ROWS):
            part = self._scaled(rows)
            gram = gram + part.T @ part
        return gram

    @cached_property
    def square_norm(self) -> float:
        r"""Return :math:`\|N\|_F^2`, in O(n r^2)."""
        xp = namespace(self.factor)
        signs = self._signs()
        whole = float(xp.sum(self.gram**2 * signs * signs[:, None]))
        own = self.own
        # The product with the diagonal of what the factor gives.
        return whole - float(xp.sum(own * (2.0 * self.diagonal() + own)))

    def other_eigenvalues(self) -> tuple[float, float]:
        """Return mean and spread of the eigenvalues of N but the trivial 1.

        Returns
        -------
        mean : float
        spread : float
            Sum of the squared distances from the mean.
        """
        n_others = max(int(self.own.shape[0]) - 1, 1)
        xp = namespace(self.factor)
        mean = (float(xp.sum(self.diagonal())) - 1.0) / n_others
        return mean, self.square_norm - 1.0 - n_others * mean**2

    def start(self, n_vectors: int) -> Array:
        r"""Return approximations of the leading eigenvectors of N.

        They come from an eigenproblem of r + 1 rows. Where :math:`s D^{-1}` is
        the same for all vertices they are exact (with a negative offset,
        close); otherwise :math:`(\lambda + s D^{-1})^{-1} D^{-1/2} [u, F] y`,
        the form that the eigenvectors have, makes up for most of its spread.

        Parameters
        ----------
        n_vectors : int
            At most; what cannot belong to a positive eigenvalue is left out.

        Returns
        -------
        array of shape (n, at most n_vectors + 1), dtype of the factor
            Not orthonormal; one of them is about the trivial one.
        """
        xp = namespace(self.factor)
        axes, roots = self._axes
        if self.offset < 0:
            # A factor G with N + own = G J G^T = Q (R J R^T) Q^T, G = Q R,
            # R = roots * axes^T.
            n_kept = int(MARGIN * n_vectors) + SOME
            axes, roots = axes[:, -n_kept:], roots[-n_kept:]
            triangle = roots[:, None] * axes.T
            values, turned = eigh(triangle * self._signs() @ triangle.T)
            mix = (axes / roots) @ turned
        else:
            values, mix = roots**2, axes / roots
        alone = self.own < 0
        own = xp.where(alone, xp.zeros_like(self.own), self.own)
        # Taking own away lowers every eigenvalue by its least at least.
        least = float(xp.min(xp.where(alone, xp.max(own), self.own)))
        n_positive = int(xp.sum(xp.astype(values > least, xp.int64)))
        chosen = slice(int(values.shape[0]) - min(n_vectors + 1, n_positive), None)
        values, mix = xp.flip(values[chosen]), xp.flip(mix[:, chosen], axis=1)
        vectors = self._mixed(mix)
        deviation = own - xp.mean(own)
        for rows in gen_batches(int(own.shape[0]), ROWS):
            shifts = 1.0 + deviation[rows][:, None] / values
            vectors[rows, :] /= xp.astype(xp.clip(shifts, 0.1, 10.0), vectors.dtype)
        single = np.flatnonzero(to_numpy(alone))[:n_vectors]
        if single.size:
            units = np.zeros((int(own.shape[0]), single.size))
            units[single, np.arange(single.size)] = 1.0
            units = xp.astype(like(units, self.factor), self.factor.dtype)
            vectors = xp.concat([units, vectors], axis=1)
        return vectors

    def outside(self, vectors: Array) -> Array:
        """Return the part of vectors that is orthogonal to the scaled factor.

        On it N is its diagonal alone.

        Parameters
        ----------
        vectors : array of shape (n, n_vectors)

        Returns
        -------
        array of shape (n, n_vectors)
        """
        axes, roots = self._axes
        inner = 0.0
        for rows in gen_batches(int(vectors.shape[0]), ROWS):
            inner = inner + self._scaled(rows).T @ as_double(vectors[rows, :])
        return vectors - self._mixed((axes / roots) @ ((axes / roots).T @ inner))

    @cached_property
    def _axes(self) -> tuple[Array, Array]:
        """Return eigenvectors of the Gram matrix and the roots of its eigenvalues."""
        squares, axes = eigh(self.gram)
        kept = squares > max(RANK * float(squares[-1]), 1e-300)
        return axes[:, kept], squares[kept] ** 0.5

    def _mixed(self, mix: Array) -> Array:
        """Return the scaled factor times a matrix."""
        xp = namespace(self.factor)
        kind = self.factor.dtype
        sizes = self._sizes()
        constant = sizes[0] * mix[0, :]
        columns = xp.astype(sizes[1:, None] * mix[1:, :], kind)
        parts = []
        for rows in gen_batches(int(self.factor.shape[0]), ROWS):
            part = as_double(self.factor[rows, :] @ columns)
            part += self.constant[rows][:, None] * constant
            parts.append(xp.astype(self.scale[rows][:, None] * part, kind))
        return xp.concat(parts)

    def _scaled(self, rows: slice) -> Array:
        xp = namespace(self.factor)
        part = as_double(self.factor[rows, :])
        part = xp.concat([self.constant[rows][:, None], part], axis=1)
        part *= self._sizes()
        part *= self.scale[rows][:, None]
        return part

    def _sizes(self) -> Array:
        """Return what the columns of [u, F] are multiplied with."""
        sizes = np.full(int(self.factor.shape[1]) + 1, np.sqrt(self.slope))
        sizes[0] = np.sqrt(abs(self.offset))
        return like(sizes, self.factor)

    def _signs(self) -> Array:
        signs = np.ones(int(self.factor.shape[1]) + 1)
        signs[0] = np.sign(self.offset)
        return like(signs, self.factor)


def _square_lengths(rows: Array) -> Array:
    xp = namespace(rows)
    parts = [
        xp.sum(as_double(rows[batch, :]) ** 2, axis=1)
        for batch in gen_batches(int(rows.shape[0]), ROWS)
    ]
    return xp.concat(parts)
