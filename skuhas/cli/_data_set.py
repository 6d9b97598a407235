"""The work of `skuhas segment` on whole data sets: recorded, and resumable."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from skuhas.batch import (
    BatchError,
    Manifest,
    find_images,
    segment_images,
    unique_names,
)
from skuhas.cli._run import FAILED, INTERRUPTED
from skuhas.cli._samples import Sample, read_sample


def run_data_set(
    paths: list[Path], samples: list[Sample], out: Path, **settings: Any
) -> int:
    """Segment files, folders and samples, and return the program's exit status."""
    console, errors = Console(), Console(stderr=True)
    begin = time.monotonic()
    try:
        try:
            images = _collect(paths, samples, out)
        except (OSError, ValueError) as error:
            raise typer.BadParameter(str(error), param_hint="IMAGE") from None
        with warnings.catch_warnings():
            # The failures are printed as they come.
            warnings.filterwarnings("ignore", message=".* images failed")
            manifest = segment_images(images, out, verbose=1, **settings)
    except KeyboardInterrupt as error:
        _print(
            errors,
            f"[bold red]interrupted[/]: {hint_of(error) or 'nothing was begun'}",
        )
        return INTERRUPTED
    except (OSError, ImportError, ValueError, TypeError, BatchError) as error:
        # Without a hint nothing was begun.
        word = "stopped" if hint_of(error) else "refused"
        _print(errors, f"[bold red]{word}[/]: {escape(str(error))}")
        if hint_of(error):
            _print(errors, hint_of(error))
        return FAILED
    _print(console, _summary(manifest, out, time.monotonic() - begin))
    if manifest.n_failed:
        total = f"{manifest.n_images} image{'' if manifest.n_images == 1 else 's'}"
        _print(
            errors,
            f"[bold red]{manifest.n_failed} of {total} failed[/]; --resume tries "
            "them again",
        )
        return FAILED
    return 0


def _collect(paths: list[Path], samples: list[Sample], out: Path) -> dict[str, Any]:
    images: dict[str, Any] = dict(find_images(paths, skip=out))
    names = unique_names([*images, *(sample.value for sample in samples)])
    for name, sample in zip(names[len(images) :], samples, strict=True):
        images[name] = read_sample(sample)
    return images


def hint_of(error: BaseException) -> str:
    """Return the note that a run leaves on its error, in words of the shell."""
    notes = [note for note in getattr(error, "__notes__", ()) if "resume=True" in note]
    if not notes:
        return ""
    return escape(
        notes[-1].replace("call with resume=True", "command with --resume").rstrip(".")
    )


def _summary(manifest: Manifest, out: Path, seconds: float) -> str:
    trees = f"{manifest.n_done} tree{'' if manifest.n_done == 1 else 's'}"
    return f"{trees} in {escape(str(out))}, listed in manifest.json ({seconds:.0f} s)"


def _print(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False)
