"""Trees after a move, and which parts compete: no CRF is needed for these."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas import DenseCRF, HierarchicalSpectralSegmenter, RegionTree
from skuhas.refine._descent import _within_regions
from skuhas.refine._interpolation import interpolation_matrix
from skuhas.refine._moved import with_labels
from skuhas.refine._parts import Hierarchy
from skuhas.refine._sizes import is_of_whole_cells, nearest
from skuhas.tree import token_weights
from tests.tree._strategies import quick, region_trees

seeds = st.integers(0, 2**32 - 1)


def numbered(tree):
    """Return the tree with the number of every node beside it."""
    return RegionTree.from_parents(
        tree.parents,
        tree.leaf_labels,
        ncut=tree.ncut,
        perturbation=tree.perturbation,
        eigengap=tree.eigengap,
        altitude=tree.altitude,
        node_data={"old": np.arange(tree.n_nodes)},
    )


def assert_descends_from(new, old):
    """Check that a tree is what is left of another one after its pixels moved."""
    assert new.cut() == new
    np.testing.assert_array_equal(new.leaf_labels < 0, old.leaf_labels < 0)
    origin = new.node_data["old"]
    assert (origin[: new.n_leaves] < old.n_leaves).all()
    for name in ("ncut", "perturbation", "eigengap", "altitude"):
        values = getattr(new, name)[new.n_leaves :]
        expected = getattr(old, name)[origin[new.n_leaves :]]
        np.testing.assert_array_equal(values, expected)
    for node in range(new.n_nodes - 1):
        assert origin[new.parents[node]] in old.ancestors(int(origin[node]))
    alone = new.n_children == 1
    assert (old.n_children[origin[alone]] == 1).all()


@quick
@given(region_trees(image=True), seeds)
def test_regions_after_a_move_are_those_of_the_nodes_that_have_pixels(tree, seed):
    random = np.random.default_rng(seed)
    few = random.permutation(tree.n_leaves)[: random.integers(1, tree.n_leaves + 1)]
    labels = np.where(
        tree.leaf_labels < 0, -1, random.choice(few, tree.shape).astype(np.int32)
    )
    tree = numbered(tree)
    moved = with_labels(tree, labels)
    expected = set()
    for node in range(tree.n_nodes):
        mask = np.isin(labels, tree.leaves(node))
        if mask.any():
            expected.add(mask.tobytes())
    assert {mask.tobytes() for mask in moved.masks()} == expected
    origin = moved.node_data["old"]
    np.testing.assert_array_equal(
        origin[moved.leaf_labels][labels >= 0], labels[labels >= 0]
    )
    assert_descends_from(moved, tree)


@quick
@given(region_trees(image=True))
def test_without_a_move_only_the_numbering_may_change(tree):
    assert with_labels(tree, tree.leaf_labels) == tree.cut()


@quick
@given(region_trees(), st.integers(2, 4), st.integers(1, 9))
def test_parts_are_few_and_end_in_the_regions_of_the_cut(tree, most, n_regions):
    hierarchy = Hierarchy(tree, n_regions)
    places = hierarchy.leaf_positions(np.arange(tree.n_leaves))
    waiting, closed = [[tree.root]], []
    while waiting:
        nodes = waiting.pop()
        if hierarchy.is_closed(nodes):
            closed.append(nodes[0])
            continue
        parts = hierarchy.divided(nodes, most)
        assert 1 <= len(parts) <= most
        start, stop = hierarchy.interval(nodes)
        for part in parts:
            first, last = hierarchy.interval(part)
            leaves = np.concatenate([tree.leaves(node) for node in part])
            inside = (places >= first) & (places < last)
            np.testing.assert_array_equal(np.flatnonzero(inside), np.sort(leaves))
            assert start <= first
            assert last <= stop
        waiting += parts
    regions = np.empty(tree.n_leaves, dtype=int)
    for node in closed:
        regions[tree.leaves(node)] = node
    valid = tree.leaf_labels >= 0
    own = regions[tree.leaf_labels[valid]]
    expected = tree.labels(n_regions=n_regions)[valid]
    assert len({*zip(own, expected, strict=True)}) == len(set(own))
    assert len(set(own)) == len(set(expected)) == len(closed)


def test_a_node_with_many_children_is_divided_in_rounds():
    tree = RegionTree.from_parents([7] * 7 + [-1], np.arange(7).reshape(1, 7))
    hierarchy = Hierarchy(tree)
    parts = hierarchy.divided([7], 3)
    assert parts == [[0, 1], [2, 3], [4, 5, 6]]
    assert hierarchy.divided(parts[2], 3) == [[4], [5], [6]]
    assert hierarchy.divided(parts[2], 2) == [[4], [5, 6]]


def test_the_highest_nodes_are_opened_first():
    parents = [4, 4, 5, 5, 6, 6, -1]
    altitude = [0, 0, 0, 0, 0.2, 0.5, 1]
    tree = RegionTree.from_parents(parents, [[0, 1, 2, 3]], altitude=altitude)
    assert Hierarchy(tree).divided([6], 3) == [[4], [2], [3]]
    closed = Hierarchy(tree, 3)
    assert [closed.is_closed([node]) for node in range(7)] == [
        *([True] * 5),
        False,
        False,
    ]
    assert closed.divided([6], 8) == [[4], [2], [3]]


def test_pixels_that_come_take_the_nearest_leaf_of_their_region():
    # Two regions of two leaves each; the first gains a column of the second.
    labels = np.array([[0, 0, 2, 2], [1, 1, 3, 3]], dtype=np.int32)
    tree = RegionTree.from_parents([4, 4, 5, 5, 6, 6, -1], labels)
    hierarchy = Hierarchy(tree, 2)
    region = np.array([[4, 4, 4, 5], [4, 4, 4, 5]])
    places = hierarchy.leaf_positions(labels)
    moved = _within_regions(hierarchy, labels, places, region)
    np.testing.assert_array_equal(moved, [[0, 0, 0, 2], [1, 1, 1, 3]])
    # A region whose own pixels have all left has no nearest one.
    swapped = np.array([[5, 5, 4, 4], [5, 5, 4, 4]])
    moved = _within_regions(hierarchy, labels, places, swapped)
    np.testing.assert_array_equal(moved, [[2, 2, 0, 0], [2, 2, 0, 0]])
    outside = np.where(labels == 3, -1, labels).astype(np.int32)
    region = np.where(labels == 3, -1, region)
    places = hierarchy.leaf_positions(outside)
    moved = _within_regions(hierarchy, outside, places, region)
    np.testing.assert_array_equal(moved, [[0, 0, 0, 2], [1, 1, -1, -1]])


@pytest.mark.parametrize("grid", [(3, 4), (1, 5), (6, 1), (9, 11), (20, 30)])
def test_interpolation_is_that_of_pooling(grid):
    shape = (9, 11)
    matrix = interpolation_matrix(shape, grid)
    each = np.arange(99).reshape(shape)
    np.testing.assert_allclose(
        matrix.toarray(), token_weights(each, grid, 99).toarray(), atol=1e-6
    )


def test_leaves_of_whole_cells_are_told_from_others():
    cells = np.arange(12).reshape(3, 4) // 2
    labels = nearest(cells, (31, 45))
    assert is_of_whole_cells(labels, (3, 4))
    masked = labels.copy()
    masked[10:14, 5:30] = -1
    assert is_of_whole_cells(masked, (3, 4))
    shifted = np.roll(labels, 1, axis=1)
    assert not is_of_whole_cells(shifted, (3, 4))
    # Cells of one pixel would fit any map.
    assert not is_of_whole_cells(labels, labels.shape)


def test_the_library_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    message = r'pip install "skuhas\[crf\]"'
    tree = RegionTree.from_parents([2, 2, -1], [[0, 1]])
    image = np.zeros((1, 2, 3), dtype=np.uint8)
    with pytest.raises(ImportError, match=message):
        DenseCRF().refine(tree, np.ones((1, 2, 1)), image)
    with pytest.raises(ImportError, match=message):
        HierarchicalSpectralSegmenter(refine="crf").fit(np.ones((1, 2, 2, 1)))
    # Without refinement nothing needs it.
    HierarchicalSpectralSegmenter().fit(np.ones((1, 2, 2, 1)))
