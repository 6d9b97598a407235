"""Patches: they tile their images, and say the same of each pixel."""

import os
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skuhas import ColorFeatures, DatasetError, load_dataset
from skuhas.datasets._patches import _parts
from tests.datasets._folder import cells


@given(st.integers(1, 5000), st.integers(1, 1200))
def test_parts_are_even_and_whole(length, side):
    parts = _parts(length, side)
    sizes = [stop - start for start, stop in parts]
    assert [start for start, _ in parts] == [0, *(stop for _, stop in parts[:-1])]
    assert parts[-1][1] == length
    assert max(sizes) <= side
    assert max(sizes) - min(sizes) <= 1
    # One part fewer would be too long.
    assert (len(parts) - 1) * side < length


@pytest.fixture
def large(folder):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        folder.image(f"val/{name}.png", (20, 33), seed=ord(name))
        folder.labels(f"valannot/{name}.png", rng.integers(0, 12, (20, 33)))
    return folder


def test_patches_tile_their_image(large):
    whole = load_dataset("camvid", large.root)
    patches = load_dataset("camvid", large.root, tile=10)
    assert len(patches) == 2 * 2 * 4
    assert patches.ids[:5] == [
        *("a_y0_x0", "a_y0_x8", "a_y0_x16", "a_y0_x24", "a_y10_x0")
    ]
    for place, sample in enumerate(whole):
        labels, pixels = np.full((20, 33), -9), np.zeros((20, 33, 3), dtype=np.uint8)
        for patch in patches[8 * place : 8 * place + 8]:
            image = patch.image
            rows = slice(image.top, image.top + image.height)
            columns = slice(image.left, image.left + image.width)
            assert (labels[rows, columns] == -9).all()
            labels[rows, columns] = patch.label_map()
            pixels[rows, columns] = np.asarray(image)
            assert patch.shape == patch.label_map().shape == image.shape[:2]
        np.testing.assert_array_equal(labels, sample.label_map())
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(sample.image)))
    assert "of them with ground truth" in patches.describe()


def test_transformers_take_patches(large):
    patches = load_dataset("camvid", large.root, tile=20)
    (first, *_) = ColorFeatures().transform(patches.images[:1])
    (again,) = ColorFeatures().transform([np.asarray(patches[0].image)])
    np.testing.assert_array_equal(first.features, again.features)
    assert first.image_shape == patches.targets[0].shape


def test_a_file_is_decoded_once_for_its_patches(large, monkeypatch):
    patches = load_dataset("camvid", large.root, tile=10)
    opened = []
    whole = Image.open

    def counted(path, *args, **kwargs):
        opened.append(path.parent.name)
        return whole(path, *args, **kwargs)

    monkeypatch.setattr(Image, "open", counted)
    for sample in patches:
        np.asarray(sample.image), sample.label_map()
    assert opened.count("valannot") == 2
    # Once for the pixels, and once for the size.
    assert opened.count("val") == 4


def test_patches_of_several_annotators(folder):
    first, second = np.arange(48).reshape(6, 8), np.ones((6, 8))
    folder.image("data/images/val/1.jpg", (6, 8))
    folder.mat("data/groundTruth/val/1.mat", groundTruth=cells(first, second))
    folder.image("data/images/val/2.jpg", (6, 8))
    dataset = load_dataset("bsds500", folder.root, tile=4)
    maps = dataset[3].label_map()
    np.testing.assert_array_equal(maps, [first[3:, 4:], second[3:, 4:]])
    assert dataset.targets[4] is None


def test_patches_of_outlines(folder):
    square = {"image_id": 1, "category_id": 1, "area": 9}
    square["segmentation"] = [[2, 2, 5, 2, 5, 5, 2, 5]]
    image = {"id": 1, "file_name": "1.jpg", "height": 6, "width": 8}
    folder.image("val2017/1.jpg", (6, 8))
    folder.json(
        "annotations/instances_val2017.json",
        {"images": [image], "annotations": [square]},
    )
    (whole,) = load_dataset("coco", folder.root).label_maps
    patches = load_dataset("coco", folder.root, tile=4)
    np.testing.assert_array_equal(patches[0].label_map(), whole[:3, :4])
    np.testing.assert_array_equal(patches[3].label_map(), whole[3:, 4:])


def test_a_file_that_changes_is_read_again(large):
    sample = load_dataset("camvid", large.root, tile=33)[0]
    assert sample.label_map().max() > 3
    path = large.labels("valannot/a.png", np.full((20, 33), 3))
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    assert (sample.label_map() == 3).all()


def test_a_label_map_of_another_size(large):
    large.labels("valannot/b.png", np.zeros((33, 20)))
    patches = load_dataset("camvid", large.root, tile=10)
    message = r"'.*valannot/b\.png' has shape \(33, 20\), '.*val/b\.png' has \(20, 33\)"
    with pytest.raises(DatasetError, match=message):
        patches[8].label_map()


def test_the_side_must_be_positive(large):
    message = re.escape("tile must be an integer in [1, inf) or None, got 0")
    with pytest.raises(ValueError, match=message):
        load_dataset("camvid", large.root, tile=0)
