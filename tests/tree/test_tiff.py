"""Pages of a TIFF are levels of the tree, and nested pages are a tree."""

import json
import logging
import re

import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from skuhas.tree import RegionTree, TreeFormatError
from tests.tree._strategies import region_trees

tifffile = pytest.importorskip("tifffile")


def test_pages_by_hand(tmp_path):
    tree = RegionTree([3, 3, 4, 4, 4], [[0, 1, -1], [2, 2, 2]])
    path = tmp_path / "tree.tif"
    tree.to_tiff(path)
    with tifffile.TiffFile(path) as file:
        pages = [page.asarray() for page in file.pages]
        told = [json.loads(page.description) for page in file.pages]
    assert told == [{"n_regions": 2, "n_pages": 2}, {"n_regions": 3, "n_pages": 2}]
    assert [page.dtype for page in pages] == [np.uint16, np.uint16]
    np.testing.assert_array_equal(pages[0], [[1, 1, 0], [2, 2, 2]])
    np.testing.assert_array_equal(pages[1], [[1, 2, 0], [3, 3, 3]])
    # Pillow agrees.
    with Image.open(path) as image:
        assert image.n_frames == 2
        image.seek(1)
        np.testing.assert_array_equal(np.asarray(image), pages[1])
    assert [entry.name for entry in tmp_path.iterdir()] == ["tree.tif"]


@given(region_trees(image=True))
def test_pages_are_labels_and_come_back(tree):
    import io
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tree.tif"
        tree.to_tiff(path)
        data = io.BytesIO(path.read_bytes())
        found = RegionTree.from_tiff(path)
    levels = [2**k for k in range(1, 9) if 2**k < tree.n_leaves] + [tree.n_leaves]
    with tifffile.TiffFile(data) as file:
        assert len(file.pages) == len(levels)
        for page, level in zip(file.pages, levels, strict=True):
            labels = page.asarray().astype(int) - 1
            np.testing.assert_array_equal(labels, tree.labels(n_regions=level))
    maps = [tree.labels(n_regions=level) for level in levels]
    assert found == RegionTree.from_label_maps(maps)


def test_chosen_levels(tmp_path):
    tree = RegionTree([3, 3, 4, 4, 4], [[0, 1, 2]])
    tree.to_tiff(tmp_path / "a.tif", levels=[3, 1, 99])
    pages = tifffile.imread(tmp_path / "a.tif")
    assert pages.tolist() == [[[1, 2, 3]], [[1, 1, 1]], [[1, 2, 3]]]
    for levels, message in [([], "levels"), ([0], "levels must"), (["x"], "levels")]:
        with pytest.raises((TypeError, ValueError), match=message):
            tree.to_tiff(tmp_path / "b.tif", levels=levels)
    assert not (tmp_path / "b.tif").exists()


def test_many_regions_need_wide_pixels(tmp_path):
    n_leaves = 2**16
    tree = RegionTree([n_leaves] * (n_leaves + 1), np.arange(n_leaves).reshape(256, -1))
    tree.to_tiff(tmp_path / "a.tif", levels=[n_leaves])
    page = tifffile.imread(tmp_path / "a.tif")
    assert page.dtype == np.uint32
    np.testing.assert_array_equal(page, tree.leaf_labels + 1)
    assert RegionTree.from_tiff(tmp_path / "a.tif").n_leaves == n_leaves


def test_one_node(tmp_path):
    tree = RegionTree([0], [[0, -1]])
    tree.to_tiff(tmp_path / "a.tif")
    assert RegionTree.from_tiff(tmp_path / "a.tif") == tree


def test_files_that_are_no_trees(tmp_path):
    path = tmp_path / "a.tif"
    with pytest.raises(FileNotFoundError):
        RegionTree.from_tiff(path)
    named = re.escape(str(path))
    path.write_bytes(b"II*\0nonsense")
    with pytest.raises(TreeFormatError, match=f"{named}: not a readable TIFF"):
        RegionTree.from_tiff(path)
    tifffile.imwrite(path, np.zeros((4, 4), dtype=np.float32))
    with pytest.raises(TreeFormatError, match=f"{named}: page 0 must be a label map"):
        RegionTree.from_tiff(path)
    tifffile.imwrite(path, np.zeros((4, 4, 3), dtype=np.uint8), photometric="rgb")
    with pytest.raises(TreeFormatError, match=r"page 0 .* shape \(4, 4, 3\)"):
        RegionTree.from_tiff(path)
    pages = np.array([[[1, 1, 2, 2]], [[1, 2, 2, 3]]], dtype=np.uint8)
    tifffile.imwrite(path, pages, photometric="minisblack")
    with pytest.raises(TreeFormatError, match=f"{named}: maps are not nested: region"):
        RegionTree.from_tiff(path)


@pytest.mark.parametrize("description", ["{", "[]", '{"n_pages": "x"}', "ImageJ=1.5"])
def test_descriptions_of_other_programs(tmp_path, description):
    path = tmp_path / "a.tif"
    page = np.array([[1, 2]], dtype=np.uint8)
    tifffile.imwrite(path, page, description=description, metadata=None)
    assert RegionTree.from_tiff(path) == RegionTree([2, 2, 2], [[0, 1]])


def test_files_that_break_off(tmp_path):
    tree = RegionTree([3, 3, 4, 4, 4], [[0, 1, 2]])
    path = tmp_path / "a.tif"
    tree.to_tiff(path)
    data = path.read_bytes()
    logging.disable()
    try:
        for length in range(len(data)):
            path.write_bytes(data[:length])
            with pytest.raises(TreeFormatError, match=r"a\.tif: "):
                RegionTree.from_tiff(path)
    finally:
        logging.disable(logging.NOTSET)


def test_only_images_have_pages(tmp_path):
    with pytest.raises(ValueError, match="to_tiff"):
        RegionTree([2, 2, 2], [0, 1]).to_tiff(tmp_path / "a.tif")
