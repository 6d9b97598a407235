"""COCO annotations: one mask a node, run-length coded, with the parent's id."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.tree import _boundaries, _nodes
from skuhas.tree._files import TreeFormatError
from skuhas.tree._structure import Structure
from skuhas.tree._topology import levels_deepest_first

# Codes are characters from "0" on with five bits each, a sixth for "goes on".
BITS = 5
GOES_ON = 1 << BITS
SIGN = 1 << (BITS - 1)


def document(
    tree: Structure,
    *,
    image_id: int,
    file_name: str,
    first_id: int,
    category: str | None,
    compressed: bool,
) -> dict[str, Any]:
    """Return a data set of one image."""
    height, width = tree.shape
    counts, offsets = _boundaries.run_lengths(tree.leaf_labels, tree.parents)
    codes: list[Any]
    if compressed:
        codes = encoded(counts, offsets)
    else:
        values, ends = counts.tolist(), offsets.tolist()
        codes = [values[a:b] for a, b in itertools.pairwise(ends)]
    names, categories = _categories(tree, category)
    parents = (tree.parents + first_id).tolist()
    parents[-1] = None
    rows = zip(
        _nodes.records(tree),
        codes,
        parents,
        tree.area.tolist(),
        _boxes(tree).tolist(),
        categories.tolist(),
        strict=True,
    )
    annotations = [
        {
            "id": node,
            "image_id": image_id,
            "category_id": number,
            "parent_id": parent,
            "segmentation": {"size": [height, width], "counts": code},
            "area": area,
            "bbox": box,
            "iscrowd": 0,
            **record,
        }
        for node, (record, code, parent, area, box, number) in enumerate(rows, first_id)
    ]
    return {
        "info": {"description": "skuhas region tree", "skuhas": _nodes.header(tree)},
        "images": [
            {"id": image_id, "width": width, "height": height, "file_name": file_name}
        ],
        "annotations": annotations,
        "categories": [
            {"id": number, "name": name, "supercategory": ""}
            for number, name in enumerate(names, start=1)
        ],
    }


def _categories(
    tree: Structure, category: str | None
) -> tuple[list[str], NDArray[np.intp]]:
    """Return the names of the categories, and that of each node, counted from 1."""
    if category is None:
        return ["region"], np.ones(tree.n_nodes, dtype=np.intp)
    values = tree.node_data.get(category)
    if values is None or values.ndim != 1:
        raise ValueError(
            "category must be the name of one-dimensional node_data, one of "
            f"{[name for name, data in tree.node_data.items() if data.ndim == 1]}, "
            f"got {category!r}."
        )
    names, number = np.unique(values, return_inverse=True)
    return [str(name) for name in names.tolist()], number.ravel() + 1


def _boxes(tree: Structure) -> NDArray[np.int64]:
    """Return left, top, width and height of every node."""
    boxes = np.empty((tree.n_nodes, 4), dtype=np.int64)
    boxes[:, :2] = np.iinfo(np.int64).max
    boxes[:, 2:] = -1
    boxes[: tree.n_leaves] = _boundaries.bounding_boxes(tree.leaf_labels, tree.n_leaves)
    for level in levels_deepest_first(tree.depth):
        above = tree.parents[level]
        np.minimum.at(boxes[:, :2], above, boxes[level, :2])
        np.maximum.at(boxes[:, 2:], above, boxes[level, 2:])
    top, left, bottom, right = boxes.T
    return np.stack([left, top, right - left + 1, bottom - top + 1], axis=1)


def encoded(counts: NDArray[np.int64], offsets: NDArray[np.intp]) -> list[str]:
    """Return run lengths as COCO's strings, those of all masks at once.

    From the fourth on a run is stored as its difference from the one before the
    last, in groups of five bits, the lowest first and the last one with the sign.
    """
    values = counts.copy()
    rank = np.arange(counts.size) - np.repeat(offsets[:-1], np.diff(offsets))
    late = np.flatnonzero(rank > 2)
    values[late] -= counts[late - 2]
    places, letters = [], []
    going = np.arange(counts.size)
    while going.size:
        group = values[going] & (GOES_ON - 1)
        values[going] >>= BITS
        rest = values[going]
        more = np.where(group & SIGN, rest != -1, rest != 0)
        places.append(going)
        letters.append(group + GOES_ON * more + ord("0"))
        going = going[more]
    place = np.concatenate(places)
    order = np.argsort(place, kind="stable")
    text = np.concatenate(letters)[order].astype(np.uint8).tobytes().decode("ascii")
    length = np.bincount(place, minlength=counts.size)
    ends = np.append(0, np.cumsum(length))[offsets].tolist()
    return [text[a:b] for a, b in itertools.pairwise(ends)]


def decoded(text: str) -> NDArray[np.int64]:
    """Return the run lengths in one of COCO's strings."""
    codes = np.frombuffer(text.encode("ascii"), dtype=np.uint8).astype(np.int64) - 48
    last = np.flatnonzero((codes & GOES_ON) == 0)
    if codes.size == 0 or last.size == 0 or last[-1] != codes.size - 1:
        raise ValueError("the run lengths break off")
    if codes.min() < 0 or codes.max() >= 2 * GOES_ON:
        raise ValueError("the run lengths hold other characters than '0' to 'o'")
    first = np.append(0, last[:-1] + 1)
    length = last - first + 1
    if length.max() > 12:
        raise ValueError("a run length is too large")
    shift = BITS * (np.arange(codes.size) - np.repeat(first, length))
    values = np.add.reduceat((codes & (GOES_ON - 1)) << shift, first)
    values -= np.where(codes[last] & SIGN, np.int64(1) << (BITS * length), 0)
    # Differences add up along every second run, but for the first of all.
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def fields(document: Mapping[str, Any], image_id: Any, source: str) -> dict[str, Any]:
    """Return what a tree is made of from a data set."""
    for name in ("images", "annotations"):
        if not isinstance(document.get(name), list):
            raise TreeFormatError(f"{source}: not a COCO data set: no list {name!r}.")
    try:
        images = {image["id"]: image for image in document["images"]}
        image = _chosen(images, image_id, source)
        entries = [
            entry
            for entry in document["annotations"]
            if entry["image_id"] == image["id"]
        ]
        names = [entry["id"] for entry in entries]
        shape = int(image["height"]), int(image["width"])
        for entry in entries:
            if "parent_id" not in entry:
                raise TreeFormatError(
                    f"{source}: annotation {entry['id']!r} has no 'parent_id', which "
                    "makes a tree of the annotations (null at the root)."
                )
        above = [entry["parent_id"] for entry in entries]
        order, parents = _nodes.ordered(names, above, source)
        entries = [entries[place] for place in order]
        names = [names[place] for place in order]
        runs = _runs(entries, shape)
        head = (document.get("info") or {}).get("skuhas")
    except (AttributeError, KeyError, TypeError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise TreeFormatError(f"{source}: not a COCO data set: {detail}.") from error
    except TreeFormatError:
        raise
    except (ValueError, OverflowError) as error:
        raise TreeFormatError(f"{source}: {error}.") from error
    size = shape[0] * shape[1]
    labels = _nodes.leaf_labels(parents, names, runs, size, source)
    return {
        "parents": parents,
        "leaf_labels": labels.reshape(shape, order="F"),
        **_nodes.fields(entries, head, source),
    }


def _chosen(images: dict[Any, Any], image_id: Any, source: str) -> Any:
    if image_id is None and len(images) == 1:
        return next(iter(images.values()))
    if image_id is None or image_id not in images:
        shown = list(images)[:5]
        raise ValueError(
            f"image_id must be one of the {len(images)} images of {source}, such as "
            f"{shown}, got {image_id!r}"
        )
    return images[image_id]


def _runs(
    entries: list[Mapping[str, Any]], shape: tuple[int, int]
) -> tuple[NDArray, NDArray, NDArray]:
    nodes, starts, lengths = [], [], []
    for node, entry in enumerate(entries):
        mask = entry["segmentation"]
        what = f"annotation {entry['id']!r}"
        if not isinstance(mask, Mapping):
            raise ValueError(f"{what} must hold run lengths, got polygons")
        if tuple(mask["size"]) != shape:
            raise ValueError(f"{what} has size {mask['size']}, the image {list(shape)}")
        counts = mask["counts"]
        try:
            if isinstance(counts, bytes):
                counts = counts.decode("ascii")
            runs = decoded(counts) if isinstance(counts, str) else np.array(counts)
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from error
        if runs.ndim != 1 or runs.dtype.kind not in "iu" or (runs < 0).any():
            raise ValueError(f"{what}: run lengths must be whole numbers of at least 0")
        if runs.sum() != shape[0] * shape[1]:
            raise ValueError(
                f"{what}: run lengths add up to {runs.sum()} pixels, the image has "
                f"{shape[0] * shape[1]}"
            )
        inside = runs[1::2]
        start = np.cumsum(runs)[: 2 * inside.size : 2]
        nodes.append(np.full(inside.size, node))
        starts.append(start)
        lengths.append(inside)
    return np.concatenate(nodes), np.concatenate(starts), np.concatenate(lengths)
