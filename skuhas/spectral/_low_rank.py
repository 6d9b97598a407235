"""The cosine graph of many tokens, which is low rank but for its diagonal."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches

from skuhas.spectral._affinity import cosine_affinity
from skuhas.spectral._assign import cluster_rows
from skuhas.spectral._eigen import smallest_eigenpairs
from skuhas.spectral._kway import NOISE, k_way_cut
from skuhas.spectral._laplacian import normalise

# Up to so many tokens the n x n array is as cheap.
DENSE = 500
# The most for which the n x n array stands in where the iteration fails.
DENSE_FALLBACK = 6000
# Rows of tokens that are brought to double precision at once.
ROWS = 8192
# Pairs beyond those wanted, which the last of those need to be told apart from.
SPARE = 8
STEPS = 8
# Norm of the residuals of eigenpairs.
TOLERANCE = 1e-5
# Eigenvalues of the Gram matrix under this share of the largest are rounding.
RANK = 1e-12
# A degree under this share of the mean one is rounding.
ISOLATED = 1e-12


@dataclass(frozen=True, slots=True)
class CosineTokenGraph:
    r"""The normalised cosine graph of tokens, kept as the tokens themselves.

    With tokens x as rows of X, :math:`\beta = 1/d_{max}` and
    :math:`\alpha = 1 - \beta`, the affinity is

    .. math:: A = \alpha 1 1^T + \beta X X^T - S, \quad
        S = \mathrm{diag}(\alpha + \beta \|x_i\|^2),

    and :math:`N = D^{-1/2} A D^{-1/2}` with D its row sums. Products with N cost
    O(n d) a vector, and no n x n array is made.

    Parameters
    ----------
    tokens : ndarray of shape (n, n_features), dtype float32 or float64
        X; unit rows, zero rows are allowed.
    slope, offset : float
        :math:`\beta` and :math:`\alpha`.
    scale : ndarray of shape (n,)
        :math:`D^{-1/2}`, 0 for tokens without any affinity.
    own : ndarray of shape (n,)
        :math:`S D^{-1}`; -1 for tokens without any affinity, which makes their
        eigenvalue of N the 1 of a component of its own.
    trivial : ndarray of shape (n,)
        The unit eigenvector of N to the eigenvalue 1 that every graph has.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024, for the affinity.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import CosineTokenGraph
    >>> graph = CosineTokenGraph.from_tokens(np.eye(3), 1.0)
    >>> graph.product(np.ones(3)).round(12)
    array([1., 1., 1.])
    """

    tokens: NDArray
    slope: float
    offset: float
    scale: NDArray[np.float64]
    own: NDArray[np.float64]
    trivial: NDArray[np.float64]

    @classmethod
    def from_tokens(cls, tokens: NDArray, largest_distance: float) -> CosineTokenGraph:
        """Return the graph of tokens.

        Parameters
        ----------
        tokens : ndarray of shape (n, n_features)
        largest_distance : float
            d_max, in [0, 2]. At 0 all tokens are equal and all affinities 1.
        """
        # Near-equal tokens have a distance made of rounding alone.
        slope = 1.0 / largest_distance if largest_distance > 1e-6 else 0.0
        offset = 1.0 - slope
        n_tokens, width = tokens.shape
        total = np.zeros(width)
        for rows in gen_batches(n_tokens, ROWS):
            total += tokens[rows].astype(np.float64).sum(axis=0)
        degrees, own = np.empty(n_tokens), np.empty(n_tokens)
        for rows in gen_batches(n_tokens, ROWS):
            part = tokens[rows].astype(np.float64)
            own[rows] = offset + slope * np.einsum("ij,ij->i", part, part)
            degrees[rows] = offset * n_tokens + slope * (part @ total) - own[rows]
        isolated = degrees <= ISOLATED * max(degrees.mean(), 1.0)
        degrees = np.where(isolated, 0.0, degrees)
        scale = np.zeros(n_tokens)
        scale[~isolated] = degrees[~isolated] ** -0.5
        own = np.where(isolated, -1.0, own * scale**2)
        trivial = np.sqrt(degrees)
        norm = np.linalg.norm(trivial)
        if norm == 0:
            trivial, norm = np.ones(n_tokens), np.sqrt(n_tokens)
        return cls(tokens, slope, offset, scale, own, trivial / norm)

    def product(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return N times one vector or several as columns.

        Parameters
        ----------
        vectors : ndarray of shape (n,) or (n, n_vectors)

        Returns
        -------
        ndarray of the shape of `vectors`
        """
        columns = vectors.reshape(len(vectors), -1)
        constant = self.offset * (self.scale @ columns)
        inner = np.zeros((self.tokens.shape[1], columns.shape[1]))
        for rows in gen_batches(len(columns), ROWS):
            part = self.tokens[rows].astype(np.float64)
            inner += part.T @ (self.scale[rows, None] * columns[rows])
        inner *= self.slope
        result = np.empty_like(columns)
        for rows in gen_batches(len(columns), ROWS):
            part = self.tokens[rows].astype(np.float64)
            result[rows] = self.scale[rows, None] * (part @ inner + constant)
            result[rows] -= self.own[rows, None] * columns[rows]
        return result.reshape(vectors.shape)

    def start(self, n_vectors: int) -> NDArray[np.float64]:
        """Return approximations of the leading eigenvectors of N.

        They are exact but for the diagonal, which is about 1/n of the rest, and
        come from an eigenproblem of n_features + 1 rows.

        Parameters
        ----------
        n_vectors : int
            At most; the graph may have fewer that carry affinity.

        Returns
        -------
        ndarray of shape (n, at most n_vectors)
            Without the trivial one.
        """
        width = self.tokens.shape[1]
        sizes = np.sqrt([abs(self.offset), *[self.slope] * width])
        # A factor G with N + own = G J G^T; J is -1 for a negative offset.
        signs = np.ones(width + 1)
        signs[0] = np.sign(self.offset)
        gram = np.zeros((width + 1, width + 1))
        for rows in gen_batches(len(self.scale), ROWS):
            part = self._factor(rows, sizes)
            gram += part.T @ part
        squares, axes = np.linalg.eigh(gram)
        kept = squares > RANK * max(squares[-1], 1e-300)
        roots, axes = np.sqrt(squares[kept]), axes[:, kept]
        # G = Q R with R = roots * axes^T, so Q^T (G J G^T) Q = R J R^T.
        inner = (roots[:, None] * axes.T * signs) @ (axes * roots)
        values, turned = np.linalg.eigh(inner)
        order = np.argsort(-values)[: n_vectors + 1]
        order = order[values[order] > 0]
        mix = (axes / roots) @ turned[:, order]
        vectors = np.empty((len(self.scale), mix.shape[1]))
        for rows in gen_batches(len(self.scale), ROWS):
            vectors[rows] = self._factor(rows, sizes) @ mix
        alone = np.flatnonzero(self.own < 0)[:n_vectors]
        if alone.size:
            units = np.zeros((len(self.scale), alone.size))
            units[alone, np.arange(alone.size)] = 1.0
            vectors = np.hstack([units, vectors])
        return vectors

    def _factor(self, rows: slice, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        part = self.tokens[rows]
        factor = np.empty((len(part), part.shape[1] + 1))
        factor[:, 0] = 1.0
        factor[:, 1:] = part
        factor *= sizes
        factor *= self.scale[rows, None]
        return factor


def token_eigenpairs(
    graph: CosineTokenGraph, n_pairs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return the smallest eigenpairs of the Laplacian I - N, the trivial one first.

    Only those under 1 are sought: what comes after carries no affinity. The
    approximations of `CosineTokenGraph.start` are improved by Davidson's
    method: with residuals :math:`r = N v - \lambda v` the subspace is enlarged
    by :math:`(\lambda + S D^{-1})^{-1} r`, which is exact to second order, and
    the best vectors in it are kept. One step or two are enough.

    Parameters
    ----------
    graph : CosineTokenGraph
    n_pairs : int
        Pairs at most.

    Returns
    -------
    values : ndarray of shape (n_found,)
        Ascending, in [0, 1); ``values[0]`` is 0.
    vectors : ndarray of shape (n, n_found)
        Orthonormal columns, each with its largest entry in absolute value
        positive.

    Warns
    -----
    ConvergenceWarning
        Residuals stay above 1e-5 and the graph is too large to be solved
        densely.

    References
    ----------
    E. Davidson. "The iterative calculation of a few of the lowest eigenvalues
    and corresponding eigenvectors of large real-symmetric matrices". Journal of
    Computational Physics 17(1), 1975.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import CosineTokenGraph, token_eigenpairs
    >>> tokens = np.repeat(np.eye(2), 3, axis=0)
    >>> graph = CosineTokenGraph.from_tokens(tokens, 1.0)
    >>> token_eigenpairs(graph, 4)[0].round(6)
    array([0., 0.])
    """
    vectors = _orthonormal(graph.start(n_pairs + SPARE), graph.trivial[:, None])
    if n_pairs > 1 and vectors.shape[1]:
        values, vectors, residual = _davidson(graph, vectors, n_pairs - 1)
    else:
        values, vectors, residual = np.empty(0), vectors[:, :0], 0.0
    if residual > TOLERANCE:
        if len(graph.scale) <= DENSE_FALLBACK:
            return _dense(graph, n_pairs)
        warnings.warn(
            f"eigenvectors of {len(graph.scale)} tokens have residuals up to "
            f"{residual:.1e} after {STEPS} steps, not {TOLERANCE:.0e}.",
            ConvergenceWarning,
            stacklevel=2,
        )
    values = 1.0 - values
    found = values < NOISE
    values, vectors = np.maximum(values[found], 0.0), vectors[:, found]
    if vectors.shape[1]:
        peaks = np.abs(vectors).argmax(axis=0)
        vectors *= np.sign(vectors[peaks, np.arange(vectors.shape[1])])
    return (
        np.concatenate([[0.0], values]),
        np.column_stack([graph.trivial, vectors]),
    )


def _davidson(
    graph: CosineTokenGraph, vectors: NDArray[np.float64], n_wanted: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the largest eigenpairs of N and the largest residual among them."""
    images = graph.product(vectors)
    values, mix = _ritz(vectors.T @ images)
    n_kept = min(n_wanted, int((values > 0).sum())) + SPARE
    values, mix = values[:n_kept], mix[:, :n_kept]
    vectors, images = vectors @ mix, images @ mix
    worst = 0.0
    for step in range(STEPS + 1):
        residuals = images - vectors * values
        # Where the eigenvalue is no affinity's, the pair does not count.
        counted = np.flatnonzero(values[:n_wanted] > 1.0 - NOISE)
        worst = (
            float(np.linalg.norm(residuals[:, counted], axis=0).max())
            if counted.size
            else 0.0
        )
        if worst <= TOLERANCE or step == STEPS:
            break
        shifts = np.maximum(values, TOLERANCE) + graph.own[:, None]
        # A token on its own has been solved exactly, and would divide by zero.
        np.divide(residuals, shifts, out=residuals, where=np.abs(shifts) > TOLERANCE)
        others = np.column_stack([graph.trivial, vectors])
        residuals = _orthonormal(residuals, others)
        if not residuals.shape[1]:
            break
        products = graph.product(residuals)
        cross = vectors.T @ products
        within = np.block([[np.diag(values), cross], [cross.T, residuals.T @ products]])
        values, mix = _ritz(within)
        n_old = vectors.shape[1]
        values, old, new = values[:n_kept], mix[:n_old, :n_kept], mix[n_old:, :n_kept]
        vectors = vectors @ old + residuals @ new
        images = images @ old + products @ new
    return values[:n_wanted], vectors[:, :n_wanted], worst


def _ritz(
    matrix: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return values[::-1], vectors[:, ::-1]


def _orthonormal(
    vectors: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a basis of what vectors add to orthonormal others."""
    norms = np.linalg.norm(vectors, axis=0)
    vectors = vectors[:, norms > 0] / norms[norms > 0]
    # Twice is enough, as Kahan and Parlett showed.
    for _ in range(2):
        vectors = vectors - others @ (others.T @ vectors)
        if not vectors.shape[1]:
            break
        # By the eigenvectors of their products, which tell what is rounding.
        squares, axes = np.linalg.eigh(vectors.T @ vectors)
        kept = squares > RANK * max(squares[-1], 1e-300)
        kept &= squares > RANK
        vectors = vectors @ (axes[:, kept] / np.sqrt(squares[kept]))
    return vectors


def _dense(
    graph: CosineTokenGraph, n_pairs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    distance = 1.0 / graph.slope if graph.slope else 0.0
    affinity = cosine_affinity(graph.tokens, np.ones(len(graph.scale)), distance)
    values, vectors = smallest_eigenpairs(normalise(affinity), n_pairs)
    found = max(int(np.searchsorted(values, NOISE)), 1)
    return values[:found], vectors[:, :found]


def cosine_k_way_cut(
    tokens: NDArray,
    n_parts: int,
    largest_distance: float,
    *,
    assign_labels: str = "kmeans",
    seed: int = 0,
    n_init: int = 1,
) -> NDArray[np.intp]:
    """Split the cosine graph of tokens into k parts at once.

    The same as `k_way_cut` of `cosine_affinity`, in O(n d^2) time and O(n d)
    memory for n tokens of d features.

    Parameters
    ----------
    tokens : ndarray of shape (n, n_features)
        Unit rows; zero rows are allowed.
    n_parts : int
        k.
    largest_distance : float
        d_max, in [0, 2].
    assign_labels : {"kmeans", "cluster_qr"}, default="kmeans"
        How eigenvectors become parts.
    seed : int, default=0
        Seed of k-means.
    n_init : int, default=1
        Starts of k-means.

    Returns
    -------
    ndarray of shape (n,)
        Parts numbered by their first vertex; fewer than k where vertices
        coincide.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import cosine_k_way_cut
    >>> cosine_k_way_cut(np.repeat(np.eye(3), 2, axis=0), 3, 1.0)
    array([0, 0, 1, 1, 2, 2])
    """
    if len(tokens) <= max(DENSE, tokens.shape[1]):
        affinity = cosine_affinity(tokens, np.ones(len(tokens)), largest_distance)
        return k_way_cut(
            affinity,
            n_parts,
            assign_labels=assign_labels,
            seed=seed,
            n_init=n_init,
            max_vectors=tokens.shape[1] + 1,
        )
    if n_parts >= len(tokens):
        return np.arange(len(tokens))
    graph = CosineTokenGraph.from_tokens(tokens, largest_distance)
    _, vectors = token_eigenpairs(graph, min(n_parts, tokens.shape[1] + 1))
    return cluster_rows(
        vectors, n_parts, assign_labels=assign_labels, seed=seed, n_init=n_init
    )
