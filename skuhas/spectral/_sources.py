"""Where the recursion takes the graph of a node from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skuhas.spectral._backend import Array, as_double, is_numpy, like, namespace
from skuhas.spectral._factored import FactoredGraph
from skuhas.spectral._locality import Locality, diffusion_nearness

# Smallest node for which single precision pays; there the cost is in memory
# traffic.
SINGLE_PRECISION = 200
# Rows of a matrix that a CPU is given at once: they stay in its cache from one
# step to the next.
STRIP = 64
# Nodes of so many vertices and fewer are taken out by pairs of indices.
BY_PAIRS = 48


@dataclass(frozen=True, slots=True)
class DenseSource:
    """An affinity matrix, of which every node takes its part.

    What a node takes is not kept, so no more than one node's affinity is there at
    a time beside this one's; but a node of half the size or less becomes a
    source of its own, since its parts would be found slowly in the whole.

    Parameters
    ----------
    affinity : array of shape (n, n), dtype float32 or float64
    weights : array of shape (n,), dtype float64
    locality : Locality or None
    members : ndarray of shape (n,), of integers, default=None
        What the vertices are called in the whole graph, where this is a part.
    origin : DenseSource, default=None
        The first of the sources that this one was taken from, one after another.
    places : ndarray of shape (n,), of integers, default=None
        The vertices in `origin`.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import DenseSource
    >>> source = DenseSource(np.arange(9.0).reshape(3, 3), np.ones(3))
    >>> source.part(np.array([[0, 2]]))[0]
    array([[[0., 2.],
            [6., 8.]]])
    """

    affinity: Array
    weights: Array
    locality: Locality | None = None
    members: NDArray[np.intp] | None = None
    origin: DenseSource | None = None
    places: NDArray[np.intp] | None = None

    @property
    def size(self) -> int:
        """Number of vertices."""
        return self.affinity.shape[0]

    def names(self, vertices: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return what vertices are called in the whole graph.

        Parameters
        ----------
        vertices : ndarray of integers

        Returns
        -------
        ndarray of integers
        """
        return vertices if self.members is None else self.members[vertices]

    def restricted(self, vertices: NDArray[np.intp]) -> DenseSource:
        """Return the part of a node as a source of its own.

        Parameters
        ----------
        vertices : ndarray of shape (n,), of integers

        Returns
        -------
        DenseSource
        """
        locality = self.locality
        if locality is not None:
            locality = Locality(
                block(locality.nearness(), vertices),
                locality.shares[vertices],
                locality.strength,
            )
        return DenseSource(
            block(self.affinity, vertices),
            _entries(self.weights, vertices),
            locality,
            self.names(vertices),
            self if self.origin is None else self.origin,
            vertices if self.places is None else self.places[vertices],
        )

    def part(self, vertices: NDArray[np.intp]) -> tuple[Array, Array]:
        """Return affinities and weights of nodes of one size.

        Parameters
        ----------
        vertices : ndarray of shape (n_nodes, n), of integers
            Ascending in every row.

        Returns
        -------
        affinity : array of shape (n_nodes, n, n)
        weights : array of shape (n_nodes, n)
        """
        n_nodes, size = vertices.shape
        powers = None if self.locality is None else self.locality.exponents(vertices)
        if powers is not None and not powers.any():
            powers = None
        if n_nodes > 1 or size <= BY_PAIRS:
            affinity = self._by_pairs(vertices, powers)
        elif size == self.size and powers is None:
            # The root: its vertices are all, in order.
            affinity = self.affinity[None, ...]
        else:
            affinity = self._whole(vertices[0], powers)[None, ...]
        if size < SINGLE_PRECISION:
            affinity = as_double(affinity)
        if is_numpy(affinity) and size <= BY_PAIRS:
            # Sums follow the order in memory, which pairs of indices leave open.
            affinity = np.ascontiguousarray(affinity)
        return affinity, _entries(self.weights, vertices)

    def _by_pairs(
        self, vertices: NDArray[np.intp], powers: NDArray[np.float64] | None
    ) -> Array:
        index = like(vertices, self.affinity)
        pairs = index[:, :, None], index[:, None, :]
        affinity = self.affinity[pairs]
        if powers is None or self.locality is None:
            return affinity
        xp = namespace(affinity)
        nearness = self.locality.nearness()[pairs]
        power = xp.astype(like(powers[:, None, None], nearness), nearness.dtype)
        return affinity * xp.exp(nearness * power)

    def _whole(
        self, vertices: NDArray[np.intp], powers: NDArray[np.float64] | None
    ) -> Array:
        if powers is None or self.locality is None:
            return block(self.affinity, vertices)
        power, nearness = float(powers[0]), self.locality.nearness()
        if not is_numpy(nearness):
            affinity = block(self.affinity, vertices)
            return affinity * namespace(nearness).exp(block(nearness, vertices) * power)
        taken = np.empty((vertices.size, vertices.size), self.affinity.dtype)
        begins = range(0, vertices.size, STRIP)
        # All steps of a strip while it is in the cache.
        strips = zip(
            _strips(self.affinity, vertices, begins),
            _strips(nearness, vertices, begins),
            strict=True,
        )
        for begin, (affinity, factor) in zip(begins, strips, strict=True):
            factor *= factor.dtype.type(power)
            np.exp(factor, out=factor)
            np.multiply(affinity, factor, out=taken[begin : begin + len(affinity)])
        return taken


@dataclass(frozen=True, slots=True)
class LargeSource:
    """Regions too many for an affinity matrix.

    Nodes are split by a factored graph where there is one, and else by groups of
    neighbouring regions that stand for them, as long as they are large. The
    affinity of smaller ones is made exactly, with the nearness of regions along
    walks that stay inside the node.

    Parameters
    ----------
    kernel : ExponentialKernel or CosineKernel
        Of n regions, its arrays numpy's.
    weights : ndarray of shape (n,), dtype float64
    shares : ndarray of shape (n,), dtype float64
        Areas of the regions, adding up to 1.
    graph : FactoredGraph or None, default=None
        Of the same regions, see `landmark_graph` and `CosineKernel.graph`.
    conductance : sparse array of shape (n, n), or None, default=None
        See `diffusion_nearness`. None leaves nearness out.
    strength : float, default=1.0
        See `Locality`.
    rounds : list of ndarray of shape (n,), default=()
        Groups of regions, from many to at most `limit`, see `coarsen`. They
        stand for the regions where there is no `graph`.
    limit : int, default=1000
        Regions of the largest node whose affinity is made exactly, and groups
        that stand for a larger one.
    reference : array, default=None
        On whose device the matrices are made; None stands for `weights`.

    Raises
    ------
    ValueError
        More regions than `limit`, and neither `graph` nor `rounds`.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import CosineKernel, Gates, LargeSource, grow_trees
    >>> kernel = CosineKernel(np.repeat(np.eye(2), 3, axis=0), np.ones(6), 1.0)
    >>> source = LargeSource(
    ...     kernel, np.ones(6), np.full(6, 1 / 6), kernel.graph(), limit=3
    ... )
    >>> gates = Gates(max_ncut=0.5)
    >>> tree = grow_trees([source], [np.arange(6)], gates, self_affinity=False)[0]
    >>> tree.leaf_labels
    array([0, 0, 0, 1, 1, 1], dtype=int32)
    """

    kernel: Any
    weights: NDArray[np.float64]
    shares: NDArray[np.float64]
    graph: FactoredGraph | None = None
    conductance: Any = None
    strength: float = 1.0
    rounds: Sequence[NDArray[np.int32]] = ()
    limit: int = 1000
    reference: Array | None = None

    def __post_init__(self) -> None:
        if self.limit < 2:
            raise ValueError(f"limit must be at least 2, got {self.limit}.")
        is_divided = self.graph is not None or len(self.rounds) > 0
        if self.size > self.limit and not is_divided:
            raise ValueError(
                f"{self.size} regions are more than limit={self.limit}: a graph or "
                "rounds must stand for them, got neither."
            )

    @property
    def size(self) -> int:
        """Number of vertices."""
        return int(self.weights.shape[0])

    def names(self, vertices: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return what vertices are called in the whole graph: the same.

        Parameters
        ----------
        vertices : ndarray of integers

        Returns
        -------
        ndarray of integers
        """
        return vertices

    def factored(self, vertices: NDArray[np.intp]) -> tuple[FactoredGraph, Array]:
        """Return the factored graph of a node, and the weights of its regions.

        Parameters
        ----------
        vertices : ndarray of shape (n_kept,), of integers

        Returns
        -------
        graph : FactoredGraph
        weights : array of shape (n_kept,)
        """
        assert self.graph is not None
        graph = self.graph
        if vertices.size < self.size:
            graph = graph.restricted(like(vertices, graph.factor))
        return graph, like(self.weights[vertices], graph.factor)

    def dense(self, vertices: NDArray[np.intp]) -> DenseSource:
        """Return a node as a source of its own.

        Parameters
        ----------
        vertices : ndarray of shape (n_kept,), of integers

        Returns
        -------
        DenseSource
        """
        between = degrees = None
        if self._has_nearness:
            rows = self.conductance[vertices]
            between, degrees = rows[:, vertices].toarray(), rows.sum(axis=1)
        return self._source(
            self.kernel.take(vertices),
            between,
            degrees,
            self.shares[vertices],
            self.weights[vertices],
            vertices,
        )

    def grouped(
        self, vertices: NDArray[np.intp]
    ) -> tuple[DenseSource, NDArray[np.intp]]:
        """Return groups of a node's regions as a source.

        Parameters
        ----------
        vertices : ndarray of shape (n_kept,), of integers

        Returns
        -------
        source : DenseSource
            Of at most `limit` groups.
        groups : ndarray of shape (n_kept,), of integers
        """
        groups = self._groups(vertices)
        ones, places = np.ones(groups.size), np.arange(groups.size)
        joining = sparse.csr_array((ones, (groups, places)))
        between = degrees = None
        if self._has_nearness:
            rows = self.conductance[vertices]
            between = (joining @ rows[:, vertices] @ joining.T).toarray()
            degrees = joining @ rows.sum(axis=1) - between.diagonal()
            np.fill_diagonal(between, 0.0)
        kernel = self.kernel.take(vertices).grouped(groups)
        source = self._source(
            kernel,
            between,
            degrees,
            joining @ self.shares[vertices],
            kernel.roots.astype(np.float64),
        )
        return source, groups

    def _groups(self, vertices: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the finest groups of a node that are few enough."""
        low, high = 0, len(self.rounds) - 1
        while low < high:
            middle = (low + high) // 2
            if np.unique(self.rounds[middle][vertices]).size > self.limit:
                low = middle + 1
            else:
                high = middle
        # Numbers follow the first regions, in a part of them too.
        return np.unique(self.rounds[low][vertices], return_inverse=True)[1]

    @property
    def _has_nearness(self) -> bool:
        return self.conductance is not None and self.strength > 0

    def _source(
        self,
        kernel: Any,
        between: NDArray | None,
        degrees: NDArray | None,
        shares: NDArray[np.float64],
        weights: NDArray[np.float64],
        members: NDArray[np.intp] | None = None,
    ) -> DenseSource:
        reference = self.weights if self.reference is None else self.reference
        locality = None
        if between is not None and degrees is not None:
            nearness = diffusion_nearness(
                like(between.astype(np.float32), reference),
                degrees=like(degrees.astype(np.float32), reference),
            )
            locality = Locality(nearness, shares, self.strength)
        affinity = kernel.moved(reference).matrix()
        return DenseSource(affinity, like(weights, reference), locality, members)


def block(matrix: Array, vertices: NDArray[np.intp]) -> Array:
    """Return some rows and the same columns of a matrix."""
    if not is_numpy(matrix):
        xp = namespace(matrix)
        chosen = like(vertices, matrix)
        return xp.take(xp.take(matrix, chosen, axis=0), chosen, axis=1)
    taken = np.empty((vertices.size, vertices.size), matrix.dtype)
    begins = range(0, vertices.size, STRIP)
    for begin, strip in zip(begins, _strips(matrix, vertices, begins), strict=True):
        taken[begin : begin + len(strip)] = strip
    return taken


def _strips(
    matrix: NDArray, vertices: NDArray[np.intp], begins: range
) -> Iterator[NDArray]:
    """Yield some rows of a block after others, in memory that is used again."""
    # Symmetric, so a transpose does as well; LAPACK gives its results transposed.
    matrix = np.ascontiguousarray(matrix.T if matrix.flags.f_contiguous else matrix)
    rows = np.empty((STRIP, matrix.shape[1]), matrix.dtype)
    strip = np.empty((STRIP, vertices.size), matrix.dtype)
    for begin in begins:
        chosen = vertices[begin : begin + STRIP]
        # Along one axis and then the other is several times faster than by pairs;
        # without a mode numpy would copy the output.
        np.take(matrix, chosen, axis=0, out=rows[: chosen.size], mode="clip")
        part = strip[: chosen.size]
        np.take(rows[: chosen.size], vertices, axis=1, out=part, mode="clip")
        yield part


def _entries(values: Array, places: NDArray[np.intp]) -> Array:
    xp = namespace(values)
    chosen = xp.take(values, like(places.ravel(), values), axis=0)
    return xp.reshape(chosen, places.shape)
