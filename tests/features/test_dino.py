"""DinoFeatures: names, their table, and timm's features behind them."""

import inspect

import numpy as np
import pytest
import timm
import torch
from sklearn.base import clone

from skuhas import PAPER_FEATURES, DinoFeatures, TimmFeatures, available_models
from skuhas.features._dino_models import find_model

TIMM_NAMES = {
    "dino_vits8": "vit_small_patch8_224.dino",
    "dino_vits16": "vit_small_patch16_224.dino",
    "dino_vitb8": "vit_base_patch8_224.dino",
    "dino_vitb16": "vit_base_patch16_224.dino",
    "dinov2_vits14": "vit_small_patch14_dinov2.lvd142m",
    "dinov2_vitb14": "vit_base_patch14_dinov2.lvd142m",
    "dinov2_vitl14": "vit_large_patch14_dinov2.lvd142m",
    "dinov2_vitg14": "vit_giant_patch14_dinov2.lvd142m",
    "dinov2_vits14_reg": "vit_small_patch14_reg4_dinov2.lvd142m",
    "dinov2_vitb14_reg": "vit_base_patch14_reg4_dinov2.lvd142m",
    "dinov2_vitl14_reg": "vit_large_patch14_reg4_dinov2.lvd142m",
    "dinov2_vitg14_reg": "vit_giant_patch14_reg4_dinov2.lvd142m",
    "dinov3_vits16": "vit_small_patch16_dinov3.lvd1689m",
    "dinov3_vitsplus16": "vit_small_plus_patch16_dinov3.lvd1689m",
    "dinov3_vits16plus": "vit_small_plus_patch16_dinov3.lvd1689m",
    "dinov3_vitb16": "vit_base_patch16_dinov3.lvd1689m",
    "dinov3_vitl16": "vit_large_patch16_dinov3.lvd1689m",
    "dinov3_vith+16": "vit_huge_plus_patch16_dinov3.lvd1689m",
    "dinov3_vith16plus": "vit_huge_plus_patch16_dinov3.lvd1689m",
}


def random_image(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def parameters(kind):
    """Return the defaults of a transformer by name, in their order."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(kind).parameters.items()
    }


# ------------------------------------------------------------------------- names


@pytest.mark.parametrize(("name", "timm_name"), TIMM_NAMES.items())
def test_names_of_the_authors_are_those_of_timm(name, timm_name):
    assert find_model(name).timm_name == timm_name
    architecture, _, tag = timm_name.partition(".")
    assert timm.is_model(architecture)
    assert timm_name in timm.list_models(pretrained=True)
    assert timm.get_pretrained_cfg(timm_name).tag == tag


def test_no_name_means_two_models():
    models = available_models()
    names = [name for model in models for name in (model.name, *model.aliases)]
    assert len(set(names)) == len(names)
    assert len({model.timm_name for model in models}) == len(models)
    assert set(TIMM_NAMES) <= set(names)
    for name in names:
        assert name in (find_model(name).name, *find_model(name).aliases)


def test_the_table_may_be_changed_by_nobody():
    available_models().clear()
    assert available_models()[0].name == "dino_vits8"
    with pytest.raises(AttributeError):
        available_models()[0].width = 3


@pytest.mark.parametrize("model", available_models(), ids=lambda model: model.name)
def test_the_table_says_what_timm_builds(model):
    with torch.device("meta"):
        network = timm.create_model(model.timm_name, pretrained=False, num_classes=0)
    assert network.patch_embed.patch_size == (model.patch_size, model.patch_size)
    assert network.embed_dim == network.num_features == model.width
    assert len(network.blocks) == model.n_blocks
    assert sum(p.numel() for p in network.parameters()) == model.n_parameters
    is_register = "_reg" in model.name or model.name.startswith("dinov3")
    assert network.num_prefix_tokens == 1 + 4 * is_register


def test_licences_are_their_families():
    for model in available_models():
        is_third = model.name.startswith("dinov3")
        assert model.license == ("DINOv3 License" if is_third else "Apache-2.0")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("dinov2_vits16", "dinov2_vits14"),
        ("dino_vit8", "dino_vits8"),
        ("dinov2_vits14_regs", "dinov2_vits14_reg"),
        ("dinov3_vith16", "dinov3_vith+16"),
        ("DINOV2_VITS14", "dinov2_vits14"),
        ("resnet18", None),
        ("", None),
        (None, None),
        (14, None),
        (["dino_vits8"], None),
    ],
)
@pytest.mark.parametrize("method", ["fit", "transform", "fit_transform"])
def test_unknown_names_are_met_with_the_known(name, near, method):
    features = DinoFeatures(model=name, weights="random")
    with pytest.raises(ValueError) as caught:
        getattr(features, method)([random_image(20, 20)])
    text = str(caught.value)
    known = [model.name for model in available_models()]
    assert text.startswith(f"model must be one of {known}, got {name!r}.")
    assert text.endswith(" TimmFeatures takes timm's own names.")
    if near:
        assert f"'{near}'" in text.partition("Did you mean one of ")[2]
    else:
        assert "Did you mean" not in text


# ---------------------------------------------------------------------- features


def test_parameters_are_those_of_timm_features_but_for_the_model():
    ours, theirs = parameters(DinoFeatures), parameters(TimmFeatures)
    assert list(ours) == list(theirs)
    assert ours.pop("model") == "dinov2_vits14_reg"
    assert theirs.pop("model") == find_model("dinov2_vits14_reg").timm_name
    assert ours == theirs
    assert set(DinoFeatures().get_params()) == set(parameters(DinoFeatures))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dinov2_vits14_reg", {"image_size": (56, 84)}),
        ("dino_vits8", {"image_size": 48, "layers": (3, -1), "center": True}),
        ("dino_vits16", {"image_size": 96, "facet": "key", "layers": 10}),
        ("dinov3_vitsplus16", {"image_size": 64, "norm": False, "normalize": False}),
    ],
)
def test_features_are_those_of_timm_features(name, settings):
    images = [random_image(40, 60), random_image(60, 45)]
    settings = {"weights": "random", "device": "cpu", **settings}
    ours = DinoFeatures(model=name, **settings).fit_transform(images)
    theirs = TimmFeatures(model=TIMM_NAMES[name], **settings).fit_transform(images)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        assert one.features.std(axis=(0, 1)).max() > 0.01


def test_every_name_is_scaled_to_its_own_patches():
    for model in available_models():
        assert f"_patch{model.patch_size}_" in model.timm_name
        if model.width > 384:
            # Larger ones of a family differ in depth and width alone.
            continue
        features = DinoFeatures(model=model.name, weights="random", image_size=100)
        side = {8: 104, 14: 98, 16: 96}[model.patch_size]
        assert features._scaled((50, 50)) == (side, side)


def test_two_names_of_one_network_are_one():
    image = random_image(32, 48)
    plus, s16plus = (
        DinoFeatures(model=name, weights="random", image_size=48).transform([image])[0]
        for name in ("dinov3_vitsplus16", "dinov3_vits16plus")
    )
    np.testing.assert_array_equal(plus.features, s16plus.features)


def test_settings_of_the_paper_are_valid():
    assert set(PAPER_FEATURES) <= set(DinoFeatures().get_params())
    features = DinoFeatures(**PAPER_FEATURES).fit([random_image(4, 4)])
    assert find_model(features.model).patch_size == 14
    assert features._scaled((481, 321)) == (60 * 14, 60 * 14)


def test_a_clone_has_the_same_parameters_and_nothing_else():
    features = DinoFeatures(model="dino_vits16", weights="random", image_size=32)
    before = features.get_params()
    features.fit_transform([random_image(20, 30)])
    assert features.get_params() == before
    assert vars(clone(features)) == vars(features) == before
