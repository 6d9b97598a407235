"""Shapes of labelme: polygons and masks by hand, and drawn again."""

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given
from PIL import Image
from skimage.measure import grid_points_in_poly

from skuhas.tree import RegionTree
from tests.tree._strategies import region_trees


def decoded(shape):
    data = base64.b64decode(shape["mask"])
    return np.asarray(Image.open(io.BytesIO(data)))


def test_shapes_by_hand():
    labels = np.zeros((3, 4), dtype=int)
    labels[1, 1] = 1
    labels[:, 3] = 2
    labels[1, 3] = -1
    tree = RegionTree([4, 3, 3, 4, 4], labels, node_data={"kind": list("abcde")})
    document = tree.to_labelme("../cat.jpg", names="kind")
    assert {key: document[key] for key in document if key != "shapes"} == {
        "version": "5.2.0",
        "flags": {},
        "imagePath": "../cat.jpg",
        "imageData": None,
        "imageHeight": 3,
        "imageWidth": 4,
    }
    ring, inner, *parts = document["shapes"]
    # Of what has a hole the mask; its box has both corners' pixels.
    assert (ring["label"], ring["shape_type"]) == ("a", "mask")
    assert ring["points"] == [[0, 0], [2, 2]]
    assert decoded(ring).tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert inner == {
        "label": "b",
        "group_id": 1,
        "description": "",
        "flags": {},
        "shape_type": "polygon",
        "points": [[1, 1], [2, 1], [2, 2], [1, 2]],
    }
    assert [part["points"][0] for part in parts] == [[3, 0], [3, 2]]
    assert {(part["label"], part["group_id"]) for part in parts} == {("c", 2)}
    named = tree.to_labelme("cat.jpg")["shapes"]
    assert [shape["label"] for shape in named] == ["0", "1", "2", "2"]


@given(region_trees(image=True))
def test_shapes_cover_the_leaves(tree):
    document = json.loads(json.dumps(tree.to_labelme("a.png"), allow_nan=False))
    drawn = np.full(tree.shape, -1)
    for shape in document["shapes"]:
        assert shape["label"] == str(shape["group_id"])
        if shape["shape_type"] == "mask":
            (left, top), (right, bottom) = np.array(shape["points"], dtype=int)
            inside = np.zeros(tree.shape, dtype=bool)
            inside[top : bottom + 1, left : right + 1] = decoded(shape)
        else:
            # Twice as fine, so that centres of pixels are points of the grid.
            corners = np.array(shape["points"])[:, ::-1] * 2
            size = 2 * np.array(tree.shape) + 1
            inside = grid_points_in_poly(size, corners)[1::2, 1::2]
        assert (drawn[inside] == -1).all()
        drawn[inside] = shape["group_id"]
    np.testing.assert_array_equal(drawn, tree.leaf_labels)


def test_hostile_names_stay_text():
    tree = RegionTree([2, 2, 2], [[0, 1]])
    names = ["</script><b>", 'a"\0\n日本', ""]
    document = json.loads(json.dumps(tree.to_labelme("a", names=names)))
    assert [shape["label"] for shape in document["shapes"]] == names[:2]


def test_what_has_no_shapes():
    with pytest.raises(ValueError, match="to_labelme"):
        RegionTree([2, 2, 2], [0, 1]).to_labelme("a.png")
    for names in ("none", ["a"]):
        with pytest.raises(ValueError, match="names must"):
            RegionTree([2, 2, 2], [[0, 1]]).to_labelme("a.png", names=names)
    (shape,) = RegionTree([0], [[0, 0]]).to_labelme("a.png")["shapes"]
    assert shape["points"] == [[0, 0], [2, 0], [2, 1], [0, 1]]
