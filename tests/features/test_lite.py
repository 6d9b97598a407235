"""LiteFeatures as a transformer: sizes, norms, parameters."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import coffee

from skuhas import LiteFeatures

# Features of each stage, in the order of their strides.
WIDTHS = (24, 40, 112, 320)


def random_image(height, width):
    rng = np.random.default_rng(height)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def norms(feature_map):
    """Return the length of every stage's part of every cell's vector."""
    parts = np.split(feature_map.features, np.cumsum(WIDTHS)[:-1], axis=2)
    return np.stack([np.linalg.norm(part, axis=2) for part in parts])


@pytest.mark.parametrize(
    ("shape", "image_size", "grid"),
    [
        ((64, 96), 96, (8, 12)),
        ((33, 47), 47, (8, 8)),
        ((65, 97), 97, (12, 16)),
        ((1, 5), 5, (4, 4)),
        ((1, 1), 1, (4, 4)),
        ((1, 1), 40, (8, 8)),
        ((3, 200), 96, (4, 12)),
        ((200, 3), 96, (12, 4)),
        ((100, 150), 48, (4, 8)),
        ((10, 15), 48, (4, 8)),
    ],
)
def test_grid_of_stride_eight_on_sides_rounded_up_to_thirty_two(
    shape, image_size, grid
):
    image = random_image(*shape)
    (feature_map,) = LiteFeatures(image_size=image_size).transform([image])
    assert feature_map.shape == (*grid, sum(WIDTHS))
    assert feature_map.image_shape == shape
    np.testing.assert_array_equal(feature_map.image, image)
    assert np.isfinite(feature_map.features).all()


def test_stages_have_about_unit_length_everywhere():
    (feature_map,) = LiteFeatures(image_size=160).transform([coffee()])
    lengths = norms(feature_map)
    # Means of unit vectors are never longer, and shorter where these disagree.
    assert lengths.max() <= 1 + 1e-5
    assert lengths.min() > 0.4
    assert (np.median(lengths, axis=(1, 2)) > 0.75).all()


def test_one_colour_is_one_feature_far_from_the_border():
    image = np.full((640, 640, 3), (30, 90, 200), dtype=np.uint8)
    (feature_map,) = LiteFeatures(image_size=640).transform([image])
    assert feature_map.shape == (80, 80, sum(WIDTHS))
    # The stages of strides 4 and 8 see less than 64 pixels around a cell.
    inner = feature_map.features[8:-8, 8:-8, : sum(WIDTHS[:2])]
    np.testing.assert_allclose(
        inner, np.broadcast_to(inner[0, 0], inner.shape), atol=1e-4
    )
    np.testing.assert_allclose(norms(feature_map)[:2, 8:-8, 8:-8], 1, atol=1e-4)


def test_images_are_scaled_with_a_filter_that_widens():
    image = coffee()
    small = np.asarray(
        Image.fromarray(image).resize((96, 64), Image.Resampling.BILINEAR)
    )
    big, scaled = LiteFeatures(image_size=96).transform([image, small])
    np.testing.assert_array_equal(big.features, scaled.features)
    assert (big.image_shape, scaled.image_shape) == ((400, 600), (64, 96))


def test_calls_repeat():
    image = random_image(50, 70)
    first, again = LiteFeatures(image_size=70).transform([image, image])
    np.testing.assert_array_equal(first.features, again.features)


def test_named_device_and_auto_agree():
    image = random_image(40, 40)
    (auto,) = LiteFeatures(image_size=40).transform([image])
    (cpu,) = LiteFeatures(image_size=40, device="cpu").transform([image])
    # A GPU, where "auto" finds one, sums in another order.
    np.testing.assert_allclose(auto.features, cpu.features, atol=1e-2)


@pytest.mark.parametrize(
    ("device", "module"), [("cuda", torch.cuda), ("mps", torch.backends.mps)]
)
def test_a_device_that_is_not_there_is_named(monkeypatch, device, module):
    monkeypatch.setattr(module, "is_available", lambda: False)
    for method in ("fit", "transform"):
        with pytest.raises(ValueError) as caught:
            getattr(LiteFeatures(device=device), method)([random_image(4, 4)])
        assert str(caught.value) == (
            f"device='{device}', but torch {torch.__version__} finds no such device "
            "on this machine. Use device='auto' or 'cpu'."
        )


@pytest.mark.parametrize(
    ("name", "value", "kind", "allowed"),
    [
        ("image_size", 0, ValueError, "an integer in [1, inf)"),
        ("image_size", 64.0, TypeError, "an integer in [1, inf)"),
        ("image_size", True, TypeError, "an integer in [1, inf)"),
        ("batch_size", 0, ValueError, "an integer in [1, inf)"),
        ("device", "tpu", ValueError, "'auto', 'cuda', 'mps'"),
    ],
)
def test_parameters_are_checked(name, value, kind, allowed):
    with pytest.raises(kind) as caught:
        LiteFeatures(**{name: value}).fit([random_image(4, 4)])
    text = str(caught.value)
    assert text.startswith(f"{name} must be ")
    assert allowed in text
    assert text.endswith(f"got {value!r}.")
