"""FeatureMapDisplay shows principal components, the same on every call."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skuhas import FeatureMap, FeatureMapDisplay

pytest.importorskip("matplotlib")


def features(shape=(9, 14, 6), seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * np.arange(shape[2], 0, -1)).astype(np.float32)


def test_components_are_those_of_scikit_learn():
    values = features()
    display = FeatureMapDisplay.from_predictions(values)
    pca = PCA(3, svd_solver="full").fit(values.reshape(-1, 6).astype(np.float64))
    ratio = display.explained_variance_ratio
    np.testing.assert_allclose(ratio, pca.explained_variance_ratio_, rtol=1e-6)
    expected = pca.transform(values.reshape(-1, 6))
    largest = np.abs(pca.components_).argmax(axis=1)
    expected *= np.sign(pca.components_[np.arange(3), largest])
    low, high = np.percentile(expected, [1, 99], axis=0)
    expected = np.clip((expected - low) / (high - low), 0, 1)
    np.testing.assert_allclose(display.colors.reshape(-1, 3), expected, atol=1e-5)
    np.testing.assert_array_equal(display.image_.get_array()[..., :3], display.colors)
    assert (display.image_.get_array()[..., 3] == 1).all()


def test_order_and_scale_of_features_do_not_matter():
    values = features()
    first = FeatureMapDisplay.from_predictions(values).colors
    scaled = FeatureMapDisplay.from_predictions(7 * values + 3).colors
    mixed = FeatureMapDisplay.from_predictions(values[..., ::-1].copy()).colors
    np.testing.assert_allclose(scaled, first, atol=1e-4)
    np.testing.assert_allclose(mixed, first, atol=1e-4)
    # Signs follow the features, not the solver.
    again = FeatureMapDisplay.from_predictions(values).colors
    np.testing.assert_array_equal(again, first)


def test_few_features():
    ramp = np.linspace(0, 1, 12).reshape(3, 4, 1)
    display = FeatureMapDisplay.from_predictions(ramp)
    assert display.explained_variance_ratio.tolist() == pytest.approx([1, 0, 0])
    low, high = np.percentile(ramp, [1, 99])
    shades = np.clip((ramp - low) / (high - low), 0, 1)
    np.testing.assert_allclose(display.colors, np.repeat(shades, 3, axis=2), atol=1e-6)
    assert display.ax_.get_title() == "grey 100% of the variance"
    # Two features: the third component is in the middle.
    two = FeatureMapDisplay.from_predictions(features((5, 5, 2)))
    assert (two.colors[..., 2] == 0.5).all()
    assert two.explained_variance_ratio[:2].sum() == pytest.approx(1)
    # No variance at all.
    flat = FeatureMapDisplay.from_predictions(np.ones((3, 4, 5)))
    assert (flat.colors == 0.5).all()
    assert flat.explained_variance_ratio.tolist() == [0, 0, 0]
    assert flat.ax_.get_title() == ""
    assert FeatureMapDisplay.from_predictions(np.ones((1, 1, 1))).colors.shape[2] == 3


def test_one_deviant_cell_is_seen():
    values = np.zeros((40, 40, 2))
    values[3, 5] = 1
    colors = FeatureMapDisplay.from_predictions(values).colors
    assert colors[3, 5].tolist() == [1, 1, 1]
    assert colors.sum() == 3


def test_cells_without_data_take_no_part():
    values = features((4, 6, 5))
    valid = np.ones((8, 12), dtype=bool)
    valid[:, 6:] = False
    wild = values.copy()
    wild[:, 3:] = 1e4
    display = FeatureMapDisplay.from_predictions(
        FeatureMap(wild, image_shape=(8, 12), valid=valid)
    )
    alone = FeatureMapDisplay.from_predictions(values[:, :3])
    np.testing.assert_allclose(display.colors[:, :3], alone.colors, atol=1e-5)
    assert np.isnan(display.colors[:, 3:]).all()
    assert (display.image_.get_array()[:, 3:, 3] == 0).all()


def test_the_grid_covers_the_image():
    feature_map = FeatureMap(features((3, 4, 3)), image_shape=(30, 41))
    display = FeatureMapDisplay.from_predictions(feature_map)
    assert list(display.image_.get_extent()) == [-0.5, 40.5, 29.5, -0.5]
    assert display.image_shape == (30, 41)
    own = display.plot(image_kwargs={"interpolation": "bilinear"}, title=False)
    assert own.image_.get_interpolation() == "bilinear"
    assert own.ax_.get_title() == ""


def test_tensors():
    torch = pytest.importorskip("torch")
    values = features()
    by_tensor = FeatureMapDisplay.from_predictions(torch.tensor(values))
    by_array = FeatureMapDisplay.from_predictions(values)
    np.testing.assert_array_equal(by_tensor.colors, by_array.colors)


def test_malformed_features():
    with pytest.raises(ValueError, match="finite"):
        FeatureMapDisplay.from_predictions(np.full((2, 2, 2), np.nan))
    with pytest.raises(ValueError, match=r"shape \(rows, columns, n_features\)"):
        FeatureMapDisplay.from_predictions(np.ones((2, 2)))
    with pytest.raises(TypeError, match="got list; draw its maps one by one"):
        FeatureMapDisplay.from_predictions([features()])
