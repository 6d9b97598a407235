"""The nested cuts of a tree as one sequence, for scores of all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skuhas.tree import RegionTree


class NestedCuts:
    """The cuts of a tree, from the root alone to all of its leaves.

    Nodes open one after another, as in `RegionTree.cut`: from the highest
    altitude down, larger regions first among equals, then the node nearer the
    root. State s is the cut in which the first s of them are open.

    Parameters
    ----------
    tree : RegionTree

    Attributes
    ----------
    n_states : int
        One more than there are internal nodes.
    order : ndarray of shape (n_states - 1,)
        The internal nodes as they open.
    birth, death : ndarray of shape (n_nodes,)
        A node is a region of the cuts ``birth <= s < death``.
    n_regions : ndarray of shape (n_states,)
        Regions of every cut.
    """

    def __init__(self, tree: RegionTree) -> None:
        internal = np.arange(tree.n_leaves, tree.n_nodes)
        keys = (-internal, -tree.area[internal], -tree.altitude[internal])
        self.tree = tree
        self.order = internal[np.lexsort(keys)]
        self.n_states = self.order.size + 1
        self.death = np.full(tree.n_nodes, self.n_states)
        self.death[self.order] = np.arange(1, self.n_states)
        self.birth = self.death[tree.parents]
        self.birth[tree.root] = 0
        gained = tree.n_children[self.order] - 1
        self.n_regions = 1 + np.concatenate([[0], np.cumsum(gained)])

    def states_of_numbers(self, numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the states that ``cut(n_regions=n)`` gives."""
        return np.searchsorted(self.n_regions, numbers, side="right") - 1

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum a figure of the nodes over the regions of every cut."""
        tree = self.tree
        below = np.bincount(
            tree.parents[:-1], weights=values[:-1], minlength=tree.n_nodes
        )
        gained = below[self.order] - values[self.order]
        return values[tree.root] + np.concatenate([[0], np.cumsum(gained)])

    def largest(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the largest of a figure over the regions of every cut.

        Parameters
        ----------
        values : ndarray of shape (n_nodes, n_figures)
            At least 0.

        Returns
        -------
        ndarray of shape (n_states, n_figures)

        Notes
        -----
        A node's interval of cuts is the union of two that start at any place
        and are a power of two long. The largest values of all those of one
        length are handed down to the two halves of each.
        """
        length = self.death - self.birth
        level = np.frexp(length)[1] - 1
        size = np.left_shift(1, level)
        n_levels = int(level.max()) + 1
        first = level * self.n_states
        place = np.concatenate([first + self.birth, first + self.death - size])
        by_place = np.argsort(place, kind="stable")
        present, start = np.unique(place[by_place], return_index=True)
        table = np.zeros((n_levels * self.n_states, values.shape[1]))
        both = np.concatenate([values, values])[by_place]
        table[present] = np.maximum.reduceat(both, start, axis=0)
        table = table.reshape(n_levels, self.n_states, -1)
        for upper in range(n_levels - 1, 0, -1):
            half = 1 << (upper - 1)
            lower = table[upper - 1]
            np.maximum(lower, table[upper], out=lower)
            np.maximum(lower[half:], table[upper][:-half], out=lower[half:])
        return table[0]
