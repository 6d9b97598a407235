"""`skuhas features`: fill a cache with the features of many images."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from skuhas.cli import _transformers as options


def _print_models(wanted: bool) -> None:
    if not wanted:
        return
    from rich.console import Console
    from rich.table import Table

    from skuhas import available_models

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("name")
    for column in ("patch", "width", "blocks", "parameters"):
        table.add_column(column, justify="right")
    table.add_column("licence")
    for model in available_models():
        table.add_row(
            model.name,
            str(model.patch_size),
            str(model.width),
            str(model.n_blocks),
            f"{model.n_parameters / 1e6:.0f} M",
            model.license,
        )
    Console().print(table)
    raise typer.Exit


def features(
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE...", help="Image files.", show_default=False),
    ] = None,
    cache: options.Cache = None,
    features: options.Features = "lite",
    weights: options.Weights = None,
    image_size: options.ImageSize = None,
    side: options.Side = None,
    layers: options.Layers = None,
    facet: options.Facet = None,
    tile: options.Tile = None,
    overlap: options.Overlap = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    cache_dtype: options.CacheDtype = None,
    batch_size: Annotated[
        int, typer.Option(help="Images of equal size computed at once.", min=1)
    ] = 1,
    list_models: Annotated[
        bool,
        typer.Option(
            "--list",
            callback=_print_models,
            is_eager=True,
            help="List the transformers known by short names, and exit.",
        ),
    ] = False,
) -> None:
    """Compute features once and keep them, for later commands and for Python.

    Give the same --cache and the same options to `skuhas segment`, or the
    folder as cache_dir to the transformer in Python. What is there already is
    not computed again, so an interrupted run goes on where it stopped.
    """
    if not images:
        raise typer.BadParameter("no images. Name some files.", param_hint="IMAGE")
    if features == "color":
        raise typer.BadParameter(
            "color features cost less than reading them would.",
            param_hint="--features",
        )
    if cache is None:
        raise typer.BadParameter(
            "name the folder that keeps the features.", param_hint="--cache"
        )
    transformer = options.make_transformer(
        features,
        {
            "weights": weights,
            "image_size": image_size,
            "side": side,
            "layers": layers,
            "facet": facet,
            "tile": tile,
            "overlap": overlap,
            "device": device,
            "dtype": dtype,
            "cache_dir": cache,
            "cache_dtype": cache_dtype,
            "batch_size": batch_size,
        },
    )
    if not os.access(cache, os.W_OK):
        raise typer.BadParameter(
            f"{str(cache)!r} cannot be written to.", param_hint="--cache"
        )
    code = fill(images, transformer)
    if code:
        raise typer.Exit(code)


def fill(images: list[Path], transformer: Any) -> int:
    """Compute what the transformer's cache lacks; return the exit status."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from skuhas import WeightsError, WeightsNotFound
    from skuhas.cli._run import FAILED, INTERRUPTED

    console, errors = Console(), Console(stderr=True)
    bar = Progress(
        TextColumn("Features"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stderr=sys.stderr.isatty(),
    )
    # Maps are dropped chunk by chunk, whatever the number of images.
    size = 4 * transformer.batch_size
    tally = _Tally()
    code = 0
    try:
        with bar if console.is_terminal else nullcontext():
            task = bar.add_task("Features", total=len(images))
            for start in range(0, len(images), size):
                chunk = images[start : start + size]
                for path, error in _fill_chunk(chunk, transformer, tally):
                    code = FAILED
                    reason = escape(_reason(path, error))
                    errors.print(
                        f"[bold red]failed[/] {reason}", soft_wrap=True, highlight=False
                    )
                bar.advance(task, len(chunk))
    except (WeightsError, WeightsNotFound) as error:
        errors.print(
            f"[bold red]failed[/] {escape(str(error))}", soft_wrap=True, highlight=False
        )
        return FAILED
    except KeyboardInterrupt:
        errors.print(
            "[bold red]interrupted[/]: the same command goes on from here.",
            highlight=False,
        )
        code = INTERRUPTED
    console.print(
        f"{tally.computed} computed, {tally.present} there already, {tally.failed} "
        f"failed, of {len(images)}, in {escape(str(transformer.cache_dir))}",
        soft_wrap=True,
        highlight=False,
    )
    return code


class _Tally:
    computed = present = failed = 0


def _fill_chunk(chunk: list[Path], transformer: Any, tally: _Tally) -> Any:
    """Compute what is missing of some images, and yield those that fail."""
    from skuhas import WeightsError, WeightsNotFound

    missing = []
    for path in chunk:
        try:
            (present,) = transformer.cached([path])
        # One bad image must not cost the others, whatever is wrong with it.
        except Exception as error:  # noqa: BLE001
            tally.failed += 1
            yield path, error
            continue
        if present:
            tally.present += 1
        else:
            missing.append(path)
    while missing:
        try:
            transformer.transform(missing)
            tally.computed += len(missing)
            return
        except (WeightsError, WeightsNotFound):
            raise
        except Exception as error:  # noqa: BLE001
            done = len(getattr(error, "partial_results", []))
            tally.computed += done
            tally.failed += 1
            yield missing[done], error
            missing = missing[done + 1 :]


def _reason(path: Path, error: Exception) -> str:
    _, mark, rest = str(error).partition("]: ")
    text = rest if mark and str(error).startswith("X[") else str(error)
    text = text or type(error).__name__
    return text if str(path) in text else f"{path}: {text}"
