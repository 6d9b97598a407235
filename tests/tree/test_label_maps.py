"""Trees of nested label maps: known parents, round trips, maps that cross."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.tree import RegionTree
from tests.tree._strategies import region_trees


def test_two_maps_by_hand():
    fine, coarse = [[1, 2, 7, -1], [1, 2, 2, -1]], [[5, 5, 4, -1], [5, 5, 5, -1]]
    with pytest.raises(ValueError, match=r"region 2 of maps\[0\] crosses"):
        RegionTree.from_label_maps([[[1, 2, 2]], [[5, 5, 4]]])
    tree = RegionTree.from_label_maps([fine, coarse])
    np.testing.assert_array_equal(tree.leaf_labels, [[0, 1, 2, -1], [0, 1, 1, -1]])
    np.testing.assert_array_equal(tree.parents, [3, 3, 4, 4, 4])
    np.testing.assert_array_equal(tree.altitude, [0, 0, 0, 0.5, 1])
    assert RegionTree.from_label_maps([coarse, fine]) == tree


def test_a_region_that_stays_is_one_node_and_one_map_is_flat():
    tree = RegionTree.from_label_maps([[0, 1, 2], [0, 1, 1], [0, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(tree.parents, [4, 3, 3, 4, 4])
    np.testing.assert_allclose(tree.altitude, [0, 0, 0, 1 / 3, 1])
    flat = RegionTree.from_label_maps([np.array([[3, 3], [9, 10**12]])])
    np.testing.assert_array_equal(flat.parents, [3, 3, 3, 3])
    assert RegionTree.from_label_maps([[[4, 4]]]) == RegionTree([0], [[0, 0]])


@given(region_trees(figures=False), st.integers(0, 2**32 - 1))
def test_levels_of_a_tree_give_it_back(tree, seed):
    # One map for every depth has every region; labels may be any numbers.
    rng = np.random.default_rng(seed)
    maps = []
    for depth in range(tree.height + 1):
        labels = tree.labels(depth=depth)
        names = rng.choice(10**6, labels.max() + 1, replace=False)
        maps.append(np.where(labels < 0, -1, names[labels]))
    found = RegionTree.from_label_maps(maps)
    np.testing.assert_array_equal(found.leaf_labels, tree.cut().leaf_labels)
    regions = {tree.mask(node).tobytes() for node in range(tree.n_nodes)}
    assert {found.mask(node).tobytes() for node in range(found.n_nodes)} == regions
    # No region twice, so that nodes of one child are gone.
    assert found.n_nodes == len(regions)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ([], "maps"),
        (3, "maps"),
        ([[[0.5, 1]]], r"maps\[0\] must be a non-empty integer array"),
        ([np.zeros((0, 3), int)], r"maps\[0\] must be a non-empty"),
        ([np.zeros((1, 2, 3), int)], r"maps\[0\] must be a non-empty"),
        ([[0, 1], [-2, 1]], r"maps\[1\] must be at least -1, got -2"),
        ([[0, 1], [0, 1, 1]], r"one shape, got \(2,\) for maps\[0\] and \(3,\) for m"),
        ([[[0, -1]], [[0, 0]]], r"only one of maps\[0\] and maps\[1\] .* \(0, 1\)"),
        ([[-1, -1]], "no region: every pixel is -1"),
        (
            [[7, 7, 3, 3, 1], [4, 5, 6, 8, 9], [2, 2, 4, 6, 6]],
            r"region 7 of maps\[0\] crosses regions 4, 5 of",
        ),
        (
            [[0, 1, 1, 2, 2], [5, 5, 6, 6, 8]],
            r"1 of maps\[0\] crosses regions 5, 6 of maps\[1\], and so do 1 more",
        ),
        ([np.zeros(7, int), np.arange(7), [0, 0, 0, 1, 1, 1, 1]], r"crosses regions"),
    ],
)
def test_maps_that_are_not_nested(maps, message):
    with pytest.raises((TypeError, ValueError), match=message):
        RegionTree.from_label_maps(maps)
