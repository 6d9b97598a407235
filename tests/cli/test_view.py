"""`skuhas view`: where the page goes, which image it shows, what is refused."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from skuhas import ColorFeatures, RegionTree, make_nested_scene, segment_images
from skuhas.cli import app


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """Keep browsers closed and list what would be opened."""
    addresses = []
    monkeypatch.setattr(
        "webbrowser.open", lambda address: addresses.append(address) or True
    )
    return addresses


def run(*arguments):
    words = ["view", *map(str, arguments)]
    return CliRunner().invoke(app, words, prog_name="skuhas")


@pytest.fixture
def tree_file(tmp_path):
    scene = make_nested_scene((24, 32), random_state=0)
    scene.tree.save(tmp_path / "scene.npz")
    Image.fromarray(scene.image).save(tmp_path / "picture.png")
    return tmp_path / "scene.npz"


def data_of(path):
    page = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script', page)[1])


def test_the_page_lies_beside_the_tree_and_opens(tree_file, opened):
    result = run(tree_file)
    assert result.exit_code == 0, result.output
    page = tree_file.with_suffix(".html")
    assert f"Wrote {page}" in result.output
    assert opened == [page.as_uri()]
    data = data_of(page)
    assert data["title"] == "scene"
    assert data["image"] is None
    # Again, over its own page.
    assert run(tree_file, "--no-open").exit_code == 0
    assert len(opened) == 1


def test_an_image_and_a_place_of_one_s_own(tree_file, opened, tmp_path):
    target = tmp_path / "other.html"
    picture = tmp_path / "picture.png"
    result = run(
        tree_file, "--image", picture, "-o", target, "--no-open", "--title", "<Mine>"
    )
    assert result.exit_code == 0, result.output
    data = data_of(target)
    assert data["image"].startswith("data:image/")
    assert data["title"] == "<Mine>"
    assert not tree_file.with_suffix(".html").exists()
    assert opened == []


def test_the_run_s_list_names_the_image(pictures, tmp_path):
    out = tmp_path / "out"
    features = ColorFeatures(image_size=32)
    segment_images(pictures, out, features=features)
    (tree,) = [path for path in out.rglob("*.npz") if path.stem == "one"]
    assert run(tree, "--no-open").exit_code == 0
    assert data_of(tree.with_suffix(".html"))["image"] is not None
    pictures[0].unlink()
    result = run(tree, "--no-open")
    assert result.exit_code == 0
    assert "is not found from here: plain ground instead" in result.output
    assert data_of(tree.with_suffix(".html"))["image"] is None


def test_a_damaged_list_does_no_harm(tree_file):
    tree_file.with_name("manifest.json").write_text("{")
    assert run(tree_file, "--no-open").exit_code == 0


def test_files_of_others_are_spared(tree_file):
    page = tree_file.with_suffix(".html")
    page.write_text("<p>mine</p>")
    result = run(tree_file, "--no-open")
    assert result.exit_code == 2
    assert "is no page of skuhas" in result.output
    assert page.read_text() == "<p>mine</p>"


def test_where_nothing_can_be_written_it_is_a_temporary_file(
    tree_file, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "access", lambda path, mode, **_: mode != os.W_OK)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    result = run(tree_file, "--no-open")
    assert result.exit_code == 0, result.output
    (page,) = (tmp_path / "temporary").rglob("scene.html")
    assert data_of(page)["title"] == "scene"


def test_what_is_wrong_is_named(tree_file, tmp_path):
    small = tmp_path / "small.png"
    Image.fromarray(np.zeros((3, 4, 3), np.uint8)).save(small)
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK")
    rows = tmp_path / "rows.npz"
    RegionTree.from_parents([2, 2, 2], [0, 1]).save(rows)
    for arguments, option, message in (
        ([tmp_path / "none.npz"], "TREE", "No such file"),
        ([broken], "TREE", "not a readable .npz file"),
        ([tmp_path / "picture.png"], "TREE", ".npz"),
        ([rows], "TREE", "needs a tree over an image"),
        ([tree_file, "--image", small], "--image", "image must have the tree's size"),
        ([tree_file, "--image", "none.png"], "--image", "no such file"),
        ([tree_file, "-o", tmp_path / "no" / "a.html"], "--out", "no such folder"),
    ):
        result = run(*arguments, "--no-open")
        assert result.exit_code == 2
        assert f"Invalid value for {option}" in result.output
        assert message in result.output


def test_without_a_browser_it_says_so(tree_file, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    result = run(tree_file)
    assert result.exit_code == 0
    assert "There is no browser here" in result.output
