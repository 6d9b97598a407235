import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import SpectralClustering

from skuhas import ColorFeatures, FelzenszwalbPyramid, KWaySpectralSegmenter
from skuhas.baselines._nesting import nested, tree_of_partitions
from skuhas.spectral import exponential_affinity
from skuhas.superpixels import describe_regions, image_superpixels
from skuhas.tree import contract_parents


def literal_majority(finer, coarser, weights):
    """Give every finer part to the coarser one of most weight, one by one."""
    result = np.empty_like(coarser)
    for part in np.unique(finer):
        inside = finer == part
        shares = [weights[inside & (coarser == c)].sum() for c in range(9)]
        result[inside] = int(np.argmax(shares))
    return result


def is_refined(coarser, finer):
    return all(np.unique(coarser[finer == part]).size == 1 for part in np.unique(finer))


def same(first, second):
    return is_refined(first, second) and is_refined(second, first)


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_nesting_is_what_it_says(n_items, n_levels, seed):
    rng = np.random.default_rng(seed)
    partitions = [
        rng.integers(0, min(2 * level + 2, 9), n_items) for level in range(n_levels)
    ]
    # Whole numbers, so that sums in any order tie alike.
    weights = rng.integers(1, 5, n_items).astype(float)
    down = nested(partitions, weights, "intersection")
    assert same(down[0], partitions[0])
    for level in range(1, n_levels):
        code = down[level - 1] * 10 + partitions[level]
        assert same(down[level], code)
    up = nested(partitions, weights, "majority")
    assert same(up[-1], partitions[-1])
    for level in range(n_levels - 1):
        expected = literal_majority(up[level + 1], partitions[level], weights)
        assert same(up[level], expected)


def test_partitions_that_nest_already_are_kept():
    coarse, fine = np.array([0, 0, 0, 1]), np.array([2, 0, 0, 1])
    for how in ("majority", "intersection"):
        one, other = nested([coarse, fine], np.ones(4), how)
        assert same(one, coarse)
        assert same(other, fine)


def test_the_tree_of_partitions():
    coarse, fine = np.array([0, 0, 0, 1]), np.array([2, 0, 0, 1])
    labels = np.array([[0, 1, 1], [2, 3, -1]])
    tree = tree_of_partitions([coarse, fine], labels)
    np.testing.assert_array_equal(tree.leaf_labels, [[0, 1, 1], [1, 2, -1]])
    # The part that both have is one node, a leaf.
    assert (tree.n_leaves, tree.n_nodes) == (3, 5)
    np.testing.assert_array_equal(tree.altitude, [0, 0, 0, 0.5, 1])
    np.testing.assert_array_equal(tree.labels(n_regions=2), [[0, 0, 0], [0, 1, -1]])
    valid = np.array([[True, False, False], [False, True, False]])
    small = tree_of_partitions([coarse, fine], labels, valid)
    np.testing.assert_array_equal(small.leaf_labels, [[0, -1, -1], [-1, 1, -1]])
    assert small.n_nodes == 3


def test_contracted_nodes_hang_under_what_is_left():
    parents = np.array([3, 3, 5, 4, 5, 5])
    keep = np.array([True, True, True, False, True, True])
    np.testing.assert_array_equal(contract_parents(parents, keep), [3, 3, 4, 4, 4])
    # Without the root the next takes its place.
    parents = np.array([2, 2, 3, 4, 4])
    keep = np.array([True, True, True, False, False])
    np.testing.assert_array_equal(contract_parents(parents, keep), [2, 2, 2])


@pytest.fixture
def blocks():
    """Return a map of four by three blocks, each of its own feature."""
    grid = np.arange(12).reshape(3, 4).repeat(4, axis=0).repeat(4, axis=1)
    noise = np.random.default_rng(0).normal(scale=0.02, size=(12, 16, 12))
    return np.eye(12)[grid] + noise, grid


def test_spectral_partitions_are_scikit_learns(blocks):
    features, grid = blocks
    model = KWaySpectralSegmenter(superpixels="grid", n_clusters=(12,))
    (tree,) = model.predict([features])
    assert same(tree.leaf_labels.ravel(), grid.ravel())
    leaves = describe_regions(features, superpixels="grid").leaves
    affinity = exponential_affinity(leaves.descriptors, leaves.areas)
    peer = SpectralClustering(12, affinity="precomputed", random_state=0, n_init=3)
    assert same(tree.leaf_labels.ravel(), peer.fit_predict(affinity))


@pytest.mark.parametrize("affinity", ["exponential", "cosine"])
def test_k_way_trees_by_nesting(affinity, blocks):
    features, _ = blocks
    counts = (2, 5, 12)
    trees = {
        how: KWaySpectralSegmenter(
            superpixels="grid", n_clusters=counts, nesting=how, affinity=affinity
        ).predict([features])[0]
        for how in ("majority", "intersection")
    }
    assert trees["majority"].n_leaves == 12
    assert trees["intersection"].n_leaves >= 12
    # The coarsest partition is kept.
    assert trees["intersection"].labels(depth=1).max() == 1


def test_more_clusters_than_superpixels_are_left_out(blocks):
    features, _ = blocks
    few = features[:1, :3]
    model = KWaySpectralSegmenter(superpixels="grid", n_clusters=(5, 90))
    (tree,) = model.predict([few])
    assert (tree.n_leaves, tree.n_nodes) == (3, 4)


def test_the_finest_felzenszwalb_segmentation_is_kept(maps, scenes):
    scales = (10.0, 300.0, 60.0)
    model = FelzenszwalbPyramid(scales=scales, min_size=8)
    for item, tree in zip(maps, model.predict(maps), strict=True):
        parameters = {"scale": 10.0, "min_size": 8}
        finest = image_superpixels(item.image, parameters=parameters)
        np.testing.assert_array_equal(tree.leaf_labels, finest)
        assert tree.height <= len(scales)


def test_the_coarsest_felzenszwalb_segmentation_is_kept(maps):
    model = FelzenszwalbPyramid(scales=(10.0, 40.0), min_size=8, nesting="intersection")
    for item, tree in zip(maps, model.predict(maps), strict=True):
        parameters = {"scale": 40.0, "min_size": 16}
        coarsest = image_superpixels(item.image, parameters=parameters)
        np.testing.assert_array_equal(tree.labels(depth=1), coarsest)


def test_large_images_are_segmented_small():
    image = np.zeros((90, 120, 3), dtype=np.uint8)
    image[:, 60:] = 200
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        maps = ColorFeatures(image_size=64).transform([image])
        (tree,) = FelzenszwalbPyramid(leaf_size=40, sigma=0.0).predict(maps)
    np.testing.assert_array_equal(tree.leaf_labels, (image[..., 0] > 0).astype(int))
