import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from skuhas import FeatureMap, HierarchicalSpectralSegmenter, LinkageSegmenter
from skuhas.baselines._linkage import LINKAGES
from skuhas.superpixels import describe_regions
from skuhas.tree import RegionTree


def literal(regions, color_weight, position_weight, squared):
    """Return the matrix of distances of the class's docstring, pair by pair."""
    leaves = regions.leaves
    n = leaves.areas.size
    matrix = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            x, y = leaves.descriptors[[i, j]].astype(np.float64)
            cosine = 1 - x @ y
            color = np.linalg.norm(leaves.colors[i] - leaves.colors[j]) / 100
            place = np.linalg.norm(leaves.positions[i] - leaves.positions[j])
            parts = [color_weight * color, position_weight * place]
            if squared:
                square = ((x - y) ** 2).sum() / 2
                matrix[i, j] = np.sqrt(square + parts[0] ** 2 + parts[1] ** 2)
            else:
                matrix[i, j] = max(cosine, 0) + sum(parts)
    np.fill_diagonal(matrix, 0)
    return matrix


@pytest.mark.parametrize("name", LINKAGES)
def test_trees_are_those_of_the_distances_stated(name, maps):
    for item in maps:
        regions = describe_regions(np.asarray(item), item.image)
        matrix = literal(regions, 0.5, 0.2, name == "ward")
        table = linkage(squareform(matrix, checks=False), name)
        expected = RegionTree.from_linkage(table, regions.leaf_labels)
        model = LinkageSegmenter(linkage=name, color_weight=0.5, position_weight=0.2)
        (tree,) = model.predict([item])
        np.testing.assert_array_equal(tree.leaf_labels, expected.leaf_labels)
        np.testing.assert_array_equal(tree.parents, expected.parents)
        np.testing.assert_allclose(tree.altitude, expected.altitude, atol=1e-6)


def test_leaves_are_the_segmenters(maps):
    for parameters in (
        {},
        {"superpixels": "grid"},
        {"superpixels": "slic", "superpixel_parameters": {"n_segments": 40}},
        {"superpixels": "kmeans", "n_superpixels": 12, "random_state": 3},
    ):
        ours = HierarchicalSpectralSegmenter(**parameters).predict(maps)
        theirs = LinkageSegmenter(**parameters).predict(maps)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.leaf_labels, other.leaf_labels)


@pytest.mark.parametrize("name", LINKAGES)
def test_touching_regions_alone_are_merged(name):
    # Ends are alike, but the middle lies between.
    features = np.eye(2)[[[0, 1, 1, 0]]]
    parameters = {"linkage": name, "superpixels": "grid", "position_weight": 0.0}
    item = FeatureMap(features)
    (anywhere,) = LinkageSegmenter(**parameters).predict([item])
    np.testing.assert_array_equal(anywhere.labels(n_regions=2), [[0, 1, 1, 0]])
    (touching,) = LinkageSegmenter(touching=True, **parameters).predict([item])
    np.testing.assert_array_equal(touching.labels(n_regions=3), [[0, 1, 1, 2]])
    for node in range(touching.n_nodes):
        columns = np.flatnonzero(touching.mask(node)[0])
        assert (np.diff(columns) == 1).all()


def test_parts_that_do_not_touch_are_joined_last():
    features = np.eye(3)[[[0, 1, 0, 2]]]
    valid = np.array([[True, True, False, True]])
    item = FeatureMap(features, valid=valid)
    model = LinkageSegmenter(touching=True, superpixels="grid")
    (tree,) = model.predict([item])
    np.testing.assert_array_equal(tree.leaf_labels, [[0, 1, -1, 2]])
    assert tree.n_nodes == 5


def test_weights_choose_what_counts():
    image = np.zeros((8, 24, 3), dtype=np.uint8)
    image[:, 8:16] = 255
    # By colour the ends are one, by features the left two thirds.
    features = np.eye(2)[np.repeat([[0, 0, 1]], 1, axis=0)]
    item = FeatureMap(features, image=image)
    parameters = {"superpixel_parameters": {"sigma": 0.0}, "position_weight": 0.0}
    for weight, expected in ((0.0, [0, 0, 1]), (100.0, [0, 1, 0])):
        model = LinkageSegmenter(color_weight=weight, **parameters)
        (tree,) = model.predict([item])
        labels = tree.labels(n_regions=2)
        np.testing.assert_array_equal(labels[4, [2, 12, 22]], expected)
