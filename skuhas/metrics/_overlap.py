"""Overlaps between the nodes of two trees over the same pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array

from skuhas.tree import RegionTree

# Entries of the largest dense array that is made at once: 16 MiB of integers.
BLOCK_ENTRIES = 2**21


class NodeLayout:
    """A tree's nodes as intervals of its leaves in depth-first order.

    Sums over a node's leaves are then differences of running sums, and one
    node lies under another when it comes later and starts inside it.

    Parameters
    ----------
    tree : RegionTree

    Attributes
    ----------
    position : ndarray of shape (n_nodes,)
        Place of each node in the pre-order.
    start, stop : ndarray of shape (n_nodes,)
        A node holds the leaves of rank ``start <= rank < stop``; the rank of a
        leaf is its own ``start``.
    regions : ndarray
        The nodes that take part in scores, in pre-order: all but the root, or
        the root where it is alone.
    """

    def __init__(self, tree: RegionTree) -> None:
        order = tree.preorder()
        is_leaf = order < tree.n_leaves
        self.tree = tree
        self.position = np.empty(tree.n_nodes, dtype=np.intp)
        self.position[order] = np.arange(tree.n_nodes)
        self.start = np.empty(tree.n_nodes, dtype=np.intp)
        self.start[order] = np.cumsum(is_leaf) - is_leaf
        self.stop = self.start + tree.accumulate(np.ones(tree.n_leaves, dtype=np.intp))
        self.regions = order[1:] if tree.n_nodes > 1 else order

    def holds(self, upper: NDArray[np.intp], lower: NDArray[np.intp]) -> NDArray:
        """Return where node `upper` is node `lower` or one of its ancestors."""
        return (self.position[upper] <= self.position[lower]) & (
            self.start[lower] < self.stop[upper]
        )

    def sums(self, leaf_values: NDArray, nodes: NDArray[np.intp]) -> NDArray:
        """Sum values over the leaves of nodes.

        Parameters
        ----------
        leaf_values : integer ndarray of shape (..., n_leaves)
            The leaves by rank.
        nodes : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (..., n), dtype float64
        """
        # Counts of pixels are exact in float64, which spares a conversion later.
        running = np.zeros((*leaf_values.shape[:-1], leaf_values.shape[-1] + 1))
        np.cumsum(leaf_values, axis=-1, out=running[..., 1:])
        sums = running.take(self.stop[nodes], axis=-1)
        sums -= running.take(self.start[nodes], axis=-1)
        return sums


class Matches(NamedTuple):
    """Which node of a prediction stands for each region of the truth.

    Parameters
    ----------
    overlap : ndarray of shape (n_regions,)
        Intersection over union with the node, 0 without one.
    node : ndarray of shape (n_regions,)
        The node; -1 where a region has none.
    shared : ndarray of shape (n_regions,)
        Pixels in both, 0 without a node.
    region_area, node_area : ndarray of shape (n_regions,)
        Pixels of the region and of its node that take part.
    """

    overlap: NDArray[np.float64]
    node: NDArray[np.intp]
    shared: NDArray[np.float64]
    region_area: NDArray[np.float64]
    node_area: NDArray[np.float64]


def best_overlaps(
    truth: NodeLayout,
    predicted: NodeLayout,
    regions: NDArray[np.intp],
    candidates: NDArray[np.intp],
) -> Matches:
    """Match every region with the candidate of largest intersection over union.

    Pixels outside every region of the truth take no part. Pixels outside every
    predicted region belong to no candidate but count in the union.

    Parameters
    ----------
    truth, predicted : NodeLayout
        Trees over the same pixels.
    regions : ndarray of shape (n_regions,)
        Nodes of the truth.
    candidates : ndarray of shape (n_candidates,)
        Nodes of the prediction. The first wins among equals.

    Returns
    -------
    Matches
    """
    overlap = np.empty(regions.size)
    best = np.empty(regions.size, dtype=np.intp)
    common = np.empty(regions.size)
    region_area = np.empty(regions.size)
    blocks = overlap_blocks(truth, predicted, regions, candidates)
    for block, shared, areas, candidate_area in blocks:
        region_area[block] = areas
        quotient = areas[:, None] + candidate_area
        quotient -= shared
        # Equal fractions of integers divide to equal floats, so ties are exact.
        np.divide(shared, quotient, out=quotient)
        best[block] = quotient.argmax(axis=1)
        rows = np.arange(areas.size)
        overlap[block] = quotient[rows, best[block]]
        common[block] = shared[rows, best[block]]
    return Matches(overlap, candidates[best], common, region_area, candidate_area[best])


def assigned_overlaps(
    truth: NodeLayout,
    predicted: NodeLayout,
    regions: NDArray[np.intp],
    candidates: NDArray[np.intp],
) -> Matches:
    """Match regions and candidates one to one, with the largest sum of overlaps.

    Parameters
    ----------
    truth, predicted : NodeLayout
        Trees over the same pixels.
    regions : ndarray of shape (n_regions,)
        Nodes of the truth. Those beyond the number of candidates have none.
    candidates : ndarray of shape (n_candidates,)
        Nodes of the prediction.

    Returns
    -------
    Matches
    """
    blocks = list(overlap_blocks(truth, predicted, regions, candidates))
    shared = np.concatenate([block[1] for block in blocks])
    region_area = np.concatenate([block[2] for block in blocks])
    candidate_area = blocks[0][3]
    quotient = shared / (region_area[:, None] + candidate_area - shared)
    rows, columns = linear_sum_assignment(quotient, maximize=True)
    overlap, common, node_area = np.zeros((3, regions.size))
    node = np.full(regions.size, -1, dtype=np.intp)
    node[rows] = candidates[columns]
    overlap[rows] = quotient[rows, columns]
    common[rows] = shared[rows, columns]
    node_area[rows] = candidate_area[columns]
    return Matches(overlap, node, common, region_area, node_area)


def overlap_blocks(
    truth: NodeLayout,
    predicted: NodeLayout,
    regions: NDArray[np.intp],
    candidates: NDArray[np.intp],
) -> Iterator[tuple[slice, NDArray[np.float64], NDArray, NDArray]]:
    """Count the pixels that regions share with candidates, block by block.

    Parameters
    ----------
    truth, predicted : NodeLayout
        Trees over the same pixels.
    regions : ndarray of shape (n_regions,)
        Nodes of the truth.
    candidates : ndarray of shape (n_candidates,)
        Nodes of the prediction.

    Yields
    ------
    block : slice
        Of `regions`.
    shared : ndarray of shape (n_block, n_candidates)
    region_area : ndarray of shape (n_block,)
    candidate_area : ndarray of shape (n_candidates,)
        Without the pixels outside every region of the truth.

    Notes
    -----
    Intersections come from one table of leaves against leaves, which is
    sparse; its sums over nodes are made for a block of regions at a time, so
    that memory stays bounded for any two trees.
    """
    table, truth_areas, predicted_areas = leaf_table(truth, predicted)
    region_area = truth.sums(truth_areas, regions)
    candidate_area = predicted.sums(predicted_areas, candidates)
    n_rows = max(1, BLOCK_ENTRIES // max(candidates.size, *table.shape))
    for first in range(0, regions.size, n_rows):
        block = slice(first, first + n_rows)
        nodes = regions[block]
        leaf_counts = _membership(truth.start[nodes], truth.stop[nodes], table) @ table
        shared = predicted.sums(leaf_counts.toarray(), candidates)
        yield block, shared, region_area[block], candidate_area


def leaf_table(
    truth: NodeLayout, predicted: NodeLayout
) -> tuple[csr_array, NDArray[np.int64], NDArray[np.int64]]:
    """Count the pixels that leaves share, and those of the leaves, by rank."""
    n_rows, n_columns = truth.tree.n_leaves, predicted.tree.n_leaves
    # Row and column 0 are for the label -1.
    pairs = (truth.tree.leaf_labels.ravel().astype(np.int64) + 1) * (n_columns + 1)
    pairs += predicted.tree.leaf_labels.ravel() + 1
    if (n_rows + 1) * (n_columns + 1) <= BLOCK_ENTRIES:
        table = np.bincount(pairs)
        pairs = np.flatnonzero(table)
        counts = table[pairs]
    else:
        pairs, counts = np.unique(pairs, return_counts=True)
    rows, columns = np.divmod(pairs, n_columns + 1)
    row_rank = np.append(truth.start[:n_rows], 0)[rows - 1]
    column_rank = np.append(predicted.start[:n_columns], 0)[columns - 1]
    in_truth = rows > 0
    in_both = in_truth & (columns > 0)
    truth_areas = np.zeros(n_rows, dtype=np.int64)
    np.add.at(truth_areas, row_rank[in_truth], counts[in_truth])
    predicted_areas = np.zeros(n_columns, dtype=np.int64)
    np.add.at(predicted_areas, column_rank[in_both], counts[in_both])
    shared = coo_array(
        (counts[in_both], (row_rank[in_both], column_rank[in_both])),
        shape=(n_rows, n_columns),
    )
    return shared.tocsr(), truth_areas, predicted_areas


def _membership(
    start: NDArray[np.intp], stop: NDArray[np.intp], table: csr_array
) -> csr_array:
    """Return the 0-1 matrix of nodes against the leaves in their intervals."""
    size = stop - start
    row_start = np.concatenate([[0], np.cumsum(size)])
    leaves = np.arange(row_start[-1]) + np.repeat(start - row_start[:-1], size)
    ones = np.ones(leaves.size, dtype=np.int64)
    return csr_array((ones, leaves, row_start), shape=(start.size, table.shape[0]))
