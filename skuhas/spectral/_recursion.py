"""The recursion: split a graph, then its parts, with an explicit stack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skuhas._common import node_seed
from skuhas.spectral._gates import Gates
from skuhas.spectral._locality import Locality
from skuhas.spectral._split import split_graph
from skuhas.tree import RegionTree, canonical_labels, canonical_parents

# Smallest node for which single precision pays; there the cost is in memory
# traffic.
SINGLE_PRECISION = 200


def grow_tree(
    affinity: NDArray,
    weights: NDArray[np.float64],
    leaf_labels: NDArray,
    gates: Gates,
    *,
    locality: Locality | None = None,
    self_affinity: bool = True,
    assign_labels: str = "kmeans",
    seed: int = 0,
) -> RegionTree:
    """Split a graph of regions recursively into a tree.

    Every node's part of the affinity is split on its own. A node's seed
    depends on `seed` and on its path of child ranks, not on the order in which
    nodes are met.

    Parameters
    ----------
    affinity : ndarray of shape (n, n), dtype float32 or float64
        Symmetric and non-negative. In single precision large nodes cost half;
        small ones are always split in double.
    weights : ndarray of shape (n,)
        Vertex weights of the affinity, see `perturbation`.
    leaf_labels : integer ndarray
        Vertex of every pixel, -1 for none; each vertex has one.
    gates : Gates
        When to split.
    locality : Locality, default=None
        Binds the regions of small nodes that are near each other. None splits
        every node by `affinity` alone.
    self_affinity : bool, default=True
        Whether the affinity keeps its diagonal.
    assign_labels : {"kmeans", "cluster_qr"}, default="kmeans"
        How eigenvectors become more than two parts.
    seed : int, default=0
        Seed of the whole tree.

    Returns
    -------
    RegionTree
        Vertices that were not told apart share a leaf.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import Gates, grow_tree
    >>> affinity = np.kron(np.eye(2), np.ones((2, 2))) + 0.1
    >>> grow_tree(affinity, np.ones(4), np.arange(4), Gates(max_ncut=0.3)).leaf_labels
    array([0, 0, 1, 1], dtype=int32)
    """
    parents = [0]
    figures: list[tuple[float, float, float]] = [(np.nan, np.nan, np.nan)]
    node_of_vertex = np.zeros(len(affinity), dtype=np.intp)
    stack: list[tuple[int, NDArray[np.intp], _Block, tuple[int, ...]]]
    stack = [(0, np.arange(len(affinity)), _Block.of_root(affinity, locality), ())]
    while stack:
        node, vertices, block, path = stack.pop()
        node_of_vertex[vertices] = node
        if vertices.size <= gates.min_size or vertices.size < 2:
            continue
        if gates.max_depth is not None and len(path) >= gates.max_depth:
            continue
        block = block.bound(locality, vertices)
        split = split_graph(
            block.bound_affinity,
            weights[vertices],
            gates,
            self_affinity=self_affinity,
            assign_labels=assign_labels,
            seed=node_seed(seed, path) if gates.max_branching > 3 else seed,
        )
        if split is None:
            continue
        figures[node] = (split.ncut, split.perturbation, split.eigengap)
        for rank in range(int(split.parts.max()) + 1):
            part = np.flatnonzero(split.parts == rank)
            parents.append(node)
            figures.append((np.nan, np.nan, np.nan))
            child = len(parents) - 1
            if part.size == 1:
                node_of_vertex[vertices[part]] = child
                continue
            stack.append((child, vertices[part], block.part(part), (*path, rank)))
    return _as_tree(parents, figures, node_of_vertex, leaf_labels)


@dataclass(frozen=True, slots=True)
class _Block:
    """A node's part of the matrices."""

    affinity: NDArray
    log_nearness: NDArray | None
    bound_affinity: NDArray

    @classmethod
    def of_root(cls, affinity: NDArray, locality: Locality | None) -> _Block:
        nearness = None
        if locality is not None and locality.strength > 0:
            nearness = locality.log_nearness
        if len(affinity) < SINGLE_PRECISION:
            affinity = affinity.astype(np.float64, copy=False)
        return cls(affinity, nearness, affinity)

    def bound(self, locality: Locality | None, vertices: NDArray[np.intp]) -> _Block:
        """Return the block with nearness applied as the node's size asks."""
        if self.log_nearness is None or locality is None:
            return self
        exponent = locality.exponent(vertices)
        if exponent == 0:
            return self
        nearness = self.log_nearness * np.asarray(exponent, self.log_nearness.dtype)
        bound = self.affinity * np.exp(nearness, out=nearness)
        if exponent < locality.strength:
            return _Block(self.affinity, self.log_nearness, bound)
        # All descendants are smaller still, so they are bound by the same.
        return _Block(bound, None, bound)

    def part(self, part: NDArray[np.intp]) -> _Block:
        # Twice along one axis is several times faster than one fancy index.
        affinity = self.affinity.take(part, axis=0).take(part, axis=1)
        if part.size < SINGLE_PRECISION:
            affinity = affinity.astype(np.float64, copy=False)
        if self.log_nearness is None:
            return _Block(affinity, None, affinity)
        nearness = self.log_nearness.take(part, axis=0).take(part, axis=1)
        return _Block(affinity, nearness, affinity)


def _as_tree(
    parents: list[int],
    figures: list[tuple[float, float, float]],
    node_of_vertex: NDArray[np.intp],
    leaf_labels: NDArray,
) -> RegionTree:
    # Nodes were made parents first; a tree wants them last.
    last = len(parents) - 1
    reversed_parents = (last - np.array(parents)[::-1]).astype(np.int32)
    lookup = np.append(last - node_of_vertex, -1)
    labels, tops = canonical_labels(lookup[leaf_labels], last + 1)
    numbered, kept = canonical_parents(reversed_parents, tops)
    ncut, bound, gap = np.array(figures)[::-1][kept].T
    return RegionTree(numbered, labels, ncut=ncut, perturbation=bound, eigengap=gap)
