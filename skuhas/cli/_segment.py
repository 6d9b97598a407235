"""`skuhas segment`: images to trees, label maps and a contact sheet."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

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

from skuhas import PAPER_SETTINGS, HierarchicalSpectralSegmenter, RegionTree
from skuhas._common import atomic_write
from skuhas.cli._samples import Sample, read_sample
from skuhas.plotting import contact_sheet, label_image, region_colors

GATES = "Stopping"
GRAPH = "Graph"


class FeatureKind(StrEnum):
    """Transformers that the command line offers."""

    lite = "lite"
    color = "color"


class Settings(StrEnum):
    """Sets of parameters to start from."""

    default = "default"
    paper = "paper"


def segment(
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE...", help="Image files.", show_default=False),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the results; made if need be."),
    ] = Path("skuhas-out"),
    sample: Annotated[
        list[Sample] | None,
        typer.Option(help="A picture that scikit-image ships. May be repeated."),
    ] = None,
    features: Annotated[
        FeatureKind,
        typer.Option(
            help="lite: EfficientNet-Lite0, trained with ImageNet labels. "
            "color: colour and position, no network."
        ),
    ] = FeatureKind.lite,
    image_size: Annotated[
        int | None,
        typer.Option(
            help="Longer side that images are scaled to for the features.", min=1
        ),
    ] = None,
    levels: Annotated[
        str,
        typer.Option(
            help="Numbers of regions to write label maps for, with commas between."
        ),
    ] = "2,4,8,16",
    nodes: Annotated[
        int, typer.Option(help="Rows of the table of nodes nearest the root.", min=0)
    ] = 15,
    settings: Annotated[
        Settings,
        typer.Option(
            help="Parameters to start from; the options below override them.",
            rich_help_panel=GRAPH,
        ),
    ] = Settings.default,
    superpixels: Annotated[
        str | None,
        typer.Option(
            help="auto, felzenszwalb, slic, watershed, quickshift, spectral, kmeans "
            "or grid.",
            rich_help_panel=GRAPH,
        ),
    ] = None,
    n_superpixels: Annotated[
        int | None,
        typer.Option(help="Leaves of spectral and kmeans.", rich_help_panel=GRAPH),
    ] = None,
    leaf_size: Annotated[
        int | None,
        typer.Option(
            help="Longer side at which superpixels are computed.", rich_help_panel=GRAPH
        ),
    ] = None,
    max_leaves: Annotated[
        int | None, typer.Option(help="Superpixels at most.", rich_help_panel=GRAPH)
    ] = None,
    affinity: Annotated[
        str | None,
        typer.Option(help="exponential or cosine.", rich_help_panel=GRAPH),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            help="Cosine difference at which the exponential affinity falls to 1/e.",
            rich_help_panel=GRAPH,
        ),
    ] = None,
    color_scale: Annotated[
        float | None,
        typer.Option(help="The same for CIELAB colours.", rich_help_panel=GRAPH),
    ] = None,
    position_scale: Annotated[
        float | None,
        typer.Option(
            help="The same for positions over the longer side.", rich_help_panel=GRAPH
        ),
    ] = None,
    max_branching: Annotated[
        int | None,
        typer.Option(
            help="2: binary. Above: parts by the eigengap, fewer than this.",
            rich_help_panel=GATES,
        ),
    ] = None,
    max_ncut: Annotated[
        float | None,
        typer.Option(
            help="Keep splits whose normalised cut is below.", rich_help_panel=GATES
        ),
    ] = None,
    max_perturbation: Annotated[
        float | None,
        typer.Option(
            help="Keep splits whose perturbation bound is at most this.",
            rich_help_panel=GATES,
        ),
    ] = None,
    max_depth: Annotated[
        int | None, typer.Option(help="Levels under the root.", rich_help_panel=GATES)
    ] = None,
    min_size: Annotated[
        int | None,
        typer.Option(
            help="Do not split nodes of this many superpixels or fewer.",
            rich_help_panel=GATES,
        ),
    ] = None,
    assign_labels: Annotated[
        str | None, typer.Option(help="kmeans or cluster_qr.", rich_help_panel=GRAPH)
    ] = None,
    random_state: Annotated[
        int | None, typer.Option(help="Seed of k-means.", rich_help_panel=GRAPH)
    ] = None,
) -> None:
    """Parse images into trees of nested regions.

    For each image NAME the folder gets NAME.npz (the tree, for
    RegionTree.load), NAME_4.png and so on (label maps, pixel value = label) and
    NAME_sheet.png (the levels side by side).
    """
    counts = _parse_levels(levels)
    sources: list[Path | Sample] = [*(images or []), *(sample or [])]
    if not sources:
        raise typer.BadParameter(
            "no images. Name some files, or try --sample coffee.", param_hint="IMAGE"
        )
    given = {
        "superpixels": superpixels,
        "n_superpixels": n_superpixels,
        "leaf_size": leaf_size,
        "max_leaves": max_leaves,
        "affinity": affinity,
        "temperature": temperature,
        "color_scale": color_scale,
        "position_scale": position_scale,
        "max_branching": max_branching,
        "max_ncut": max_ncut,
        "max_perturbation": max_perturbation,
        "max_depth": max_depth,
        "min_size": min_size,
        "assign_labels": assign_labels,
        "random_state": random_state,
    }
    parameters = dict(PAPER_SETTINGS) if settings is Settings.paper else {}
    parameters |= {name: value for name, value in given.items() if value is not None}
    segmenter = _checked_segmenter(parameters)
    transformer = _transformer(features, image_size)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(str(error), param_hint="--out") from None

    console = Console()
    failed = _run(sources, out, counts, nodes, transformer, segmenter, console)
    done = len(sources) - failed
    if done:
        console.print(
            f"Wrote {done} tree{'' if done == 1 else 's'} to {escape(str(out))}"
        )
    if failed:
        console.print(f"[bold red]{failed} of {len(sources)} images failed[/]")
        raise typer.Exit(1)


def _run(
    sources: list[Path | Sample],
    out: Path,
    levels: list[int],
    nodes: int,
    transformer: Any,
    segmenter: Any,
    console: Console,
) -> int:
    """Segment one source after the other and return how many failed."""
    failed = 0
    names = _unique_names(sources)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("Segmenting", total=len(sources))
        for source, name in zip(sources, names, strict=True):
            bar.update(task, description=f"Segmenting {escape(name)}")
            begin = time.perf_counter()
            try:
                tree = _segment_one(source, name, out, levels, transformer, segmenter)
            # One bad image must not cost the others, whatever is wrong with it.
            except Exception as error:  # noqa: BLE001
                failed += 1
                bar.console.print(f"[bold red]failed[/] {_reason(source, error)}")
            else:
                seconds = time.perf_counter() - begin
                bar.console.print(_summary(name, tree, seconds), highlight=False)
                if nodes:
                    bar.console.print(_node_table(tree, nodes))
            bar.advance(task)
    return failed


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
    tree.save(out / f"{name}.npz")
    colored = RegionTree.from_parents(
        tree.parents,
        tree.leaf_labels,
        altitude=tree.altitude,
        node_data={"color": region_colors(tree)},
    )
    for level in levels:
        cut = colored.cut(n_regions=level)
        picture = label_image(cut.leaf_labels, cut.node_data["color"][: cut.n_leaves])
        _save_png(picture, out / f"{name}_{level}.png")
    _save_png(contact_sheet(feature_map.image, tree, levels), out / f"{name}_sheet.png")
    return tree


def _save_png(picture: Image.Image, path: Path) -> None:
    with atomic_write(path) as handle:
        picture.save(handle, format="PNG")


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
        table.add_row(
            str(node),
            "-" if node == tree.root else str(tree.parents[node]),
            str(tree.depth[node]),
            str(leaves[node]),
            f"{tree.area[node] / tree.area[tree.root]:.1%}",
            _figure(tree.ncut[node], ".3f"),
            _figure(tree.perturbation[node], ".3g"),
        )
    return table


def _figure(value: float, form: str) -> str:
    return "-" if np.isnan(value) else format(value, form)


def _reason(source: Path | Sample, error: Exception) -> str:
    # The library names the place in its list, which here is always the first.
    text = str(error).removeprefix("X[0]: ") or type(error).__name__
    name = source.value if isinstance(source, Sample) else str(source)
    return escape(text if name in text else f"{name}: {text}")


def _unique_names(sources: list[Path | Sample]) -> list[str]:
    """Return a file name for each source; later ones of a name get a number."""
    names: list[str] = []
    for source in sources:
        stem = source.value if isinstance(source, Sample) else source.stem
        name, count = stem, 1
        while name in names:
            count += 1
            name = f"{stem}-{count}"
        names.append(name)
    return names


def _parse_levels(text: str) -> list[int]:
    try:
        levels = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        levels = []
    if not levels or min(levels) < 1:
        raise typer.BadParameter(
            f"must be whole numbers of at least 1 with commas between, got {text!r}.",
            param_hint="--levels",
        )
    return list(dict.fromkeys(levels))


def _checked_segmenter(parameters: dict[str, Any]) -> HierarchicalSpectralSegmenter:
    """Return the estimator, its parameters checked before any image is read."""
    try:
        # Fitting checks parameters and little else; on a copy, since it also
        # fixes the number of features.
        HierarchicalSpectralSegmenter(**parameters).fit(np.zeros((1, 1, 1, 1)))
    except (TypeError, ValueError) as error:
        name = str(error).split(maxsplit=1)[0].replace("_", "-")
        raise typer.BadParameter(str(error), param_hint=f"--{name}") from None
    return HierarchicalSpectralSegmenter(**parameters)


def _transformer(kind: FeatureKind, image_size: int | None) -> Any:
    # Torch is loaded for the network alone.
    if kind is FeatureKind.color:
        from skuhas.features import ColorFeatures as Features
    else:
        from skuhas.features import LiteFeatures as Features
    return Features() if image_size is None else Features(image_size=image_size)
