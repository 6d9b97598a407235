"""The viewer's page as text: what it holds, what it forbids, what it refuses."""

import base64
import hashlib
import html
import io
import json
import re
import textwrap
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skuhas import RegionTree, make_nested_scene
from skuhas.plotting import levels_image, region_colors, viewer_page


def data_of(page):
    """Return the page's data, found as a browser finds it."""
    (text,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script', page
    )
    return json.loads(text)


def unpack(entry):
    raw = zlib.decompress(base64.b64decode(entry["data"]))
    return np.frombuffer(raw, dtype=entry["dtype"])


def unpack_column(column):
    return json.loads(zlib.decompress(base64.b64decode(column["values"])))


def unpack_labels(data):
    """Undo the packing one pixel at a time."""
    entry, width, height = data["labels"], data["width"], data["height"]
    raw = zlib.decompress(base64.b64decode(entry["data"]))
    labels = np.zeros((height, width), dtype=int)
    for plane in range(entry["planes"]):
        above = [0] * width
        for y in range(height):
            for x in range(width):
                above[x] ^= raw[(plane * height + y) * width + x]
                labels[y, x] += above[x] << (8 * plane)
    return labels - 1


def comb(n_leaves, shape, **arrays):
    """Return a tree whose every split takes off one leaf."""
    parents = np.r_[
        n_leaves,
        np.arange(n_leaves, 2 * n_leaves - 1),
        np.arange(n_leaves + 1, 2 * n_leaves),
    ]
    parents = parents[: 2 * n_leaves - 1]
    parents[-1] = 2 * n_leaves - 2
    labels = np.arange(shape[0] * shape[1]).reshape(shape) % n_leaves
    return RegionTree.from_parents(parents, labels, **arrays)


@pytest.fixture(scope="module")
def scene():
    return make_nested_scene((48, 64), random_state=0)


# ------------------------------------------------------------------- contents


def test_the_page_holds_the_tree(scene):
    tree = scene.tree
    data = data_of(viewer_page(tree, scene.image))
    arrays = {name: unpack(entry) for name, entry in data["arrays"].items()}
    np.testing.assert_array_equal(arrays["parents"], tree.parents)
    np.testing.assert_array_equal(arrays["ncut"], tree.ncut)
    np.testing.assert_array_equal(arrays["area"], tree.area)
    np.testing.assert_array_equal(arrays["altitude"], tree.altitude.astype(np.float32))
    np.testing.assert_array_equal(arrays["colors"].reshape(-1, 3), region_colors(tree))
    np.testing.assert_array_equal(unpack_labels(data), tree.leaf_labels)
    assert sorted(arrays["order"]) == list(range(tree.n_leaves, tree.n_nodes))


def test_mean_colours_against_every_mask(scene):
    tree = scene.tree
    data = data_of(viewer_page(tree, scene.image))
    means = unpack(data["arrays"]["means"]).reshape(-1, 3)
    for node, mask in enumerate(tree.masks()):
        expected = scene.image[mask].mean(axis=0)
        assert np.abs(means[node] - expected).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("n_leaves", [1, 2, 254, 255, 256, 700])
def test_labels_survive_their_packing(n_leaves):
    rng = np.random.default_rng(n_leaves)
    labels = rng.integers(-1, n_leaves, (30, 40))
    labels.flat[:n_leaves] = np.arange(n_leaves)
    parents = [n_leaves] * (n_leaves + 1) if n_leaves > 1 else [0]
    tree = RegionTree.from_parents(parents, labels)
    np.testing.assert_array_equal(unpack_labels(data_of(viewer_page(tree))), labels)


def test_large_images_are_stored_small_and_keep_their_numbers(scene):
    tree = scene.tree
    data = data_of(viewer_page(tree, scene.image, max_size=16))
    assert (data["width"], data["height"]) == (16, 12)
    assert (data["fullWidth"], data["fullHeight"]) == (64, 48)
    np.testing.assert_array_equal(
        unpack_labels(data), tree.leaf_labels[2::4, 2::4][:12, :16]
    )
    np.testing.assert_array_equal(unpack(data["arrays"]["area"]), tree.area)
    header, _, code = data["image"].partition(",")
    assert header in ("data:image/webp;base64", "data:image/jpeg;base64")
    with Image.open(io.BytesIO(base64.b64decode(code))) as picture:
        assert picture.size == (16, 12)


KINDS = {
    "grey": lambda image: image[:, :, 0],
    "16 bit": lambda image: image[:, :, 0].astype(np.uint16) * 257,
    "float": lambda image: image / 255.0,
    "alpha": lambda image: np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]),
    "PIL": Image.fromarray,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image(scene, kind):
    data = data_of(viewer_page(scene.tree, KINDS[kind](scene.image)))
    means = unpack(data["arrays"]["means"]).reshape(-1, 3)[-1]
    whole = scene.image.mean(axis=(0, 1))
    if kind in ("grey", "16 bit"):
        whole = whole[[0, 0, 0]]
    assert np.abs(means - whole).max() <= 0.5 + 1e-9


def test_a_small_page_for_a_tree_of_ordinary_size():
    """1000 leaves over 800 x 600 pixels, with an image that compresses badly."""
    rng = np.random.default_rng(0)
    seeds = rng.integers(0, (600, 800), (1000, 2))
    from scipy.spatial import cKDTree

    grid = np.stack(np.mgrid[:600, :800], axis=-1)
    labels = cKDTree(seeds + rng.random((1000, 2))).query(grid)[1]
    image = rng.integers(0, 256, (75, 100, 3), dtype=np.uint8)
    image = np.asarray(
        Image.fromarray(image).resize((800, 600), Image.Resampling.BICUBIC)
    )
    tree = RegionTree.from_parents(comb(1000, (1, 1000)).parents, labels)
    assert len(viewer_page(tree, image)) < 1_500_000


# --------------------------------------------------------- safety of the text

HOSTILE = "</script><script>alert(1)</script><!--&amp;\u2028\"'{{script}}"


def test_hostile_text_stays_text(scene):
    tree = RegionTree.from_parents(
        [2, 2, 2],
        [[0, 1]],
        node_data={
            "<b>&": [HOSTILE, "ok", "x" * 500],
            "huge": np.array([2**63 - 1, -(2**63), 0]),
            "odd": [np.nan, np.inf, 1e308],
            "name": ["<i>", "\u202eevil", ""],
            "vector": np.zeros((3, 4)),
        },
    )
    page = viewer_page(tree, title=HOSTILE, note=HOSTILE)
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "alert(1)</" not in page
    data = data_of(page)
    assert data["title"] == data["note"] == HOSTILE
    columns = {column["name"]: unpack_column(column) for column in data["columns"]}
    assert columns["<b>&"] == [HOSTILE, "ok", "x" * 199 + "…"]
    assert columns["huge"] == ["9223372036854775807", "-9223372036854775808", "0"]
    assert columns["odd"] == ["nan", "inf", "1e+308"]
    assert data["columns"][data["named"]]["name"] == "name"
    assert data["omitted"] == [["vector", "array of 4"]]
    (title,) = re.findall("<title>(.*?)</title>", page)
    assert html.unescape(title) == HOSTILE


@given(st.text())
def test_any_title_comes_back(title):
    page = viewer_page(RegionTree.from_parents([0], [[0]]), title=title)
    page.encode("utf-8")
    expected = title.encode("utf-8", "replace").decode("utf-8")
    assert data_of(page)["title"] == expected


def test_more_columns_than_there_is_room_for_are_named():
    data = {f"column {i}": [i] for i in range(30)}
    tree = RegionTree.from_parents([0], [[0]], node_data=data)
    packed = data_of(viewer_page(tree))
    assert len(packed["columns"]) == 24
    assert packed["omitted"] == [[f"column {i}", "not shown"] for i in range(24, 30)]


def test_nothing_but_its_own_script_and_style_may_run(scene):
    page = viewer_page(scene.tree, scene.image)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule, pattern in (
        ("script-src", "<script>(.*?)</script>"),
        ("style-src", "<style>(.*?)</style>"),
    ):
        (text,) = re.findall(pattern, page, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert not re.search(r"https?://", page)
    assert not re.search(r"""<[^>]+\s(on\w+|style)=""", page)


# -------------------------------------------------------------------- refusals


def test_what_cannot_be_shown_is_refused(scene, tmp_path):
    rows = RegionTree.from_parents([2, 2, 2], [0, 1])
    with pytest.raises(ValueError, match=r"a tree over an image, got .* \(2,\)"):
        rows.to_html()
    with pytest.raises(
        ValueError, match=r"image must have the tree's size.*\(48, 64\)"
    ):
        scene.tree.to_html(scene.image[:, 1:])
    with pytest.raises(ValueError, match=r"max_size must be an integer in \[1"):
        scene.tree.to_html(max_size=0)
    with pytest.raises(TypeError, match="title must be a string, got int"):
        scene.tree.to_html(title=3)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        scene.tree.to_html(path=tmp_path / "none" / "page.html")
    target = tmp_path / "page.html"
    target.write_text("before")
    with pytest.raises(ValueError, match="image must have"):
        scene.tree.to_html(scene.image[1:], target)
    assert target.read_text() == "before"


def test_the_file_is_the_text(scene, tmp_path):
    picture = tmp_path / "a <b>.png"
    Image.fromarray(scene.image).save(picture)
    target = tmp_path / "page.html"
    page = scene.tree.to_html(picture, target)
    assert target.read_text(encoding="utf-8") == page
    assert data_of(page)["title"] == "a <b>.png"
    assert [path.name for path in tmp_path.iterdir() if ".part" in path.name] == []


# ------------------------------------------------------------------- notebooks


def framed(shown):
    (source,) = re.findall(r'<iframe srcdoc="(.*?)"', shown, re.S)
    return html.unescape(source)


def test_a_tree_shows_itself_in_a_frame(scene):
    shown = scene.tree._repr_html_()
    assert 'sandbox="allow-scripts allow-downloads"' in shown
    data = data_of(framed(shown))
    assert data["note"] is None
    np.testing.assert_array_equal(unpack_labels(data), scene.tree.leaf_labels)


def test_very_large_trees_are_cut_first_and_say_so():
    tree = comb(3000, (50, 60))
    data = data_of(framed(tree._repr_html_()))
    assert unpack(data["arrays"]["parents"]).size == 3999
    assert data["note"].startswith("Cut to the 2000 regions that open first, of 3000.")


def test_trees_without_pixels_show_their_text():
    tree = RegionTree.from_parents([2, 2, 2], [0, 1])
    assert tree._repr_html_() == f"<pre>{tree!r}</pre>"
    assert tree._repr_png_() is None


def test_the_small_picture_shows_levels(scene):
    with Image.open(io.BytesIO(scene.tree._repr_png_())) as picture:
        pixels = np.asarray(picture)
    np.testing.assert_array_equal(pixels, np.asarray(levels_image(scene.tree)))


def test_levels_against_the_cut():
    scene = make_nested_scene((40, 60), random_state=1)
    picture = np.asarray(levels_image(scene.tree, (3, 200), panel_size=120))
    height, gap, caption = 80, 12, 22
    colors = region_colors(scene.tree)
    marked = RegionTree.from_parents(
        scene.tree.parents,
        scene.tree.leaf_labels,
        ncut=scene.tree.ncut,
        altitude=scene.tree.altitude,
        node_data={"node": np.arange(scene.tree.n_nodes)},
    )
    for position, level in enumerate((3, 200)):
        x = position * (120 + gap)
        panel = picture[caption : caption + height, x : x + 120]
        cut = marked.cut(n_regions=level).resize((height, 120))
        labels = cut.leaf_labels
        flat = (labels[:-1, :-1] == labels[1:, :-1]) & (
            labels[:-1, :-1] == labels[:-1, 1:]
        )
        expected = colors[cut.node_data["node"][labels]]
        np.testing.assert_array_equal(
            panel[:-1, :-1, :3][flat], expected[:-1, :-1][flat]
        )
        # Boundaries are lighter than either side.
        seam = panel[:-1, :-1, :3][~flat].astype(int).sum(axis=1)
        assert (seam >= expected[:-1, :-1][~flat].astype(int).sum(axis=1)).all()


def test_one_region_is_one_panel():
    tree = RegionTree.from_parents([0], [[0, 0], [0, -1]])
    picture = np.asarray(levels_image(tree, panel_size=100))
    assert picture.shape == (122, 100, 4)
    assert (picture[22:72, :, 3] == 255).all()
    assert (picture[72:, 50:, 3] == 0).all()


# ----------------------------------------------------------------------- guide

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "viewer.rst"


@pytest.mark.skipif(not GUIDE.is_file(), reason="the documentation is not here")
def test_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"code-block:: python\n\n((?:    .*\n|\n)+)", text)
    names = {}
    for block in blocks:
        exec(textwrap.dedent(block), names)
    data = data_of((tmp_path / "scene.html").read_text(encoding="utf-8"))
    assert data["image"] is not None
    np.testing.assert_array_equal(unpack_labels(data), names["scene"].tree.leaf_labels)
    assert data_of(framed(names["frame"]))["width"] == 160
