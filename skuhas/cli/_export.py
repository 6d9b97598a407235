"""`skuhas export`: trees to the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skuhas.cli._formats import OPTIONS, Format

CUT = "Cut"
FORMATS = "Formats"


def export(
    trees: Annotated[
        list[Path],
        typer.Argument(
            metavar="TREE...",
            help="Trees, as `skuhas segment` writes them, and folders of them.",
            show_default=False,
        ),
    ],
    to: Annotated[
        Format,
        typer.Option(
            "--to",
            help="coco, geojson, labelme and json are JSON; graphml is XML; newick is "
            "text; tiff has pages of labels; linkage (scipy) and ucm (contours at "
            "twice the size) are .npy.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="For one tree a file, whose name has a suffix; else a folder, made if "
            "need be. By default beside each tree.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
    n_regions: Annotated[
        int | None,
        typer.Option(help="Cut to at most so many regions.", rich_help_panel=CUT),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(help="Cut below so many levels.", rich_help_panel=CUT),
    ] = None,
    max_ncut: Annotated[
        float | None,
        typer.Option(
            help="Keep splits whose normalised cut is below.", rich_help_panel=CUT
        ),
    ] = None,
    max_perturbation: Annotated[
        float | None,
        typer.Option(
            help="Keep splits whose perturbation bound is at most this.",
            rich_help_panel=CUT,
        ),
    ] = None,
    levels: Annotated[
        str | None,
        typer.Option(
            help="tiff: numbers of regions of the pages, with commas between.",
            show_default="2,4,8,... and all leaves",
            rich_help_panel=FORMATS,
        ),
    ] = None,
    transform: Annotated[
        str | None,
        typer.Option(
            help="geojson: a to f of x = a col + b row + c, y = d col + e row + f, as "
            "rasterio has them.",
            metavar="A,B,C,D,E,F",
            rich_help_panel=FORMATS,
        ),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(
            help="geojson: name of the coordinate system, such as EPSG:32633.",
            rich_help_panel=FORMATS,
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            help="coco, labelme: file of the image, as it is to be written; {name} "
            "stands for the name of the tree. labelme must have it.",
            metavar="PATH",
            rich_help_panel=FORMATS,
        ),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            help="coco, labelme, newick: array of the tree's node_data whose values "
            "are categories, labels or names.",
            metavar="NAME",
            rich_help_panel=FORMATS,
        ),
    ] = None,
) -> None:
    """Write trees for other tools.

    Folders are searched with their subfolders for .npz. Without --out, or where it
    is a folder, cat.npz becomes cat.coco.json, cat.geojson, cat.graphml, cat.json,
    cat.labelme.json, cat.linkage.npy, cat.nwk, cat.tif or cat.ucm.npy.
    """
    given = {
        "levels": levels,
        "transform": transform,
        "crs": crs,
        "image": image,
        "names": names,
    }
    options = {name: value for name, value in given.items() if value is not None}
    for name in options:
        if to not in OPTIONS[name]:
            known = ", ".join(sorted(kind.value for kind in OPTIONS[name]))
            raise typer.BadParameter(
                f"is for {known}, not for {to.value}.", param_hint=f"--{name}"
            )
    if to is Format.labelme and image is None:
        raise typer.BadParameter(
            "labelme opens the image by it, such as --image {name}.jpg.",
            param_hint="--image",
        )
    cut = {
        "n_regions": n_regions,
        "depth": depth,
        "max_ncut": max_ncut,
        "max_perturbation": max_perturbation,
    }
    # Takes a moment, and --help does without.
    from skuhas.cli._export_run import run_export

    code = run_export(
        trees,
        to,
        out,
        cut={name: value for name, value in cut.items() if value is not None},
        options=options,
        force=force,
    )
    if code:
        raise typer.Exit(code)
