"""Which parts of a tree compete for pixels with one another, and in what order."""

import heapq
from itertools import pairwise

import numpy as np


class Hierarchy:
    """A tree as intervals: the leaves under a node lie together in pre-order.

    A list of nodes whose leaves lie together stands for the union of them.

    Parameters
    ----------
    tree : RegionTree
    n_regions : int or None
        Nodes inside the regions of this cut are never opened.
    """

    def __init__(self, tree, n_regions=None):
        self._tree = tree
        self.n_leaves = tree.n_leaves
        self._start = np.empty(tree.n_nodes, dtype=np.intp)
        self._start[tree.preorder()] = np.arange(tree.n_nodes)
        size = np.ones(tree.n_nodes, dtype=np.intp)
        for node, parent in enumerate(tree.parents[:-1]):
            size[parent] += size[node]
        self._stop = self._start + size
        self._may_open = np.zeros(tree.n_nodes, dtype=bool)
        self._may_open[tree.n_leaves :] = True
        if n_regions is not None:
            closed = self._divided([tree.root], n_regions, at_least_once=False)
            self._may_open[closed] = False
            # Parents come after their children, and closing passes downwards.
            for node in range(tree.n_nodes - 2, -1, -1):
                self._may_open[node] &= self._may_open[tree.parents[node]]

    def leaf_positions(self, labels):
        """Return the place in pre-order of every pixel's leaf, -1 for none."""
        places = np.append(self._start[: self._tree.n_leaves], -1)
        return places[labels]

    def interval(self, nodes):
        """Return where the leaves of a list of nodes start and stop in pre-order."""
        return self._start[nodes[0]], self._stop[nodes[-1]]

    def first_leaf(self, node):
        """Return the first leaf under a node in pre-order."""
        children = self._tree.children(node)
        while children.size:
            node = children[0]
            children = self._tree.children(int(node))
        return int(node)

    def is_closed(self, nodes):
        """Return whether a list of nodes is one that cannot be divided."""
        return len(nodes) == 1 and not self._may_open[nodes[0]]

    def divided(self, nodes, most):
        """Return a list of nodes as at most so many lists, in pre-order.

        The highest nodes are opened first, by the rules of a cut to a number of
        regions. Where a node has more children than `most`, neighbours among
        them stay together.

        Parameters
        ----------
        nodes : list of int
        most : int

        Returns
        -------
        list of list of int
        """
        parts = self._divided(nodes, most, at_least_once=len(nodes) == 1)
        if len(parts) <= most:
            return [[part] for part in parts]
        bounds = np.linspace(0, len(parts), most + 1).astype(int)
        return [parts[first:last] for first, last in pairwise(bounds)]

    def _divided(self, nodes, most, *, at_least_once):
        tree = self._tree
        heap, parts = [], []

        def add(node):
            if self._may_open[node]:
                entry = (-tree.altitude[node], -tree.area[node], -node)
                heapq.heappush(heap, entry)
            else:
                parts.append(node)

        for node in nodes:
            add(node)
        count = len(nodes)
        while heap:
            node = -heap[0][2]
            children = tree.children(node).tolist()
            if count + len(children) - 1 > most and not at_least_once:
                break
            at_least_once = False
            heapq.heappop(heap)
            count += len(children) - 1
            for child in children:
                add(child)
        parts += [-negative for _, _, negative in heap]
        return sorted(parts, key=self._start.__getitem__)
