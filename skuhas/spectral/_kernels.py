"""Affinities between regions as functions of pairs, made block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skuhas._common import beside
from skuhas.spectral._backend import (
    Array,
    as_double,
    is_numpy,
    like,
    namespace,
    self_product,
)
from skuhas.spectral._factored import FactoredGraph

# Rows whose exponents a CPU is given at once: they stay in its cache.
STRIP = 64
# Pairs whose descriptors are multiplied at once.
PAIRS = 2**14
# Near-equal tokens have a distance made of rounding alone.
EQUAL = 1e-6


@dataclass(frozen=True, slots=True)
class ExponentialKernel:
    r"""The exponential affinity between regions, see `exponential_affinity`.

    Parameters
    ----------
    descriptors : array of shape (n, n_features), float32 or float64
        Unit rows.
    roots : array of shape (n,), dtype of `descriptors`
        Square roots of the areas.
    points : tuple of arrays of shape (n, n_dimensions), dtype of `descriptors`
        Colours and positions, in units of their scales.
    temperature : float

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import ExponentialKernel
    >>> kernel = ExponentialKernel.of_regions(
    ...     np.eye(2), np.array([1.0, 4.0]), temperature=1.0
    ... )
    >>> kernel.columns(np.array([1])).round(3)
    array([[0.736],
           [4.   ]])
    """

    descriptors: Array
    roots: Array
    points: tuple[Array, ...]
    temperature: float

    @classmethod
    def of_regions(
        cls,
        descriptors: Array,
        areas: Array,
        *,
        temperature: float = 0.1,
        colors: Array | None = None,
        color_scale: float | None = None,
        positions: Array | None = None,
        position_scale: float | None = None,
    ) -> ExponentialKernel:
        """Return the kernel of regions, from what `exponential_affinity` takes.

        Parameters
        ----------
        descriptors : array of shape (n, n_features)
        areas : array of shape (n,)
        temperature : float, default=0.1
        colors : array of shape (n, 3), default=None
        color_scale : float, default=None
        positions : array of shape (n, 2), default=None
        position_scale : float, default=None
            A scale of None leaves its term out.

        Returns
        -------
        ExponentialKernel
        """
        xp = namespace(descriptors)
        kind = descriptors.dtype
        points = tuple(
            xp.astype(as_double(like(values, descriptors)) / scale, kind)
            for values, scale in ((colors, color_scale), (positions, position_scale))
            if values is not None and scale is not None
        )
        roots = xp.astype(xp.sqrt(as_double(like(areas, descriptors))), kind)
        return cls(descriptors, roots, points, temperature)

    @property
    def size(self) -> int:
        """Number of regions."""
        return self.roots.shape[0]

    def take(self, regions: NDArray[np.intp]) -> ExponentialKernel:
        """Return the kernel of some regions.

        Parameters
        ----------
        regions : ndarray of shape (n_kept,), of integers

        Returns
        -------
        ExponentialKernel
        """
        xp = namespace(self.roots)
        index = like(regions, self.roots)
        return ExponentialKernel(
            xp.take(self.descriptors, index, axis=0),
            xp.take(self.roots, index, axis=0),
            tuple(xp.take(points, index, axis=0) for points in self.points),
            self.temperature,
        )

    def matrix(self) -> Array:
        """Return all affinities.

        Returns
        -------
        array of shape (n, n), dtype of the descriptors
            Symmetric to the last bit.
        """
        cosines = self_product(self.descriptors)
        step = STRIP if is_numpy(cosines) else self.size
        begins = range(0, self.size, step)
        with beside() as start:
            other = start(self._fill, cosines, begins[1::2], step)
            self._fill(cosines, begins[::2], step)
            other.result()
        return cosines

    def _fill(self, cosines: Array, begins: range, step: int) -> None:
        """Put affinities in the place of cosines, in strips of rows."""
        for begin in begins:
            rows = slice(begin, begin + step)
            strip = self._exponents(cosines[rows, :], rows, self)
            # The cosine of a region with itself is 1 but for rounding.
            own = like(np.arange(strip.shape[0]), strip)
            strip[own, own + begin] = 0.0
            # One product for both factors keeps the symmetry.
            weights = self.roots[rows, None] * self.roots
            cosines[rows, :] = namespace(strip).exp(strip) * weights

    def columns(self, regions: NDArray[np.intp]) -> Array:
        """Return the affinities of all regions to some.

        Parameters
        ----------
        regions : ndarray of shape (n_columns,), of integers

        Returns
        -------
        array of shape (n, n_columns), dtype of the descriptors
        """
        xp = namespace(self.roots)
        others = self.take(regions)
        strips = []
        step = 16 * STRIP if is_numpy(self.roots) else self.size
        for begin in range(0, self.size, step):
            rows = slice(begin, begin + step)
            cosines = self.descriptors[rows, :] @ others.descriptors.T
            strip = self._exponents(cosines, rows, others)
            strips.append(xp.exp(strip) * (self.roots[rows, None] * others.roots))
        columns = strips[0] if len(strips) == 1 else xp.concat(strips, axis=0)
        places = like(np.arange(regions.size), columns)
        columns[like(regions, columns), places] = others.roots**2
        return columns

    def log_similarity(
        self, first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the exponents of pairs of regions; the arrays must be numpy's.

        Parameters
        ----------
        first, second : ndarray of shape (n_pairs,), of integers

        Returns
        -------
        ndarray of shape (n_pairs,), dtype float64
        """
        result = np.empty(first.size)
        for begin in range(0, first.size, PAIRS):
            rows = slice(begin, begin + PAIRS)
            one, other = first[rows], second[rows]
            cosine = np.einsum(
                "ij,ij->i", self.descriptors[one], self.descriptors[other]
            )
            result[rows] = np.minimum(cosine - 1.0, 0.0) / self.temperature
            for points in self.points:
                step = points[one] - points[other]
                result[rows] -= np.sqrt((step * step).sum(axis=1))
        return result

    def grouped(self, groups: NDArray[np.intp]) -> ExponentialKernel:
        """Return the kernel of groups of regions; the arrays must be numpy's.

        Parameters
        ----------
        groups : ndarray of shape (n,), of integers
            From 0 to n_groups - 1, each present.

        Returns
        -------
        ExponentialKernel
            Descriptors, colours and positions are means weighted by area.
        """
        areas = self.roots.astype(np.float64) ** 2
        weights = sparse.csr_array(
            (areas.astype(self.roots.dtype), (groups, np.arange(groups.size)))
        )
        total = np.bincount(groups, weights=areas)
        sums = weights @ self.descriptors
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        return ExponentialKernel(
            sums / np.where(length > 0, length, 1.0),
            np.sqrt(total).astype(self.roots.dtype),
            tuple(
                (weights @ points / total[:, None]).astype(points.dtype)
                for points in self.points
            ),
            self.temperature,
        )

    def moved(self, reference: Array) -> ExponentialKernel:
        """Return the kernel on the device of an array; its own must be numpy's.

        Parameters
        ----------
        reference : array

        Returns
        -------
        ExponentialKernel
        """
        return ExponentialKernel(
            like(self.descriptors, reference),
            like(self.roots, reference),
            tuple(like(points, reference) for points in self.points),
            self.temperature,
        )

    def diagonal(self) -> Array:
        """Return the affinities of regions to themselves, their areas."""
        return as_double(self.roots) ** 2

    def _exponents(
        self, cosines: Array, rows: slice, others: ExponentialKernel
    ) -> Array:
        xp = namespace(cosines)
        exponents = cosines - 1.0
        # Rounding leaves the cosine of equal descriptors a little above 1.
        exponents = xp.where(exponents < 0.0, exponents, 0.0)
        exponents *= 1.0 / self.temperature
        for ours, theirs in zip(self.points, others.points, strict=True):
            square = xp.zeros_like(exponents)
            for dimension in range(ours.shape[1]):
                step = ours[rows, dimension][:, None] - theirs[:, dimension]
                step *= step
                square += step
            exponents -= xp.sqrt(square)
        return exponents


@dataclass(frozen=True, slots=True)
class CosineKernel:
    """The cosine affinity between regions, see `cosine_affinity`.

    Parameters
    ----------
    means : array of shape (n, n_features)
    counts : array of shape (n,)
    largest_distance : float

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import CosineKernel
    >>> kernel = CosineKernel(np.eye(2), np.array([1.0, 2.0]), 2.0)
    >>> kernel.matrix()
    array([[0., 1.],
           [1., 0.]])
    >>> kernel.graph().degrees.round(12)
    array([1., 1.])
    """

    means: Array
    counts: Array
    largest_distance: float

    @property
    def size(self) -> int:
        """Number of regions."""
        return self.counts.shape[0]

    @property
    def slope(self) -> float:
        """Rise of the affinity with the cosine."""
        distance = self.largest_distance
        return 1.0 / distance if distance > EQUAL else 0.0

    def take(self, regions: NDArray[np.intp]) -> CosineKernel:
        """Return the kernel of some regions.

        Parameters
        ----------
        regions : ndarray of shape (n_kept,), of integers

        Returns
        -------
        CosineKernel
        """
        xp = namespace(self.means)
        index = like(regions, self.means)
        return CosineKernel(
            xp.take(self.means, index, axis=0),
            xp.take(self.counts, index, axis=0),
            self.largest_distance,
        )

    def matrix(self) -> Array:
        """Return all affinities.

        Returns
        -------
        array of shape (n, n), dtype float64
            Symmetric to the last bit.
        """
        xp = namespace(self.means)
        exact, weights = as_double(self.means), as_double(self.counts)
        affinity = self.slope * self_product(exact) + (1.0 - self.slope)
        affinity = xp.where(affinity > 0.0, affinity, 0.0)
        affinity *= weights[:, None] * weights
        own = like(np.arange(self.size), affinity)
        affinity[own, own] = 0.0
        return affinity

    def moved(self, reference: Array) -> CosineKernel:
        """Return the kernel on the device of an array; its own must be numpy's.

        Parameters
        ----------
        reference : array

        Returns
        -------
        CosineKernel
        """
        means, counts = like(self.means, reference), like(self.counts, reference)
        return CosineKernel(means, counts, self.largest_distance)

    def graph(self) -> FactoredGraph:
        """Return the graph of all regions, exactly, without its matrix."""
        xp = namespace(self.means)
        weights = as_double(self.counts)
        kind = self.means.dtype
        factor = self.means * xp.astype(weights, kind)[:, None]
        lengths = xp.sum(as_double(factor) ** 2, axis=1)
        return FactoredGraph.from_factor(
            factor,
            slope=self.slope,
            offset=1.0 - self.slope,
            constant=weights,
            removed=(1.0 - self.slope) * weights**2 + self.slope * lengths,
        )
