"""The recursion: split graphs, then their parts, the largest first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skuhas._common import node_seed
from skuhas.spectral._backend import Array, is_numpy, like, namespace
from skuhas.spectral._eigen import one_warning
from skuhas.spectral._gates import Gates
from skuhas.spectral._laplacian import normalise
from skuhas.spectral._locality import Locality
from skuhas.spectral._sources import (
    BY_PAIRS,
    SINGLE_PRECISION,
    DenseSource,
    LargeSource,
)
from skuhas.spectral._split import Split, split_affinities, split_normalised
from skuhas.tree import RegionTree, canonical_labels, canonical_parents

# Nodes of one size up to this many vertices are split together. On a CPU larger
# ones cost so much that nothing is gained; a GPU would idle. Whether a node needs
# double precision must not depend on others, so those in single stay alone.
TOGETHER = {True: 32, False: SINGLE_PRECISION - 1}
# Numbers in the affinities of nodes that are split together, at most.
STACK = 2**22
# Smallest part that takes over its parent's eigenvectors as a start.
START = 200


def grow_tree(
    affinity: Array,
    weights: Array,
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
    affinity : array of shape (n, n), dtype float32 or float64
        Symmetric and non-negative, numpy's or of another library with the array
        API standard, where it stays on its device. In single precision large
        nodes cost half; small ones are always split in double.
    weights : array of shape (n,)
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
    source = DenseSource(affinity, weights, locality)
    return grow_trees(
        [source],
        [leaf_labels],
        gates,
        self_affinity=self_affinity,
        assign_labels=assign_labels,
        seed=seed,
    )[0]


def grow_trees(
    sources: list[Any],
    leaf_labels: list[NDArray],
    gates: Gates,
    *,
    self_affinity: bool = True,
    assign_labels: str = "kmeans",
    seed: int = 0,
) -> list[RegionTree]:
    """Split several graphs into trees, small nodes of all of them together.

    A tree is the same alone and in company, but for the last bit of its figures
    before NumPy 2 and on PyTorch.

    Parameters
    ----------
    sources : list of DenseSource or LargeSource
    leaf_labels : list of integer ndarray
    gates, self_affinity, assign_labels, seed
        As `grow_tree` has them.

    Returns
    -------
    list of RegionTree

    Warns
    -----
    ConvergenceWarning
        Eigenvectors of some nodes took a dense solver, as exact but slower; all of
        them are told in one warning.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.spectral import DenseSource, Gates, grow_trees
    >>> source = DenseSource(np.eye(2) + 0.1, np.ones(2))
    >>> trees = grow_trees([source] * 2, [np.arange(2)] * 2, Gates())
    >>> [tree.n_leaves for tree in trees]
    [2, 2]
    """
    growth = _Growth(gates, self_affinity, assign_labels, seed)
    drafts = [_Draft(source.size) for source in sources]
    roots = [
        _Node(draft, source, 0, np.arange(source.size))
        for draft, source in zip(drafts, sources, strict=True)
    ]
    with one_warning():
        growth.grow(roots)
    return [
        draft.tree(labels) for draft, labels in zip(drafts, leaf_labels, strict=True)
    ]


# Made for every node of a tree; a frozen one would take twice as long.
@dataclass(slots=True)
class _Node:
    """A node that may be split."""

    draft: _Draft
    source: Any
    number: int
    # Of the source.
    vertices: NDArray[np.intp]
    depth: int = 0
    # Child ranks from the root, kept only where seeds depend on them.
    path: tuple[int, ...] = ()
    start: Array | None = None

    def close(self) -> None:
        """Leave the node whole: its vertices are one leaf."""
        self.draft.place(self.number, self.source.names(self.vertices))


# Nodes of one source, their splits where they have any, and guesses of the
# eigenvectors of the parts.
_Result: TypeAlias = tuple[list[_Node], list[Split | None], Array | None]


@dataclass(frozen=True, slots=True)
class _Growth:
    """What all nodes of all trees are split by."""

    gates: Gates
    self_affinity: bool
    assign_labels: str
    seed: int

    def grow(self, roots: list[_Node]) -> None:
        """Split nodes and all that comes of them.

        Of graphs too large for a matrix, parts that are small enough for one are
        split one after the other, so that there is one such matrix at a time.
        """
        opened = []
        for node in roots:
            if self._is_open(node.vertices.size, node.depth):
                opened.append(node)
            else:
                node.close()
        large = [node for node in opened if isinstance(node.source, LargeSource)]
        self._grow_dense(
            [node for node in opened if not isinstance(node.source, LargeSource)]
        )
        while large:
            node = large.pop()
            if node.vertices.size > node.source.limit:
                large += self._divided(self._split_large(node))
            else:
                source = node.source.dense(node.vertices)
                vertices = np.arange(node.vertices.size)
                self._grow_dense([replace(node, source=source, vertices=vertices)])

    def _grow_dense(self, roots: list[_Node]) -> None:
        """Split nodes and all that comes of them.

        Parts are smaller than their node. So once all large nodes are split,
        each by itself, going down from the largest size meets all nodes of one
        size at once, whatever tree they belong to.
        """
        waiting: dict[int, list[_Node]] = defaultdict(list)

        def large(nodes: list[_Node]) -> list[_Node]:
            """Return the large ones and let the others wait."""
            for node in nodes:
                if not self._is_large(node):
                    waiting[node.vertices.size].append(_in_first_source(node))
            return [node for node in nodes if self._is_large(node)]

        alone = large(roots)
        while alone:
            alone += large(self._divided(self._split([alone.pop()])))
        while waiting:
            size = max(waiting)
            nodes = waiting.pop(size)
            step = max(1, STACK // size**2)
            for begin in range(0, len(nodes), step):
                results = self._split(nodes[begin : begin + step])
                for child in self._divided(results):
                    waiting[child.vertices.size].append(child)

    def _is_open(self, size: int, depth: int) -> bool:
        """Return whether a node of some vertices may be split."""
        gates = self.gates
        if gates.max_depth is not None and depth >= gates.max_depth:
            return False
        return size >= 2 and size > gates.min_size

    def _is_large(self, node: _Node) -> bool:
        return node.vertices.size > TOGETHER[is_numpy(node.source.affinity)]

    def _divided(self, results: list[_Result]) -> list[_Node]:
        """Return the parts of nodes that may be split in turn."""
        children: list[_Node] = []
        for nodes, splits, guesses in results:
            divided, parts = [], []
            for node, split in zip(nodes, splits, strict=True):
                if split is None:
                    node.close()
                    continue
                node.draft.figures[node.number] = (
                    split.ncut,
                    split.perturbation,
                    split.eigengap,
                )
                divided.append(node)
                parts.append(split.parts)
            if divided:
                children += self._children(divided, np.stack(parts), guesses)
        return children

    def _split(self, group: list[_Node]) -> list[_Result]:
        """Split nodes of one size."""
        if self._is_large(group[0]):
            group = [_in_own_source(group[0])]
        by_source: dict[int, list[_Node]] = defaultdict(list)
        for node in group:
            by_source[id(node.source)].append(node)
        parts = [
            nodes[0].source.part(np.stack([node.vertices for node in nodes]))
            for nodes in by_source.values()
        ]
        ordered = [node for nodes in by_source.values() for node in nodes]
        affinity, weights = parts[0]
        if len(parts) > 1:
            xp = namespace(affinity)
            affinity = xp.concat([entry[0] for entry in parts], axis=0)
            weights = xp.concat([entry[1] for entry in parts], axis=0)
        alone = self._is_large(ordered[0])
        if alone:
            # A small one stays a stack of one: its figures are to be the same to the
            # last bit in company.
            affinity, weights = affinity[0, ...], weights[0, ...]
        splits, guesses = split_affinities(
            affinity,
            weights,
            self.gates,
            self_affinity=self.self_affinity,
            assign_labels=self.assign_labels,
            seeds=[self._seed(node) for node in ordered],
            start=ordered[0].start if alone else None,
        )
        results: list[_Result] = []
        begin = 0
        for nodes in by_source.values():
            results.append((nodes, splits[begin : begin + len(nodes)], guesses))
            begin += len(nodes)
        return results

    def _split_large(self, node: _Node) -> list[_Result]:
        """Split a node that is too large for an affinity matrix."""
        source = node.source
        groups = None
        if source.graph is None:
            grouped, groups = source.grouped(node.vertices)
            everything = np.arange(grouped.size)[None]
            affinity, weights = (part[0, ...] for part in grouped.part(everything))
            graph = normalise(affinity)
        else:
            graph, weights = source.factored(node.vertices)
        splits, guesses = split_normalised(
            graph,
            weights,
            self.gates,
            self_affinity=self.self_affinity,
            assign_labels=self.assign_labels,
            seeds=[self._seed(node)],
            start=node.start,
        )
        if groups is None:
            return [([node], splits, guesses)]
        if splits[0] is None:
            return [([node], splits, None)]
        split = replace(splits[0], parts=splits[0].parts[groups])
        return [([node], [split], None)]

    def _seed(self, node: _Node) -> int:
        return node_seed(self.seed, node.path) if self._has_paths() else self.seed

    def _has_paths(self) -> bool:
        # Two parts come from a sweep, which draws nothing.
        return self.gates.max_branching > 3

    def _children(
        self, nodes: list[_Node], parts: NDArray[np.intp], guesses: Array | None
    ) -> list[_Node]:
        """Return the open parts of nodes of one source and one size.

        All of them are told apart at once; most are of a few vertices, of which
        there are as many as regions.
        """
        n_parts = int(parts.max()) + 1
        parts = (parts + n_parts * np.arange(len(nodes))[:, None]).ravel()
        order = np.argsort(parts, kind="stable")
        vertices = np.concatenate([node.vertices for node in nodes])[order]
        names = nodes[0].source.names(vertices)
        sizes = np.bincount(parts, minlength=n_parts * len(nodes))
        sizes = sizes.reshape(len(nodes), n_parts)
        children, begin = [], 0
        for node, counts in zip(nodes, sizes.tolist(), strict=True):
            draft = node.draft
            for rank, count in enumerate(counts):
                if count == 0:
                    # Others of these nodes have more parts.
                    break
                number = draft.add(node.number)
                end = begin + count
                if self._is_open(count, node.depth + 1):
                    start = None
                    if guesses is not None and count >= START:
                        xp = namespace(guesses)
                        chosen = like(order[begin:end], guesses)
                        start = xp.take(guesses, chosen, axis=0)
                    path = (*node.path, rank) if self._has_paths() else ()
                    children.append(
                        _Node(
                            draft,
                            node.source,
                            number,
                            vertices[begin:end],
                            node.depth + 1,
                            path,
                            start,
                        )
                    )
                else:
                    draft.place(number, names[begin:end])
                begin = end
        return children


def _in_first_source(node: _Node) -> _Node:
    """Return a small node as a part of the source that its own was taken from.

    So that it is split together with others, whatever source they came to.
    """
    source = node.source
    if source.origin is None:
        return node
    return replace(node, source=source.origin, vertices=source.places[node.vertices])


def _in_own_source(node: _Node) -> _Node:
    """Return a large node as the whole of a source of its own, where that pays."""
    size = node.vertices.size
    if size <= BY_PAIRS or 2 * size > node.source.size:
        return node
    source = node.source.restricted(node.vertices)
    return replace(node, source=source, vertices=np.arange(size))


@dataclass(slots=True)
class _Draft:
    """A tree that grows, its nodes numbered as they come."""

    n_vertices: int
    parents: list[int] = field(init=False)
    figures: list[tuple[float, float, float]] = field(init=False)
    # Leaves, and what vertices they consist of.
    leaves: list[int] = field(init=False)
    members: list[NDArray[np.intp]] = field(init=False)

    def __post_init__(self) -> None:
        self.parents = [0]
        self.figures = [(np.nan, np.nan, np.nan)]
        self.leaves, self.members = [], []

    def add(self, parent: int) -> int:
        self.parents.append(parent)
        self.figures.append((np.nan, np.nan, np.nan))
        return len(self.parents) - 1

    def place(self, number: int, vertices: NDArray[np.intp]) -> None:
        self.leaves.append(number)
        self.members.append(vertices)

    def tree(self, leaf_labels: NDArray) -> RegionTree:
        # Nodes were made parents first; a tree wants them last.
        last = len(self.parents) - 1
        parents = (last - np.array(self.parents)[::-1]).astype(np.int32)
        sizes = [part.size for part in self.members]
        lookup = np.full(self.n_vertices + 1, -1)
        lookup[np.concatenate(self.members)] = last - np.repeat(self.leaves, sizes)
        labels, tops = canonical_labels(lookup[leaf_labels], last + 1)
        numbered, kept = canonical_parents(parents, tops)
        ncut, bound, gap = np.array(self.figures)[::-1][kept].T
        return RegionTree(numbered, labels, ncut=ncut, perturbation=bound, eigengap=gap)
