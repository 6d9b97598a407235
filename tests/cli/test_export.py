"""`skuhas export`: every format read back, what it prints, its exit status."""

import json
import os
import warnings

import numpy as np
import pytest
from typer.testing import CliRunner

from skuhas import RegionTree
from skuhas.cli import app
from skuhas.cli._formats import SUFFIXES, Format

nan, inf = np.nan, np.inf


@pytest.fixture
def run(tmp_path):
    """Run the command in a folder of its own."""
    runner = CliRunner()

    def call(*arguments):
        words = [str(word) for word in ("export", *arguments)]
        return runner.invoke(app, words, prog_name="skuhas")

    before = os.getcwd()  # noqa: PTH109
    os.chdir(tmp_path)
    yield call
    os.chdir(before)


@pytest.fixture
def tree(tmp_path):
    tree = RegionTree(
        [3, 3, 4, 4, 4],
        [[0, 0, 1], [2, -1, 2]],
        ncut=[nan, nan, nan, 0.25, 0.5],
        perturbation=[nan, nan, nan, inf, 10],
        altitude=[0, 0, 0, 0.5, 1],
        node_data={"name": ["cup", "<b>&\x0b'\"", "日本", "", "[bold]x[/]"]},
    )
    tree.save(tmp_path / "cat.npz")
    return tree


def names(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


# -------------------------------------------------------------------- formats


@pytest.mark.parametrize("to", list(Format), ids=str)
def test_files_lie_beside_the_tree_by_default(run, tree, tmp_path, to):
    if to is Format.graphml:
        pytest.importorskip("networkx")
    options = ["--image", "{name}.jpg"] if to is Format.labelme else []
    result = run("cat.npz", "--to", to.value, *options)
    assert result.exit_code == 0, result.output
    assert names(tmp_path) == sorted(["cat.npz", f"cat{SUFFIXES[to]}"])
    assert result.output.startswith(f"cat{SUFFIXES[to]}  5 nodes, ")
    assert READERS[to](tmp_path / f"cat{SUFFIXES[to]}", tree)


def is_coco(path, tree):
    return RegionTree.from_coco(path) == tree


def is_geojson(path, tree):
    return RegionTree.from_geojson(path) == tree


def is_graphml(path, tree):
    import networkx

    graph = networkx.read_graphml(path)
    assert graph.nodes["1"]["data.name"] == "<b>&\\x0b'\""
    assert graph.nodes["3"]["ncut"] == 0.25
    assert np.isnan(graph.nodes["0"]["ncut"])
    assert graph.nodes["3"]["perturbation"] == inf
    found = RegionTree.from_networkx(graph, tree.leaf_labels)
    np.testing.assert_array_equal(found.ncut, tree.ncut)
    np.testing.assert_array_equal(found.altitude, tree.altitude)
    return np.array_equal(found.parents, tree.parents)


def is_json(path, tree):
    return RegionTree.load(path) == tree


def is_labelme(path, tree):
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["imagePath"] == "cat.jpg"
    return [shape["label"] for shape in document["shapes"]] == ["0", "1", "2", "2"]


def is_linkage(path, tree):
    return np.array_equal(np.load(path), [[0, 1, 0.5, 2], [2, 3, 1, 3]])


def is_newick(path, tree):
    text = path.read_text(encoding="utf-8")
    assert text == "(2:1.0,(0:0.5,1:0.5):0.5);\n"
    found = RegionTree.from_newick(text, tree.leaf_labels)
    return np.array_equal(found.altitude, tree.altitude)


def is_tiff(path, tree):
    found = RegionTree.from_tiff(path)
    return np.array_equal(found.parents, tree.parents) and np.array_equal(
        found.leaf_labels, tree.leaf_labels
    )


def is_ucm(path, tree):
    return np.array_equal(np.load(path), tree.saliency(double=True))


READERS = {
    Format.coco: is_coco,
    Format.geojson: is_geojson,
    Format.graphml: is_graphml,
    Format.json: is_json,
    Format.labelme: is_labelme,
    Format.linkage: is_linkage,
    Format.newick: is_newick,
    Format.tiff: is_tiff,
    Format.ucm: is_ucm,
}


def test_hostile_names_stay_text(run, tree, tmp_path):
    assert run("cat.npz", "--to", "newick", "--names", "name").exit_code == 0
    text = (tmp_path / "cat.nwk").read_text(encoding="utf-8")
    found = RegionTree.from_newick(text).node_data["name"].tolist()
    assert sorted(found) == sorted(tree.node_data["name"].tolist())
    result = run("cat.npz", "--to", "coco", "--names", "name", "--image", "[x].jpg")
    assert result.exit_code == 0
    document = json.loads((tmp_path / "cat.coco.json").read_text(encoding="utf-8"))
    assert document["images"][0]["file_name"] == "[x].jpg"
    shown = {entry["name"] for entry in document["categories"]}
    assert shown == set(tree.node_data["name"].tolist())


def test_pycocotools_opens_the_file(run, tree, tmp_path):
    coco_module = pytest.importorskip("pycocotools.coco")
    assert run("cat.npz", "--to", "coco").exit_code == 0
    coco = coco_module.COCO(str(tmp_path / "cat.coco.json"))
    with warnings.catch_warnings():
        # pycocotools 2.0.7 and 2.0.8 use what NumPy 2 warns of.
        warnings.simplefilter("ignore", DeprecationWarning)
        masks = [coco.annToMask(coco.anns[node + 1]) for node in range(5)]
    for mask, expected in zip(masks, tree.masks(), strict=True):
        np.testing.assert_array_equal(mask, expected)


def test_graphml_has_rows_as_text(run, tmp_path):
    networkx = pytest.importorskip("networkx")
    data = {"pair": np.array([[1, 2], [3, 4], [5, 6]]), "flag": [True, False, True]}
    RegionTree([2, 2, 2], [[0, 1]], node_data=data).save(tmp_path / "a.npz")
    assert run("a.npz", "--to", "graphml").exit_code == 0
    graph = networkx.read_graphml(tmp_path / "a.graphml")
    assert graph.nodes["1"]["data.pair"] == "[3, 4]"
    assert graph.nodes["1"]["data.flag"] is False


# -------------------------------------------------------------------- options


def test_transform_crs_and_levels(run, tree, tmp_path):
    result = run(
        *("cat.npz", "--to", "geojson", "--crs", "EPSG:32633"),
        *("--transform", "10,0,500,0,-10,900"),
    )
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "cat.geojson").read_text())
    assert document == tree.to_geojson(
        transform=(10, 0, 500, 0, -10, 900), crs="EPSG:32633"
    )
    tifffile = pytest.importorskip("tifffile")
    assert run("cat.npz", "--to", "tiff", "--levels", "1,3").exit_code == 0
    with tifffile.TiffFile(tmp_path / "cat.tif") as file:
        assert [int(page.asarray().max()) for page in file.pages] == [1, 3]


@pytest.mark.parametrize(
    ("options", "cut"),
    [
        (["--n-regions", "2"], {"n_regions": 2}),
        (["--depth", "0"], {"depth": 0}),
        (["--max-ncut", "0.3"], {"max_ncut": 0.3}),
        (["--max-perturbation", "20"], {"max_perturbation": 20.0}),
        (["--depth", "1", "--n-regions", "3"], {"depth": 1, "n_regions": 3}),
    ],
)
def test_trees_are_cut_first(run, tree, tmp_path, options, cut):
    assert run("cat.npz", "--to", "json", *options).exit_code == 0
    found = RegionTree.load(tmp_path / "cat.json")
    assert found == tree.cut(**cut)
    assert found.n_nodes < tree.n_nodes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "svg"], "--to"),
        ([], "--to"),
        (["--to", "coco", "--levels", "2"], "is for tiff, not for coco"),
        (["--to", "json", "--names", "a"], "for coco, labelme, newick, not for json"),
        (["--to", "tiff", "--transform", "1,0,0,0,1,0"], "is for geojson, not for t"),
        (["--to", "labelme"], "labelme opens the image by it"),
        (["--to", "tiff", "--levels", "2,x"], "whole numbers of at least 1"),
        (["--to", "tiff", "--levels", "0"], "whole numbers of at least 1"),
        (["--to", "geojson", "--transform", "1,2"], "must be six numbers"),
        (["--to", "geojson", "--transform", "a"], "must be numbers with commas"),
        (
            ["--to", "json", "--n-regions", "0"],
            "n_regions must be an integer in [1, inf)",
        ),
        (["--to", "json", "--depth", "-1"], "depth must be an integer in [0, inf)"),
        (["--to", "json", "--max-ncut", "nan"], "max_ncut"),
    ],
)
def test_options_that_do_not_fit(run, tree, tmp_path, options, message):
    result = run("cat.npz", *options)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert names(tmp_path) == ["cat.npz"]


# ---------------------------------------------------------------------- places


def test_a_file_or_a_folder(run, tree, tmp_path):
    for out, expected in [
        ("x/cat.txt", "x/cat.txt"),
        ("new", "new/cat.nwk"),
        ("x", "x/cat.nwk"),
    ]:
        result = run("cat.npz", "--to", "newick", "--out", out)
        assert result.exit_code == 0, result.output
        assert (tmp_path / expected).read_text().endswith(";\n")
    assert names(tmp_path) == ["cat.npz", "new/cat.nwk", "x/cat.nwk", "x/cat.txt"]


def test_folders_keep_their_order(run, tree, tmp_path):
    for place in ("trees/a", "trees/b"):
        (tmp_path / place).mkdir(parents=True)
        tree.save(tmp_path / place / "cat.npz")
    result = run("trees", "cat.npz", "--to", "newick", "--out", "out")
    assert result.exit_code == 0, result.output
    assert names(tmp_path / "out") == ["a/cat.nwk", "b/cat.nwk", "cat.nwk"]
    clash = run("trees/a/cat.npz", "trees/b/cat.npz", "--to", "json", "--out", "two")
    assert clash.exit_code == 2
    assert "would both become" in clash.output
    (tmp_path / "empty").mkdir()
    nothing = run("empty", "--to", "json")
    assert nothing.exit_code == 2
    assert "holds no .npz" in nothing.output
    into_file = run("trees", "--to", "json", "--out", "cat.npz")
    assert into_file.exit_code == 2
    assert "several trees need a folder" in into_file.output


def test_nothing_is_overwritten_unasked(run, tree, tmp_path):
    (tmp_path / "cat.nwk").write_text("mine")
    result = run("cat.npz", "--to", "newick")
    assert result.exit_code == 2
    assert "would be overwritten" in result.output
    assert (tmp_path / "cat.nwk").read_text() == "mine"
    assert run("cat.npz", "--to", "newick", "--force").exit_code == 0
    assert (tmp_path / "cat.nwk").read_text() != "mine"
    # The tree itself never is.
    before = (tmp_path / "cat.npz").read_bytes()
    result = run("cat.npz", "--to", "newick", "--out", "cat.npz", "--force")
    assert result.exit_code == 2
    assert "is a tree that is to be read" in result.output
    assert (tmp_path / "cat.npz").read_bytes() == before


def test_one_bad_tree_costs_no_other(run, tree, tmp_path):
    (tmp_path / "bad[x].npz").write_bytes(b"nonsense")
    RegionTree([3, 3, 3, 3], [[0, 1, 2]]).save(tmp_path / "ternary.npz")
    result = run(
        *("bad[x].npz", "none.npz", "ternary.npz", "cat.npz"),
        *("--to", "linkage", "--out", "out"),
    )
    assert result.exit_code == 1
    assert names(tmp_path / "out") == ["cat.linkage.npy"]
    for text in [
        "failed bad[x].npz: not a readable .npz file",
        "failed none.npz: no such file.",
        "failed ternary.npz: to_linkage needs a binary tree",
        "3 of 4 trees failed",
    ]:
        assert text in result.output


def test_trees_of_tables_have_no_pixels(run, tmp_path):
    RegionTree([2, 2, 2], [0, 1, 1]).save(tmp_path / "table.npz")
    for to in ("coco", "geojson", "tiff", "ucm"):
        result = run("table.npz", "--to", to)
        assert result.exit_code == 1
        assert "failed table.npz: " in result.output
        assert "image" in result.output
    assert run("table.npz", "--to", "newick").exit_code == 0
    assert names(tmp_path) == ["table.npz", "table.nwk"]


def test_an_interrupt_says_how_far_it_came(run, tree, monkeypatch):
    from skuhas.cli import _export_run

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(_export_run.WRITERS, Format.json, interrupt)
    result = run("cat.npz", "--to", "json")
    assert result.exit_code == 130
    assert "interrupted: 0 of 1 written" in result.output
