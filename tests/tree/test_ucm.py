"""Trees of contour maps, against connected parts under every threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import label
from skimage.metrics import adapted_rand_error

from skuhas import RegionTree, make_nested_scene


def parts_under(contours, threshold):
    """Return the parts that contours above a threshold leave, as a label map."""
    free = contours <= threshold
    free[1::2, 1::2] = True
    free[::2, ::2] = False
    return label(free, connectivity=1)[1::2, 1::2]


def regions_under(tree, threshold):
    """Return the topmost nodes of at most a threshold, as a label map."""
    top = np.arange(tree.n_nodes)
    for node in range(tree.n_nodes - 2, -1, -1):
        above = top[tree.parents[node]]
        if tree.altitude[above] <= threshold:
            top[node] = above
    return top[tree.leaf_labels]


def same_partition(first, second):
    pairs = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1).shape[1]
    return pairs == np.unique(first).size == np.unique(second).size


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**32 - 1)
)
def test_regions_are_what_thresholded_contours_leave(height, width, steps, seed):
    # Of any map, ultrametric or not.
    rng = np.random.default_rng(seed)
    contours = rng.integers(0, steps + 1, (2 * height + 1, 2 * width + 1)) / steps
    contours[1::2, 1::2] = 0
    tree = RegionTree.from_ucm(contours)
    assert tree == tree.cut()
    levels = np.unique(contours)
    for threshold in levels:
        expected = parts_under(contours, threshold)
        assert same_partition(regions_under(tree, threshold), expected)
    # Nodes of one child, or as high as their parent, would be seen at no threshold.
    inner = np.arange(tree.n_leaves, tree.n_nodes - 1)
    assert (tree.altitude[inner] < tree.altitude[tree.parents[inner]]).all()
    assert (tree.n_children[tree.n_leaves :] >= 2).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_trees_saliency_gives_the_tree_back(seed):
    scene = make_nested_scene((48, 64), random_state=seed)
    contours = scene.tree.saliency(double=True)
    tree = RegionTree.from_ucm(contours)
    np.testing.assert_array_equal(tree.saliency(double=True), contours)
    with_shape = RegionTree.from_ucm(contours, (48, 64))
    assert tree == with_shape
    # Parts of a region that do not touch are leaves of their own.
    assert tree.n_leaves >= scene.tree.n_leaves


def test_contours_on_pixels():
    contours = np.zeros((5, 7))
    contours[:, 2] = 0.2
    contours[:, 5] = 0.7
    contours[2, :2] = 0.1
    tree = RegionTree.from_ucm(contours, (5, 7))
    assert tree.n_leaves == 4
    np.testing.assert_allclose(tree.altitude[4:], [0.1, 0.2, 0.7])
    labels = tree.leaf_labels
    assert len({labels[0, 0], labels[4, 0], labels[0, 3], labels[0, 6]}) == 4
    # Contour pixels belong to a neighbour of theirs.
    assert (labels >= 0).all()
    assert labels[0, 2] in (labels[0, 1], labels[0, 3])
    assert labels[0, 5] in (labels[0, 4], labels[0, 6])


def test_both_sizes_tell_the_same_tree():
    scene = make_nested_scene((96, 128), depth=2, random_state=1)
    double = RegionTree.from_ucm(scene.tree.saliency(double=True))
    single = RegionTree.from_ucm(scene.tree.saliency(), (96, 128))
    assert single.n_leaves == double.n_leaves
    assert adapted_rand_error(double.leaf_labels + 1, single.leaf_labels + 1)[0] < 0.05
    heights = (np.unique(tree.altitude) for tree in (single, double))
    np.testing.assert_array_equal(*heights)


def test_equal_strengths_are_one_node():
    contours = np.zeros((3, 9))
    contours[:, [2, 4, 6]] = 0.5
    tree = RegionTree.from_ucm(contours)
    assert (tree.n_leaves, tree.n_nodes) == (4, 5)


def test_regions_without_valid_pixel_go():
    contours = np.zeros((3, 7))
    contours[:, 2], contours[:, 4] = 0.3, 0.8
    tree = RegionTree.from_ucm(contours, valid=np.array([[True, False, True]]))
    np.testing.assert_array_equal(tree.leaf_labels, [[0, -1, 1]])
    np.testing.assert_allclose(tree.altitude, [0, 0, 0.8])
    alone = RegionTree.from_ucm(contours, valid=np.array([[False, True, False]]))
    assert alone.n_nodes == 1


@pytest.mark.parametrize(
    ("contours", "shape", "message"),
    [
        (np.zeros((4, 5)), None, r"twice the image's size plus one, got \(4, 5\)"),
        (
            np.zeros((7, 9)),
            (4, 4),
            r"4 x 4 must have shape \(9, 9\) or \(4, 4\), got \(7, 9\)",
        ),
        (np.zeros((3, 3, 3)), None, "one map of numbers"),
        (np.full((3, 3), "a"), None, "one map of numbers"),
        (np.full((3, 3), np.nan), None, "finite and at least 0"),
        (np.array([[0, -1.0, 0]]), (1, 3), "finite and at least 0"),
        (np.full((3, 3), 0.1), None, "no ultrametric contour map"),
    ],
)
def test_maps_that_are_none(contours, shape, message):
    with pytest.raises(ValueError, match=message):
        RegionTree.from_ucm(contours, shape)
