"""The options that choose features, the same in every command."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any

import typer

PANEL = "Features"
# What a user types for a parameter's None; an option that is not given is None.
OFF = "none"
SIDES = {"longer", "shorter"}


def _image_size(text: str) -> int | tuple[int, int] | str:
    if text == OFF:
        return text
    numbers = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if numbers is None:
        raise typer.BadParameter(
            f"must be a length, HEIGHTxWIDTH or {OFF}, in pixels, got {text!r}."
        )
    height, width = numbers.groups()
    return int(height) if width is None else (int(height), int(width))


def _layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"must be whole numbers with commas between, got {text!r}."
        ) from None


Features = Annotated[
    str,
    typer.Option(
        "--features",
        help="lite: EfficientNet-Lite0, trained with ImageNet labels. color: colour "
        "and position, no network. Else a transformer, such as dinov2_vits14_reg, "
        "or any model of timm.",
        rich_help_panel=PANEL,
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="A checkpoint file, or a folder that holds one. Without it, published "
        "weights are taken from the cache of Hugging Face, or fetched.",
        metavar="FILE",
        rich_help_panel=PANEL,
    ),
]
ImageSize = Annotated[
    Any,
    typer.Option(
        help="Length of a side that images are scaled to for the features, or both "
        "as HEIGHTxWIDTH.",
        parser=_image_size,
        metavar=f"<int|HxW|{OFF}>",
        rich_help_panel=PANEL,
    ),
]
Side = Annotated[
    str | None,
    typer.Option(
        help="longer or shorter: the side of that length.", rich_help_panel=PANEL
    ),
]
Layers = Annotated[
    Any,
    typer.Option(
        help="Blocks or stages to read, as -1 or 5,8,11.",
        parser=_layers,
        metavar="<int,...>",
        rich_help_panel=PANEL,
    ),
]
Facet = Annotated[
    str | None,
    typer.Option(help="token, key, query or value.", rich_help_panel=PANEL),
]
Tile = Annotated[
    int | None,
    typer.Option(
        help="Side of the overlapping windows that large images are cut into.",
        rich_help_panel=PANEL,
    ),
]
Overlap = Annotated[
    int | None,
    typer.Option(help="Pixels that windows share.", rich_help_panel=PANEL),
]
Device = Annotated[
    str | None,
    typer.Option(
        help="auto, cpu, cuda or mps: where networks run.", rich_help_panel=PANEL
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="float32, float16 or bfloat16: what they compute in.",
        rich_help_panel=PANEL,
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        help="Folder that keeps features; made if need be.", rich_help_panel=PANEL
    ),
]
CacheDtype = Annotated[
    str | None,
    typer.Option(help="float16 or float32: of kept features.", rich_help_panel=PANEL),
]


def make_transformer(features: str, given: dict[str, Any]) -> Any:
    """Return the transformer of a name, its parameters checked.

    Parameters
    ----------
    features : str
        "lite", "color", a name of DinoFeatures, or one of timm.
    given : dict
        Parameters by name; None where the option was not given.
    """
    import skuhas

    parameters = {
        name: None if value == OFF else value
        for name, value in given.items()
        if value is not None
    }
    if "cache_dir" in parameters:
        parameters["cache_dir"] = str(parameters["cache_dir"])
    kinds = {"lite": skuhas.LiteFeatures, "color": skuhas.ColorFeatures}
    names = {
        name for model in skuhas.available_models() for name in (model.name, *model[-1])
    }
    kind = kinds.get(features)
    if kind is None:
        kind = skuhas.DinoFeatures if features in names else skuhas.TimmFeatures
        parameters["model"] = features
    allowed = kind().get_params()
    for name in parameters:
        if name not in allowed:
            raise typer.BadParameter(
                f"{features} features have no such option.", param_hint=_option(name)
            )
    transformer = kind(**parameters)
    try:
        # Fitting checks the parameters, and learns nothing of these.
        transformer.fit([None])
    except (TypeError, ValueError, OSError, ImportError) as error:
        text = str(error)
        if "unknown to timm" in text:
            # Who mistypes a model may mean one of the short names.
            near = difflib.get_close_matches(features, [*kinds, *names], n=3)
            hint = f"; near it are {', '.join(near)}" if near else ""
            text += f" `skuhas features --list` has the short names{hint}."
        raise typer.BadParameter(text, param_hint=_hint(error)) from None
    return transformer


def _hint(error: Exception) -> str:
    word = re.match(r"[a-z_]+", str(error))
    return _option(word[0]) if word else "--features"


def _option(name: str) -> str:
    special = {"model": "--features", "cache_dir": "--cache"}
    return special.get(name, "--" + name.replace("_", "-"))
