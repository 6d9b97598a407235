"""`skuhas view`: a tree in the browser."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

# How far above a tree's file the list of its run is looked for.
MOST_FOLDERS = 6
MARK = '<meta name="generator" content="skuhas">'


def view(
    tree: Annotated[
        Path,
        typer.Argument(
            metavar="TREE", help="A tree: .npz or .json.", show_default=False
        ),
    ],
    image: Annotated[
        Path | None,
        typer.Option(
            help="The picture. By default the one that the run's manifest.json names, "
            "and plain ground where there is none."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="File of the page. By default beside the tree, with .html at the "
            "end, or where temporary files go if nothing can be written there.",
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Heading.", show_default="the tree's name")
    ] = None,
    max_size: Annotated[
        int,
        typer.Option(help="Longer side at which regions and image are stored.", min=1),
    ] = 1280,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Look around in a tree: one page that needs nothing else and no network."""
    from skuhas import RegionTree, TreeFormatError

    try:
        loaded = RegionTree.load(tree)
    except (OSError, TreeFormatError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="TREE") from None
    if image is None:
        image = _recorded_image(tree)
    target = _target(tree) if out is None else out
    try:
        loaded.to_html(image, target, title=title or tree.stem, max_size=max_size)
    except (TypeError, ValueError, OSError) as error:
        hint = "--image" if str(error).startswith("image") else "TREE"
        if isinstance(error, OSError) and hint == "TREE":
            hint = "--out"
        raise typer.BadParameter(str(error), param_hint=hint) from None
    typer.echo(f"Wrote {target}")
    if open_ and not webbrowser.open(target.resolve().as_uri()):
        typer.echo("There is no browser here: open the file in one.", err=True)


def _recorded_image(tree: Path) -> Path | None:
    """Return the image that the tree's run was over, as far as that is known."""
    from skuhas import BatchError, read_manifest

    place = tree.resolve()
    for folder in list(place.parents)[:MOST_FOLDERS]:
        if not (folder / "manifest.json").is_file():
            continue
        name = place.relative_to(folder).as_posix()
        try:
            records = [
                record
                for record in read_manifest(folder).records()
                if record.tree == name
            ]
        except BatchError:
            continue
        if records and records[0].source is not None:
            source = Path(records[0].source)
            # Runs keep names as they were given: relative to where they began, which
            # often is a folder above their results.
            for start in (Path(), *folder.parents):
                if (start / source).is_file():
                    return start / source
            typer.echo(
                f"The image of this tree, {source}, is not found from here: plain "
                "ground instead. Name it with --image.",
                err=True,
            )
            return None
    beside = place.with_suffix(".png")
    if beside.is_file():
        return beside
    typer.echo("No image is known: plain ground. Name it with --image.", err=True)
    return None


def _target(tree: Path) -> Path:
    beside = tree.with_suffix(".html")
    if not os.access(beside.parent, os.W_OK):
        folder = tempfile.mkdtemp(prefix="skuhas-")
        return Path(folder) / beside.name
    if beside.exists() and not _is_a_page(beside):
        raise typer.BadParameter(
            f"{str(beside)!r} is there already and is no page of skuhas: name another "
            "file.",
            param_hint="--out",
        )
    return beside


def _is_a_page(path: Path) -> bool:
    with path.open("rb") as handle:
        return MARK.encode() in handle.read(4096)
