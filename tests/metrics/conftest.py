"""Random trees for the tests of this folder."""

import numpy as np
import pytest

from skuhas.tree import RegionTree


def make_random_tree(rng, shape, n_leaves, *, chains=True, outside=0.0):
    """Merge random groups of regions, of one too where `chains`, into a root."""
    labels = rng.integers(0, n_leaves, shape)
    labels[rng.random(shape) < outside] = -1
    present = np.unique(labels[labels >= 0])
    if present.size == 0:
        labels[0, 0], present = 0, np.array([0])
    labels = np.where(labels < 0, -1, np.searchsorted(present, labels))
    top = list(range(present.size))
    parents = dict.fromkeys(top, -1)
    while len(top) > 1 or (chains and rng.random() < 0.3):
        node = len(parents)
        parents[node] = -1
        smallest = 1 if chains and rng.random() < 0.3 else min(2, len(top))
        size = min(len(top), int(rng.integers(smallest, 4)))
        for child in rng.choice(top, size, replace=False):
            parents[int(child)] = node
            top.remove(child)
        top.append(node)
        # Chains may not go on for ever.
        chains = chains and node < 4 * n_leaves
    return RegionTree.from_parents(list(parents.values()), labels)


@pytest.fixture(scope="session")
def random_tree():
    return make_random_tree
