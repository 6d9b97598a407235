"""Windows over large images: where they lie, and how their maps become one."""

import numpy as np
import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from skimage.data import coffee
from skimage.transform import resize

from skuhas import LiteFeatures, TimmFeatures
from skuhas.features._tiling import Tiling, check_tile, window_starts, window_weights

TINY = "test_vit.r160_in1k"


def photograph(height, width):
    return (resize(coffee(), (height, width)) * 255).astype(np.uint8)


@st.composite
def sides(draw):
    """Draw (length, tile, overlap) of one side."""
    tile = draw(st.integers(1, 40))
    return draw(st.integers(1, 200)), tile, draw(st.integers(0, tile - 1))


# --------------------------------------------------------------------- windows


@given(sides())
def test_windows_cover_a_side_evenly_and_no_more_often_than_needed(side):
    length, tile, overlap = side
    starts = window_starts(length, tile, overlap)
    assert starts[0] == 0
    if length <= tile:
        assert len(starts) == 1
        return
    assert starts[-1] == length - tile
    steps = np.diff(starts)
    assert steps.min() >= 1
    assert steps.max() <= tile - overlap
    assert np.ptp(steps) <= 1
    # With one window less, some would share too little.
    assert (len(starts) - 2) * (tile - overlap) < length - tile


@pytest.mark.parametrize(
    ("side", "starts"),
    [
        ((10, 10, 0), [0]),
        ((3, 10, 9), [0]),
        ((11, 10, 0), [0, 1]),
        ((20, 10, 0), [0, 10]),
        ((21, 10, 0), [0, 5, 11]),
        ((20, 10, 2), [0, 5, 10]),
        ((13, 10, 9), [0, 1, 2, 3]),
    ],
)
def test_windows_by_hand(side, starts):
    np.testing.assert_array_equal(window_starts(*side), starts)


def test_weights_by_hand():
    (first, second) = window_weights(np.array([0, 4]), 12, 16)
    half = 0.5 * np.cos(np.pi * np.array([1, 3]) / 8)
    ramp = [0, 0, *(0.5 - half), *(0.5 + half[::-1]), 1, 1]
    np.testing.assert_allclose(second, [*ramp, 1, 1, 1, 1], atol=1e-12)
    np.testing.assert_allclose(first, second[::-1], atol=1e-12)


def summed(starts, tile, length):
    weights = window_weights(starts, tile, length)
    total = np.zeros(length)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + weight.size] += weight
    return weights, total


@given(sides())
def test_weights_of_neighbours_sum_to_one(side):
    length, tile, overlap = side
    starts = window_starts(length, tile, overlap)
    weights, total = summed(starts, tile, length)
    assert weights.shape == (len(starts), min(tile, length))
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert weights[0, 0] == weights[-1, -1] == 1
    # Nowhere does nothing count, however many windows meet.
    assert total.min() > 0.2
    if len(starts) < 3 or (starts[2:] >= starts[:-2] + tile).all():
        np.testing.assert_allclose(total, 1, atol=1e-12)


@given(sides())
def test_the_outer_quarter_of_an_overlap_counts_nothing(side):
    length, tile, overlap = side
    starts = window_starts(length, tile, overlap)
    weights = window_weights(starts, tile, length)
    for index, shared in enumerate(starts[:-1] + tile - starts[1:]):
        # Cells whose centres lie in it.
        outer = int(np.floor(shared / 4 + 0.5))
        assert (weights[index + 1, :outer] == 0).all()
        assert (weights[index, tile - outer :] == 0).all()


# ---------------------------------------------------------------------- joined


@st.composite
def tilings(draw):
    stride = draw(st.sampled_from([1, 2, 8]))
    shape = tuple(stride * draw(st.integers(1, 25)) for _ in range(2))
    tile = draw(st.integers(stride, 20 * stride))
    return shape, tile, draw(st.integers(0, tile - 1)), stride


@given(tilings(), st.integers(0, 99))
def test_a_map_cut_into_windows_is_joined_again(given, seed):
    shape, tile, overlap, stride = given
    tiling = Tiling(shape, tile, overlap, stride)
    windows = list(tiling.windows())
    draw = torch.Generator().manual_seed(seed)
    # Layers of the stride itself and of finer ones.
    for finer in {1, max(1, stride // 2), stride}:
        cell = stride // finer
        whole = torch.randn(3, *(side // cell for side in shape), generator=draw)
        parts = [
            whole[
                :,
                rows.start // cell : rows.stop // cell,
                columns.start // cell : columns.stop // cell,
            ]
            for rows, columns in windows
        ]
        joined = tiling.join(parts)
        assert joined.dtype == torch.float32
        torch.testing.assert_close(joined, whole, rtol=0, atol=2e-6)
    covered = np.zeros(shape, dtype=int)
    for rows, columns in windows:
        assert rows.start % stride == columns.start % stride == 0
        assert 0 <= rows.start < rows.stop <= shape[0]
        assert rows.stop - rows.start <= tile
        covered[rows, columns] += 1
    assert covered.min() >= 1


def test_each_window_needs_its_map():
    tiling = Tiling((16, 32), 16, 0, 8)
    assert len(list(tiling.windows())) == 2
    with pytest.raises(ValueError, match="argument"):
        tiling.join([torch.zeros(1, 2, 2)])


@pytest.mark.parametrize(
    ("tile", "overlap", "message"),
    [
        (0, None, "tile must be an integer"),
        (64, -1, "overlap must be an integer"),
        (64, 64, "overlap must be smaller than tile=64, got 64"),
    ],
)
def test_windows_that_cannot_be_are_refused(tile, overlap, message):
    with pytest.raises(ValueError, match=message):
        check_tile(tile, overlap)
    with pytest.raises(ValueError, match=message):
        LiteFeatures(tile=tile, overlap=overlap).fit([photograph(64, 64)])


def test_a_window_smaller_than_a_patch_is_refused():
    with pytest.raises(ValueError, match=r"tile must be an integer in \[32"):
        LiteFeatures(tile=31).fit([photograph(64, 64)])


# ------------------------------------------------------------------- no seams


def transformed(image, kind=TimmFeatures, **parameters):
    transformer = kind(image_size=None, device="cpu", **parameters)
    return transformer.transform([image])[0].features


@pytest.fixture(scope="module")
def residual(tmp_path_factory):
    """Return weights of a network whose every convolution matters."""
    torch.manual_seed(0)
    model = timm.create_model("resnet18", num_classes=0, zero_init_last=False)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(model.state_dict(), path)
    return path


@pytest.mark.parametrize("layers", [0, 1, (0, 1)])
def test_windows_leave_no_trace_where_a_network_sees_no_further_than_their_margin(
    residual, layers
):
    # Up to its first stage a cell sees 21 pixels around it, and a quarter of
    # the overlap is 32.
    image = photograph(224, 384)
    settings = {"model": "resnet18", "weights": residual, "layers": layers}
    whole = transformed(image, **settings)
    tiled = transformed(image, tile=192, overlap=128, **settings)
    assert np.ptp(whole, axis=(0, 1)).max() > 0.05
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    # Where windows share nothing, there are seams.
    seams = transformed(image, tile=192, overlap=0, **settings)
    assert np.abs(seams - whole).max() > 1e-2


@pytest.fixture(scope="module")
def attentive(tmp_path_factory):
    """Return weights of a transformer whose tokens see much of one another.

    Position embeddings are smooth, as training makes them.
    """
    model = timm.create_model("test_vit", num_classes=0)
    draw = torch.Generator().manual_seed(0)
    state = model.state_dict()
    for key, tensor in state.items():
        if key.endswith("weight") and tensor.ndim > 1:
            values = torch.randn(tensor.shape, generator=draw)
            state[key] = 1.5 * values / tensor[0].numel() ** 0.5
    places = torch.linspace(-1, 1, 10)
    directions = torch.randn(2, 64, generator=draw)
    rows, columns = places[:, None, None], places[None, :, None]
    waves = torch.sin(2 * (rows * directions[0] + columns * directions[1]))
    state["pos_embed"][:, 1:] = waves.reshape(1, 100, 64)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(state, path)
    return path


def jumps(features, border):
    """Return by how much cells differ across a border, over that elsewhere."""
    differences = np.linalg.norm(np.diff(features, axis=1), axis=2).mean(axis=0)
    return differences[border - 1] / np.delete(differences, border - 1).mean()


@pytest.mark.parametrize("seed", [0, 1])
def test_overlapping_windows_of_a_transformer_blend(attentive, seed):
    # Much the same everywhere, so that borders show.
    rng = np.random.default_rng(seed)
    image = rng.integers(112, 144, (160, 320, 3), dtype=np.uint8)
    settings = {"model": TINY, "weights": attentive, "layers": -1}
    whole = transformed(image, **settings)
    hard = transformed(image, tile=160, overlap=0, **settings)
    soft = transformed(image, tile=160, overlap=80, **settings)
    assert whole.shape == hard.shape == soft.shape == (10, 20, 64)
    border = 10
    assert jumps(hard, border) > 1.5 * jumps(whole, border)
    assert jumps(soft, border) < 0.6 * jumps(hard, border)
    errors = [np.linalg.norm(tiled - whole, axis=2).mean() for tiled in (hard, soft)]
    assert 0 < errors[1] < errors[0]


# ------------------------------------------------------------------ transformer


@pytest.mark.parametrize("tile", [96, 97, 128, 10_000])
def test_a_window_as_large_as_the_image_is_no_window(tile):
    image = photograph(64, 96)
    for kind, settings in (
        (LiteFeatures, {}),
        (TimmFeatures, {"model": TINY, "weights": "random"}),
    ):
        np.testing.assert_array_equal(
            transformed(image, kind, tile=tile, **settings),
            transformed(image, kind, **settings),
        )


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (TimmFeatures, {"model": TINY, "weights": "random", "layers": (2, -1)}),
        (LiteFeatures, {}),
    ],
)
def test_windows_give_the_same_however_many_go_at_once(kind, settings):
    image = photograph(96, 160)
    one = transformed(image, kind, tile=64, overlap=16, **settings)
    for batch_size in (2, 5, 100):
        several = transformed(
            image, kind, tile=64, overlap=16, batch_size=batch_size, **settings
        )
        np.testing.assert_allclose(several, one, atol=1e-5)


@pytest.mark.parametrize("shape", [(64, 320), (320, 64), (161, 200), (320, 320)])
def test_tiled_maps_have_the_grid_of_whole_ones(shape):
    image = photograph(*shape)
    whole = transformed(image, LiteFeatures)
    tiled = transformed(image, LiteFeatures, tile=128, overlap=64)
    assert tiled.shape == whole.shape
    assert np.isfinite(tiled).all()
    # The network sees further than the margin, so they are alike, not equal.
    length = np.linalg.norm(whole, axis=2)
    assert np.median(np.linalg.norm(tiled - whole, axis=2) / length) < 0.5


def test_images_of_several_sizes_are_tiled_each_by_itself():
    images = [photograph(64, 160), photograph(64, 64), photograph(160, 64)]
    transformer = LiteFeatures(image_size=None, tile=96, device="cpu", batch_size=2)
    together = transformer.transform([*images, *images])
    for position, item in enumerate(together):
        (alone,) = transformer.transform([images[position % 3]])
        np.testing.assert_allclose(item.features, alone.features, atol=1e-4)
