"""Pictures of results: an image, its ground truth, and the best cut of its tree."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.color import lab2rgb, rgb2lab

from skuhas._common import as_rgb_image, atomic_write, fit_within
from skuhas.plotting import label_image, overlay, region_colors
from skuhas.tree import RegionTree

# Longer side of the label maps that are kept for pictures.
SIDE = 360
# Numbers of regions that the best cut is taken from.
LEVELS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96)
PANEL = (220, 165)
GAP, MARGIN, LINE = 6, 24, 22
HEADINGS = ("image", "ground truth", "best cut of the tree")
STRENGTH = 0.62
PAPER, INK, FAINT = (255, 255, 255), (35, 35, 40), (120, 120, 128)
NOWHERE = (150, 150, 150)


def chosen_truth(truth: Any) -> Any:
    """Return what stands for an image's ground truth in pictures.

    Of several annotators it is that of the one with the median number of regions.
    """
    sizes = [np.unique(_labels_of(each)).size for each in truth.annotations]
    return truth.annotations[np.argsort(sizes, kind="stable")[(len(sizes) - 1) // 2]]


def _labels_of(truth: Any) -> NDArray[np.integer]:
    return truth.leaf_labels if isinstance(truth, RegionTree) else np.asarray(truth)


def best_cut_picture(truth: Any, tree: RegionTree) -> bytes:
    """Return the cut that covers the ground truth best, as an indexed PNG.

    Best by the covering of Arbeláez et al., regions weighted by area, among cuts
    to the numbers of regions in `LEVELS`.
    """
    shape = fit_within(tree.shape, min(SIDE, max(tree.shape)))
    small = tree.resize(shape)
    labels = _nearest(_labels_of(chosen_truth(truth)), shape)
    best, best_score = small.cut(n_regions=1).leaf_labels, -1.0
    for level in LEVELS:
        cut = small.cut(n_regions=level)
        score = _covering(labels, cut.leaf_labels)
        # Of equal ones the coarsest.
        if score > best_score + 1e-9:
            best, best_score = cut.leaf_labels, score
        if cut.n_leaves == small.n_leaves:
            break
    shades = np.linspace(0, 255, max(int(best.max()) + 1, 2)).astype(np.uint8)
    stream = io.BytesIO()
    colors = np.repeat(shades[:, None], 3, axis=1)
    label_image(best, colors).save(stream, format="PNG")
    return stream.getvalue()


def _nearest(labels: NDArray, shape: tuple[int, int]) -> NDArray:
    rows, columns = (
        (np.arange(size) + 0.5) * full // size
        for size, full in zip(shape, labels.shape, strict=True)
    )
    return labels[rows.astype(int)[:, None], columns.astype(int)]


def _table(labels: NDArray, other: NDArray) -> NDArray[np.int64]:
    """Count the pixels that regions share, those of label -1 left out."""
    inside = labels >= 0
    values, first = np.unique(labels[inside], return_inverse=True)
    second = other[inside]
    n_columns = int(other.max()) + 1
    kept = second >= 0
    pairs = first.reshape(-1)[kept] * n_columns + second[kept]
    return np.bincount(pairs, minlength=values.size * n_columns).reshape(-1, n_columns)


def _covering(labels: NDArray, cut: NDArray) -> float:
    shared = _table(labels, cut)
    area = shared.sum(axis=1)
    union = area[:, None] + shared.sum(axis=0) - shared
    overlap = (shared / np.maximum(union, 1)).max(axis=1)
    return float(overlap @ area / max(area.sum(), 1))


class Example(NamedTuple):
    """A row of the contact sheet."""

    sample: Any
    truth: Any
    cut: Path
    caption: str


def write_sheet(
    path: Path, title: str, worst: Iterable[Example], best: Iterable[Example]
) -> None:
    """Draw the worst images on the left and the best ones on the right."""
    columns = [
        (heading, [_panels(each) for each in examples])
        for heading, examples in (("Worst", worst), ("Best", best))
    ]
    columns = [(heading, rows) for heading, rows in columns if rows]
    width = 3 * PANEL[0] + 2 * GAP
    # Rows that have wide images on both sides need less height.
    heights = [
        max(panels[0].shape[0] for panels, _ in row if panels) + LINE + 2 * GAP
        for row in zip_longest(*(rows for _, rows in columns), fillvalue=((), ""))
    ]
    top = MARGIN + 66
    size = (
        len(columns) * (width + MARGIN) + MARGIN,
        top + sum(heights) + MARGIN - 2 * GAP,
    )
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN - 4), title, fill=INK, font=_font(18))
    for place, (heading, rows) in enumerate(columns):
        x = MARGIN + place * (width + MARGIN)
        draw.text((x, MARGIN + 24), heading, fill=INK, font=_font(16))
        for number, word in enumerate(HEADINGS):
            left = x + number * (PANEL[0] + GAP)
            draw.text((left, MARGIN + 46), word, fill=FAINT, font=_font(13))
        y = top
        for (panels, caption), height in zip(rows, heights, strict=False):
            for number, panel in enumerate(panels):
                left = x + number * (PANEL[0] + GAP)
                sheet.paste(Image.fromarray(panel), (left, y))
            below = y + panels[0].shape[0] + 3
            draw.text((x, below), caption, fill=INK, font=_font(13))
            y += height
    with atomic_write(path) as handle:
        sheet.save(handle, format="PNG")


def _panels(example: Example) -> tuple[list[NDArray[np.uint8]], str]:
    """Return image, ground truth and cut as they are drawn, and the caption."""
    image = as_rgb_image(example.sample.image)
    height, width = image.shape[:2]
    scale = min(PANEL[0] / width, PANEL[1] / height)
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = np.array(
        Image.fromarray(image).resize(shape[::-1], Image.Resampling.LANCZOS)
    )
    labels, colors = colored_truth(example.truth)
    labels = _nearest(labels, shape)
    with Image.open(example.cut) as picture:
        cut = np.asarray(picture).astype(np.int64)
    # What stands for pixels outside every region.
    cut[cut == 255] = -1
    n_regions = int(cut.max()) + 1
    cut = _nearest(cut, shape)
    found = matched_colors(labels, colors, cut)
    panels = [
        small,
        overlay(small, labels, colors, alpha=STRENGTH),
        overlay(small, cut, found, alpha=STRENGTH),
    ]
    many = "1 region" if n_regions == 1 else f"{n_regions} regions"
    return panels, f"{example.caption}   cut into {many}"


def colored_truth(truth: Any) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return a ground truth as labels from 0, and their colours.

    Classes have the same colours in all images, those of a category akin ones.
    """
    chosen = chosen_truth(truth)
    labels = _labels_of(chosen)
    if truth.classes is None:
        inside = labels >= 0
        values, index = np.unique(labels[inside], return_inverse=True)
        numbered = np.full(labels.shape, -1, dtype=np.int64)
        numbered[inside] = index.reshape(-1)
        flat = RegionTree.from_parents(
            np.full(values.size + 1, values.size), numbered.astype(np.int32)
        )
        return numbered, region_colors(flat)[: values.size]
    hierarchy = truth.hierarchy
    classes = RegionTree.from_parents(
        hierarchy.parents, np.arange(hierarchy.n_classes, dtype=np.int32)
    )
    color_of = dict(zip(hierarchy.labels, region_colors(classes), strict=False))
    found = chosen.node_data["label"][: chosen.n_leaves].tolist()
    colors = [color_of.get(label, np.array(NOWHERE)) for label in found]
    return labels.astype(np.int64), np.array(colors, dtype=np.uint8)


def matched_colors(
    labels: NDArray, colors: NDArray[np.uint8], cut: NDArray
) -> NDArray[np.uint8]:
    """Return a colour for each region of a cut: that of what it lies on most.

    Regions on the same thing differ in lightness.
    """
    shared = _table(labels, cut)
    values = np.unique(labels[labels >= 0])
    lab = rgb2lab(colors[None] / 255.0)[0]
    found = np.empty((shared.shape[1], 3))
    count = np.zeros(len(colors), dtype=int)
    grey = rgb2lab(np.array([[NOWHERE]]) / 255.0)[0, 0]
    # From the largest down, so that it has the colour of the ground truth.
    for region in np.argsort(-shared.sum(axis=0), kind="stable"):
        if not shared[:, region].any():
            found[region] = grey
            continue
        thing = values[shared[:, region].argmax()]
        turn = count[thing]
        count[thing] += 1
        step = 9 * ((turn + 1) // 2) * (1 if turn % 2 else -1)
        found[region] = lab[thing]
        found[region, 0] = np.clip(lab[thing, 0] + np.clip(step, -27, 27), 20, 95)
    rgb = np.clip(lab2rgb(found[None])[0], 0, 1)
    return np.rint(255 * rgb).astype(np.uint8)


def _font(size: int) -> Any:
    return ImageFont.load_default(size=size)
