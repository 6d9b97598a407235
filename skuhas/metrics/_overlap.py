"""Overlaps between the nodes of two trees over the same pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
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


def best_overlaps(
    truth: NodeLayout,
    predicted: NodeLayout,
    regions: NDArray[np.intp],
    candidates: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
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
    overlap : ndarray of shape (n_regions,)
    match : ndarray of shape (n_regions,)
        Entries of `candidates`.

    Notes
    -----
    Intersections come from one table of leaves against leaves, which is
    sparse; its sums over nodes are made for a block of regions at a time, so
    that memory stays bounded for any two trees.
    """
    table, truth_areas, predicted_areas = _leaf_table(truth, predicted)
    region_area = truth.sums(truth_areas, regions)
    candidate_area = predicted.sums(predicted_areas, candidates)
    overlap = np.empty(regions.size)
    best = np.empty(regions.size, dtype=np.intp)
    n_rows = max(1, BLOCK_ENTRIES // max(candidates.size, *table.shape))
    for first in range(0, regions.size, n_rows):
        block = slice(first, first + n_rows)
        nodes = regions[block]
        leaf_counts = _membership(truth.start[nodes], truth.stop[nodes], table) @ table
        shared = predicted.sums(leaf_counts.toarray(), candidates)
        union = region_area[block, None] + candidate_area
        union -= shared
        # Equal fractions of integers divide to equal floats, so ties are exact.
        quotient = np.divide(shared, union, out=shared)
        best[block] = quotient.argmax(axis=1)
        overlap[block] = np.take_along_axis(quotient, best[block, None], axis=1)[:, 0]
    return overlap, candidates[best]


def _leaf_table(
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
