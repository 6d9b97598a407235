"""What the viewer's page carries: arrays packed small, and the picture."""

import base64
import io
import json
import os
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, features

from skuhas._common import as_rgb_image, fit_within
from skuhas.plotting._colors import region_colors

QUALITY = 85
# What is shown of the caller's own arrays.
MOST_COLUMNS = 24
LONGEST_TEXT = 200
NAMES = ("name", "names", "label", "class", "class_name", "category")


def contents(tree, image, title, max_size, note):
    """Return the page's data, ready for JSON."""
    if title is None:
        named = isinstance(image, (str, os.PathLike))
        title = Path(image).name if named else "Region tree"
    pixels = None if image is None else _checked_image(image, tree.shape)
    height, width = tree.shape
    if max(tree.shape) > max_size:
        height, width = fit_within(tree.shape, max_size)
    internal = np.arange(tree.n_leaves, tree.n_nodes)
    # The order in which RegionTree.cut opens nodes.
    order = np.lexsort((-internal, -tree.area[internal], -tree.altitude[internal]))
    arrays = {
        "parents": tree.parents.astype(np.int32),
        "order": internal[order].astype(np.int32),
        "area": tree.area.astype(np.float64),
        "altitude": tree.altitude.astype(np.float32),
        # Thresholds are compared with it: as exact as it is.
        "ncut": tree.ncut.astype(np.float64),
        "perturbation": tree.perturbation.astype(np.float32),
        "eigengap": tree.eigengap.astype(np.float32),
        "colors": region_colors(tree),
    }
    if pixels is not None:
        arrays["means"] = _mean_colors(tree, pixels)
    columns, omitted = _columns(tree)
    names = [column["name"].lower() for column in columns]
    named = [names.index(name) for name in NAMES if name in names]
    return {
        "title": _clean(title),
        "note": None if note is None else _clean(note),
        "width": width,
        "height": height,
        "fullWidth": tree.shape[1],
        "fullHeight": tree.shape[0],
        "image": None if pixels is None else _picture(pixels, (width, height)),
        "labels": _packed_labels(tree, (height, width)),
        "arrays": {
            name: {"dtype": array.dtype.name, "data": _packed(array)}
            for name, array in arrays.items()
        },
        "columns": columns,
        "named": named[0] if named else None,
        "omitted": omitted,
    }


def _checked_image(image, shape):
    pixels = as_rgb_image(image)
    if pixels.shape[:2] != shape:
        raise ValueError(
            f"image must have the tree's size, (height, width) = {shape}, got "
            f"{pixels.shape[:2]}. RegionTree.resize brings a tree to another size."
        )
    return pixels


def _mean_colors(tree, pixels):
    labels = tree.leaf_labels.ravel()
    inside = labels >= 0
    sums = np.stack(
        [
            np.bincount(labels[inside], band.ravel()[inside], minlength=tree.n_leaves)
            for band in np.moveaxis(pixels, -1, 0)
        ],
        axis=1,
    )
    means = tree.accumulate(sums) / tree.area[:, None]
    return np.rint(means).astype(np.uint8)


def _picture(pixels, size):
    picture = Image.fromarray(pixels)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    kind = "webp" if features.check("webp") else "jpeg"
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, quality=QUALITY)
    return f"data:image/{kind};base64,{_base64(buffer.getvalue())}"


def _packed_labels(tree, shape):
    """Pack labels as byte planes, every row as its difference from the one above.

    Leaves keep their numbers, whether or not a pixel of theirs is kept.
    """
    index = [
        ((np.arange(new) + 0.5) * old / new).astype(np.intp)
        for old, new in zip(tree.shape, shape, strict=True)
    ]
    labels = (tree.leaf_labels[np.ix_(*index)] + 1).astype("<u4")
    labels[1:] ^= labels[:-1].copy()
    n_planes = max(1, (int(tree.n_leaves).bit_length() + 7) // 8)
    planes = labels.view(np.uint8).reshape(*shape, 4)[:, :, :n_planes]
    return {"planes": n_planes, "data": _packed(np.moveaxis(planes, 2, 0))}


def _columns(tree):
    """Return the caller's one-dimensional arrays as texts, and why others are not."""
    columns, omitted = [], []
    for name, values in tree.node_data.items():
        if values.ndim > 1:
            omitted.append([name, f"array of {_sides(values.shape[1:])}"])
            continue
        if len(columns) == MOST_COLUMNS:
            omitted.append([name, "not shown"])
            continue
        texts = [_shortened(_text(value)) for value in values.tolist()]
        columns.append({"name": name, "values": _packed_json(texts)})
    return columns, omitted


def _sides(shape):
    return " x ".join(str(side) for side in shape)


def _text(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _shortened(text):
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _packed_json(values):
    return _base64(zlib.compress(json.dumps(values).encode("ascii"), 9))


def _packed(array):
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return _base64(zlib.compress(np.ascontiguousarray(little).tobytes(), 9))


def _base64(data):
    return base64.b64encode(data).decode("ascii")


def _clean(text):
    """Return text that has a UTF-8 form: names of files may hold other bytes."""
    return text.encode("utf-8", "replace").decode("utf-8")
