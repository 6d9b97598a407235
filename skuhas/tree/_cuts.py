"""Cuts: the top of a tree, down to the nodes that a set of limits leaves open."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skuhas._common import check_integer, check_real
from skuhas.tree import _topology
from skuhas.tree._arrays import FIGURES
from skuhas.tree._structure import Structure

if TYPE_CHECKING:
    from typing import Self


class Cuts(Structure):
    """Trees and label maps of the nodes that limits leave."""

    def cut(
        self,
        *,
        depth: int | None = None,
        n_regions: int | None = None,
        max_ncut: float | None = None,
        max_perturbation: float | None = None,
    ) -> Self:
        """Return the top of the tree, without segmenting again.

        A node keeps its children when it meets every limit given and its
        ancestors do; otherwise it becomes a leaf. On a binary tree made
        without gates this equals a new segmentation with the same gates. With
        more branches it may not, because a new segmentation may try fewer
        parts where the cut can only close the node.

        Parameters
        ----------
        depth : int >= 0, default=None
            Deepest level kept; 0 leaves the root alone.
        n_regions : int >= 1, default=None
            Largest number of regions. Nodes open from the highest altitude
            down, larger regions first among equals, and opening stops at the
            first node that does not fit: cuts for growing `n_regions` are
            nested.
        max_ncut : float >= 0, default=None
            Splits stay when their `ncut` is below this.
        max_perturbation : float >= 0, default=None
            Splits stay when their `perturbation` is at most this.

        Returns
        -------
        RegionTree
            Numbered canonically. Figures of closed nodes are nan.

        Raises
        ------
        ValueError
            A limit is out of range, or needs figures that the tree lacks.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [0, 1, 2])
        >>> tree.cut(depth=1)
        RegionTree(n_leaves=2, n_nodes=3, height=1, shape=(3,))
        """
        is_open = open_nodes(
            self,
            depth=depth,
            n_regions=n_regions,
            max_ncut=max_ncut,
            max_perturbation=max_perturbation,
        )
        return self._restructured(*self._closed(is_open))

    def labels(
        self,
        *,
        depth: int | None = None,
        n_regions: int | None = None,
        max_ncut: float | None = None,
        max_perturbation: float | None = None,
    ) -> NDArray[np.int32]:
        """Return the regions of a cut as a label map.

        Parameters
        ----------
        depth : int >= 0, default=None
            As in `cut`.
        n_regions : int >= 1, default=None
            As in `cut`.
        max_ncut : float >= 0, default=None
            As in `cut`.
        max_perturbation : float >= 0, default=None
            As in `cut`.

        Returns
        -------
        ndarray of the shape of `leaf_labels`, dtype int32
            Regions numbered by their first pixel, -1 outside every region.
        """
        is_open = open_nodes(
            self,
            depth=depth,
            n_regions=n_regions,
            max_ncut=max_ncut,
            max_perturbation=max_perturbation,
        )
        return self._closed(is_open)[1]

    def _closed(
        self, is_open: NDArray[np.bool_]
    ) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return the topmost closed nodes and the pixels' positions among them.

        The nodes come in the order of their first pixels.
        """
        top = np.arange(self.n_nodes)
        for level in reversed(_topology.levels_deepest_first(self.depth)):
            above = self.parents[level]
            top[level] = np.where(is_open[above], level, top[above])
        by_first_pixel = top[: self.n_leaves][self._leaves_by_first_pixel]
        tops, first = np.unique(by_first_pixel, return_index=True)
        tops = tops[np.argsort(first)]
        position = np.empty(self.n_nodes, dtype=np.int32)
        position[tops] = np.arange(tops.size)
        lookup = np.append(position[top[: self.n_leaves]], np.int32(-1))
        return tops, lookup[self.leaf_labels]

    @cached_property
    def _leaves_by_first_pixel(self) -> NDArray[np.intp]:
        first = _topology.first_positions(self.leaf_labels, self.n_leaves)
        return np.argsort(first)

    def _restructured(self, tops: NDArray, labels: NDArray) -> Self:
        """Return the canonical tree whose leaves are the nodes `tops`.

        `labels` holds positions in `tops`, which come in the order of their
        first pixels.
        """
        parents, nodes = _topology.canonical_parents(self.parents, tops)
        n_leaves = tops.size
        figures = {name: getattr(self, name)[nodes] for name in FIGURES}
        for values in figures.values():
            values[:n_leaves] = np.nan
        altitude = self._given_altitude
        if altitude is not None:
            altitude = altitude[nodes]
            # Closed nodes are leaves now; as leaves they lie as low as any.
            lowest = self._given_altitude[: self.n_leaves].min()  # type: ignore[index]
            altitude[:n_leaves][tops >= self.n_leaves] = lowest
        data = {name: values[nodes] for name, values in self.node_data.items()}
        return type(self)(parents, labels, **figures, altitude=altitude, node_data=data)


def open_nodes(
    tree: Structure,
    *,
    depth: int | None = None,
    n_regions: int | None = None,
    max_ncut: float | None = None,
    max_perturbation: float | None = None,
) -> NDArray[np.bool_]:
    """Return a mask over the nodes: which keep their children.

    A node is open when it meets every limit and all its ancestors are open.
    """
    depth = check_integer(depth, "depth", low=0, none=True)
    n_regions = check_integer(n_regions, "n_regions", low=1, none=True)
    max_ncut = check_real(max_ncut, "max_ncut", low=0.0, none=True)
    max_perturbation = check_real(
        max_perturbation, "max_perturbation", low=0.0, none=True
    )
    is_open = np.zeros(tree.n_nodes, dtype=bool)
    is_open[tree.n_leaves :] = True
    if depth is not None:
        is_open &= tree.depth < depth
    if max_ncut is not None:
        is_open &= ~(_figure(tree, "ncut", "max_ncut") >= max_ncut)
    if max_perturbation is not None:
        values = _figure(tree, "perturbation", "max_perturbation")
        is_open &= ~(values > max_perturbation)
    for level in reversed(_topology.levels_deepest_first(tree.depth)):
        is_open[level] &= is_open[tree.parents[level]]
    if n_regions is not None:
        is_open &= _opened_by_budget(tree, is_open, n_regions)
    return is_open


def _figure(tree: Structure, name: str, parameter: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = getattr(tree, name)
    # A node with one child is no split and has no figures.
    splits = tree.n_children > 1
    if splits.any() and np.isnan(values[splits]).all():
        raise ValueError(
            f"{parameter} needs the {name} of the splits, which this tree does not "
            f"carry; cut by depth or n_regions, or give {name} when building it."
        )
    return values


def _opened_by_budget(
    tree: Structure, candidates: NDArray[np.bool_], n_regions: int
) -> NDArray[np.bool_]:
    """Open candidates from the highest altitude down while the budget lasts.

    Equal altitudes take the larger region first, then the node nearer the
    root. Opening stops at the first node that does not fit, so that the cut
    for n regions is always refined by the cut for n + 1.
    """
    nodes = np.flatnonzero(candidates)
    order = np.lexsort((-nodes, -tree.area[nodes], -tree.altitude[nodes]))
    nodes = nodes[order]
    regions = 1 + np.cumsum(tree.n_children[nodes] - 1)
    opened = np.zeros(tree.n_nodes, dtype=bool)
    exceeds = np.flatnonzero(regions > n_regions)
    opened[nodes[: exceeds[0] if exceeds.size else nodes.size]] = True
    return opened
