"""Pooling of feature grids, against dense bilinear interpolation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, sparse

from skuhas.tree import RegionTree, _pooling, pool_features, token_weights
from tests.tree import _literal as literal
from tests.tree._strategies import label_maps, quick, region_trees

grids = st.tuples(st.integers(1, 5), st.integers(1, 5))


def interpolated(features, shape):
    """Interpolate a grid to the pixels with scipy, band by band."""
    rows, columns = features.shape[:2]
    height, width = shape
    y = (np.arange(height) + 0.5) * rows / height - 0.5
    x = (np.arange(width) + 0.5) * columns / width - 0.5
    where = np.meshgrid(y, x, indexing="ij")
    bands = [
        ndimage.map_coordinates(band, where, order=1, mode="nearest")
        for band in np.moveaxis(features.astype(np.float64), -1, 0)
    ]
    return np.stack(bands, axis=-1)


def test_known_weights():
    # Four pixels over two tokens lie at -0.25, 0.25, 0.75, 1.25.
    weights = token_weights(np.array([[0, 0, 1, 1]]), (1, 2), 2)
    np.testing.assert_allclose(weights.toarray(), [[1.75, 0.25], [0.25, 1.75]])


def test_equal_grid_picks_tokens():
    labels = np.array([[0, 1], [1, -1]])
    weights = token_weights(labels, (2, 2), 2)
    np.testing.assert_array_equal(weights.toarray(), [[1, 0, 0, 0], [0, 1, 1, 0]])
    assert weights.nnz == 3


@quick
@given(data=st.data(), grid=grids)
def test_token_weights_equal_literal(data, grid):
    n_leaves = data.draw(st.integers(1, 6))
    labels = data.draw(label_maps(n_leaves, image=True))
    weights = token_weights(labels, grid, n_leaves)
    assert sparse.issparse(weights)
    assert weights.dtype == np.float64
    dense = literal.interpolation(labels.shape, grid)
    for leaf in range(n_leaves):
        expected = dense[labels == leaf].sum(axis=0).ravel()
        np.testing.assert_allclose(weights.toarray()[leaf], expected, atol=1e-12)
    area = [(labels == leaf).sum() for leaf in range(n_leaves)]
    np.testing.assert_allclose(weights.sum(axis=1), area, rtol=1e-12)


@quick
@given(data=st.data(), grid=grids, pixels=st.integers(1, 60))
def test_blocks_of_rows_give_the_same_weights(data, grid, pixels):
    n_leaves = data.draw(st.integers(1, 6))
    labels = data.draw(label_maps(n_leaves, image=True))
    whole = token_weights(labels, grid, n_leaves).toarray()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pooling, "BLOCK_PIXELS", pixels)
        blocks = token_weights(labels, grid, n_leaves).toarray()
    np.testing.assert_allclose(blocks, whole, atol=1e-12)


def test_token_weights_on_a_large_map():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, (37, 211))
    features = rng.standard_normal((9, 50, 4))
    weights = token_weights(labels, features.shape[:2], 3)
    pooled = pool_features(weights, features.reshape(-1, 4))
    pixels = interpolated(features, labels.shape)
    for leaf in range(3):
        expected = pixels[labels == leaf].mean(axis=0)
        np.testing.assert_allclose(pooled[leaf], expected, atol=1e-12)


def test_pool_features_of_an_empty_leaf_is_zero():
    weights = token_weights(np.array([[0, 0]]), (1, 2), 2)
    pooled = pool_features(weights, np.array([[1.0], [3.0]], dtype=np.float32))
    assert pooled.tolist() == [[2.0], [0.0]]
    assert pooled.dtype == np.float32


@quick
@given(tree=region_trees(image=True), grid=grids, seed=st.integers(0, 2**32 - 1))
def test_embeddings_equal_literal(tree, grid, seed):
    features = np.random.default_rng(seed).standard_normal((*grid, 3))
    embeddings = tree.embeddings(features)
    assert embeddings.shape == (tree.n_nodes, 3)
    assert embeddings.dtype == np.float32
    pixels = interpolated(features.astype(np.float32), tree.shape)
    for node in range(tree.n_nodes):
        expected = pixels[literal.mask(tree, node)].mean(axis=0)
        np.testing.assert_allclose(embeddings[node], expected, atol=2e-6)


@quick
@given(tree=region_trees(image=False), seed=st.integers(0, 2**32 - 1))
def test_embeddings_of_samples_are_means_of_rows(tree, seed):
    rows = np.random.default_rng(seed).standard_normal((tree.shape[0], 3))
    embeddings = tree.embeddings(rows)
    for node in range(tree.n_nodes):
        expected = rows[literal.mask(tree, node)].mean(axis=0)
        np.testing.assert_allclose(embeddings[node], expected, atol=2e-6)


class ArrayLike:
    """What a FeatureMap is to the tree: something with ``__array__``."""

    def __array__(self, dtype=None, copy=None):
        return np.ones((2, 3, 4), dtype=dtype)


def test_embeddings_take_array_likes():
    tree = RegionTree.from_parents([2, 2, 2], [[0, 1]])
    np.testing.assert_array_equal(tree.embeddings(ArrayLike()), np.ones((3, 4)))


@pytest.mark.parametrize(
    ("labels", "shape", "message"),
    [
        (
            [[0, 1]],
            (2, 2),
            r"feature_map .*\(rows, columns, n_f.*got \(2, 2\)",
        ),
        ([[0, 1]], (2, 0, 3), r"feature_map must have shape .*got \(2, 0, 3\)"),
        (
            [0, 1],
            (2, 2, 1),
            r"feature_map .*\(n_samples, .*got \(2, 2, 1\)",
        ),
        ([0, 1], (3, 2), r"feature_map must have 2 rows, .*got 3"),
    ],
)
def test_bad_feature_maps_are_named(labels, shape, message):
    tree = RegionTree.from_parents([2, 2, 2], labels)
    with pytest.raises(ValueError, match=message):
        tree.embeddings(np.zeros(shape))
