"""FeatureMap and as_feature_maps: the contract, and what each breach says."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from skuhas.features import FeatureMap, as_feature_maps

GRID = np.arange(24, dtype=np.float64).reshape(2, 4, 3)
IMAGE = np.arange(20 * 40 * 3, dtype=np.uint8).reshape(20, 40, 3)


def says(text):
    return re.escape(text)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64, np.uint8, bool])
def test_features_become_float32_with_their_values(dtype):
    values = GRID.astype(dtype)
    feature_map = FeatureMap(values)
    assert feature_map.features.dtype == np.float32
    assert feature_map.features.flags.c_contiguous
    np.testing.assert_array_equal(feature_map.features, values.astype(np.float32))
    assert (feature_map.shape, feature_map.ndim) == ((2, 4, 3), 3)
    assert feature_map.dtype == np.float32


def test_nested_lists_and_strided_arrays_are_taken():
    np.testing.assert_array_equal(FeatureMap(GRID.tolist()).features, GRID)
    turned = FeatureMap(GRID.transpose(1, 0, 2)[::-1])
    np.testing.assert_array_equal(turned.features, GRID.transpose(1, 0, 2)[::-1])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, (2, 4)),
        ({"image": IMAGE}, (20, 40)),
        ({"image_shape": (7, 9)}, (7, 9)),
        ({"image_shape": np.array([7, 9])}, (7, 9)),
        ({"image": IMAGE, "image_shape": [20, 40]}, (20, 40)),
    ],
)
def test_image_shape_comes_from_itself_the_image_or_the_grid(arguments, expected):
    shape = FeatureMap(GRID, **arguments).image_shape
    assert shape == expected
    assert [type(side) for side in shape] == [int, int]


def test_optional_parts_are_kept():
    valid = np.zeros((20, 40), dtype=bool)
    valid[3, 5] = True
    path = Path("folder") / "a.png"
    feature_map = FeatureMap(GRID, image=IMAGE, valid=valid, source=path)
    np.testing.assert_array_equal(feature_map.image, IMAGE)
    np.testing.assert_array_equal(feature_map.valid, valid)
    assert feature_map.source == str(path)
    bare = FeatureMap(GRID)
    assert (bare.image, bare.valid, bare.source) == (None, None, None)


def test_it_is_an_array():
    feature_map = FeatureMap(GRID)
    assert np.asarray(feature_map) is not None
    assert np.shares_memory(np.asarray(feature_map), feature_map.features)
    copied = np.array(feature_map)
    assert not np.shares_memory(copied, feature_map.features)
    np.testing.assert_array_equal(copied, GRID)
    wide = np.asarray(feature_map, dtype=np.float64)
    assert wide.dtype == np.float64
    np.testing.assert_array_equal(wide, GRID)
    with pytest.raises(ValueError, match="without a copy"):
        feature_map.__array__(np.float64, copy=False)
    assert np.mean(feature_map) == GRID.mean()


def test_repr_names_what_is_there():
    assert repr(FeatureMap(GRID)) == "FeatureMap(shape=(2, 4, 3), image_shape=(2, 4))"
    full = FeatureMap(
        GRID, image=IMAGE, valid=np.ones((20, 40), dtype=bool), source="a.png"
    )
    assert repr(full) == (
        "FeatureMap(shape=(2, 4, 3), image_shape=(20, 40), with image, with valid, "
        "source='a.png')"
    )


def test_pickle_keeps_everything():
    valid = np.eye(20, 40, dtype=bool)
    before = FeatureMap(GRID, image=IMAGE, valid=valid, source="a.png")
    after = pickle.loads(pickle.dumps(before))
    for name in ("features", "image", "valid"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert (after.image_shape, after.source) == ((20, 40), "a.png")


ALL = np.ones((2, 4), dtype=bool)


@pytest.mark.parametrize(
    ("features", "arguments", "kind", "message"),
    [
        (object(), {}, TypeError, "features must be a FeatureMap, an array or a"),
        ("a.png", {}, TypeError, "got str. Images go through a transformer"),
        (GRID + 0j, {}, ValueError, "features must hold real numbers, got dtype comp"),
        ([[["a"]]], {}, ValueError, "features must hold real numbers, got dtype <U1"),
        ([[[1.0], [1.0, 2.0]]], {}, ValueError, "features must be a rectangular array"),
        (GRID[0], {}, ValueError, "features must have shape (rows, columns, n_featu"),
        (GRID[None], {}, ValueError, "got (1, 2, 4, 3). Reshape your data."),
        (GRID[:0], {}, ValueError, "at least one cell and one feature, got (0, 4, 3)"),
        (GRID[..., :0], {}, ValueError, "one feature, got (2, 4, 0)"),
        (GRID * np.nan, {}, ValueError, "features must be finite in float32, got NaN"),
        (GRID / 1e-300, {}, ValueError, "features must be finite in float32, got NaN"),
        (GRID, {"image": GRID}, ValueError, "image must be a uint8 array of shape (he"),
        (GRID, {"image": IMAGE[..., 0]}, ValueError, "uint8 and shape (20, 40)."),
        (GRID, {"image_shape": 5}, ValueError, "image_shape must be (height, width), "),
        (GRID, {"image_shape": (5,)}, ValueError, "(height, width), got (5,)."),
        (
            GRID,
            {"image_shape": (5, 0)},
            ValueError,
            "image_shape must be an integer in [1, inf), got 0.",
        ),
        (
            GRID,
            {"image_shape": (5, 2.5)},
            TypeError,
            "image_shape must be an integer in [1, inf), got 2.5.",
        ),
        (
            GRID,
            {"image": IMAGE, "image_shape": (40, 20)},
            ValueError,
            "image_shape is (40, 20), but image has shape (20, 40, 3).",
        ),
        (GRID, {"valid": ALL.T}, ValueError, "valid must be a bool array of shape (2,"),
        (GRID, {"valid": ALL * 1}, ValueError, "got dtype int64 and shape (2, 4)."),
        (GRID, {"valid": ~ALL}, ValueError, "valid must have at least one True pixel"),
        (GRID, {"source": 5}, TypeError, "source must be a path or None, got int."),
    ],
)
def test_breaches_are_named(features, arguments, kind, message):
    with pytest.raises(kind, match=says(message)):
        FeatureMap(features, **arguments)


# ------------------------------------------------------------- as_feature_maps


def tensors():
    tensor = torch.from_numpy(GRID)
    return {
        "float64": tensor,
        "bfloat16": tensor.to(torch.bfloat16),
        "float16": tensor.half(),
        "int": tensor.long(),
        "requires_grad": tensor.clone().requires_grad_(),
        "result": tensor.clone().requires_grad_() * 1,
        "strided": tensor.flip(0).flip(0).transpose(0, 1).transpose(0, 1),
    }


@pytest.mark.parametrize("kind", tensors())
def test_tensors_of_every_kind_give_their_values(kind):
    (feature_map,) = as_feature_maps([tensors()[kind]])
    assert type(feature_map.features) is torch.Tensor
    assert feature_map.features.dtype == torch.float32
    assert not feature_map.features.requires_grad
    assert (feature_map.dtype, feature_map.shape) == (np.float32, GRID.shape)
    array = np.asarray(feature_map)
    assert (type(array), array.dtype) == (np.ndarray, np.float32)
    np.testing.assert_array_equal(array, GRID)
    np.testing.assert_array_equal(np.asarray(feature_map, np.float64), GRID)


def test_a_4d_array_or_tensor_is_a_list_of_its_maps():
    stack = np.stack([GRID, GRID + 1, GRID + 2])
    for given in (stack, torch.from_numpy(stack), list(stack), tuple(stack)):
        maps = as_feature_maps(given)
        assert len(maps) == 3
        for feature_map, expected in zip(maps, stack, strict=True):
            np.testing.assert_array_equal(feature_map.features, expected)
            assert feature_map.image_shape == (2, 4)


def test_maps_pass_through_untouched_and_mix_with_arrays():
    first = FeatureMap(GRID, image=IMAGE)
    maps = as_feature_maps([first, GRID[:1], torch.ones(5, 5, 3)])
    assert maps[0] is first
    assert [item.shape for item in maps] == [(2, 4, 3), (1, 4, 3), (5, 5, 3)]
    objects = np.empty(1, dtype=object)
    objects[0] = first
    assert as_feature_maps(objects) == [first]
    assert as_feature_maps(item for item in [first]) == [first]


def test_uint8_images_are_legal_arrays():
    (feature_map,) = as_feature_maps([IMAGE])
    np.testing.assert_array_equal(feature_map.features, IMAGE.astype(np.float32))
    assert feature_map.image is None


@pytest.mark.parametrize(
    ("X", "kind", "message"),
    [
        ([], ValueError, "X must be a list of feature maps with at least one element"),
        (np.ones((0, 2, 4, 3)), ValueError, "at least one element, got an empty list"),
        (GRID, ValueError, "got a single array of shape (2, 4, 3). Reshape your data,"),
        (torch.ones(2, 4, 3), ValueError, "or pass [X] for a single 3-D map."),
        (FeatureMap(GRID), TypeError, "X must be a list of feature maps; pass [X]."),
        ("a.png", TypeError, "X must be a list of feature maps, got str."),
        (None, TypeError, "X must be a list of feature maps, got NoneType."),
        ([GRID, "a.png"], TypeError, "X[1] must be a FeatureMap, an array or a torch"),
        ([GRID, GRID[0]], ValueError, "X[1] must have shape (rows, columns, n_feat"),
        ([GRID, GRID, GRID * np.nan], ValueError, "X[2] must be finite"),
        (
            [GRID, torch.full((2, 2, 3), torch.inf, dtype=torch.bfloat16)],
            ValueError,
            "X[1] must be finite",
        ),
        (
            [GRID, GRID, GRID[..., :2]],
            ValueError,
            "X[2] has 2 features, but X[0] has 3; all maps must come from the same",
        ),
    ],
)
def test_malformed_lists_are_named_with_the_position(X, kind, message):
    with pytest.raises(kind, match=says(message)):
        as_feature_maps(X)


def test_the_list_goes_by_the_name_given():
    with pytest.raises(ValueError, match=says("maps[1] must be finite")):
        as_feature_maps([GRID, GRID * np.nan], name="maps")


def test_a_map_spoilt_after_it_was_made_is_found():
    spoilt = FeatureMap(GRID)
    spoilt.features[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=says("X[1] must be finite")):
        as_feature_maps([GRID, spoilt])
