"""Label layers for napari: arrays, tables and colours by hand."""

import numpy as np
import pytest
from hypothesis import given

from skuhas.tree import RegionTree
from tests.tree._strategies import region_trees

nan = np.nan


@pytest.fixture
def tree():
    data = {
        "name": ["a", "b", "c", "d", "e"],
        "index": np.arange(5),
        "area": np.zeros(5),
        "pair": np.ones((5, 2)),
    }
    return RegionTree(
        [3, 3, 4, 4, 4],
        [[0, 0, 1], [2, -1, 2]],
        altitude=[0, 0, 0.25, 0.5, 1],
        node_data=data,
    )


def test_layers_by_hand(tree):
    coarse, fine = tree.to_napari()
    assert coarse[0].tolist() == [[1, 1, 1], [2, 0, 2]]
    assert fine[0].tolist() == [[1, 1, 2], [3, 0, 3]]
    assert (coarse[2], fine[2]) == ("labels", "labels")
    assert (coarse[1]["name"], fine[1]["name"]) == ("2 regions", "3 regions")
    assert (coarse[1]["visible"], fine[1]["visible"]) == (True, False)
    table = coarse[1]["features"]
    # A row for each label, the background first; own arrays take no other's place.
    assert table["index"] == [0, 1, 2]
    assert table["node"] == [0, 3, 2]
    assert table["area"] == [0, 3, 2]
    assert table["name"] == ["", "d", "c"]
    np.testing.assert_array_equal(table["altitude"], [nan, 0.5, 0.25])
    assert "pair" not in table
    assert "colormap" not in coarse[1]


def test_colors_are_those_of_the_nodes(tree):
    colors = np.zeros((5, 3), dtype=np.uint8)
    colors[3] = 255, 0, 51
    ((_, options, _),) = tree.to_napari(levels=[2], colors=colors)
    assert options["colormap"] == {
        None: [0.0] * 4,
        0: [0.0] * 4,
        1: [1.0, 0.0, 0.2, 1.0],
        2: [0.0, 0.0, 0.0, 1.0],
    }
    half = np.full((5, 4), 51, dtype=np.uint8)
    ((_, options, _),) = tree.to_napari(levels=[1], colors=half)
    assert options["colormap"][1] == [0.2, 0.2, 0.2, 0.2]
    assert options["name"] == "1 region"
    for wrong in (colors[:2], colors.astype(float), colors[:, :2]):
        with pytest.raises(ValueError, match=r"colors must be of shape \(5, 3\) or"):
            tree.to_napari(colors=wrong)


@given(region_trees(image=True))
def test_layers_are_the_labels_and_rows_their_nodes(tree):
    for data, options, _ in tree.to_napari():
        table = options["features"]
        assert {len(column) for column in table.values()} == {data.max() + 1}
        np.testing.assert_array_equal(
            data.astype(int) - 1, tree.labels(n_regions=max(1, data.max()))
        )
        for label, node in zip(table["index"], table["node"], strict=True):
            if label:
                np.testing.assert_array_equal(data == label, tree.mask(node))


def test_napari_takes_the_layers(tree):
    layers = pytest.importorskip("napari.layers")
    colors = np.full((5, 3), 100, dtype=np.uint8)
    for layer in tree.to_napari(colors=colors):
        made = layers.Layer.create(*layer)
        np.testing.assert_array_equal(made.data, layer[0])
        assert made.features["node"].tolist() == layer[1]["features"]["node"]


def test_what_has_no_layers():
    with pytest.raises(ValueError, match="to_napari"):
        RegionTree([2, 2, 2], [0, 1]).to_napari()
    ((data, options, _),) = RegionTree([0], [[0, -1]]).to_napari()
    assert data.tolist() == [[1, 0]]
    assert options["features"]["node"] == [0, 0]
