"""The published DINO transformers, by the names that people know."""

import difflib
from typing import NamedTuple


class DinoModel(NamedTuple):
    """One published transformer.

    Parameters
    ----------
    name : str
        What its authors call it, as in ``torch.hub.load``.
    timm_name : str
        What timm calls it.
    patch_size : int
        Side of its patches, in pixels.
    width : int
        Features of a patch.
    n_blocks : int
        Transformer blocks.
    n_parameters : int
        Weights of the network.
    license : str
        What the weights may be used under.
    aliases : tuple of str
        Other names that are understood.

    Examples
    --------
    >>> from skuhas import available_models
    >>> available_models()[1].name
    'dino_vits16'
    """

    name: str
    timm_name: str
    patch_size: int
    width: int
    n_blocks: int
    n_parameters: int
    license: str
    aliases: tuple = ()


_APACHE, _DINOV3 = "Apache-2.0", "DINOv3 License"

# Numbers as timm 1.0.31 counts them; a test counts again.
_MODELS = (
    DinoModel(
        "dino_vits8", "vit_small_patch8_224.dino", 8, 384, 12, 21_670_272, _APACHE
    ),
    DinoModel(
        "dino_vits16", "vit_small_patch16_224.dino", 16, 384, 12, 21_665_664, _APACHE
    ),
    DinoModel(
        "dino_vitb8", "vit_base_patch8_224.dino", 8, 768, 12, 85_807_872, _APACHE
    ),
    DinoModel(
        "dino_vitb16", "vit_base_patch16_224.dino", 16, 768, 12, 85_798_656, _APACHE
    ),
    DinoModel(
        "dinov2_vits14",
        "vit_small_patch14_dinov2.lvd142m",
        14,
        384,
        12,
        22_056_192,
        _APACHE,
    ),
    DinoModel(
        "dinov2_vits14_reg",
        "vit_small_patch14_reg4_dinov2.lvd142m",
        14,
        384,
        12,
        22_057_344,
        _APACHE,
    ),
    DinoModel(
        "dinov2_vitb14",
        "vit_base_patch14_dinov2.lvd142m",
        14,
        768,
        12,
        86_579_712,
        _APACHE,
    ),
    DinoModel(
        "dinov2_vitb14_reg",
        "vit_base_patch14_reg4_dinov2.lvd142m",
        14,
        768,
        12,
        86_582_016,
        _APACHE,
    ),
    DinoModel(
        "dinov2_vitl14",
        "vit_large_patch14_dinov2.lvd142m",
        14,
        1024,
        24,
        304_367_616,
        _APACHE,
    ),
    DinoModel(
        "dinov2_vitl14_reg",
        "vit_large_patch14_reg4_dinov2.lvd142m",
        14,
        1024,
        24,
        304_370_688,
        _APACHE,
    ),
    DinoModel(
        "dinov2_vitg14",
        "vit_giant_patch14_dinov2.lvd142m",
        14,
        1536,
        40,
        1_136_479_232,
        _APACHE,
    ),
    DinoModel(
        "dinov2_vitg14_reg",
        "vit_giant_patch14_reg4_dinov2.lvd142m",
        14,
        1536,
        40,
        1_136_483_840,
        _APACHE,
    ),
    DinoModel(
        "dinov3_vits16",
        "vit_small_patch16_dinov3.lvd1689m",
        16,
        384,
        12,
        21_586_944,
        _DINOV3,
    ),
    DinoModel(
        "dinov3_vits16plus",
        "vit_small_plus_patch16_dinov3.lvd1689m",
        16,
        384,
        12,
        28_683_264,
        _DINOV3,
        ("dinov3_vitsplus16", "dinov3_vits+16"),
    ),
    DinoModel(
        "dinov3_vitb16",
        "vit_base_patch16_dinov3.lvd1689m",
        16,
        768,
        12,
        85_641_216,
        _DINOV3,
    ),
    DinoModel(
        "dinov3_vitl16",
        "vit_large_patch16_dinov3.lvd1689m",
        16,
        1024,
        24,
        303_079_424,
        _DINOV3,
    ),
    DinoModel(
        "dinov3_vith16plus",
        "vit_huge_plus_patch16_dinov3.lvd1689m",
        16,
        1280,
        32,
        840_509_440,
        _DINOV3,
        ("dinov3_vithplus16", "dinov3_vith+16"),
    ),
    DinoModel(
        "dinov3_vit7b16",
        "vit_7b_patch16_dinov3.lvd1689m",
        16,
        4096,
        40,
        6_716_030_976,
        _DINOV3,
    ),
)
_BY_NAME = {name: model for model in _MODELS for name in (model.name, *model.aliases)}


def available_models():
    """Return the transformers that DinoFeatures knows by name.

    Returns
    -------
    list of DinoModel
        With name, timm's name, patch size in pixels, width, blocks, number of
        parameters, licence and other names.

    Examples
    --------
    >>> from skuhas import available_models
    >>> model = available_models()[5]
    >>> model.name, model.patch_size, model.width
    ('dinov2_vits14_reg', 14, 384)
    >>> round(model.n_parameters / 1e6)
    22
    """
    return list(_MODELS)


def is_known(name):
    """Whether DinoFeatures knows a name."""
    return name in _BY_NAME


def find_model(name):
    """Return the DinoModel of a name, or raise naming near ones."""
    if isinstance(name, str) and name in _BY_NAME:
        return _BY_NAME[name]
    near = (
        difflib.get_close_matches(name.lower(), _BY_NAME, n=3)
        if isinstance(name, str)
        else []
    )
    hint = f" Did you mean one of {near}?" if near else ""
    raise ValueError(
        f"model must be one of {[model.name for model in _MODELS]}, got {name!r}."
        f"{hint} TimmFeatures takes timm's own names."
    )
