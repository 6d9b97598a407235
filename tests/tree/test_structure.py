"""Topology, regions and the invariants of a tree, against literal versions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.tree import (
    RegionTree,
    accumulate_to_ancestors,
    canonical_labels,
    canonical_parents,
)
from tests.tree import _literal as literal
from tests.tree._strategies import label_maps, parent_arrays, quick, region_trees

#        6
#      /   \
#     |     5
#     4    / \
#    / \  |   |
#   0   1 2   3
BALANCED = [4, 4, 5, 5, 6, 6, 6]


def test_known_tree():
    tree = RegionTree.from_parents(BALANCED, [[0, 0, 1, -1], [2, 3, 3, 3]])
    assert (tree.n_nodes, tree.n_leaves, tree.root, tree.height) == (7, 4, 6, 2)
    assert tree.shape == (2, 4)
    assert tree.depth.tolist() == [2, 2, 2, 2, 1, 1, 0]
    assert tree.area.tolist() == [2, 1, 1, 3, 3, 4, 7]
    assert tree.n_children.tolist() == [0, 0, 0, 0, 2, 2, 2]
    assert tree.preorder().tolist() == [6, 4, 0, 1, 5, 2, 3]
    assert tree.children(5).tolist() == [2, 3]
    assert tree.children(0).tolist() == []
    assert tree.ancestors(2).tolist() == [5, 6]
    assert tree.ancestors(6).tolist() == []
    assert tree.path(2).tolist() == [6, 5, 2]
    assert tree.path(6).tolist() == [6]
    assert tree.leaves(5).tolist() == [2, 3]
    assert tree.lca(0, 1) == 4
    assert tree.lca(0, 3) == 6
    assert tree.lca(2, 5) == 5
    assert tree.altitude.tolist() == [0, 0, 0, 0, 0.5, 0.5, 1]
    assert tree.mask(4).tolist() == [[True, True, True, False], [False] * 4]


def test_altitude_from_ncut():
    nan = np.nan
    # Of node 5, half of the image, the split is clearer than the root's; node 4 is a
    # sixteenth and all but chance.
    labels = np.repeat([0, 1, 2, 3], [1, 1, 15, 15])
    tree = RegionTree.from_parents(
        BALANCED, labels, ncut=[nan, nan, nan, nan, 0.25, 0.125, 0.125]
    )
    expected = [0, 0, 0, 0, 0.5 * 0.5, 0.75 * (30 / 32) ** 0.25, 0.75]
    np.testing.assert_allclose(tree.altitude, expected, rtol=1e-15)


def test_altitude_counts_the_parts_of_a_split():
    nan = np.nan
    tree = RegionTree.from_parents([3, 3, 3, 3], [0, 1, 2], ncut=[nan, nan, nan, 0.5])
    # Three equal parts of a graph without structure have a mean cut of two thirds.
    assert tree.altitude[3] == pytest.approx(0.25)
    worse = RegionTree.from_parents([3, 3, 3, 3], [0, 1, 2], ncut=[nan, nan, nan, 0.9])
    assert worse.altitude.tolist() == [0, 0, 0, 0]


def test_altitude_never_rises_on_the_way_down():
    nan = np.nan
    tree = RegionTree.from_parents(
        BALANCED, [0, 1, 2, 3], ncut=[nan, nan, nan, nan, 0.0, 0.125, 0.375]
    )
    assert tree.altitude.tolist() == [0, 0, 0, 0, 0.25, 0.25, 0.25]


def test_altitude_of_a_split_without_figure_is_its_parents():
    ncut = np.full(7, np.nan)
    ncut[6] = 0.25
    tree = RegionTree.from_parents(BALANCED, [0, 1, 2, 3], ncut=ncut)
    assert tree.altitude.tolist() == [0, 0, 0, 0, 0.5, 0.5, 0.5]


def test_single_node():
    tree = RegionTree.from_parents([-1], [[0, -1]])
    assert (tree.n_nodes, tree.n_leaves, tree.root, tree.height) == (1, 1, 0, 0)
    assert tree.area.tolist() == [1]
    assert tree.altitude.tolist() == [0]
    assert tree.preorder().tolist() == [0]
    assert tree.leaves(0).tolist() == [0]
    assert [mask.tolist() for mask in tree.masks()] == [[[True, False]]]


def test_long_chain_needs_no_recursion():
    n_leaves = 3000
    internal = np.arange(n_leaves, 2 * n_leaves - 1)
    parents = np.r_[internal[0], internal, internal[1:], internal[-1]]
    tree = RegionTree.from_parents(parents, np.arange(n_leaves))
    assert tree.height == n_leaves - 1
    assert tree.preorder()[:2].tolist() == [tree.root, n_leaves - 1]
    assert tree.lca(0, 1) == n_leaves
    assert tree.leaves(n_leaves + 5).tolist() == list(range(7))
    assert tree.cut(n_regions=10).n_leaves == 10


@quick
@given(tree=region_trees())
def test_structure_equals_literal(tree):
    parents = tree.parents
    nodes = range(tree.n_nodes)
    paths = [literal.path(parents, node) for node in nodes]
    assert tree.depth.tolist() == [len(path) - 1 for path in paths]
    assert tree.height == max(map(len, paths)) - 1
    assert tree.area.tolist() == [literal.area(tree, node) for node in nodes]
    assert tree.preorder().tolist() == literal.preorder(parents)
    assert [tree.path(node).tolist() for node in nodes] == paths
    assert [tree.ancestors(i).tolist() for i in nodes] == [p[-2::-1] for p in paths]
    below = [literal.children(parents, node) for node in nodes]
    assert [tree.children(node).tolist() for node in nodes] == below
    assert tree.n_children.tolist() == [len(children) for children in below]
    for node, mask in zip(nodes, tree.masks(), strict=True):
        assert tree.leaves(node).tolist() == sorted(literal.leaves_under(parents, node))
        np.testing.assert_array_equal(mask, literal.mask(tree, node))
        np.testing.assert_array_equal(tree.mask(node), mask)


@quick
@given(tree=region_trees(), data=st.data())
def test_lca_equals_literal(tree, data):
    node = st.integers(0, tree.n_nodes - 1)
    first, second = data.draw(node), data.draw(node)
    assert tree.lca(first, second) == literal.lca(tree.parents, first, second)
    assert tree.lca(np.int64(second), first) == tree.lca(first, second)


@quick
@given(tree=region_trees(given_altitude=False))
def test_altitude_equals_literal(tree):
    expected = [literal.altitude(tree, node) for node in range(tree.n_nodes)]
    np.testing.assert_allclose(tree.altitude, expected, rtol=1e-15)


@quick
@given(tree=region_trees())
def test_invariants(tree):
    inside = tree.leaf_labels >= 0
    covered = sum(tree.mask(leaf).astype(int) for leaf in range(tree.n_leaves))
    np.testing.assert_array_equal(covered, inside)
    np.testing.assert_array_equal(tree.mask(tree.root), inside)
    for node in range(tree.n_leaves, tree.n_nodes):
        parts = [tree.mask(child) for child in tree.children(node)]
        np.testing.assert_array_equal(np.sum(parts, axis=0), tree.mask(node))
    others = np.arange(tree.root)
    assert (tree.parents[:-1] > others).all()
    assert tree.parents[tree.root] == tree.root
    assert (tree.altitude[tree.parents] >= tree.altitude).all()
    assert np.isfinite(tree.altitude).all()


@quick
@given(tree=region_trees(), data=st.data())
def test_accumulate_equals_literal(tree, data):
    columns = data.draw(st.sampled_from([(), (3,), (2, 2)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    values = rng.integers(-9, 9, (tree.n_leaves, *columns))
    sums = tree.accumulate(values)
    assert sums.shape == (tree.n_nodes, *columns)
    for node in range(tree.n_nodes):
        leaves = sorted(literal.leaves_under(tree.parents, node))
        np.testing.assert_array_equal(sums[node], values[leaves].sum(axis=0))
    np.testing.assert_array_equal(accumulate_to_ancestors(tree.parents, values), sums)


@pytest.mark.parametrize(
    ("values", "total"),
    [
        (np.array([200, 200, 1, 1], dtype=np.uint8), 402),
        (np.array([True, True, False, True]), 3),
        (np.array([0.5, 0.5, 0.25, 0.25], dtype=np.float32), 1.5),
    ],
)
def test_accumulate_widens_like_sum(values, total):
    tree = RegionTree.from_parents(BALANCED, [0, 1, 2, 3])
    sums = tree.accumulate(values)
    assert sums[tree.root] == total
    assert sums.dtype == values.sum().dtype


def test_accumulate_refuses_wrong_lengths():
    tree = RegionTree.from_parents(BALANCED, [0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"leaf_values .* 4 leaves, got shape \(3,\)"):
        tree.accumulate([1, 2, 3])
    with pytest.raises(ValueError, match=r"leaf_values .*got shape \(\)"):
        tree.accumulate(5)


@pytest.mark.parametrize("method", ["mask", "children", "ancestors", "path", "leaves"])
@pytest.mark.parametrize(
    ("node", "error"), [(7, ValueError), (-1, ValueError), (1.0, TypeError)]
)
def test_bad_nodes_are_named(method, node, error):
    tree = RegionTree.from_parents(BALANCED, [0, 1, 2, 3])
    message = rf"^node must be an integer in \[0, 6\], got {node!r}\.$"
    with pytest.raises(error, match=message):
        getattr(tree, method)(node)


def test_bad_nodes_of_lca_are_named():
    tree = RegionTree.from_parents(BALANCED, [0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"^first must .*got 9"):
        tree.lca(9, 0)
    with pytest.raises(TypeError, match=r"^second must .*got True"):
        tree.lca(0, True)


@quick
@given(data=st.data())
def test_canonical_labels_equal_literal(data):
    n_labels = data.draw(st.integers(1, 8))
    labels = data.draw(label_maps(n_labels))
    labels[labels == data.draw(st.integers(0, n_labels - 1))] = -1
    relabelled, kept = canonical_labels(labels, n_labels)
    seen = []
    for label in labels.ravel().tolist():
        if label >= 0 and label not in seen:
            seen.append(label)
    assert kept.tolist() == seen
    expected = [seen.index(x) if x >= 0 else -1 for x in labels.ravel().tolist()]
    assert relabelled.ravel().tolist() == expected
    assert relabelled.shape == labels.shape
    assert relabelled.dtype == np.int32


@quick
@given(parents=parent_arrays(), data=st.data())
def test_canonical_parents_without_some_leaves(parents, data):
    parents = parents.astype(np.int32)
    n_leaves = len(literal.leaves_under(parents, len(parents) - 1))
    order = data.draw(st.permutations(range(n_leaves)))
    order = np.array(order[: data.draw(st.integers(1, n_leaves))])
    new, kept = canonical_parents(parents, order)
    assert kept[: order.size].tolist() == order.tolist()
    alive = set()
    for leaf in order.tolist():
        alive |= set(literal.path(parents, leaf))
    assert set(kept.tolist()) == alive
    np.testing.assert_array_equal(kept[new], parents[kept])
    depths = [len(literal.path(parents, node)) for node in kept[order.size :].tolist()]
    assert depths == sorted(depths, reverse=True)
    assert (new[:-1] > np.arange(new.size - 1)).all()
