"""Reading checkpoints as they are published, and fitting them to a network."""

import argparse
import contextlib
import copy
import io
import os
import pathlib
import pickle
import re
import zipfile

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from skuhas import DinoFeatures, TimmFeatures
from skuhas.features._backbone import load_backbone
from skuhas.features._checkpoints import unwrap

TINY = "test_vit.r160_in1k"
DINOV2 = "vit_small_patch14_dinov2.lvd142m"
DINOV2_REG = "vit_small_patch14_reg4_dinov2.lvd142m"
DINOV3 = "vit_small_patch16_dinov3.lvd1689m"
SMALL = "vit_small_patch16_224.dino"


def make_model(name, seed=0, **options):
    """Return a network of timm whose every tensor matters to its features."""
    with torch.device("meta"):
        shapes = timm.create_model(name, num_classes=0, **options).state_dict()
    draw = torch.Generator().manual_seed(seed)
    state = {}
    for key, tensor in shapes.items():
        values = torch.randn(tensor.shape, generator=draw)
        if tensor.ndim == 1 and ("gamma" in key or key.endswith("weight")):
            values = 0.8 + 0.2 * values
        elif tensor.ndim == 1 or "embed" in key or "token" in key:
            values = 0.3 * values
        if tensor.ndim > 1 and key.endswith("weight"):
            values = 1.5 * values / tensor[0].numel() ** 0.5
        state[key] = values
    with fast_creation():
        model = timm.create_model(name, num_classes=0, **options)
    model.load_state_dict(state)
    return model.eval()


@contextlib.contextmanager
def fast_creation():
    """Leave out the drawing of weights that are replaced at once."""
    kept = torch.Tensor.uniform_
    torch.Tensor.uniform_ = lambda self, *_args, **_keywords: self
    try:
        yield
    finally:
        torch.Tensor.uniform_ = kept


@pytest.fixture(scope="module")
def models():
    made = {}

    def get(name, **options):
        key = name, *options.items()
        if key not in made:
            made[key] = make_model(name, **options)
        return made[key]

    return get


def image_for(model):
    """Return six patches, each noise of a colour of its own."""
    side = model.patch_embed.patch_size[0]
    rng = np.random.default_rng(1)
    colors = rng.integers(0, 160, (2, 3, 3)).repeat(side, axis=0).repeat(side, axis=1)
    return (colors + rng.integers(0, 96, colors.shape)).astype(np.uint8)


def literal_features(model, image):
    """Return unit vectors of the patches after the last block."""
    config = model.pretrained_cfg
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    mean, std = (torch.tensor(config[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    with torch.inference_mode():
        tokens = model.forward_features((pixels - mean) / std)
    tokens = tokens[0, model.num_prefix_tokens :].numpy()
    tokens = tokens / np.linalg.norm(tokens, axis=1, keepdims=True)
    side = model.patch_embed.patch_size[0]
    return tokens.reshape(image.shape[0] // side, image.shape[1] // side, -1)


def features_of(name, weights, image):
    transformer = TimmFeatures(
        model=name, weights=str(weights), image_size=None, device="cpu"
    )
    return transformer.transform([image])[0].features


def assert_same_features(model, name, path):
    image = image_for(model)
    expected = literal_features(model, image)
    # One cell for another would pass unnoticed if all were alike.
    assert np.ptp(expected, axis=(0, 1)).max() > 0.03
    np.testing.assert_allclose(features_of(name, path, image), expected, atol=1e-5)


def tiny(models):
    return models(TINY, dynamic_img_size=True)


# ------------------------------------------------------- as they are published


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


def noise(state):
    """Return other weights of the same names, which must not be taken."""
    return {key: value + 1 for key, value in state.items()}


def projection(prefix, width=64):
    return {
        f"{prefix}mlp.0.weight": torch.ones(8, width),
        f"{prefix}mlp.0.bias": torch.ones(8),
        f"{prefix}last_layer.weight_g": torch.ones(5, 1),
        f"{prefix}last_layer.weight_v": torch.ones(5, 8),
    }


def optimizer():
    return {
        "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.zeros(4)}},
        "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}],
    }


def dino_training(state):
    return {
        "student": prefixed(noise(state), "module.backbone.")
        | projection("module.head."),
        "teacher": prefixed(state, "backbone.") | projection("head."),
        "optimizer": optimizer(),
        "epoch": 100,
        "args": argparse.Namespace(arch="vit_small", lr=5e-4, local_crops_scale=(0, 1)),
        "dino_loss": {"center": torch.zeros(1, 5)},
        "fp16_scaler": {"scale": 65536.0, "growth_factor": 2.0},
    }


def chunked(state):
    """Put the blocks in chunks of two, as sharded training does."""

    def name(key):
        found = re.match(r"blocks\.(\d+)\.(.*)", key)
        return f"blocks.{int(found[1]) // 2}.{found[1]}.{found[2]}" if found else key

    return {name(key): value for key, value in state.items()}


def dinov2_training(state):
    backbone = chunked(state) | {"mask_token": torch.zeros(1, 64)}
    return {
        "teacher": prefixed(backbone, "backbone.")
        | projection("dino_head.")
        | projection("ibot_head.")
    }


def moco_head(prefix, width=64):
    return {
        f"{prefix}0.weight": torch.ones(16, width),
        f"{prefix}1.weight": torch.ones(16),
        f"{prefix}1.running_mean": torch.ones(16),
        f"{prefix}1.num_batches_tracked": torch.tensor(7),
        f"{prefix}3.weight": torch.ones(16, 16),
    }


def moco(state):
    width = state["norm.weight"].numel()
    tensors = (
        prefixed(noise(state), "module.momentum_encoder.")
        | moco_head("module.momentum_encoder.head.", width)
        | prefixed(state, "module.base_encoder.")
        | moco_head("module.base_encoder.head.", width)
        | moco_head("module.predictor.", 16)
    )
    return {
        "epoch": 300,
        "arch": "vit_small",
        "state_dict": tensors,
        "optimizer": optimizer(),
        "scaler": {},
        "args": argparse.Namespace(moco_t=0.2),
    }


def mae(state):
    decoder = {
        "mask_token": torch.ones(1, 1, 8),
        "decoder_pos_embed": torch.ones(1, 101, 8),
        "decoder_embed.weight": torch.ones(8, 64),
        "decoder_embed.bias": torch.ones(8),
        "decoder_blocks.0.norm1.weight": torch.ones(8),
        "decoder_blocks.0.attn.qkv.weight": torch.ones(24, 8),
        "decoder_norm.weight": torch.ones(8),
        "decoder_pred.weight": torch.ones(768, 8),
    }
    return {"model": state | decoder}


def supervised(state):
    return state | {"head.weight": torch.ones(10, 64), "head.bias": torch.ones(10)}


def lightning(state):
    return {
        "epoch": 3,
        "global_step": 99,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": prefixed(state, "model.")
        | {"model.head.weight": torch.ones(10, 64), "loss.weight": torch.ones(10)},
        "callbacks": {},
        "optimizer_states": [optimizer()],
        "lr_schedulers": [],
        "hyper_parameters": {"lr": 0.1},
    }


PUBLISHED = {
    "dino backbone": dict,
    "dino training": dino_training,
    "dinov2 training": dinov2_training,
    "moco": moco,
    "mae": mae,
    "supervised": supervised,
    "lightning": lightning,
    "compiled": lambda state: prefixed(state, "_orig_mod."),
    "compiled in parallel": lambda state: prefixed(state, "module._orig_mod."),
    "moving average": lambda state: {"model": noise(state), "model_ema": state},
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_checkpoints_give_the_features_of_their_network(
    models, tmp_path, kind
):
    model = tiny(models)
    path = tmp_path / "checkpoint.pth"
    torch.save(PUBLISHED[kind](model.state_dict()), path)
    assert_same_features(model, TINY, path)


def test_files_and_folders_of_every_kind(models, tmp_path):
    model = tiny(models)
    state = model.state_dict()
    (tmp_path / "folder").mkdir()
    files = [
        tmp_path / name
        for name in ("a.pth", "a.pt", "a.bin", "a.safetensors", "folder")
    ]
    for path in files[:3]:
        torch.save(state, path)
    save_file(state, files[3])
    save_file(state, files[4] / "model.safetensors")
    # What a zip is not, torch wrote before version 1.6.
    files.append(tmp_path / "old.pth")
    torch.save(state, files[-1], _use_new_zipfile_serialization=False)
    for path in files:
        assert_same_features(model, TINY, path)


def test_dinov2_as_its_hub_publishes_it(models, tmp_path):
    model = models(DINOV2, dynamic_img_size=True)
    state = model.state_dict() | {"mask_token": torch.zeros(1, 384)}
    assert state["pos_embed"].shape == (1, 1 + 37 * 37, 384)
    torch.save(state, tmp_path / "dinov2_vits14_pretrain.pth")
    assert_same_features(model, DINOV2, tmp_path / "dinov2_vits14_pretrain.pth")


def test_dinov2_with_registers_as_its_hub_publishes_it(models, tmp_path):
    model = models(DINOV2_REG, dynamic_img_size=True)
    state = model.state_dict()
    # The class token's place is added to it there, and is part of it in timm.
    place = torch.randn(1, 1, 384, generator=torch.Generator().manual_seed(3))
    state["register_tokens"] = state.pop("reg_token")
    state["cls_token"] = state["cls_token"] - place
    state["pos_embed"] = torch.cat([place, state["pos_embed"]], dim=1)
    state["mask_token"] = torch.zeros(1, 384)
    path = tmp_path / "dinov2_vits14_reg4_pretrain.pth"
    torch.save(state, path)
    assert_same_features(model, DINOV2_REG, path)
    image = image_for(model)
    (by_its_name,) = DinoFeatures(
        model="dinov2_vits14_reg", weights=path, image_size=None, device="cpu"
    ).transform([image])
    np.testing.assert_allclose(by_its_name, literal_features(model, image), atol=1e-5)


def dinov3_published(models, folder):
    state = {}
    for key, value in models(DINOV3).state_dict().items():
        name = key.replace("reg_token", "storage_tokens")
        state[re.sub(r"gamma_(\d)", r"ls\1.gamma", name)] = value
    for index in range(12):
        state[f"blocks.{index}.attn.qkv.bias"] = torch.zeros(3 * 384)
        state[f"blocks.{index}.attn.qkv.bias_mask"] = torch.ones(3 * 384)
    state["mask_token"] = torch.zeros(1, 384)
    state["rope_embed.periods"] = torch.ones(16)
    path = folder / "dinov3_vits16_pretrain_lvd1689m.pth"
    torch.save(state, path)
    return path


def test_dinov3_as_it_is_published(models, tmp_path):
    assert_same_features(models(DINOV3), DINOV3, dinov3_published(models, tmp_path))


def test_checkpoints_are_converted_without_a_word(models, tmp_path, capfd):
    path = dinov3_published(models, tmp_path)
    capfd.readouterr()
    load_backbone(DINOV3, str(path), "", "cpu")
    assert capfd.readouterr() == ("", "")


def test_the_small_transformer_of_moco_has_twelve_heads(models, tmp_path):
    six = models(SMALL, dynamic_img_size=True)
    twelve = make_model(SMALL, dynamic_img_size=True, num_heads=12)
    twelve.load_state_dict(six.state_dict())
    path, plain = tmp_path / "vit-s-300ep.pth.tar", tmp_path / "plain.pth"
    torch.save(moco(six.state_dict()), path)
    torch.save(six.state_dict(), plain)
    image = image_for(six)
    ours, others = features_of(SMALL, path, image), features_of(SMALL, plain, image)
    np.testing.assert_allclose(ours, literal_features(twelve, image), atol=1e-5)
    np.testing.assert_allclose(others, literal_features(six, image), atol=1e-5)
    assert np.abs(ours - others).max() > 0.01
    heads = [
        load_backbone(SMALL, str(file), "", "cpu").blocks[0].attn.num_heads
        for file in (path, plain)
    ]
    assert heads == [12, 6]


def test_what_wraps_a_network_is_taken_off_from_the_outside_in():
    one = torch.zeros(1)
    inner, wrapping = unwrap({"teacher": {"module.backbone.blocks.0.3.norm": one}})
    assert list(inner) == ["blocks.3.norm"]
    assert wrapping == ["teacher", "module.", "backbone."]
    own = ["encoder.norm", "head.weight"]
    assert unwrap({"encoder.norm": one}, own) == ({"encoder.norm": one}, [])
    assert unwrap([one]) == ({}, [])
    assert unwrap({"epoch": 3, 5: one}) == ({}, [])


# --------------------------------------------------------- position embeddings


def test_position_embeddings_of_another_grid_are_resampled(tmp_path):
    small = make_model(TINY, img_size=224, dynamic_img_size=True)
    state = small.state_dict()
    assert state["pos_embed"].shape == (1, 1 + 14 * 14, 64)
    columns = torch.linspace(-1, 1, 14).expand(14, 14).reshape(1, 196, 1)
    # A ramp, that any resampling keeps, in the first feature alone.
    state["pos_embed"][:, 1:] = torch.cat([columns, torch.zeros(1, 196, 63)], 2)
    path = tmp_path / "model.pth"
    torch.save(state, path)
    backbone = load_backbone(TINY, str(path), "", "cpu")
    embedding = backbone.model.pos_embed
    assert embedding.shape == (1, 1 + 10 * 10, 64)
    np.testing.assert_array_equal(embedding[:, 0], state["pos_embed"][:, 0])
    ramp = embedding[0, 1:, 0].reshape(10, 10)
    assert (ramp.diff(dim=1) > 0.1).all()
    np.testing.assert_allclose(ramp - ramp[:1], 0, atol=1e-5)
    assert embedding[0, 1:, 1:].abs().max() < 1e-5
    for key, value in state.items():
        if key != "pos_embed":
            np.testing.assert_array_equal(backbone.model.state_dict()[key], value)


@pytest.mark.parametrize("name", [DINOV2, DINOV2_REG])
def test_a_grid_of_fourteen_fits_one_of_thirty_seven(models, tmp_path, name):
    model = copy.deepcopy(models(name, dynamic_img_size=True))
    state = model.state_dict()
    flat = torch.randn(1, 1, 384, generator=torch.Generator().manual_seed(5))
    own = state["pos_embed"]
    n_first = own.shape[1] - 37 * 37
    state["pos_embed"] = torch.cat([own[:, :n_first], flat.expand(1, 196, 384)], 1)
    path = tmp_path / "model.pth"
    torch.save(state, path)
    # The same everywhere stays the same everywhere, on any grid.
    with torch.no_grad():
        model.pos_embed[:, n_first:] = flat
    assert_same_features(model, name, path)


# ------------------------------------------------------------ nothing is run


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Own:
    pass


@pytest.mark.parametrize("old", [False, True])
def test_a_checkpoint_with_code_in_it_is_refused_and_not_run(models, tmp_path, old):
    path, trap = tmp_path / "checkpoint.pth", tmp_path / "sprung"
    content = {"model": tiny(models).state_dict(), "note": Trap(trap)}
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    with pytest.raises(ValueError, match=r"checkpoint.pth' holds a \w+.mkdir, and"):
        features_of(TINY, path, image_for(tiny(models)))
    path.write_bytes(pickle.dumps(Trap(trap)))
    with pytest.raises(ValueError, match=r"checkpoint.pth'"):
        features_of(TINY, path, image_for(tiny(models)))
    assert not trap.exists()
    assert pickle.loads(path.read_bytes()) is None
    assert trap.exists()


@pytest.mark.parametrize(
    ("item", "blocked"),
    [
        (pathlib.PurePosixPath("/data"), "pathlib.*PurePosixPath"),
        (np.float64(0.1), r"numpy.*scalar"),
        (Own(), "Own"),
        (torch.nn.Linear(2, 2), "Linear"),
    ],
)
def test_objects_that_are_not_loaded_are_named(tmp_path, item, blocked):
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": {"a": torch.zeros(2)}, "item": item}, path)
    message = rf"weights='.*checkpoint.pth' holds a [\w.]*{blocked}.*state dict alone"
    with pytest.raises(ValueError, match=message):
        features_of(TINY, path, np.zeros((32, 32, 3), np.uint8))


# ------------------------------------------------------------- no checkpoints


def damaged(state):
    """Return bytes of files that are no checkpoints."""
    picture = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(picture, "png")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "text")
    saved = io.BytesIO()
    torch.save(state, saved)
    return {
        "text": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\n",
        "page": b"<!DOCTYPE html><html><body>404</body></html>",
        "nothing": b"",
        "one byte": b"\x80",
        "half": saved.getvalue()[: saved.tell() // 2],
        "picture": picture.getvalue(),
        "archive": archive.getvalue(),
        "a list": pickle.dumps([1, 2]),
    }


@pytest.mark.parametrize("kind", damaged({}))
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_what_is_no_checkpoint_is_refused_by_name(models, tmp_path, kind, suffix):
    path = tmp_path / f"broken.{suffix}"
    content = damaged(tiny(models).state_dict())[kind]
    if suffix == "safetensors" and kind == "half":
        save_file(tiny(models).state_dict(), path)
        content = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"weights='.*broken.{suffix}' (is|holds) no"):
        features_of(TINY, path, image_for(tiny(models)))


@pytest.mark.parametrize("content", [{}, {"model": {}}, {"epoch": 3}, [1], 7, "text"])
def test_a_checkpoint_without_tensors_is_refused_by_name(tmp_path, content):
    path = tmp_path / "hollow.pth"
    torch.save(content, path)
    with pytest.raises(ValueError, match=r"weights='.*hollow.pth' holds no tensors"):
        features_of(TINY, path, np.zeros((32, 32, 3), np.uint8))


# ------------------------------------------------------- another architecture


def refusal(tmp_path, state, name=TINY):
    path = tmp_path / "other.pth"
    torch.save(state, path)
    with pytest.raises(ValueError, match=r"other.pth' does not fit") as caught:
        features_of(name, path, np.zeros((32, 32, 3), np.uint8))
    return str(caught.value)


def test_the_keys_that_do_not_fit_are_named(models, tmp_path):
    state = tiny(models).state_dict()
    for index in range(6):
        del state[f"blocks.{index}.norm1.bias"]
    state["blocks.6.norm1.bias"] = torch.zeros(64)
    state["norm.weight"] = torch.zeros(32)
    message = refusal(tmp_path, state)
    assert "the architecture 'test_vit'" in message
    assert (
        "6 missing (blocks.0.norm1.bias, blocks.1.norm1.bias, blocks.2.norm1.bias, "
        "blocks.3.norm1.bias and 2 more)"
    ) in message
    assert "1 unexpected (blocks.6.norm1.bias)" in message
    assert "1 of another shape (norm.weight (32,) for (64,))" in message


def test_other_kinds_of_networks_are_refused(models, tmp_path):
    residual = timm.create_model("test_resnet", num_classes=0).state_dict()
    assert "missing (cls_token" in refusal(tmp_path, residual)
    wider = models(SMALL, dynamic_img_size=True).state_dict()
    message = refusal(tmp_path, wider)
    assert "of another shape (cls_token (1, 1, 384) for (1, 1, 64)" in message
    assert "blocks.6." in message
    assert "missing" in refusal(tmp_path, {"weight": torch.zeros(3)})
    assert "unexpected" in refusal(tmp_path, tiny(models).state_dict(), "test_resnet")


def test_patches_of_another_size_are_another_network(models, tmp_path):
    state = tiny(models).state_dict()
    state["patch_embed.proj.weight"] = torch.zeros(64, 3, 8, 8)
    message = refusal(tmp_path, state)
    assert "patch_embed.proj.weight (64, 3, 8, 8) for (64, 3, 16, 16)" in message


# ----------------------------------------------------------------- kept loaded


def test_a_file_written_anew_is_read_anew(models, tmp_path):
    path = tmp_path / "model.safetensors"
    other = make_model(TINY, seed=1, dynamic_img_size=True)
    for model in (tiny(models), other, tiny(models)):
        save_file(model.state_dict(), path)
        assert_same_features(model, TINY, path)


def test_a_file_is_read_once(models, tmp_path, monkeypatch):
    from skuhas.features import _backbone

    path = tmp_path / "model.safetensors"
    save_file(tiny(models).state_dict(), path)
    read = []
    reader = _backbone.read_checkpoint
    monkeypatch.setattr(
        _backbone, "read_checkpoint", lambda path: read.append(path) or reader(path)
    )
    image = image_for(tiny(models))
    for _ in range(3):
        features_of(TINY, path, image)
    assert len(read) == 1
