"""The work of `skuhas export`: one tree after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from skuhas import RegionTree
from skuhas._common import atomic_write, check_integer, check_real, optional_import
from skuhas.cli._formats import SUFFIXES, Format

FAILED = 1
INTERRUPTED = 130
# What XML 1.0 has no place for.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def run_export(
    sources: list[Path],
    to: Format,
    out: Path | None,
    *,
    cut: dict[str, Any],
    options: dict[str, str],
    force: bool,
) -> int:
    """Export every tree and return the program's exit status."""
    _check_cut(cut)
    parsed: dict[str, Any] = dict(options)
    if "levels" in options:
        parsed["levels"] = _numbers(options["levels"], int, "levels", 1)
    if "transform" in options:
        parsed["transform"] = _numbers(options["transform"], float, "transform", None)
        if len(parsed["transform"]) != 6:
            raise typer.BadParameter(
                "must be six numbers with commas between, got "
                f"{options['transform']!r}.",
                param_hint="--transform",
            )
    jobs = _jobs(sources, SUFFIXES[to], out)
    _spare(jobs, force)
    console, errors = Console(), Console(stderr=True)
    done = 0
    try:
        for path, target in jobs:
            try:
                tree = RegionTree.load(path)
                if cut:
                    tree = tree.cut(**cut)
                target.parent.mkdir(parents=True, exist_ok=True)
                WRITERS[to](tree, target, _named(parsed, path))
            # One bad tree must not cost the others, whatever is wrong with it.
            except Exception as error:  # noqa: BLE001
                errors.print(
                    f"[bold red]failed[/] {escape(_reason(path, error))}",
                    soft_wrap=True,
                    highlight=False,
                )
                continue
            done += 1
            console.print(
                f"[bold]{escape(str(target))}[/]  {tree.n_nodes} nodes, "
                f"{_size(target.stat().st_size)}",
                soft_wrap=True,
                highlight=False,
            )
    except KeyboardInterrupt:
        errors.print(
            f"[bold red]interrupted[/]: {done} of {len(jobs)} written", highlight=False
        )
        return INTERRUPTED
    if done < len(jobs):
        errors.print(
            f"[bold red]{len(jobs) - done} of {len(jobs)} trees failed[/]",
            highlight=False,
        )
        return FAILED
    return 0


def _check_cut(cut: dict[str, Any]) -> None:
    low = {"n_regions": 1, "depth": 0}
    for name, value in cut.items():
        try:
            if name in low:
                check_integer(value, name, low=low[name])
            else:
                check_real(value, name, low=0.0)
        except ValueError as error:
            hint = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(str(error), param_hint=hint) from None


def _numbers(text: str, kind: Callable, name: str, low: int | None) -> list[Any]:
    try:
        values = [kind(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or (low is not None and min(values) < low):
        what = "numbers" if low is None else f"whole numbers of at least {low}"
        raise typer.BadParameter(
            f"must be {what} with commas between, got {text!r}.",
            param_hint=f"--{name}",
        )
    return values


def _jobs(
    sources: list[Path], suffix: str, out: Path | None
) -> list[tuple[Path, Path]]:
    """Return every tree with the file that it goes to."""
    found: list[tuple[Path, Path]] = []
    for source in sources:
        if source.is_dir():
            inside = sorted(source.rglob("*.npz"))
            if not inside:
                raise typer.BadParameter(
                    f"the folder {str(source)!r} holds no .npz.", param_hint="TREE"
                )
            found += [(path, path.relative_to(source)) for path in inside]
        else:
            found.append((source, Path(source.name)))
    single = len(sources) == 1 and not sources[0].is_dir()
    if out is None:
        return [(path, path.with_name(path.stem + suffix)) for path, _ in found]
    # Where nothing is yet, a file is what has a suffix.
    if single and (out.is_file() or (out.suffix and not out.is_dir())):
        return [(found[0][0], out)]
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(
            f"{str(out)!r} is a file; several trees need a folder.", param_hint="--out"
        )
    return [(path, out / name.with_name(name.stem + suffix)) for path, name in found]


def _spare(jobs: list[tuple[Path, Path]], force: bool) -> None:
    """Refuse to write over trees that are read, over files, or over each other."""
    inputs = {path.resolve() for path, _ in jobs}
    taken: dict[Path, Path] = {}
    for path, target in jobs:
        if target.resolve() in inputs:
            raise typer.BadParameter(
                f"{str(target)!r} is a tree that is to be read.", param_hint="--out"
            )
        other = taken.setdefault(target.resolve(), path)
        if other != path:
            raise typer.BadParameter(
                f"{str(other)!r} and {str(path)!r} would both become {str(target)!r}.",
                param_hint="TREE",
            )
    there = [target for _, target in jobs if target.exists()]
    if there and not force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise typer.BadParameter(
            f"{str(there[0])!r}{more} would be overwritten. Allow it by --force, or "
            "choose another place.",
            param_hint="--out",
        )


def _named(options: dict[str, Any], path: Path) -> dict[str, Any]:
    if "image" not in options:
        return options
    return options | {"image": options["image"].replace("{name}", path.stem)}


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and not path.exists():
        return f"{path}: no such file."
    text = str(error) or type(error).__name__
    return text if str(path) in text else f"{path}: {text}"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


def _write_json(document: dict[str, Any], target: Path) -> None:
    with atomic_write(target, "w") as handle:
        json.dump(document, handle, allow_nan=False, separators=(",", ":"))


def _write_array(array: np.ndarray, target: Path) -> None:
    with atomic_write(target) as handle:
        np.save(handle, array, allow_pickle=False)


def _write_text(text: str, target: Path) -> None:
    with atomic_write(target, "w") as handle:
        handle.write(text)


def _coco(tree: RegionTree, target: Path, options: dict[str, Any]) -> None:
    file_name, names = options.get("image", ""), options.get("names")
    _write_json(tree.to_coco(file_name=file_name, category=names), target)


def _geojson(tree: RegionTree, target: Path, options: dict[str, Any]) -> None:
    _write_json(tree.to_geojson(**options), target)


def _labelme(tree: RegionTree, target: Path, options: dict[str, Any]) -> None:
    document = tree.to_labelme(options["image"], names=options.get("names"))
    _write_json(document, target)


def _graphml(tree: RegionTree, target: Path, _: dict[str, Any]) -> None:
    networkx = optional_import(
        "networkx", package="skuhas[export]", purpose="export --to graphml"
    )
    graph = tree.to_networkx()
    # GraphML holds numbers and strings alone.
    graph.graph.clear()
    for _, values in graph.nodes(data=True):
        for name, value in list(values.items()):
            if isinstance(value, list):
                values[name] = json.dumps(value)
            elif isinstance(value, str):
                values[name] = NOT_XML.sub(lambda found: repr(found[0])[1:-1], value)
    with atomic_write(target) as handle:
        networkx.write_graphml_xml(graph, handle)


def _newick(tree: RegionTree, target: Path, options: dict[str, Any]) -> None:
    _write_text(tree.to_newick(**options) + "\n", target)


WRITERS: dict[Format, Callable[[RegionTree, Path, dict[str, Any]], None]] = {
    Format.coco: _coco,
    Format.geojson: _geojson,
    Format.graphml: _graphml,
    Format.json: lambda tree, target, _: _write_text(tree.to_json(), target),
    Format.labelme: _labelme,
    Format.linkage: lambda tree, target, _: _write_array(tree.to_linkage(), target),
    Format.newick: _newick,
    Format.tiff: lambda tree, target, options: tree.to_tiff(target, **options),
    Format.ucm: lambda tree, target, _: _write_array(
        tree.saliency(double=True), target
    ),
}
