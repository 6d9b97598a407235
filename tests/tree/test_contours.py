"""Ultrametric contour maps, against pixel loops and against the cuts."""

import numpy as np
import pytest
from hypothesis import given

from skuhas.tree import RegionTree
from tests.tree import _literal as literal
from tests.tree._strategies import quick, region_trees


def test_known_contours():
    tree = RegionTree.from_parents(
        [3, 3, 4, 4, 4], [[0, 1], [2, 2]], altitude=[0, 0, 0, 0.25, 1]
    )
    assert tree.saliency().tolist() == [[1, 1], [0, 0]]
    assert tree.saliency(double=True).tolist() == [
        [0, 0, 0.25, 0, 0],
        [0, 0, 0.25, 0, 0],
        [1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_pixels_outside_every_region_have_the_roots_contour():
    tree = RegionTree.from_parents([2, 2, 2], [[0, -1, -1, 1]], altitude=[0, 0, 0.5])
    assert tree.saliency().tolist() == [[0.5, 0, 0.5, 0]]


def test_one_pixel():
    tree = RegionTree.from_parents([0], [[0]])
    assert tree.saliency().tolist() == [[0]]
    assert tree.saliency(double=True).tolist() == [[0] * 3] * 3


@quick
@given(tree=region_trees(image=True))
def test_saliency_equals_literal(tree):
    single, double = tree.saliency(), tree.saliency(double=True)
    assert single.dtype == double.dtype == np.float32
    np.testing.assert_allclose(single, literal.saliency(tree), rtol=1e-7)
    np.testing.assert_allclose(double, literal.double_saliency(tree), rtol=1e-7)


@quick
@given(tree=region_trees(image=True, given_altitude=True))
def test_thresholds_of_the_double_map_are_cuts(tree):
    # Given altitudes are multiples of a quarter, which float32 holds exactly.
    double = tree.saliency(double=True)
    for threshold in (0, 0.1, 0.25, 0.5, 0.75, 0.9):
        higher = [
            node
            for node in range(tree.n_leaves, tree.n_nodes)
            if tree.altitude[node] > threshold
        ]
        labels = literal.canonical(tree, set(higher))[1]
        if tree.altitude[tree.root] <= threshold:
            labels[:] = 0
        contour = double > threshold
        right, down = contour[1::2, 2:-1:2], contour[2:-1:2, 1::2]
        np.testing.assert_array_equal(right, labels[:, 1:] != labels[:, :-1])
        np.testing.assert_array_equal(down, labels[1:] != labels[:-1])
        # Closed: walking between unblocked neighbours never leaves a region,
        # and no contour ends at a corner inside the image.
        found = literal.components(right, down)
        pairs = set(zip(found.ravel().tolist(), labels.ravel().tolist(), strict=True))
        assert len(pairs) == found.max() + 1
        meeting = (
            contour[1:-2:2, 2:-1:2].astype(int)
            + contour[3::2, 2:-1:2]
            + contour[2:-1:2, 1:-2:2]
            + contour[2:-1:2, 3::2]
        )
        assert not (meeting == 1).any()
        np.testing.assert_array_equal(contour[2:-1:2, 2:-1:2], meeting > 0)


def test_saliency_needs_an_image():
    tree = RegionTree.from_parents([2, 2, 2], [0, 1])
    with pytest.raises(ValueError, match=r"saliency needs .* leaf_labels .*\(2,\)"):
        tree.saliency()
