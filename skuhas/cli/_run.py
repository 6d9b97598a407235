"""The work of `skuhas segment`: one image after the other, and what is printed."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from skuhas import RegionTree, WeightsError, WeightsNotFound
from skuhas._common import atomic_write
from skuhas.batch import unique_names, write_pictures
from skuhas.cli._samples import Sample, read_sample

FAILED = 1
# What a shell gives a program that Ctrl-C has ended.
INTERRUPTED = 130


def run(
    sources: list[Path | Sample],
    out: Path,
    levels: list[int],
    nodes: int,
    transformer: Any,
    segmenter: Any,
) -> int:
    """Segment every source and return the program's exit status."""
    names = unique_names(
        source.value if isinstance(source, Sample) else source.stem
        for source in sources
    )
    _spare_sources(sources, names, out, levels)
    console, errors = Console(), Console(stderr=True)
    done = failed = 0
    interrupted = False
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # A redirected stderr would find its way to the terminal.
        redirect_stderr=sys.stderr.isatty(),
    )
    try:
        # In a file it would leave empty lines.
        with bar if console.is_terminal else nullcontext():
            task = bar.add_task("Segmenting", total=len(sources))
            for source, name in zip(sources, names, strict=True):
                bar.update(task, description=f"Segmenting {escape(name)}")
                begin = time.perf_counter()
                try:
                    tree = _segment_one(
                        source, name, out, levels, transformer, segmenter
                    )
                except (WeightsError, WeightsNotFound) as error:
                    # As true of every other image.
                    errors.print(
                        f"[bold red]failed[/] {escape(str(error))}",
                        soft_wrap=True,
                        highlight=False,
                    )
                    return FAILED
                # One bad image must not cost the others, whatever is wrong with it.
                except Exception as error:  # noqa: BLE001
                    failed += 1
                    reason = escape(_reason(source, error))
                    errors.print(
                        f"[bold red]failed[/] {reason}", soft_wrap=True, highlight=False
                    )
                else:
                    done += 1
                    seconds = time.perf_counter() - begin
                    line = _summary(name, tree, seconds)
                    console.print(line, soft_wrap=True, highlight=False)
                    if nodes:
                        console.print(_node_table(tree, nodes))
                bar.advance(task)
    except KeyboardInterrupt:
        interrupted = True
    if done:
        console.print(
            f"Wrote {done} tree{'' if done == 1 else 's'} to {escape(str(out))}",
            soft_wrap=True,
            highlight=False,
        )
    total = f"{len(sources)} image{'' if len(sources) == 1 else 's'}"
    if failed:
        errors.print(f"[bold red]{failed} of {total} failed[/]", highlight=False)
    if interrupted:
        errors.print(
            f"[bold red]interrupted[/]: {done} of {total} written", highlight=False
        )
        return INTERRUPTED
    return FAILED if failed else 0


def _segment_one(
    source: Path | Sample,
    name: str,
    out: Path,
    levels: list[int],
    transformer: Any,
    segmenter: Any,
) -> RegionTree:
    image = read_sample(source) if isinstance(source, Sample) else source
    feature_map = transformer.transform([image])[0]
    tree: RegionTree = segmenter.predict([feature_map])[0]
    if isinstance(source, Sample):
        # Others are files already; `skuhas view` looks for it beside the tree.
        with atomic_write(out / f"{name}.png") as handle:
            Image.fromarray(feature_map.image).save(handle, format="png")
    write_pictures(feature_map.image, tree, levels, out / name)
    # Last, so that where there is a tree the pictures are there too.
    tree.save(out / f"{name}.npz")
    return tree


def _summary(name: str, tree: RegionTree, seconds: float) -> str:
    height, width = tree.shape
    return (
        f"[bold]{escape(name)}[/]  {width} x {height} pixels, {tree.n_leaves} leaves, "
        f"{tree.n_nodes} nodes, {tree.height} levels, {seconds:.1f} s"
    )


def _node_table(tree: RegionTree, rows: int) -> Table:
    """Return the nodes nearest the root, those of a level from the largest down."""
    order = np.lexsort((-tree.area, tree.depth))[:rows]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("node", "parent", "depth", "leaves", "area", "ncut", "perturbation"):
        table.add_column(column, justify="right")
    leaves = tree.accumulate(np.ones(tree.n_leaves, dtype=int))
    for node in order:
        bound = tree.perturbation[node]
        table.add_row(
            str(node),
            "-" if node == tree.root else str(tree.parents[node]),
            str(tree.depth[node]),
            str(leaves[node]),
            f"{tree.area[node] / tree.area[tree.root]:.1%}",
            _figure(tree.ncut[node], ".3f"),
            _figure(bound, ".3g" if bound < 999.5 else ".0f"),
        )
    return table


def _figure(value: float, form: str) -> str:
    return "-" if np.isnan(value) else format(value, form)


def _reason(source: Path | Sample, error: Exception) -> str:
    # The library names the place in its list, which here is always the first.
    text = str(error).removeprefix("X[0]: ") or type(error).__name__
    name = source.value if isinstance(source, Sample) else str(source)
    return text if name in text else f"{name}: {text}"


def _spare_sources(
    sources: list[Path | Sample], names: list[str], out: Path, levels: list[int]
) -> None:
    """Refuse to write over an image that is to be read."""
    inputs = {path.resolve(): path for path in sources if not isinstance(path, Sample)}
    for source, name in zip(sources, names, strict=True):
        endings = [f"_{ending}" for ending in (*levels, "sheet")]
        if isinstance(source, Sample):
            endings.append("")
        for ending in endings:
            target = (out / f"{name}{ending}.png").resolve()
            if target in inputs:
                raise typer.BadParameter(
                    f"the results of {name!r} would overwrite the image "
                    f"{str(inputs[target])!r}. Choose another folder.",
                    param_hint="--out",
                )
