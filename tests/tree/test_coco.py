"""COCO annotations: run lengths by hand, and by pycocotools."""

import copy
import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.tree import RegionTree, TreeFormatError
from tests.tree._strategies import region_trees

nan, inf = np.nan, np.inf


@pytest.fixture
def tree():
    # Masks in columns, as COCO reads them:
    #   0 0 1
    #   2 . 2
    return RegionTree(
        [3, 3, 4, 4, 4],
        [[0, 0, 1], [2, -1, 2]],
        ncut=[nan, nan, nan, 0.25, 0.5],
        perturbation=[nan, nan, nan, inf, 10],
        node_data={"name": ["cat", "dog", "cat", "<b>pet</b>", ""]},
    )


def test_run_lengths_boxes_and_parents_by_hand(tree):
    document = tree.to_coco(image_id=7, file_name="cat.jpg", compressed=False)
    assert document["images"] == [
        {"id": 7, "width": 3, "height": 2, "file_name": "cat.jpg"}
    ]
    assert document["categories"] == [{"id": 1, "name": "region", "supercategory": ""}]
    found = document["annotations"]
    assert [entry["id"] for entry in found] == [1, 2, 3, 4, 5]
    assert [entry["parent_id"] for entry in found] == [4, 4, 5, 5, None]
    assert [entry["segmentation"]["counts"] for entry in found] == [
        [0, 1, 1, 1, 3],
        [4, 1, 1],
        [1, 1, 3, 1],
        [0, 1, 1, 1, 1, 1, 1],
        [0, 3, 1, 2],
    ]
    assert [entry["area"] for entry in found] == [2, 1, 2, 3, 5]
    assert [entry["bbox"] for entry in found] == [
        [0, 0, 2, 1],
        [2, 0, 1, 1],
        [0, 1, 3, 1],
        [0, 0, 3, 1],
        [0, 0, 3, 2],
    ]
    assert [entry["ncut"] for entry in found] == [None, None, None, 0.25, 0.5]
    assert [entry["perturbation"] for entry in found][3:] == ["inf", 10.0]
    assert {entry["category_id"] for entry in found} == {1}
    assert {entry["iscrowd"] for entry in found} == {0}


def test_strings_by_hand(tree):
    counts = [
        entry["segmentation"]["counts"] for entry in tree.to_coco()["annotations"]
    ]
    # Small numbers are single characters from "0" on; the fourth and later ones are
    # differences, of which -1 is "O" and 2 is "2".
    assert counts == ["01102", "411", "1130", "0110000", "031O"]


def test_categories_are_values_of_node_data(tree):
    document = tree.to_coco(category="name")
    names = {entry["id"]: entry["name"] for entry in document["categories"]}
    assert names == {1: "", 2: "<b>pet</b>", 3: "cat", 4: "dog"}
    shown = [names[entry["category_id"]] for entry in document["annotations"]]
    assert shown == ["cat", "dog", "cat", "<b>pet</b>", ""]


@pytest.mark.parametrize("category", ["none", "matrix"])
def test_categories_that_are_none(category):
    data = {"matrix": np.zeros((3, 2)), "kind": [1, 2, 3]}
    tree = RegionTree([2, 2, 2], [[0, 1]], node_data=data)
    with pytest.raises(ValueError, match=r"category must .* \['kind'\], got '"):
        tree.to_coco(category=category)


@given(region_trees(image=True), st.booleans())
def test_round_trip(tree, compressed):
    document = tree.to_coco(compressed=compressed)
    text = json.dumps(document, allow_nan=False)
    assert RegionTree.from_coco(json.loads(text)) == tree.cut()


def test_round_trip_of_long_runs():
    # Differences and lengths of several characters, of both signs.
    labels = np.zeros((1, 70_000), dtype=int)
    labels[0, [5, 40_000, 40_001, 40_003, 69_000]] = 1
    labels[0, 50_000:] += 2
    tree = RegionTree([3, 3, 4, 4, 4], np.minimum(labels, 2))
    assert RegionTree.from_coco(tree.to_coco()) == tree.cut()


@given(region_trees(image=True))
def test_pycocotools_reads_it(tree):
    mask_module = pytest.importorskip("pycocotools.mask")
    coco = pytest.importorskip("pycocotools.coco").COCO()
    document = tree.to_coco(first_id=3, image_id=9)
    coco.dataset = json.loads(json.dumps(document))
    coco.createIndex()
    assert coco.getAnnIds(imgIds=9) == list(range(3, 3 + tree.n_nodes))
    lists = tree.to_coco(compressed=False)["annotations"]
    for node, entry in enumerate(coco.loadAnns(coco.getAnnIds())):
        with warnings.catch_warnings():
            # pycocotools 2.0.7 and 2.0.8 use what NumPy 2 warns of.
            warnings.simplefilter("ignore", DeprecationWarning)
            mask = coco.annToMask(entry)
            runs = mask_module.encode(np.asfortranarray(mask))
            boxes = mask_module.toBbox(coco.annToRLE(entry))
            packed = mask_module.frPyObjects(lists[node]["segmentation"], *tree.shape)
        np.testing.assert_array_equal(mask, tree.mask(node))
        # And writes what we write, byte by byte.
        assert runs["counts"].decode() == entry["segmentation"]["counts"]
        assert packed["counts"] == runs["counts"]
        assert boxes.tolist() == entry["bbox"]
        assert entry["area"] == tree.area[node]


def test_several_images_in_one_document(tree, tmp_path):
    other = RegionTree([2, 2, 2], [[0, 1, 1]])
    document = tree.to_coco(image_id=1)
    second = other.to_coco(image_id=2, first_id=1 + tree.n_nodes)
    document["images"] += second["images"]
    document["annotations"] += second["annotations"]
    path = tmp_path / "both.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    del document["info"]
    assert RegionTree.from_coco(document, image_id=2) == other
    found = RegionTree.from_coco(path, image_id=1)
    assert found == tree.cut()
    with pytest.raises(ValueError, match=r"one of the 2 images of .*both.json, .* got"):
        RegionTree.from_coco(path)
    with pytest.raises(ValueError, match="got 3"):
        RegionTree.from_coco(path, image_id=3)


def test_foreign_documents_need_runs_and_parents_alone():
    whole, left = (
        {"size": [1, 2], "counts": [0, 2]},
        {"size": [1, 2], "counts": [0, 1, 1]},
    )
    right = {"size": [1, 2], "counts": [1, 1]}
    rows = [("all", None, whole), ("one", "all", left), ("two", "all", right)]
    document = {
        "images": [{"id": "x", "height": 1, "width": 2}],
        "annotations": [
            {"id": name, "image_id": "x", "parent_id": above, "segmentation": mask}
            for name, above, mask in rows
        ],
    }
    assert RegionTree.from_coco(document) == RegionTree([2, 2, 2], [[0, 1]])


def change(document, path, value):
    *way, last = path
    place = document
    for step in way:
        place = place[step]
    place[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["images"], None, "not a COCO data set: no list 'images'"),
        (["annotations"], {}, "not a COCO data set: no list 'annotations'"),
        (["images", 0, "height"], "x", "document: invalid literal"),
        (["annotations", 0, "image_id"], 3, "5 is a parent|pixels"),
        (["annotations", 0], 3, "not a COCO data set"),
        (["annotations", 0, "id"], 2, "two nodes are called 2"),
        (["annotations", 0, "parent_id"], 99, "99 is a parent, and there is no such"),
        (["annotations", 0, "parent_id"], None, "exactly one node .* got 2"),
        (["annotations", 4, "parent_id"], 5, "without parent, got 0"),
        (["annotations", 3, "parent_id"], 4, "node . is its own ancestor"),
        (["annotations", 0, "segmentation"], [[0, 0, 1, 1]], "got polygons"),
        (["annotations", 0, "segmentation", "size"], [3, 2], r"annotation 1 has size"),
        (["annotations", 0, "segmentation", "counts"], [1], "add up to 1 pixels"),
        (["annotations", 0, "segmentation", "counts"], [-1, 7], "at least 0"),
        (["annotations", 0, "segmentation", "counts"], [1.5], "whole numbers"),
        (["annotations", 0, "segmentation", "counts"], "P", "break off"),
        (["annotations", 0, "segmentation", "counts"], "", "break off"),
        (["annotations", 0, "segmentation", "counts"], "~", "other characters"),
        (["annotations", 0, "segmentation", "counts"], "é", "ascii"),
        (["annotations", 0, "segmentation", "counts"], "P" * 20 + "0", "too large"),
        (["annotations", 0, "segmentation", "counts"], [4, 2], "1 and 2 overlap"),
        (["annotations", 0, "segmentation", "counts"], [6], "region 1 has no pixel"),
        (["annotations", 3, "segmentation", "counts"], [0, 6], "has 6 pixels and the"),
        (["annotations", 0, "ncut"], "x", "not a region tree"),
        (["annotations", 4, "ncut"], 7, r"ncut must lie in \[0, 1\]"),
        (["annotations", 0, "data.name"], 3, "does not hold values of dtype"),
        (["info", "skuhas", "dtypes", "name"], "O", "dtype 'O' is not allowed"),
        (["info", "skuhas", "dtypes"], [1], "not a region tree"),
        (["info", "skuhas", "version"], 99, "version 99 of the format"),
        (["info"], 3, "not a COCO data set"),
    ],
)
def test_damage_is_named(tree, path, value, message):
    document = copy.deepcopy(tree.to_coco())
    change(document, path, value)
    with pytest.raises(TreeFormatError, match=message):
        RegionTree.from_coco(document)


def test_missing_parents_are_named(tree):
    document = tree.to_coco()
    del document["annotations"][1]["parent_id"]
    with pytest.raises(TreeFormatError, match="annotation 2 has no 'parent_id'"):
        RegionTree.from_coco(document)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError):
        RegionTree.from_coco(tmp_path / "none.json")
    path = tmp_path / "bad.json"
    for text, message in [("{", "not valid JSON"), ("[1]", "no JSON object")]:
        path.write_text(text)
        with pytest.raises(TreeFormatError, match=f"bad.json: {message}"):
            RegionTree.from_coco(path)
    with pytest.raises(TypeError, match="document must be a dict or the path"):
        RegionTree.from_coco(3)


def test_one_node():
    tree = RegionTree([0], [[0, -1]])
    (entry,) = tree.to_coco()["annotations"]
    assert (entry["parent_id"], entry["bbox"]) == (None, [0, 0, 1, 1])
    assert RegionTree.from_coco(tree.to_coco()) == tree


def test_only_images_have_masks():
    with pytest.raises(ValueError, match="to_coco"):
        RegionTree([2, 2, 2], [0, 1]).to_coco()
