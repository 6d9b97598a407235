"""ColorFeatures against its formula, and what follows from it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from skuhas import ColorFeatures


def random_image(seed, height, width):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def angles(image, color_scale, position_scale):
    """Return the five angles of every pixel, one at a time."""
    height, width = image.shape[:2]
    lab = rgb2lab(image)
    result = np.empty((height, width, 5))
    for row in range(height):
        for column in range(width):
            longer = max(height, width)
            position = [row / longer, column / longer]
            result[row, column, :3] = lab[row, column] / color_scale
            result[row, column, 3:] = np.array(position) / position_scale
    return result


def literal(image, color_scale, position_scale):
    turned = angles(image, color_scale, position_scale)
    result = np.empty((*image.shape[:2], 10))
    for index in np.ndindex(*image.shape[:2]):
        vector = []
        for angle in turned[index]:
            vector += [math.cos(angle), math.sin(angle)]
        result[index] = np.array(vector) / math.sqrt(5)
    return result


sizes = st.integers(1, 9)
scales = st.floats(0.3, 100)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), sizes, sizes, scales, scales)
def test_formula(seed, height, width, color_scale, position_scale):
    image = random_image(seed, height, width)
    (feature_map,) = ColorFeatures(
        image_size=max(height, width),
        stride=1,
        color_scale=color_scale,
        position_scale=position_scale,
    ).transform([image])
    expected = literal(image, color_scale, position_scale)
    np.testing.assert_allclose(feature_map.features, expected, atol=1e-5)
    np.testing.assert_allclose(
        np.linalg.norm(feature_map.features, axis=2), 1, atol=1e-6
    )


def test_cosines_are_means_of_cosines_of_differences():
    image = random_image(0, 5, 7)
    (feature_map,) = ColorFeatures(image_size=7, stride=1).transform([image])
    features = feature_map.features.reshape(-1, 10)
    turned = angles(image, 60.0, 0.6).reshape(-1, 5)
    expected = np.cos(turned[:, None] - turned[None]).mean(axis=2)
    np.testing.assert_allclose(features @ features.T, expected, atol=1e-5)


def test_cosines_do_not_depend_on_the_place_of_a_pair():
    image = np.full((12, 12, 3), 80, dtype=np.uint8)
    (feature_map,) = ColorFeatures(image_size=12, stride=1).transform([image])
    x = feature_map.features
    first = (x[:-2, :-3] * x[2:, 3:]).sum(axis=2)
    np.testing.assert_allclose(first, first[0, 0], atol=1e-5)
    assert first[0, 0] < 1


@pytest.mark.parametrize(
    ("shape", "image_size", "stride", "grid"),
    [
        ((60, 80), 80, 4, (15, 20)),
        ((60, 80), 320, 4, (60, 80)),
        ((61, 83), 83, 4, (16, 21)),
        ((1, 1), 320, 4, (80, 80)),
        ((3, 200), 320, 4, (2, 80)),
        ((400, 1), 320, 4, (80, 1)),
        ((9, 5), 9, 100, (1, 1)),
    ],
)
def test_grid(shape, image_size, stride, grid):
    image = random_image(0, *shape)
    transformer = ColorFeatures(image_size=image_size, stride=stride)
    (feature_map,) = transformer.transform([image])
    assert feature_map.shape == (*grid, 10)
    assert feature_map.image_shape == shape
    np.testing.assert_array_equal(feature_map.image, image)


def test_a_cell_has_the_mean_colour_of_its_pixels():
    image = random_image(1, 8, 12)
    (coarse,) = ColorFeatures(image_size=12, stride=4).transform([image])
    blocks = image.reshape(2, 4, 3, 4, 3).mean(axis=(1, 3))
    small = np.rint(blocks).astype(np.uint8)
    expected = literal(small, 60.0, 0.6)
    # Pillow rounds twice, by rows and by columns: one step of 255 at most.
    np.testing.assert_allclose(coarse.features, expected, atol=0.01)


def test_one_colour_differs_by_position_alone():
    image = np.full((8, 8, 3), (10, 200, 30), dtype=np.uint8)
    (feature_map,) = ColorFeatures(image_size=8, stride=1).transform([image])
    features = feature_map.features
    assert (features[..., :6] == features[0, 0, :6]).all()
    assert (features[:, 0, 8:] == features[0, 0, 8:]).all()
    assert len(np.unique(features[:, 0, 6])) == 8


@pytest.mark.parametrize(
    ("name", "value", "kind", "allowed"),
    [
        ("image_size", 0, ValueError, "an integer in [1, inf)"),
        ("image_size", None, TypeError, "an integer in [1, inf)"),
        ("stride", 0, ValueError, "an integer in [1, inf)"),
        ("stride", 2.0, TypeError, "an integer in [1, inf)"),
        ("color_scale", 0, ValueError, "a number in (0.0, inf)"),
        ("color_scale", "1", TypeError, "a number in (0.0, inf)"),
        ("position_scale", -1.0, ValueError, "a number in (0.0, inf)"),
        ("position_scale", np.nan, ValueError, "a number in (0.0, inf)"),
    ],
)
def test_parameters_are_checked(name, value, kind, allowed):
    transformer = ColorFeatures(**{name: value})
    for method in ("fit", "transform"):
        with pytest.raises(kind) as caught:
            getattr(transformer, method)([np.zeros((4, 4, 3), dtype=np.uint8)])
        assert str(caught.value) == f"{name} must be {allowed}, got {value!r}."
