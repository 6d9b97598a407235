import numpy as np
import pytest

from skuhas import ColorFeatures, WatershedHierarchy
from skuhas.baselines._watershed import topmost


def test_the_top_of_a_tree():
    parents = np.array([4, 4, 5, 5, 6, 6, 6])
    altitude = np.array([0, 0, 0, 0, 0.2, 0.5, 0.9])
    for n_leaves, expected, heights in (
        (1, [0, 0, 0, 0], [0]),
        (2, [0, 0, 1, 1], [0, 0, 0.9]),
        (3, [2, 2, 0, 1], [0, 0, 0, 0.5, 0.9]),
        (4, [0, 1, 2, 3], altitude),
        (9, [0, 1, 2, 3], altitude),
    ):
        new, kept, leaves = topmost(parents, altitude, n_leaves)
        np.testing.assert_array_equal(leaves, expected)
        np.testing.assert_array_equal(kept, heights)
        assert new[-1] == new.size - 1
        assert (new[:-1] > np.arange(new.size - 1)).all()


def test_what_does_not_fit_stays_closed():
    parents = np.array([4, 4, 4, 5, 5, 5])
    altitude = np.array([0, 0, 0, 0, 0.2, 0.5])
    assert topmost(parents, altitude, 3)[2].tolist() == [1, 1, 1, 0]
    assert topmost(parents, altitude, 4)[2].tolist() == [0, 1, 2, 3]


def test_nodes_as_low_as_leaves_are_not_opened():
    _, heights, leaves = topmost(
        np.array([3, 3, 4, 4, 4]), np.array([0, 0, 0, 0, 1]), 9
    )
    np.testing.assert_array_equal(leaves, [1, 1, 0])
    np.testing.assert_array_equal(heights, [0, 0, 1])


@pytest.fixture
def item():
    image = np.zeros((30, 60, 3), dtype=np.uint8)
    image[:, 20:30] = 40
    image[:, 30:] = 255
    return ColorFeatures(image_size=60).transform([image])[0]


@pytest.mark.parametrize("attribute", ["volume", "area", "dynamics"])
def test_basins_are_merged_by_what_lies_between(attribute, item):
    pytest.importorskip("higra")
    model = WatershedHierarchy(attribute=attribute, sigma=0.0)
    (tree,) = model.predict([item])
    leaves = np.repeat([0, 1, 2], [20, 10, 30])
    np.testing.assert_array_equal(tree.leaf_labels[0], leaves)
    np.testing.assert_array_equal(tree.labels(n_regions=2)[0], leaves // 2)
    assert tree.n_nodes == 5


def test_leaves_at_most(maps):
    pytest.importorskip("higra")
    for count in (1, 2, 7):
        for tree in WatershedHierarchy(max_leaves=count).predict(maps):
            assert count // 2 < tree.n_leaves <= count
