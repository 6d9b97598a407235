"""GeoJSON polygons: rings by hand, validity and area by shapely."""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.tree import RegionTree, TreeFormatError
from tests.tree._strategies import region_trees

HOLE = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
AFFINE = (0.5, 0.0, 500.0, 0.0, -0.25, 900.0)
SHEARED = (0.5, 0.25, -3.0, 0.125, -2.0, 7.0)


def geometry(tree, node, **options):
    features = tree.to_geojson(**options)["features"]
    return next(entry["geometry"] for entry in features if entry["id"] == node)


def test_a_ring_with_a_hole():
    tree = RegionTree([2, 2, 2], HOLE)
    assert geometry(tree, 0) == {
        "type": "Polygon",
        "coordinates": [
            [[0, 0], [3, 0], [3, 3], [0, 3], [0, 0]],
            [[1, 2], [2, 2], [2, 1], [1, 1], [1, 2]],
        ],
    }
    assert geometry(tree, 1)["coordinates"] == [
        [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
    ]
    assert geometry(tree, 2)["coordinates"] == [
        [[0, 0], [3, 0], [3, 3], [0, 3], [0, 0]]
    ]


def test_parts_that_touch_at_a_corner_are_two():
    tree = RegionTree([2, 2, 2], [[0, 1], [1, 0]])
    assert geometry(tree, 0) == {
        "type": "MultiPolygon",
        "coordinates": [
            [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]],
            [[[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]],
        ],
    }


def test_a_hole_with_an_island_of_the_same_region():
    labels = np.zeros((5, 5), dtype=int)
    labels[1:4, 1:4] = 1
    labels[2, 2] = 0
    outer, island = geometry(RegionTree([2, 2, 2], labels), 0)["coordinates"]
    assert [len(outer), len(island)] == [2, 1]
    assert outer[1] == [[1, 4], [4, 4], [4, 1], [1, 1], [1, 4]]
    assert island[0] == [[2, 2], [3, 2], [3, 3], [2, 3], [2, 2]]


def test_transforms_and_orientation():
    tree = RegionTree([2, 2, 2], HOLE)
    outer, hole = geometry(tree, 0, transform=(10, 0, 500, 0, -10, 900))["coordinates"]
    # North is up now, and the outer ring still counterclockwise.
    assert outer == [[500, 900], [500, 870], [530, 870], [530, 900], [500, 900]]
    assert hole == [[510, 880], [510, 890], [520, 890], [520, 880], [510, 880]]
    named = SimpleNamespace(**dict(zip("abcdef", AFFINE, strict=True)))
    assert tree.to_geojson(transform=named) == tree.to_geojson(transform=AFFINE)


def test_properties_and_order():
    data = {"name": ["<script>", "日本", "a\0b", "", ""], "size": np.arange(5)}
    tree = RegionTree([3, 3, 4, 4, 4], [[0, 1, 2]], node_data=data)
    document = tree.to_geojson(crs="EPSG:32633")
    assert document["crs"] == {"type": "name", "properties": {"name": "EPSG:32633"}}
    assert "crs" not in tree.to_geojson()
    # Each after those that it is drawn upon.
    assert [entry["id"] for entry in document["features"]] == [4, 2, 3, 0, 1]
    assert document["features"][3]["properties"] == {
        "node": 0,
        "parent": 3,
        "area": 1,
        "depth": 2,
        "altitude": 0.0,
        "ncut": None,
        "perturbation": None,
        "eigengap": None,
        "data.name": "<script>",
        "data.size": 0,
    }
    assert document["features"][0]["properties"]["parent"] is None


@given(region_trees(image=True), st.sampled_from([None, AFFINE, SHEARED]))
def test_round_trip(tree, transform):
    text = json.dumps(tree.to_geojson(transform=transform), allow_nan=False)
    assert RegionTree.from_geojson(json.loads(text)) == tree.cut()


@given(region_trees(image=True), st.sampled_from([None, AFFINE]))
def test_shapely_finds_valid_polygons_of_the_same_area(tree, transform):
    shapely = pytest.importorskip("shapely")
    scale = 1.0 if transform is None else 0.125
    rows, columns = (side + 0.5 for side in np.indices(tree.shape))
    for entry in tree.to_geojson(transform=transform)["features"]:
        node = entry["id"]
        polygon = shapely.from_geojson(json.dumps(entry["geometry"]))
        assert polygon.is_valid
        assert polygon.area == tree.area[node] * scale
        parts = getattr(polygon, "geoms", [polygon])
        for part in parts:
            assert part.exterior.is_ccw
            assert not any(ring.is_ccw for ring in part.interiors)
        if transform is None:
            inside = shapely.contains_xy(polygon, columns, rows)
            np.testing.assert_array_equal(inside, tree.mask(node))


def test_shapely_finds_large_maps_valid():
    shapely = pytest.importorskip("shapely")
    # Noise has every way to touch at corners.
    rng = np.random.default_rng(0)
    labels = np.append(np.arange(4), rng.integers(-1, 4, 3996)).reshape(50, 80)
    tree = RegionTree([4, 4, 5, 5, 6, 6, 6], labels)
    for entry in tree.to_geojson()["features"]:
        polygon = shapely.from_geojson(json.dumps(entry["geometry"]))
        assert polygon.is_valid
        assert polygon.area == tree.area[entry["id"]]
    assert RegionTree.from_geojson(tree.to_geojson()) == tree.cut()


def test_foreign_polygons_take_the_pixels_whose_centres_they_hold():
    def feature(name, above, *corners):
        ring = [*corners, corners[0]]
        shape = {"type": "Polygon", "coordinates": [[[x, y, 9.0] for x, y in ring]]}
        properties = {"node": name, "parent": above}
        return {"type": "Feature", "geometry": shape, "properties": properties}

    document = {
        "type": "FeatureCollection",
        "features": [
            feature("all", None, (0.2, 0.1), (3.9, 0), (4, 3), (0, 3)),
            # The lower left half, by its diagonal.
            feature("low", "all", (0, 0.1), (4, 3.1), (0, 3.1)),
            feature("high", "all", (0, 0.1), (4, 0), (4, 3.1)),
        ],
    }
    tree = RegionTree.from_geojson(document, shape=(3, 4))
    # Centres lie below the line where y - 0.1 > 0.75 x.
    np.testing.assert_array_equal(
        tree.leaf_labels, [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
    )
    with pytest.raises(ValueError, match="shape must be the height and width"):
        RegionTree.from_geojson(document)
    with pytest.raises(ValueError, match=r"shape must be \(height, width\), got 3"):
        RegionTree.from_geojson(document, shape=3)


def test_a_file(tmp_path):
    tree = RegionTree([2, 2, 2], HOLE)
    path = tmp_path / "tree.geojson"
    path.write_text(json.dumps(tree.to_geojson()), encoding="utf-8")
    assert RegionTree.from_geojson(path) == tree
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"tree.geojson does not say"):
        RegionTree.from_geojson(path)
    with pytest.raises(TreeFormatError, match=r"tree.geojson: not a GeoJSON Feature"):
        RegionTree.from_geojson(path, shape=(3, 3))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["type"], "Feature", "not a GeoJSON FeatureCollection"),
        (["features"], 3, "not a GeoJSON FeatureCollection"),
        (["features"], [], "it has no nodes"),
        (["features", 0], 3, "not a region tree"),
        (["features", 1, "properties"], {"node": 0}, "feature 0 has no property 'par"),
        (["features", 1, "properties", "parent"], 9, "9 is a parent"),
        (["features", 1, "id"], 1, "two nodes are called 1"),
        (["features", 1, "id"], [1], "not a region tree"),
        (["features", 1, "geometry"], None, "not a region tree"),
        (["features", 1, "geometry", "type"], "Point", "feature 0 is a Point"),
        (["features", 1, "geometry", "coordinates"], [[[0, 0], [1, 1]]], "four points"),
        (["features", 1, "geometry", "coordinates", 0, 0], [5, 5], "not closed"),
        (["features", 1, "geometry", "coordinates", 0, 1], ["x", 1], "not a region"),
        (
            ["features", 1, "geometry", "coordinates", 0, 1],
            [None, 1],
            "not closed|not a",
        ),
        # The hole goes, and what lies in it is there twice.
        (
            ["features", 1, "geometry", "coordinates"],
            [[[0, 0], [3, 0], [3, 3], [0, 3], [0, 0]]],
            "regions 0 and 1 overlap",
        ),
        (
            ["features", 2, "geometry", "coordinates"],
            [[[1, 1], [1.1, 1], [1.1, 1.1], [1, 1.1], [1, 1]]],
            "region 1 has no pixel",
        ),
        (
            ["features", 0, "geometry", "coordinates"],
            [[[0, 0], [3, 0], [3, 2], [0, 2], [0, 0]]],
            "region 2 has 6 pixels and the regions under it have 9",
        ),
    ],
)
def test_damage_is_named(path, value, message):
    document = copy.deepcopy(RegionTree([2, 2, 2], HOLE).to_geojson())
    *way, last = path
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    with pytest.raises(TreeFormatError, match=message):
        RegionTree.from_geojson(document)


@pytest.mark.parametrize(
    ("transform", "error", "message"),
    [
        ((1, 2, 3), ValueError, "six finite numbers"),
        ((1, 0, 0, 0, np.nan, 0), ValueError, "six finite numbers"),
        ((1, 0, 0, 0, "1", 0), ValueError, "six finite numbers"),
        ("123456", TypeError, "six finite numbers"),
        (3, TypeError, "six finite numbers"),
        ((1, 1, 0, 1, 1, 0), ValueError, "must have an inverse"),
    ],
)
def test_transforms_that_are_none(transform, error, message):
    tree = RegionTree([2, 2, 2], HOLE)
    with pytest.raises(error, match=message):
        tree.to_geojson(transform=transform)
    with pytest.raises(error, match=message):
        RegionTree.from_geojson(tree.to_geojson(), transform=transform)


def test_one_node_and_no_image():
    tree = RegionTree([0], [[-1, 0]])
    assert geometry(tree, 0)["coordinates"] == [
        [[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]
    ]
    assert RegionTree.from_geojson(tree.to_geojson()) == tree
    with pytest.raises(ValueError, match="to_geojson"):
        RegionTree([2, 2, 2], [0, 1]).to_geojson()
