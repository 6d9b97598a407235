"""Which nodes of a tree stay open under a set of limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skuhas._common import check_integer, check_real
from skuhas.tree._topology import levels_deepest_first

if TYPE_CHECKING:
    from skuhas.tree._region_tree import RegionTree


def open_nodes(
    tree: RegionTree,
    *,
    depth: int | None,
    n_regions: int | None,
    max_ncut: float | None,
    max_perturbation: float | None,
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
    for level in reversed(levels_deepest_first(tree.depth)):
        is_open[level] &= is_open[tree.parents[level]]
    if n_regions is not None:
        is_open &= _opened_by_budget(tree, is_open, n_regions)
    return is_open


def _figure(tree: RegionTree, name: str, parameter: str) -> NDArray[np.float64]:
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
    tree: RegionTree, candidates: NDArray[np.bool_], n_regions: int
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
