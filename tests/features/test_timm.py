"""TimmFeatures: what timm computes, read out as asked for."""

import re
import threading

import numpy as np
import pytest
import timm
import torch
from joblib import Parallel, delayed
from PIL import Image
from sklearn.base import clone

from skuhas import (
    HierarchicalSpectralSegmenter,
    TimmFeatures,
    WeightsNotFound,
    make_nested_scene,
)
from skuhas.features import _backbone, _devices, _network
from skuhas.features._backbone import Backbone, load_backbone

TINY = "vit_tiny_patch16_224"
FACETS = ("query", "key", "value")

# Name, patch or coarsest stride, features of a cell, tokens before the patches.
PLAIN = [
    ("vit_tiny_patch16_224", 16, 192, 1),
    ("vit_small_patch16_224.dino", 16, 384, 1),
    ("vit_small_patch14_dinov2.lvd142m", 14, 384, 1),
    ("vit_small_patch14_reg4_dinov2.lvd142m", 14, 384, 5),
    ("vit_small_patch16_dinov3.lvd1689m", 16, 384, 5),
    ("vit_base_patch16_224.mae", 16, 768, 1),
    ("vit_xsmall_patch16_clip_224.tinyclip_yfcc15m", 16, 256, 1),
    ("vit_base_patch16_siglip_224.webli", 16, 768, 0),
    ("deit_tiny_distilled_patch16_224", 16, 192, 2),
    ("eva02_tiny_patch14_224", 14, 192, 1),
]
STAGES = [
    ("swin_tiny_patch4_window7_224", 32, 768),
    ("convnext_atto", 32, 320),
    ("resnet18", 32, 512),
    ("efficientnet_b0", 32, 320),
]


def random_image(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def build(model=TINY, **parameters):
    defaults = {"weights": "random", "device": "cpu"}
    return TimmFeatures(model=model, **{**defaults, **parameters})


def network(features):
    """Return the network behind a transformer, with the weights that it has."""
    return features._backbone("cpu").model


def scaled(image, height, width, model):
    """Return an image as a network takes it, scaled and normalised by hand."""
    picture = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    config = timm.data.resolve_model_data_config(model)
    array = (np.asarray(picture) / 255 - config["mean"]) / config["std"]
    return torch.from_numpy(array).permute(2, 0, 1)[None].float()


def by_timm(model, pixels, indices, norm=True):
    """Return what timm says, as arrays of shape (rows, columns, n_features)."""
    with torch.no_grad():
        maps = model.forward_intermediates(
            pixels,
            indices=list(indices),
            norm=norm,
            output_fmt="NCHW",
            intermediates_only=True,
        )
    return [item[0].permute(1, 2, 0).numpy() for item in maps]


def unit(array):
    return array / np.linalg.norm(array, axis=2, keepdims=True)


def interpolated(array, rows, columns):
    """Return an array of cells on another grid over the same image, cell by cell."""
    result = np.empty((rows, columns, array.shape[2]))
    for i in range(rows):
        for j in range(columns):
            # Of the cell's centre, in cells of the array, no further than its ends.
            y = np.clip((i + 0.5) * array.shape[0] / rows - 0.5, 0, array.shape[0] - 1)
            x = np.clip(
                (j + 0.5) * array.shape[1] / columns - 0.5, 0, array.shape[1] - 1
            )
            top, left = int(y), int(x)
            below, right = (
                min(top + 1, array.shape[0] - 1),
                min(left + 1, array.shape[1] - 1),
            )
            upper = array[top, left] * (1 - x + left) + array[top, right] * (x - left)
            lower = array[below, left] * (1 - x + left) + array[below, right] * (
                x - left
            )
            result[i, j] = upper * (1 - y + top) + lower * (y - top)
    return result


def assert_close(ours, theirs, tolerance=1e-5):
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    scale = max(np.abs(theirs).max(), 1e-12)
    np.testing.assert_allclose(ours / scale, theirs / scale, atol=tolerance)


@pytest.fixture
def _own_networks():
    """Let a test change weights that no other test sees."""
    load_backbone.cache_clear()
    yield
    load_backbone.cache_clear()


@pytest.fixture
def _no_weights(monkeypatch):
    """Fail where weights are loaded."""

    def fail(*arguments):
        raise AssertionError("weights were loaded")

    monkeypatch.setattr(_backbone, "load_backbone", fail)


# ----------------------------------------------------------------- families of timm


@pytest.mark.parametrize(("name", "patch", "width", "n_prefix"), PLAIN)
def test_plain_transformers_give_what_timm_gives(name, patch, width, n_prefix):
    image = random_image(70, 110)
    features = build(name, normalize=False, image_size=9 * patch)
    (item,) = features.transform([image])
    assert item.shape == (6, 9, width)
    assert item.image_shape == (70, 110)
    model = network(features)
    assert not model.training
    assert model.num_prefix_tokens == n_prefix
    pixels = scaled(image, 6 * patch, 9 * patch, model)
    (expected,) = by_timm(model, pixels, [len(model.blocks) - 1])
    assert_close(item.features, expected)
    assert item.features.std(axis=(0, 1)).mean() > 0.1 * item.features.std()


@pytest.mark.parametrize(("name", "stride", "width"), STAGES)
def test_networks_in_stages_give_what_timm_gives(name, stride, width):
    image = random_image(70, 110)
    features = build(name, normalize=False, image_size=96)
    (item,) = features.transform([image])
    assert item.shape == (2, 3, width)
    model = network(features)
    pixels = scaled(image, 2 * stride, 3 * stride, model)
    (expected,) = by_timm(model, pixels, [len(model.feature_info) - 1])
    assert_close(item.features, expected)
    assert item.features.std(axis=(0, 1)).mean() > 0.1 * item.features.std()


@pytest.mark.parametrize(("name", "stride", "width"), STAGES)
def test_every_stage_is_a_layer_of_its_stride(name, stride, width):
    image = random_image(64, 96)
    count = len(build(name)._outline().strides)
    model = network(build(name))
    maps = by_timm(model, scaled(image, 64, 96, model), range(count))
    for layer, expected in enumerate(maps):
        features = build(name, layers=layer, normalize=False, image_size=None)
        (item,) = features.transform([image])
        assert_close(item.features, expected)
        rows = 64 // features._outline().strides[layer]
        assert item.shape[:2] == (rows, rows * 3 // 2)


@pytest.mark.parametrize(
    ("name", "n_prefix"),
    [
        ("deit_tiny_distilled_patch16_224", 2),
        ("vit_small_patch16_dinov3_qkvb", 5),
        ("vit_tiny_patch16_224", 1),
    ],
)
def test_tokens_that_are_no_patches_are_left_out(name, n_prefix):
    image = random_image(32, 48)
    features = build(name, normalize=False, image_size=None)
    (item,) = features.transform([image])
    model = network(features)
    with torch.no_grad():
        tokens = model.forward_features(scaled(image, 32, 48, model))[0]
    assert len(tokens) == n_prefix + 2 * 3
    assert_close(item.features, tokens[n_prefix:].reshape(2, 3, -1))


def test_position_embeddings_are_interpolated_to_the_grid():
    image = random_image(64, 96)
    features = build(normalize=False, image_size=None)
    (item,) = features.transform([image])
    model = network(features)
    with torch.no_grad():
        tokens = model.patch_embed.proj(scaled(image, 64, 96, model))
        grid = model.pos_embed[:, 1:].reshape(1, 14, 14, 192).permute(0, 3, 1, 2)
        grid = torch.nn.functional.interpolate(
            grid, size=(4, 6), mode="bicubic", antialias=True
        )
        tokens = (tokens + grid).flatten(2).transpose(1, 2)
        first = model.cls_token + model.pos_embed[:, :1]
        tokens = model.norm(model.blocks(torch.cat([first, tokens], dim=1)))
    assert_close(item.features, tokens[0, 1:].reshape(4, 6, 192))


def test_square_images_of_the_networks_own_size_need_no_interpolation():
    image = random_image(224, 224)
    features = build(normalize=False, image_size=224)
    (item,) = features.transform([image])
    model = timm.create_model(TINY, pretrained=False, num_classes=0).eval()
    model.load_state_dict(network(features).state_dict())
    (expected,) = by_timm(model, scaled(image, 224, 224, model), [11])
    assert_close(item.features, expected)


def test_a_name_without_a_tag_is_that_of_its_first_weights():
    image = random_image(32, 48)
    plain, tagged = (
        build(name, image_size=48).transform([image])[0]
        for name in (TINY, f"{TINY}.augreg_in21k_ft_in1k")
    )
    np.testing.assert_array_equal(plain.features, tagged.features)


# -------------------------------------------------------------------------- layers


@pytest.mark.parametrize(
    ("layers", "indices"), [(-1, [11]), (11, [11]), (0, [0]), (-12, [0]), ([5], [5])]
)
def test_layers_are_counted_from_both_ends(layers, indices):
    image = random_image(32, 48)
    features = build(layers=layers, normalize=False, image_size=None)
    (item,) = features.transform([image])
    model = network(features)
    (expected,) = by_timm(model, scaled(image, 32, 48, model), indices)
    assert_close(item.features, expected)


@pytest.mark.parametrize("layers", [(2, 11), (11, 2), (-1, 0, 5), [5, -12]])
@pytest.mark.parametrize("normalize", [True, False])
def test_several_layers_are_scaled_and_joined_in_their_order(layers, normalize):
    image = random_image(32, 48)
    features = build(layers=layers, normalize=normalize, image_size=None)
    (item,) = features.transform([image])
    model = network(features)
    maps = by_timm(model, scaled(image, 32, 48, model), range(12))
    expected = np.concatenate([unit(maps[layer]) for layer in layers], axis=2)
    assert_close(item.features, unit(expected) if normalize else expected)


@pytest.mark.parametrize("layers", [(0, 3), (3, 1), (-1, 0, 2)])
@pytest.mark.parametrize("grid_stride", [None, 4, 8, 13, 32, 1000])
@pytest.mark.parametrize("norm", [True, False])
def test_layers_of_all_strides_are_interpolated_to_one_grid(layers, grid_stride, norm):
    image = random_image(64, 96)
    features = build(
        "convnext_atto",
        layers=layers,
        grid_stride=grid_stride,
        norm=norm,
        normalize=False,
        image_size=None,
    )
    (item,) = features.transform([image])
    model = network(features)
    maps = by_timm(model, scaled(image, 64, 96, model), range(4), norm)
    if grid_stride is None:
        finest = min(layer % 4 for layer in layers)
        rows, columns = maps[finest].shape[:2]
    else:
        rows, columns = (max(1, round(side / grid_stride)) for side in (64, 96))
    expected = np.concatenate(
        [interpolated(unit(maps[layer]), rows, columns) for layer in layers], axis=2
    )
    assert_close(item.features, expected)


@pytest.mark.parametrize(("grid_stride", "grid"), [(8, (4, 6)), (32, (1, 2))])
def test_one_layer_is_interpolated_without_being_scaled(grid_stride, grid):
    image = random_image(32, 48)
    features = build(grid_stride=grid_stride, normalize=False, image_size=None)
    (item,) = features.transform([image])
    model = network(features)
    (expected,) = by_timm(model, scaled(image, 32, 48, model), [11])
    assert_close(item.features, interpolated(expected, *grid))


# ------------------------------------------------------------- norm, center, facet


@pytest.mark.parametrize("layers", [3, -1])
def test_norm_is_the_networks_own(layers):
    image = random_image(32, 48)
    (on,), (off,) = (
        build(norm=norm, layers=layers, normalize=False, image_size=None).transform(
            [image]
        )
        for norm in (True, False)
    )
    model = network(build())
    (expected,) = by_timm(model, scaled(image, 32, 48, model), [layers % 12], False)
    assert_close(off.features, expected)
    with torch.no_grad():
        assert_close(on.features, model.norm(torch.from_numpy(expected)))
    assert np.abs(on.features - off.features).max() > 0.1


@pytest.mark.parametrize("normalize", [True, False])
def test_center_takes_the_mean_over_the_image(normalize):
    images = [random_image(32, 48), random_image(48, 32, seed=1)]
    plain = build(normalize=False, image_size=48).transform(images)
    maps = build(center=True, normalize=normalize, image_size=48).transform(images)
    for item, before in zip(maps, plain, strict=True):
        expected = before.features - before.features.mean(axis=(0, 1))
        assert_close(item.features, unit(expected) if normalize else expected)


def test_normalize_gives_unit_length():
    (item,) = build(image_size=64).transform([random_image(30, 40)])
    np.testing.assert_allclose(np.linalg.norm(item.features, axis=2), 1, atol=1e-6)


def attention_parts(name, model, layer, pixels):
    """Return query, key and value of a layer for all tokens, by a hook of timm's."""
    seen = {}
    block = model.blocks[layer]
    is_fused = block.attn.qkv is not None and name.startswith("vit_tiny_patch16_224")
    # What the linear map gives, or what goes into the attention.
    watched = block.attn.qkv if is_fused else block.norm1
    handle = watched.register_forward_hook(lambda *args: seen.update(out=args[2]))
    with torch.no_grad():
        model(pixels)
        handle.remove()
        if is_fused:
            return [part.numpy() for part in seen["out"][0].split(192, dim=1)]
        inputs, attention = seen["out"][0], block.attn
        if attention.qkv is None:
            maps = (attention.q_proj, attention.k_proj, attention.v_proj)
            return [part(inputs).numpy() for part in maps]
        width = len(attention.qkv.weight) // 3
        parts = [inputs @ part.T for part in attention.qkv.weight.split(width)]
        if attention.q_bias is not None:
            parts[0] = parts[0] + attention.q_bias
            parts[2] = parts[2] + attention.v_bias
        return [part.numpy() for part in parts]


@pytest.mark.parametrize(
    ("name", "patch"),
    [
        ("vit_tiny_patch16_224", 16),
        # One map without biases, one with biases apart, three maps.
        ("vit_small_patch16_dinov3", 16),
        ("vit_small_patch16_dinov3_qkvb", 16),
        ("eva02_tiny_patch14_224", 14),
        ("eva02_base_patch14_224", 14),
    ],
)
@pytest.mark.usefixtures("_own_networks")
def test_facets_are_projections_inside_the_attention(name, patch):
    image = random_image(2 * patch, 3 * patch)
    settings = {"normalize": False, "image_size": None}
    model = network(build(name))
    generator = torch.Generator().manual_seed(0)
    for parameter_name, parameter in model.named_parameters():
        # Timm starts them at zero, where leaving them out would not show.
        if re.search(r"attn\.(\w_proj\.|qkv\.|\w_)bias", parameter_name):
            parameter.data.normal_(generator=generator)
    pixels = scaled(image, 2 * patch, 3 * patch, model)
    skipped = model.num_prefix_tokens
    layers = (-1, 2)
    expected = {
        layer: [
            part[skipped:].reshape(2, 3, -1)
            for part in attention_parts(name, model, layer, pixels)
        ]
        for layer in layers
    }
    for place, facet in enumerate(FACETS):
        for layer in layers:
            features = build(name, facet=facet, layers=layer, **settings)
            (item,) = features.transform([image])
            assert_close(item.features, expected[layer][place])
        (item,) = build(name, facet=facet, layers=layers, **settings).transform([image])
        joined = [unit(expected[layer][place]) for layer in layers]
        assert_close(item.features, np.concatenate(joined, axis=2))


def test_reading_a_facet_leaves_no_hooks():
    build(facet="key", image_size=32).transform([random_image(20, 20)])
    for module in network(build()).modules():
        assert not module._forward_pre_hooks
        assert not module._forward_hooks


def test_norm_is_of_no_account_to_facets():
    image = random_image(32, 48)
    (on,), (off,) = (
        build(norm=norm, facet="value", image_size=48).transform([image])
        for norm in (True, False)
    )
    np.testing.assert_array_equal(on.features, off.features)


# ----------------------------------------------------- batches, precision, threads


@pytest.mark.parametrize(
    ("model", "facet"), [(TINY, "token"), (TINY, "key"), ("convnext_atto", "token")]
)
def test_features_do_not_depend_on_the_batch(model, facet):
    shapes = [(40, 60), (60, 40), (40, 60), (50, 50), (40, 60), (40, 60), (60, 40)]
    images = [random_image(*shape, seed=i) for i, shape in enumerate(shapes)]
    features = build(model, facet=facet, image_size=64)
    one = features.transform(images)
    four = clone(features).set_params(batch_size=4).transform(images)
    for image, alone, together in zip(images, one, four, strict=True):
        assert alone.image_shape == image.shape[:2]
        np.testing.assert_allclose(alone.features, together.features, atol=1e-5)
        (again,) = features.transform([image])
        np.testing.assert_array_equal(again.features, alone.features)


@pytest.mark.parametrize("facet", ["token", "key"])
def test_half_precision_comes_close_and_out_as_float32(facet):
    image = random_image(40, 60)
    (full,), (half,) = (
        build(facet=facet, dtype=dtype, image_size=96).transform([image])
        for dtype in ("float32", "bfloat16")
    )
    assert half.features.dtype == np.float32
    assert half.shape == full.shape
    likeness = (full.features * half.features).sum(axis=2)
    assert likeness.min() > 0.999
    # Float32 was not what it was computed in.
    assert np.abs(full.features - half.features).max() > 1e-5


def test_tensors_are_returned_where_asked_for():
    images = [random_image(40, 60), random_image(60, 40)]
    arrays = build(image_size=64).transform(images)
    for item, array in zip(
        build(image_size=64, output="torch").transform(images), arrays, strict=True
    ):
        assert isinstance(item.features, torch.Tensor)
        assert isinstance(array.features, np.ndarray)
        assert item.features.device.type == "cpu"
        assert item.features.dtype == torch.float32
        np.testing.assert_array_equal(item.features.numpy(), array.features)


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("is_cached", [True, False])
def test_tensors_may_take_part_in_gradients(tmp_path, batch_size, is_cached):
    features = build(
        image_size=64,
        output="torch",
        batch_size=batch_size,
        cache_dir=tmp_path if is_cached else None,
    )
    for item in features.transform([random_image(40, 60), random_image(40, 60, 1)]):
        assert not item.features.is_inference()
        assert not item.features.requires_grad
        weight = torch.ones(192, requires_grad=True)
        (item.features * weight).sum().backward()
        torch.testing.assert_close(weight.grad, item.features.sum(dim=(0, 1)))


def test_trees_of_tensors_and_of_arrays_are_equal():
    images = [
        make_nested_scene(shape, random_state=0).image for shape in [(48, 64), (64, 48)]
    ]
    model = HierarchicalSpectralSegmenter()
    arrays = model.predict(build(image_size=128).transform(images))
    tensors = model.predict(build(image_size=128, output="torch").transform(images))
    assert tensors == arrays
    assert all(tree.n_leaves > 1 for tree in arrays)


@pytest.mark.parametrize("facet", ["token", "key"])
def test_threads_share_a_network(facet):
    features = build(facet=facet, layers=(3, -1), image_size=64)
    images = [random_image(40, 60, seed) for seed in range(4)]
    expected = features.transform(images)
    results = Parallel(n_jobs=4, backend="threading")(
        delayed(clone(features).transform)(images) for _ in range(4)
    )
    for maps in results:
        for item, alone in zip(maps, expected, strict=True):
            np.testing.assert_array_equal(item.features, alone.features)


def test_a_facet_is_that_of_its_own_images_whatever_other_threads_read():
    backbone = build()._backbone("cpu")
    generator = torch.Generator().manual_seed(0)
    mine, others = torch.randn(2, 1, 3, 32, 32, generator=generator)
    with torch.no_grad():
        (expected,) = backbone.layers(mine, [3], "key")
        started = []

        def read_others():
            with torch.no_grad():
                backbone.layers(others, [11], "token")

        def interrupt(*arguments):
            if not started:
                started.append(threading.Thread(target=read_others))
                started[0].start()
                started[0].join()

        # Another thread runs the network just when this one has passed layer 3.
        handle = backbone.model.blocks[3].mlp.register_forward_hook(interrupt)
        try:
            (found,) = backbone.layers(mine, [3], "key")
        finally:
            handle.remove()
    assert started
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.usefixtures("_own_networks")
def test_threads_that_start_together_load_a_network_once(monkeypatch):
    image = random_image(40, 60)
    (expected,) = build(image_size=64).transform([image])
    load_backbone.cache_clear()
    loaded, prepare = [], _backbone.prepare
    barrier = threading.Barrier(4)

    def counting(*arguments):
        loaded.append(arguments)
        return prepare(*arguments)

    def compute():
        barrier.wait()
        return build(image_size=64).transform([image])[0]

    monkeypatch.setattr(_backbone, "prepare", counting)
    for item in Parallel(n_jobs=4, backend="threading")(
        delayed(compute)() for _ in range(4)
    ):
        np.testing.assert_array_equal(item.features, expected.features)
    assert len(loaded) == 1


@pytest.mark.usefixtures("_own_networks")
def test_random_weights_repeat_and_leave_torchs_seed_alone():
    image = random_image(20, 30)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    (first,) = build(image_size=48).transform([image])
    torch.testing.assert_close(torch.rand(3), expected)
    load_backbone.cache_clear()
    (again,) = build(image_size=48).transform([image])
    np.testing.assert_array_equal(first.features, again.features)


@pytest.mark.usefixtures("_own_networks")
def test_loading_a_checkpoint_leaves_torchs_seed_alone(tmp_path):
    torch.save(network(build()).state_dict(), tmp_path / "model.pth")
    image = random_image(20, 30)
    (expected,) = build(image_size=48).transform([image])
    torch.manual_seed(5)
    random = torch.rand(3)
    torch.manual_seed(5)
    features = build(weights=tmp_path / "model.pth", image_size=48)
    (item,) = features.transform([image])
    np.testing.assert_array_equal(item.features, expected.features)
    torch.testing.assert_close(torch.rand(3), random)


def test_numbers_of_numpy_are_numbers(tmp_path):
    image = random_image(40, 60)
    plain = {"layers": (2, 11), "image_size": 64, "grid_stride": 8}
    ours = {
        "layers": tuple(np.array([2, 11])),
        "image_size": np.int64(64),
        "grid_stride": np.int32(8),
    }
    (expected,) = build(**plain).transform([image])
    for folder in (None, tmp_path):
        features = build(**ours, cache_dir=folder, cache_dtype="float32")
        (item,) = features.transform([image])
        np.testing.assert_array_equal(item.features, expected.features)


def test_a_clone_has_the_same_parameters_and_nothing_else():
    features = build(image_size=32)
    before = features.get_params()
    features.fit_transform([random_image(20, 30)])
    assert features.get_params() == before
    assert vars(clone(features)) == vars(features) == before


# --------------------------------------------------------- networks of a fixed size

FIXED = "mixer_s32_224"


def test_a_fixed_size_works_when_asked_for():
    image = random_image(70, 110)
    features = build(FIXED, normalize=False, image_size=(224, 224))
    (item,) = features.fit_transform([image])
    assert item.shape == (7, 7, 512)
    model = network(features)
    (expected,) = by_timm(model, scaled(image, 224, 224, model), [7])
    assert_close(item.features, expected)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"image_size": 224},
        {"image_size": 224, "side": "shorter"},
        {"image_size": (224, 256)},
        {"image_size": None},
        {"tile": 256},
        {"tile": 128},
        {"tile": 224, "image_size": 128},
        {"tile": 224, "image_size": (224, 128)},
    ],
)
@pytest.mark.usefixtures("_no_weights")
def test_other_sizes_than_a_fixed_one_are_refused_by_fit(settings):
    with pytest.raises(ValueError) as caught:
        build(FIXED, **settings).fit([random_image(4, 4)])
    text = str(caught.value)
    assert text.startswith(f"model={FIXED!r} takes images of one size only. Use ")
    assert "image_size=(224, 224)" in text
    assert "tile=224" in text


def test_windows_of_a_fixed_size_work():
    image = random_image(224, 448)
    features = build(FIXED, normalize=False, image_size=(224, 448), tile=224, overlap=0)
    (item,) = features.fit_transform([image])
    halves = build(FIXED, normalize=False, image_size=(224, 224)).transform(
        [image[:, :224], image[:, 224:]]
    )
    expected = np.concatenate([half.features for half in halves], axis=1)
    assert_close(item.features, expected)
    features = build(FIXED, image_size=256, side="shorter", tile=224)
    assert features.fit_transform([random_image(70, 110)])[0].shape == (8, 13, 512)


def test_an_image_that_windows_of_a_fixed_size_do_not_fit_in_is_named():
    images = [random_image(100, 100), random_image(70, 110)]
    features = build(FIXED, image_size=256, tile=224).fit(images)
    with pytest.raises(ValueError, match=r"X\[1\]: .*224") as caught:
        features.transform(images)
    assert len(caught.value.partial_results) == 1


def test_hiera_has_no_norm_for_maps():
    image = random_image(70, 110)
    on, off = (
        build("hiera_tiny_224", norm=norm, image_size=(224, 224)).fit_transform([image])
        for norm in (True, False)
    )
    assert on[0].shape == (7, 7, 768)
    np.testing.assert_array_equal(on[0].features, off[0].features)


# ------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("vit_tiny_patch16_225", "vit_tiny_patch16_224"),
        ("resnet19", "resnet18"),
        ("vit_small_patch14_dinov2_reg.lvd142m", "vit_small_patch14_dinov2.lvd142m"),
        ("no/such/thing at all", None),
        ("", None),
    ],
)
@pytest.mark.usefixtures("_no_weights")
def test_unknown_models_are_met_with_near_ones(name, near):
    with pytest.raises(ValueError) as caught:
        build(name).fit([random_image(4, 4)])
    text = str(caught.value)
    assert text.startswith(f"model={name!r} is unknown to timm {timm.__version__}.")
    assert text.endswith(" timm.list_models() names them all.")
    assert ("Did you mean one of [" in text) == (near is not None)
    assert near is None or f"'{near}'" in text


@pytest.mark.usefixtures("_no_weights")
def test_unknown_weights_of_a_model_are_met_with_the_known():
    with pytest.raises(ValueError) as caught:
        build("vit_small_patch14_dinov2.lvd142").fit([random_image(4, 4)])
    assert str(caught.value) == (
        "model='vit_small_patch14_dinov2.lvd142': timm knows "
        "'vit_small_patch14_dinov2', and its weights as "
        "['vit_small_patch14_dinov2.lvd142m'], but not 'lvd142'."
    )


@pytest.mark.parametrize("name", [None, 5, ["resnet18"], {"name": "resnet18"}])
@pytest.mark.usefixtures("_no_weights")
def test_a_model_that_is_no_name_is_refused(name):
    with pytest.raises(TypeError) as caught:
        build(name).fit([random_image(4, 4)])
    assert str(caught.value) == f"model must be a name of a timm model, got {name!r}."


DINOV2 = "vit_small_patch14_dinov2"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_size": 13}, "image_size must be an integer in [14, inf), got 13."),
        (
            {"image_size": (28, 7)},
            "image_size must be an integer in [14, inf), got 7.",
        ),
        (
            {"model": "resnet18", "image_size": 31},
            "image_size must be an integer in [32, inf), got 31.",
        ),
        (
            {"image_size": (28, 28, 3)},
            "image_size must be an integer, (height, width) or None, got (28, 28, 3).",
        ),
        (
            {"side": "wider"},
            "side must be one of ['longer', 'shorter'], got 'wider'.",
        ),
        ({"tile": 13}, "tile must be an integer in [14, inf) or None, got 13."),
        ({"tile": 0}, "tile must be an integer in [1, inf) or None, got 0."),
        (
            {"tile": 56, "overlap": 56},
            "overlap must be smaller than tile=56, got 56: windows would not move on.",
        ),
        (
            {"tile": 56, "overlap": 57},
            "overlap must be smaller than tile=56, got 57: windows would not move on.",
        ),
        ({"overlap": -1}, "overlap must be an integer in [0, inf) or None, got -1."),
        ({"layers": 12}, "layers must be an integer in [-12, 11], got 12."),
        ({"layers": (0, -13)}, "layers must be an integer in [-12, 11], got -13."),
        (
            {"model": "convnext_atto", "layers": 4},
            "layers must be an integer in [-4, 3], got 4.",
        ),
        ({"layers": ()}, "layers must name at least one layer, got none."),
        ({"layers": []}, "layers must name at least one layer, got none."),
        ({"layers": (3, 3)}, "layers must differ, got (3, 3)."),
        ({"layers": (11, -1)}, "layers must differ, got (11, -1)."),
        (
            {"facet": "keys"},
            "facet must be one of ['token', 'key', 'query', 'value'], got 'keys'.",
        ),
        (
            {"facet": None},
            "facet must be one of ['token', 'key', 'query', 'value'], got None.",
        ),
        ({"output": "jax"}, "output must be one of ['numpy', 'torch'], got 'jax'."),
        ({"output": None}, "output must be one of ['numpy', 'torch'], got None."),
        (
            {"cache_dtype": "int8"},
            "cache_dtype must be one of ['float16', 'float32'], got 'int8'.",
        ),
        (
            {"cache_dtype": np.float16},
            f"cache_dtype must be one of ['float16', 'float32'], got {np.float16!r}.",
        ),
        (
            {"dtype": "float64"},
            "dtype must be one of ['float32', 'float16', 'bfloat16'], got 'float64'.",
        ),
        (
            {"dtype": torch.float16},
            (
                "dtype must be one of ['float32', 'float16', 'bfloat16'], got "
                "torch.float16."
            ),
        ),
        (
            {"device": "tpu"},
            "device must be one of ['auto', 'cuda', 'mps', 'cpu'], got 'tpu'.",
        ),
        (
            {"device": None},
            "device must be one of ['auto', 'cuda', 'mps', 'cpu'], got None.",
        ),
        (
            {"grid_stride": 0},
            "grid_stride must be an integer in [1, inf) or None, got 0.",
        ),
        ({"reduce": 0}, "reduce must be an integer in [1, inf) or None, got 0."),
        ({"batch_size": 0}, "batch_size must be an integer in [1, inf), got 0."),
    ],
)
@pytest.mark.usefixtures("_no_weights")
def test_bad_values_are_named_by_fit(parameters, message):
    for method in ("fit", "transform", "fit_transform"):
        with pytest.raises(ValueError) as caught:
            getattr(build(**{"model": DINOV2, **parameters}), method)(
                [random_image(4, 4)]
            )
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("norm", 1, "True or False"),
        ("norm", None, "True or False"),
        ("center", "yes", "True or False"),
        ("normalize", 0.0, "True or False"),
        ("normalize", "l2", "True or False"),
        ("reduce", 2.5, "an integer in [1, inf) or None"),
        ("reduce", "all", "an integer in [1, inf) or None"),
        ("layers", "last", "an integer in [-12, 11]"),
        ("layers", None, "an integer in [-12, 11]"),
        ("layers", -1.0, "an integer in [-12, 11]"),
        ("image_size", 518.0, "an integer in [1, inf)"),
        ("image_size", "518", "an integer in [1, inf)"),
        ("tile", 518.0, "an integer in [1, inf) or None"),
        ("overlap", True, "an integer in [0, inf) or None"),
        ("grid_stride", 8.0, "an integer in [1, inf) or None"),
        ("batch_size", None, "an integer in [1, inf)"),
        ("cache_dir", 3, "a path or None"),
    ],
)
@pytest.mark.usefixtures("_no_weights")
def test_wrong_types_are_named_by_fit(name, value, allowed):
    with pytest.raises(TypeError) as caught:
        build(DINOV2, **{name: value}).fit([random_image(4, 4)])
    assert str(caught.value) == f"{name} must be {allowed}, got {value!r}."


@pytest.mark.parametrize(
    "model", ["swin_tiny_patch4_window7_224", "resnet18", "convnext_atto"]
)
@pytest.mark.parametrize("facet", FACETS)
@pytest.mark.usefixtures("_no_weights")
def test_only_plain_transformers_have_facets(model, facet):
    with pytest.raises(ValueError) as caught:
        build(model, facet=facet).fit([random_image(4, 4)])
    assert str(caught.value) == (
        f"facet={facet!r} needs a plain vision transformer, whose attention can be "
        f"read; model={model!r} is none. Use facet='token'."
    )


@pytest.mark.parametrize("model", ["xcit_tiny_12_p16_224", "hiera_tiny_224"])
@pytest.mark.usefixtures("_no_weights")
def test_attention_of_other_kinds_is_refused(model):
    with pytest.raises(ValueError, match="facet='key' needs a plain vision"):
        build(model, facet="key").fit([random_image(4, 4)])


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        (3, TypeError, "weights must be 'pretrained', 'random' or a path, got 3."),
        (None, TypeError, "weights must be 'pretrained', 'random' or a path, got "),
        (
            "no-such.pth",
            WeightsNotFound,
            (
                "weights must be 'pretrained', 'random' or the path of a checkpoint, "
                "got 'no-such.pth', where there is no file or folder."
            ),
        ),
    ],
)
@pytest.mark.usefixtures("_no_weights")
def test_weights_are_checked_without_loading_any(weights, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        build(weights=weights).fit([random_image(4, 4)])


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7", "mps"])
@pytest.mark.usefixtures("_no_weights")
def test_a_device_that_is_not_there_is_named(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError) as caught:
        build(device=device).fit([random_image(4, 4)])
    assert str(caught.value) == (
        f"device={device!r}, but torch {torch.__version__} finds no such device on "
        "this machine. Use device='auto' or 'cpu'."
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.usefixtures("_no_weights")
def test_a_precision_that_the_device_lacks_is_named(monkeypatch, dtype):
    monkeypatch.setattr(_devices, "_computes_in", lambda device, dtype: False)
    with pytest.raises(ValueError) as caught:
        build(dtype=dtype).fit([random_image(4, 4)])
    assert str(caught.value) == (
        f"dtype={dtype!r}, but device 'cpu' does not compute in it with torch "
        f"{torch.__version__}. Use dtype='float32'."
    )
    build(dtype="float32").fit([random_image(4, 4)])


@pytest.mark.parametrize("shape", [(13, 40), (40, 13), (1, 1)])
@pytest.mark.usefixtures("_no_weights")
def test_an_image_smaller_than_a_patch_is_named(shape):
    features = build(DINOV2, image_size=None)
    with pytest.raises(ValueError) as caught:
        features.fit([random_image(4, 4)]).transform([random_image(*shape)])
    assert str(caught.value) == (
        f"X[0]: the image has {shape[0]} x {shape[1]} pixels (height x width), and a "
        "patch of the network 14 x 14. Scale it up with image_size."
    )


def test_an_image_of_one_patch_is_enough():
    images = [random_image(16, 16), random_image(15, 16)]
    features = build(image_size=None)
    assert features.transform(images[:1])[0].shape == (1, 1, 192)
    with pytest.raises(ValueError, match=r"X\[1\]: the image has 15 x 16") as caught:
        features.transform(images)
    assert len(caught.value.partial_results) == 1


# -------------------------------------------------------------- odd networks


@pytest.mark.parametrize(
    ("name", "size", "grid"),
    [("inception_v3", (299, 299), (8, 8)), ("levit_128s", (224, 224), (4, 4))],
)
def test_networks_take_the_size_that_they_were_made_for(name, size, grid):
    if not hasattr(timm.create_model(name), "forward_intermediates"):
        pytest.skip(f"timm {timm.__version__} does not read the layers of {name}")
    (item,) = build(name, image_size=size).transform([random_image(60, 90)])
    assert item.shape[:2] == grid


@pytest.mark.parametrize(
    "name", ["beit_base_patch16_224", "levit_128s", "mixer_s16_224"]
)
def test_the_advice_for_networks_of_one_size_holds(name):
    with pytest.raises(ValueError, match="takes images of one size only") as caught:
        build(name).fit([None])
    (advice,) = re.findall(r"image_size=(\(\d+, \d+\))", str(caught.value))
    build(name, image_size=eval(advice)).fit([None])
    tile = re.search(r"tile=(\d+) with side='shorter'", str(caught.value))
    if tile:
        side = int(tile[1])
        build(name, tile=side, side="shorter", image_size=side).fit([None])


def test_images_that_would_become_huge_are_refused():
    thin = np.zeros((1, 50_000, 3), np.uint8)
    with pytest.raises(ValueError, match=r"X\[0\]: an image of 1 x 50000 .* scaled to"):
        build(side="shorter", image_size=224).transform([thin])


def test_windows_of_a_batch_stay_within_a_cpu_s_caches(monkeypatch):
    seen = []
    original = Backbone.layers

    def layers(self, pixels, *rest, **keywords):
        if pixels.device.type == "cpu":
            seen.append(tuple(pixels.shape))
        return original(self, pixels, *rest, **keywords)

    monkeypatch.setattr(Backbone, "layers", layers)
    monkeypatch.setattr(_network, "CPU_PIXELS", 2 * 64 * 64)
    image = random_image(64, 192)
    features = build(tile=64, overlap=0, image_size=None, batch_size=8)
    features.transform([image])
    assert seen == [(2, 3, 64, 64), (1, 3, 64, 64)]


def test_a_network_is_kept_once_whoever_asks(monkeypatch):
    from skuhas import DinoFeatures

    load_backbone.cache_clear()
    image = random_image(32, 32)
    for features in (
        DinoFeatures(model="dino_vits16", weights="random", image_size=32),
        TimmFeatures(model="vit_small_patch16_224.dino", weights="random"),
        TimmFeatures(model="hf-hub:timm/vit_small_patch16_224.dino", weights="random"),
    ):
        features.set_params(image_size=32).transform([image])
    assert load_backbone.cache_info().misses == 1
