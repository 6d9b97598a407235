"""The cut that is shown, its colours, and the contact sheet."""

import io

import numpy as np
import pytest
from PIL import Image

from skuhas import RegionTree, evaluate
from skuhas.evaluation._pictures import (
    best_cut_picture,
    chosen_truth,
    colored_truth,
    matched_colors,
)
from skuhas.evaluation._scores import Truth

QUARTERS = np.repeat(np.repeat([[0, 1], [2, 3]], 8, axis=0), 8, axis=1)
TREE = RegionTree.from_parents(
    [4, 4, 5, 5, 6, 6, 6],
    QUARTERS.astype(np.int32),
    altitude=[0, 0, 0, 0, 0.4, 0.5, 0.9],
)


def opened(picture):
    return np.asarray(Image.open(io.BytesIO(picture)))


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_the_cut_with_the_regions_of_the_ground_truth(levels):
    labels = {1: QUARTERS * 0, 2: QUARTERS // 2, 4: QUARTERS}[levels]
    found = opened(best_cut_picture(Truth(labels, None), TREE))
    np.testing.assert_array_equal(found, labels)


def test_ignored_pixels_have_no_say():
    labels = np.where(QUARTERS < 2, -1, QUARTERS)
    found = opened(best_cut_picture(Truth(labels, None), TREE))
    assert np.unique(found[8:]).size == 2


def test_large_images_are_kept_small():
    large = TREE.resize((900, 1200))
    labels = large.labels(n_regions=2)
    found = opened(best_cut_picture(Truth(labels, None), large))
    assert found.shape == (270, 360)
    assert np.unique(found).size == 2


def test_the_annotator_in_the_middle():
    maps = [QUARTERS, QUARTERS * 0, QUARTERS // 2]
    assert chosen_truth(Truth(maps, None)) is maps[2]


def test_regions_have_the_colour_of_what_they_lie_on():
    labels, colors = colored_truth(Truth(QUARTERS // 2, None))
    assert colors.shape == (2, 3)
    found = matched_colors(labels, colors, QUARTERS)
    # The first of a thing has its colour, the next one another lightness.
    np.testing.assert_allclose(found[[0, 2]].astype(int), colors.astype(int), atol=1)
    assert (
        np.abs(found[[1, 3]].astype(int) - colors.astype(int)).max(axis=1) > 5
    ).all()


def test_classes_have_the_same_colours_in_all_images(classes):
    seen = {}
    for sample in classes:
        truth = Truth(sample.target(), sample.hierarchy)
        labels, colors = colored_truth(truth)
        assert labels.min() == -1
        tree = truth.target
        for label, color in zip(tree.node_data["label"], colors, strict=False):
            assert seen.setdefault(int(label), color.tolist()) == color.tolist()
    assert len({tuple(color) for color in seen.values()}) == len(seen)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_sheet(regions, fast, tmp_path, limit):
    evaluate(regions, features=fast, out=tmp_path, limit=limit)
    sheet = Image.open(tmp_path / "sheet.png")
    n_columns, n_rows = {1: (1, 1), 2: (2, 1), 5: (2, 3)}[limit]
    assert sheet.width == n_columns * (3 * 220 + 2 * 6 + 24) + 24
    assert sheet.height == 90 + n_rows * (165 + 22 + 12) + 24 - 12
    # Of white, of images and of colours.
    assert len(sheet.convert("RGB").getcolors(1 << 20)) > 100
