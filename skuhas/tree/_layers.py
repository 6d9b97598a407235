"""Levels of a tree as label maps: pages of a TIFF, layers of napari, labelme."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas._common import atomic_write, check_integer, check_list, optional_import
from skuhas.tree._arrays import FIGURES
from skuhas.tree._boundaries import bounding_boxes
from skuhas.tree._cuts import Cuts, open_nodes
from skuhas.tree._files import TreeFormatError
from skuhas.tree._outlines import outlines
from skuhas.tree._topology import as_array

TIFF = {"package": "scikit-image", "purpose": "TIFF"}
# The oldest release that knows all of it.
LABELME_VERSION = "5.2.0"


def checked_levels(tree: Cuts, levels: Sequence[int] | None) -> list[int]:
    """Return numbers of regions; by default doubling ones, and all the leaves."""
    if levels is None:
        exponents = range(1, (tree.n_leaves - 1).bit_length())
        return [*(2**exponent for exponent in exponents), tree.n_leaves]
    found = []
    for level in check_list(levels, "levels", "numbers of regions"):
        number = check_integer(level, "levels", low=1)
        assert number is not None
        found.append(number)
    return found


def counted(labels: NDArray) -> NDArray:
    """Return labels that start at 1, 0 outside, in the narrowest common type."""
    wide = labels.max() + 1 > np.iinfo(np.uint16).max
    return (labels + 1).astype(np.uint32 if wide else np.uint16)


def write_tiff(tree: Cuts, path: str | os.PathLike[str], levels: list[int]) -> None:
    """Write a page for every level."""
    tifffile = optional_import("tifffile", **TIFF)
    with atomic_write(path) as handle, tifffile.TiffWriter(handle) as file:
        for level in levels:
            labels = tree.labels(n_regions=level)
            told = {"n_regions": int(labels.max()) + 1, "n_pages": len(levels)}
            file.write(
                counted(labels),
                description=json.dumps(told),
                compression="zlib",
                photometric="minisblack",
                metadata=None,
            )


def read_tiff(path: str | os.PathLike[str]) -> list[NDArray[np.int64]]:
    """Return the label maps of all pages, -1 for none."""
    tifffile = optional_import("tifffile", **TIFF)
    source = os.fspath(path)
    with Path(path).open("rb") as handle:
        try:
            with tifffile.TiffFile(handle) as file:
                pages = [page.asarray() for page in file.pages]
                expected = _told_pages(file.pages[0].description) if pages else None
        # Damaged files fail in as many ways as there are tags.
        except Exception as error:
            raise TreeFormatError(f"{source}: not a readable TIFF: {error}") from error
    if not pages:
        raise TreeFormatError(f"{source}: not a readable TIFF: it has no pages.")
    # Files cut off between two pages are whole to a reader.
    if expected not in (None, len(pages)):
        raise TreeFormatError(
            f"{source}: it breaks off after {len(pages)} of {expected} pages."
        )
    for number, page in enumerate(pages):
        if page.ndim != 2 or page.dtype.kind not in "iu" or page.dtype.itemsize > 4:
            raise TreeFormatError(
                f"{source}: page {number} must be a label map, got shape {page.shape} "
                f"and dtype {page.dtype}."
            )
    return [page.astype(np.int64) - 1 for page in pages]


def _told_pages(description: str) -> int | None:
    """Return how many pages `write_tiff` said there are, None for other files."""
    try:
        told = json.loads(description)
    except ValueError:
        return None
    number = told.get("n_pages") if isinstance(told, dict) else None
    return number if isinstance(number, int) else None


def napari_layers(
    tree: Cuts, levels: list[int], colors: ArrayLike | None
) -> list[tuple[NDArray, dict[str, Any], str]]:
    """Return a label layer for every level."""
    palette = None if colors is None else as_array(colors, "colors")
    if palette is not None and (
        palette.shape not in ((tree.n_nodes, 3), (tree.n_nodes, 4))
        or palette.dtype != np.uint8
    ):
        raise ValueError(
            f"colors must be of shape ({tree.n_nodes}, 3) or ({tree.n_nodes}, 4) and "
            f"uint8, got shape {palette.shape} and dtype {palette.dtype}."
        )
    layers: list[tuple[NDArray, dict[str, Any], str]] = []
    for level in levels:
        nodes, labels = tree._closed(open_nodes(tree, n_regions=level))
        features: dict[str, NDArray] = {
            "node": nodes,
            "area": tree.area[nodes],
            "depth": tree.depth[nodes],
        }
        features["altitude"] = tree.altitude[nodes]
        features |= {name: getattr(tree, name)[nodes] for name in FIGURES}
        features |= {
            name: values[nodes]
            for name, values in tree.node_data.items()
            if values.ndim == 1 and name not in (*features, "index")
        }
        options: dict[str, Any] = {
            "name": f"{nodes.size} region{'' if nodes.size == 1 else 's'}",
            # The first row is the background's.
            "features": {
                "index": list(range(nodes.size + 1)),
                **{name: _with_background(col) for name, col in features.items()},
            },
            "visible": not layers,
        }
        if palette is not None:
            shown = (palette[nodes] / 255).tolist()
            options["colormap"] = {None: [0.0] * 4, 0: [0.0] * 4} | {
                label: [*color, 1.0][:4] for label, color in enumerate(shown, start=1)
            }
        layers.append((counted(labels), options, "labels"))
    return layers


def _with_background(column: NDArray) -> list[Any]:
    if column.dtype.kind == "f":
        return [np.nan, *column.tolist()]
    return [*np.zeros(1, column.dtype).tolist(), *column.tolist()]


def labelme_document(
    tree: Cuts, *, image_path: str, names: list[str]
) -> dict[str, Any]:
    """Return the leaves as labelme's shapes."""
    height, width = tree.shape
    n_leaves = tree.n_leaves
    # Leaves alone: of a tree in which all lie under one root.
    flat = np.full(n_leaves + 1, n_leaves)
    found = outlines(tree.leaf_labels, flat)
    boxes = bounding_boxes(tree.leaf_labels, n_leaves).tolist()
    shapes = []
    for leaf, polygons in enumerate(found.polygons[:n_leaves]):
        common = {
            "label": names[leaf],
            "group_id": leaf,
            "description": "",
            "flags": {},
        }
        if all(len(rings) == 1 for rings in polygons):
            shapes += [
                common
                | {
                    "shape_type": "polygon",
                    "points": _floats(found.points[begin : end - 1]),
                }
                for ((begin, end),) in polygons
            ]
            continue
        # Polygons have no holes there.
        top, left, bottom, right = boxes[leaf]
        mask = tree.leaf_labels[top : bottom + 1, left : right + 1] == leaf
        corners = np.array([[left, top], [right, bottom]])
        shapes.append(
            common
            | {"shape_type": "mask", "points": _floats(corners), "mask": _png(mask)}
        )
    return {
        "version": LABELME_VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


def _floats(points: NDArray) -> list[list[float]]:
    return points.astype(np.float64).tolist()


def _png(mask: NDArray[np.bool_]) -> str:
    image = optional_import("PIL.Image", package="pillow", purpose="to_labelme")
    buffer = io.BytesIO()
    image.fromarray(mask.astype(np.uint8)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
