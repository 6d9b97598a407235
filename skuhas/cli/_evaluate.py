"""`skuhas evaluate`: a data set and methods to tables of figures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from skuhas.cli import _transformers as options
from skuhas.cli._segment import Settings

RUN = "Run"
METHODS = "Methods"


def evaluate(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="bsds500, camvid, voc2012, coco, coco-stuff, cityscapes, kitti-step, "
            "mapillary-vistas, potsdam, vaihingen, pascal-part, partimagenet or "
            "partimagenet-158.",
            show_default=False,
        ),
    ],
    root: Annotated[
        Path,
        typer.Option(
            help="Folder of the data set, in its published layout.",
            metavar="DIR",
            show_default=False,
        ),
    ],
    split: Annotated[str, typer.Option(help="Part of the data set.")] = "val",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for the results; made if need be.",
            metavar="DIR",
            show_default="skuhas-DATASET-SPLIT",
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="skuhas, skuhas-crf (with boundary refinement), or a baseline; may be "
            "repeated. `all` for skuhas and all baselines that need no files. skuhas "
            "is always there, as what the others are compared with.",
            metavar="NAME",
            show_default="skuhas",
            rich_help_panel=METHODS,
        ),
    ] = None,
    settings: Annotated[
        Settings,
        typer.Option(
            help="Parameters of skuhas: its defaults or the paper's.",
            rich_help_panel=METHODS,
        ),
    ] = Settings.default,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A parameter of skuhas, such as max_ncut=0.3 or superpixels=slic, "
            "beside those of --settings. May be repeated.",
            metavar="NAME=VALUE",
            show_default=False,
            rich_help_panel=METHODS,
        ),
    ] = None,
    contours: Annotated[
        list[str] | None,
        typer.Option(
            help="Folder of ultrametric contour maps, one an image, for the method "
            "contour-maps; with NAME= before it, a method of that name. May be "
            "repeated.",
            metavar="[NAME=]DIR",
            rich_help_panel=METHODS,
        ),
    ] = None,
    hierarchy: Annotated[
        str | None,
        typer.Option(
            help="Class tree of this package to read the labels by, such as "
            "cocostuffthing; by default the data set's own.",
            metavar="NAME",
            show_default=False,
            rich_help_panel=RUN,
        ),
    ] = None,
    patches: Annotated[
        int | None,
        typer.Option(
            help="Cut images into patches of at most so many pixels a side, as is "
            "common for aerial ones.",
            min=1,
            rich_help_panel=RUN,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="Only the first so many images.", rich_help_panel=RUN),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            help="Processes, each at an image of its own; -1 for one a core.",
            rich_help_panel=RUN,
        ),
    ] = 1,
    threads: Annotated[
        int,
        typer.Option(
            help="Threads of the network in each process.", min=1, rich_help_panel=RUN
        ),
    ] = 1,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the run in the folder, which may have been killed at any "
            "moment, or had another --limit, and try again what failed.",
            rich_help_panel=RUN,
        ),
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Forget the run in the folder.", rich_help_panel=RUN
        ),
    ] = False,
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
    """Measure methods on a data set, as the paper does.

    The folder gets table.md (tables with 95 % bootstrap intervals, published
    figures beside them), results.json (the same with settings and versions),
    images.csv (a row for each image and method), and sheet.png (the images with
    the lowest and the highest scores).
    """
    if jobs == 0:
        raise typer.BadParameter("must not be 0.", param_hint="--jobs")
    if limit is not None and limit < 1:
        raise typer.BadParameter(
            f"must be at least 1, got {limit}.", param_hint="--limit"
        )
    if resume and restart:
        raise typer.BadParameter("excludes --restart.", param_hint="--resume")
    # Takes seconds, and --help does without.
    from skuhas.cli._evaluation_run import (
        make_methods,
        make_parameters,
        open_dataset,
        run_evaluation,
    )

    images = open_dataset(dataset, root, split, hierarchy, patches)
    ours = make_parameters(settings.value, list(parameter or []))
    methods = make_methods(list(method or []), list(contours or []), ours, images)
    given = {
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
    }
    transformer = options.make_transformer(features, given)
    folder = Path(f"skuhas-{images.name}-{split}") if out is None else out
    code = run_evaluation(
        images,
        methods,
        folder,
        begin=time.monotonic(),
        features=transformer,
        limit=limit,
        n_jobs=jobs,
        n_threads=threads,
        resume=resume,
        restart=restart,
    )
    if code:
        raise typer.Exit(code)


def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="Folder of an evaluation; with :METHOD after it, one of its methods.",
            show_default=False,
        ),
    ],
    second: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="Another one, or the same.", show_default=False
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="A figure, such as nm_covering; may be repeated. All by default.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Test whether two evaluations differ, by paired bootstrap.

    Images are joined by their names. For two methods of one run write
    RUN:METHOD RUN:OTHER.
    """
    from skuhas.cli._evaluation_run import run_comparison

    code = run_comparison(first, second, metric or None)
    if code:
        raise typer.Exit(code)
