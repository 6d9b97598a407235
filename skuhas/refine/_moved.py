"""The tree after its pixels have moved between leaves."""

import numpy as np

from skuhas.tree import RegionTree, canonical_labels, canonical_parents

FIGURES = ("ncut", "perturbation", "eigengap")


def with_labels(tree, labels):
    """Return the tree with another leaf for every pixel.

    Leaves without a pixel go, and so do nodes left without leaves. A node that
    had several children and keeps one gives its place to that one, which has
    the same region.

    Parameters
    ----------
    tree : RegionTree
    labels : ndarray of the shape of ``tree.leaf_labels``, dtype int32
        Leaves of `tree`, at least one of them, and -1.

    Returns
    -------
    RegionTree
        Numbered canonically.
    """
    labels, leaves = canonical_labels(labels, tree.n_leaves)
    is_kept = np.zeros(tree.n_nodes, dtype=bool)
    is_kept[leaves] = True
    n_children = np.zeros(tree.n_nodes, dtype=np.intp)
    # Children come before their parents.
    for node, parent in enumerate(tree.parents[:-1]):
        if is_kept[node]:
            is_kept[parent] = True
            n_children[parent] += 1
    gives_place = is_kept & (n_children == 1) & (tree.n_children > 1)
    parents = tree.parents.astype(np.intp)
    for node in range(tree.n_nodes - 1, -1, -1):
        above = parents[node]
        if node != above and gives_place[above]:
            # The one above has been passed already, and points past its like.
            is_root = parents[above] == above
            parents[node] = node if is_root and is_kept[node] else parents[above]
    new_parents, nodes = _canonical(parents, is_kept & ~gives_place, leaves)
    figures = {name: getattr(tree, name)[nodes] for name in FIGURES}
    data = {name: values[nodes] for name, values in tree.node_data.items()}
    return RegionTree(
        new_parents, labels, **figures, altitude=tree.altitude[nodes], node_data=data
    )


def _canonical(parents, is_kept, leaves):
    """Return canonical parents of the nodes kept, and their old numbers."""
    old = np.flatnonzero(is_kept)
    new = np.full(parents.size, -1, dtype=np.int32)
    new[old] = np.arange(old.size)
    compact = new[parents[old]]
    result, order = canonical_parents(compact, new[leaves].astype(np.intp))
    return result, old[order]
