"""`skuhas segment`: images to trees, label maps and a contact sheet."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from skuhas.cli import _transformers as options
from skuhas.cli._samples import Sample

GATES = "Stopping"
GRAPH = "Graph"
DATA_SETS = "Data sets"
LEVELS = "2,4,8,16"
NODES = 15
OFF = options.OFF


def _integer_or_off(text: str) -> int | str:
    return text if text == OFF else _number(text, int, "a whole number")


def _real_or_off(text: str) -> float | str:
    return text if text == OFF else _number(text, float, "a number")


def _number(text: str, kind: type, what: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise typer.BadParameter(f"must be {what} or {OFF}, got {text!r}.") from None


_INTEGER_OR_OFF: dict[str, Any] = {
    "parser": _integer_or_off,
    "metavar": f"<int|{OFF}>",
}
_REAL_OR_OFF: dict[str, Any] = {
    "parser": _real_or_off,
    "metavar": f"<float|{OFF}>",
}


class Backend(StrEnum):
    """Where the jobs of a data set run."""

    loky = "loky"
    dask = "dask"


class Refinement(StrEnum):
    """How boundaries are refined."""

    crf = "crf"


class Settings(StrEnum):
    """Sets of parameters to start from."""

    default = "default"
    paper = "paper"


def segment(
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="IMAGE...", help="Image files, and folders.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the results; made if need be."),
    ] = Path("skuhas-out"),
    sample: Annotated[
        list[Sample] | None,
        typer.Option(help="A picture that scikit-image ships. May be repeated."),
    ] = None,
    levels: Annotated[
        str | None,
        typer.Option(
            help="Numbers of regions to write label maps for, with commas between.",
            show_default=LEVELS,
        ),
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option(
            help="Rows of the table of nodes nearest the root; data sets have none.",
            min=0,
            show_default=str(NODES),
        ),
    ] = None,
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
        Any,
        typer.Option(
            help="Longer side at which superpixels are computed.",
            **_INTEGER_OR_OFF,
            rich_help_panel=GRAPH,
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
        Any,
        typer.Option(
            help="The same for CIELAB colours.", **_REAL_OR_OFF, rich_help_panel=GRAPH
        ),
    ] = None,
    position_scale: Annotated[
        Any,
        typer.Option(
            help="The same for positions over the longer side.",
            **_REAL_OR_OFF,
            rich_help_panel=GRAPH,
        ),
    ] = None,
    locality: Annotated[
        float | None,
        typer.Option(
            help="How strongly superpixels that touch are bound together; 0: not "
            "at all.",
            rich_help_panel=GRAPH,
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
        Any,
        typer.Option(
            help="Keep splits whose normalised cut is below.",
            **_REAL_OR_OFF,
            rich_help_panel=GATES,
        ),
    ] = None,
    max_perturbation: Annotated[
        Any,
        typer.Option(
            help="Keep splits whose perturbation bound is at most this.",
            **_REAL_OR_OFF,
            rich_help_panel=GATES,
        ),
    ] = None,
    max_depth: Annotated[
        Any,
        typer.Option(
            help="Levels under the root.", **_INTEGER_OR_OFF, rich_help_panel=GATES
        ),
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
    refine: Annotated[
        Refinement | None,
        typer.Option(
            help="crf: move boundaries onto those of the image by a dense CRF.",
            rich_help_panel=GRAPH,
        ),
    ] = None,
    random_state: Annotated[
        int | None,
        typer.Option(help="Seed of k-means.", min=0, rich_help_panel=GRAPH),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Processes, each at an image of its own; -1 for one a core.",
            show_default="1",
            rich_help_panel=DATA_SETS,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the run in the folder, which may have been killed at any "
            "moment, and try again what failed. Parameters must be the same.",
            rich_help_panel=DATA_SETS,
        ),
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help="Forget the run in the folder, finished or not, and write over it.",
            rich_help_panel=DATA_SETS,
        ),
    ] = False,
    pictures: Annotated[
        bool | None,
        typer.Option(
            help="Write label maps and contact sheets beside the trees. By default "
            "for images named one by one; for data sets only with --levels.",
            show_default=False,
            rich_help_panel=DATA_SETS,
        ),
    ] = None,
    backend: Annotated[
        Backend | None,
        typer.Option(
            help="loky: processes of this machine. dask: workers of Dask.",
            show_default="loky",
            rich_help_panel=DATA_SETS,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler, whose workers see the images and --out "
            "under the same paths. Without it, --jobs workers are started here.",
            metavar="ADDRESS",
            rich_help_panel=DATA_SETS,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            help="Threads of the network in each process. Part of the parameters: "
            "features change in the last digits with it.",
            min=1,
            show_default="1",
            rich_help_panel=DATA_SETS,
        ),
    ] = None,
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
    cache: options.Cache = None,
    cache_dtype: options.CacheDtype = None,
) -> None:
    """Parse images into trees of nested regions.

    For each image NAME the folder gets NAME.npz (the tree, for
    RegionTree.load), NAME_4.png and so on (label maps, pixel value = label) and
    NAME_sheet.png (the levels side by side).

    A folder among the images, or any option of "Data sets", makes it a run over
    a data set: folders are searched with their subfolders, trees alone are
    written unless pictures are asked for, and manifest.json lists parameters,
    versions and what became of each image. Such a run can be interrupted and
    resumed.
    """
    counts = _parse_levels(LEVELS if levels is None else levels)
    paths = list(images or [])
    sources: list[Path | Sample] = [*paths, *(sample or [])]
    if not sources:
        raise typer.BadParameter(
            "no images. Name some files, or try --sample coffee.", param_hint="IMAGE"
        )
    if jobs == 0:
        raise typer.BadParameter("must not be 0.", param_hint="--jobs")
    if scheduler is not None and backend is not Backend.dask:
        raise typer.BadParameter("needs --backend dask.", param_hint="--scheduler")
    if levels is not None and pictures is False:
        raise typer.BadParameter("excludes --no-pictures.", param_hint="--levels")
    if resume and restart:
        raise typer.BadParameter("excludes --restart.", param_hint="--resume")
    options_of_data_sets = (jobs, backend, scheduler, threads, pictures)
    is_data_set = (
        resume
        or restart
        or any(value is not None for value in options_of_data_sets)
        or any(path.is_dir() for path in paths)
    )
    if is_data_set and nodes is not None:
        raise typer.BadParameter(
            "is for images named one by one, not for data sets.", param_hint="--nodes"
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
        "locality": locality,
        "max_branching": max_branching,
        "max_ncut": max_ncut,
        "max_perturbation": max_perturbation,
        "max_depth": max_depth,
        "min_size": min_size,
        "assign_labels": assign_labels,
        "refine": None if refine is None else refine.value,
        "random_state": random_state,
    }
    # Takes seconds, and --help does without.
    from skuhas import PAPER_SETTINGS
    from skuhas.batch import output_folder
    from skuhas.cli._data_set import run_data_set
    from skuhas.cli._run import run

    parameters = dict(PAPER_SETTINGS) if settings is Settings.paper else {}
    parameters |= {
        name: None if value == OFF else value
        for name, value in given.items()
        if value is not None
    }
    segmenter = _checked_segmenter(parameters)
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
        },
    )
    with ExitStack() as stack:
        try:
            stack.enter_context(output_folder(out))
        except OSError as error:
            text = str(error).removeprefix("out=")
            raise typer.BadParameter(text, param_hint="--out") from None
        if is_data_set:
            code = run_data_set(
                paths,
                list(sample or []),
                out,
                features=transformer,
                segmenter=segmenter,
                n_jobs=jobs if scheduler else jobs or 1,
                n_threads=threads or 1,
                backend=(backend or Backend.loky).value,
                scheduler=scheduler,
                resume=resume,
                restart=restart,
                levels=counts if pictures or levels is not None else None,
            )
        else:
            rows = NODES if nodes is None else nodes
            code = run(sources, out, counts, rows, transformer, segmenter)
    if code:
        raise typer.Exit(code)


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


def _checked_segmenter(parameters: dict[str, Any]) -> Any:
    """Return the estimator, its parameters checked before any image is read."""
    import numpy as np

    from skuhas import HierarchicalSpectralSegmenter

    try:
        # Fitting checks parameters and little else; on a copy, since it also
        # fixes the number of features.
        HierarchicalSpectralSegmenter(**parameters).fit(np.zeros((1, 1, 1, 1)))
    except (TypeError, ValueError) as error:
        name = str(error).split(maxsplit=1)[0].replace("_", "-")
        raise typer.BadParameter(str(error), param_hint=f"--{name}") from None
    except ImportError as error:
        raise typer.BadParameter(str(error), param_hint="--refine") from None
    return HierarchicalSpectralSegmenter(**parameters)
