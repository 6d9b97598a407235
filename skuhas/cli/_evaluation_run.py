"""The work of `skuhas evaluate` and `skuhas compare`, and what they print."""

from __future__ import annotations

import ast
import difflib
import time
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from skuhas import BatchError, compare_runs, load_dataset
from skuhas import evaluate as evaluate_methods
from skuhas.cli._data_set import hint_of
from skuhas.cli._run import FAILED, INTERRUPTED
from skuhas.cli._tables import print_table
from skuhas.cli._transformers import OFF
from skuhas.evaluation import OURS, REFINED, make_method, method_names
from skuhas.segmenter import PAPER_SETTINGS, HierarchicalSpectralSegmenter

CONTOURS = "contour-maps"


def open_dataset(
    name: str, root: Path, split: str, hierarchy: str | None, patches: int | None
) -> Any:
    """Return the data set, or end with what is wrong with its folder."""
    try:
        return load_dataset(name, root, split, hierarchy=hierarchy, tile=patches)
    except (OSError, TypeError, ValueError) as error:
        text = str(error)
        hints = {
            "hierarchy:": "--hierarchy",
            "name must be": "DATASET",
            "split must be": "--split",
            "Of the splits, ": "--split",
            "has no images": "--split",
        }
        hint = next((hints[word] for word in hints if word in text), "--root")
        raise typer.BadParameter(text, param_hint=hint) from None


def make_parameters(settings: str, given: list[str]) -> dict[str, Any]:
    """Return the parameters of skuhas, those of --set over those of --settings."""
    allowed = HierarchicalSpectralSegmenter().get_params()
    parameters = dict(PAPER_SETTINGS) if settings == "paper" else {}
    for text in given:
        name, mark, word = text.partition("=")
        name = name.strip().replace("-", "_")
        if not mark or name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise typer.BadParameter(
                f"must be NAME=VALUE, NAME one of {', '.join(allowed)}, got {text!r}."
                f"{hint}",
                param_hint="--set",
            )
        try:
            value = ast.literal_eval(word)
        except (ValueError, SyntaxError):
            value = None if word.lower() == OFF else word
        parameters[name] = value
    try:
        HierarchicalSpectralSegmenter(**parameters).fit(np.zeros((1, 1, 1, 1)))
    except (TypeError, ValueError, ImportError) as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
    return parameters


def make_methods(
    names: list[str], contours: list[str], ours: dict[str, Any], images: Any
) -> dict[str, Any]:
    """Return the methods asked for by name, skuhas first."""
    if "all" in names:
        every = [
            name
            for name in method_names()
            if name not in (CONTOURS, REFINED) and _is_there(name)
        ]
        names = [*every, *(name for name in names if name not in ("all", *every))]
    folders = dict(map(_as_pair, contours))
    wanted = dict.fromkeys([OURS, *names, *folders])
    if CONTOURS in wanted and CONTOURS not in folders:
        folders[CONTOURS] = _contours_beside(images)
    methods = {}
    for name in wanted:
        word = "--contours" if name in folders else "--method"
        try:
            if name in folders:
                methods[name] = make_method(CONTOURS, root=str(folders[name]))
            elif name in (OURS, REFINED):
                methods[name] = make_method(name, **ours)
            else:
                methods[name] = make_method(name)
        except (TypeError, ValueError, OSError, ImportError) as error:
            raise typer.BadParameter(str(error), param_hint=word) from None
    return methods


def _is_there(name: str) -> bool:
    """Tell whether a method has the packages it needs, and say so if not."""
    try:
        make_method(name).fit(np.zeros((1, 1, 1, 1)))
    except ImportError as error:
        errors = Console(stderr=True)
        _print(errors, f"[yellow]without {escape(name)}[/]: {escape(str(error))}")
        return False
    return True


def _contours_beside(images: Any) -> Path:
    """Return the folder of contour maps that BSDS500 is published with."""
    for inside in (f"ucm2/{images.split}", "ucm2"):
        folder = Path(images.root) / inside
        if folder.is_dir() and any(folder.glob("*.*")):
            return folder
    raise typer.BadParameter(
        f"the method {CONTOURS} reads files: name their folder.",
        param_hint="--contours",
    )


def run_evaluation(
    images: Any, methods: dict[str, Any], out: Path, *, begin: float, **settings: Any
) -> int:
    """Evaluate, print the tables, and return the program's exit status."""
    console, errors = Console(), Console(stderr=True)
    try:
        result = evaluate_methods(images, methods, out=out, verbose=1, **settings)
    except KeyboardInterrupt as error:
        text = hint_of(error) or "nothing was begun"
        _print(errors, f"[bold red]interrupted[/]: {text}")
        return INTERRUPTED
    except (OSError, ImportError, ValueError, TypeError, BatchError) as error:
        word = "stopped" if hint_of(error) else "refused"
        _print(errors, f"[bold red]{word}[/]: {escape(str(error))}")
        if hint_of(error):
            _print(errors, hint_of(error))
        return FAILED
    _print(console, f"[bold]{escape(result.title)}[/]")
    tables = result.to_tables()
    for table in tables:
        print_table(console, table)
    console.print()
    if result.n_left_out:
        reasons = sorted(set(result.left_out().values()))
        _print(
            console,
            f"{_images(result.n_left_out)} left out: {escape(', '.join(reasons))}",
        )
    seconds = time.monotonic() - begin
    files = "table.md, results.json and images.csv"
    if tables:
        files = "table.md, results.json, images.csv and sheet.png"
    _print(
        console,
        f"{files} in {escape(str(out))} ({seconds:.0f} s)",
    )
    if result.n_failed:
        _print(
            errors,
            f"[bold red]{result.n_failed} of {_images(result.n_images)} failed[/]; "
            "--resume tries them again",
        )
        return FAILED
    if not tables:
        _print(errors, "[bold red]no image could be scored[/]")
        return FAILED
    return 0


def run_comparison(first: str, second: str, metric: list[str] | None) -> int:
    """Compare two runs, print the table, and return the program's exit status."""
    (one, first_method), (other, second_method) = _split_run(first), _split_run(second)
    try:
        comparison = compare_runs(
            one, other, metric=metric, method=(first_method, second_method)
        )
    except (OSError, TypeError, ValueError, BatchError) as error:
        _print(Console(stderr=True), f"[bold red]refused[/]: {escape(str(error))}")
        return FAILED
    print_table(Console(), comparison.to_table())
    return 0


def _split_run(text: str) -> tuple[str, str | None]:
    """Return folder and method of an argument."""
    folder, mark, name = text.rpartition(":")
    if not mark or Path(text).exists() or "/" in name or "\\" in name:
        return text, None
    return folder, name


def _as_pair(text: str) -> tuple[str, str]:
    """Return name and folder of --contours."""
    name, mark, folder = text.partition("=")
    return (name, folder) if mark and name else (CONTOURS, text.removeprefix("="))


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


def _print(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False)
