"""The class trees that come with the package, against the reference if present."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from skuhas.hierarchies import LabelHierarchy

SHARED = Path(
    os.environ.get("SKUHAS_SHARED", Path(__file__).parents[2].parent / "shared")
)
REFERENCE = SHARED / "reference" / "hierarchies"

# Classes, nodes, height; foreground, background, ignored classes.
COUNTS = {
    "camvid": (12, 20, 2, 11, 0, 1),
    "cityscapes": (35, 44, 2, 19, 0, 16),
    "cocostuff": (183, 217, 4, 91, 91, 1),
    "cocostuffthing": (183, 217, 4, 182, 0, 1),
    "cocothing": (183, 217, 4, 91, 91, 1),
    "kittistep": (20, 29, 2, 19, 0, 1),
    "mapillaryvistas": (66, 81, 3, 65, 0, 1),
    "partimagenet": (41, 53, 2, 40, 1, 0),
    "partimagenet158": (600, 771, 3, 598, 1, 1),
    "pascalpart": (390, 407, 2, 388, 1, 1),
    "potsdam": (7, 8, 1, 6, 0, 1),
    "voc12": (22, 23, 1, 20, 1, 1),
}


def test_names_are_the_built_in_trees():
    assert LabelHierarchy.names() == list(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    hierarchy = LabelHierarchy.load(name)
    roles = [
        hierarchy.roles.count(role) for role in ("foreground", "background", "ignore")
    ]
    assert hierarchy.name == name
    assert repr(hierarchy) == (
        f"LabelHierarchy({name!r}, n_classes={COUNTS[name][0]}, "
        f"n_nodes={COUNTS[name][1]}, height={COUNTS[name][2]})"
    )
    assert (hierarchy.n_classes, hierarchy.n_nodes) == COUNTS[name][:2]
    assert tuple(roles) == COUNTS[name][3:]


@pytest.mark.parametrize("name", COUNTS)
def test_nested_round_trip(name):
    hierarchy = LabelHierarchy.load(name)
    assert LabelHierarchy.from_nested(hierarchy.to_nested()) == hierarchy


@pytest.mark.parametrize("name", COUNTS)
def test_every_label_has_a_place(name):
    hierarchy = LabelHierarchy.load(name)
    tree = hierarchy.tree([hierarchy.labels])
    foreground = [
        label
        for label, role in zip(hierarchy.labels, hierarchy.roles, strict=True)
        if role == "foreground"
    ]
    label = tree.node_data["label"]
    assert sorted(label[label >= 0]) == sorted(foreground)
    assert tree.node_data["background"].sum() == ("background" in hierarchy.roles)
    assert (tree.leaf_labels == -1).sum() == hierarchy.roles.count("ignore")


def test_coco_trees_differ_in_roles_only():
    stuff, thing, both = map(
        LabelHierarchy.load, ["cocostuff", "cocothing", "cocostuffthing"]
    )
    assert stuff.node_names[:-1] == thing.node_names[:-1] == both.node_names[:-1]
    assert stuff.labels == thing.labels == both.labels
    assert np.array_equal(stuff.parents, thing.parents)
    assert np.array_equal(stuff.parents, both.parents)
    swap = {"foreground": "background", "background": "foreground", "ignore": "ignore"}
    assert [swap[role] for role in stuff.roles] == thing.roles


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("voc2012", "'voc12'"),
        ("Cityscape", "'cityscapes'"),
        ("coco-stuff", "cocostuff"),
    ],
)
def test_unknown_name_lists_all_and_the_near_ones(name, near):
    with pytest.raises(
        ValueError, match=f"got {name!r}. Did you mean .*{near}"
    ) as info:
        LabelHierarchy.load(name)
    assert all(repr(each) in str(info.value) for each in COUNTS)


@pytest.mark.parametrize("name", ["zzz", 3, None, ["voc12"]])
def test_unknown_name_without_near_ones(name):
    with pytest.raises(ValueError, match=r"^name must be one of .*got [^?]*$"):
        LabelHierarchy.load(name)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"{REFERENCE} is absent")
@pytest.mark.parametrize("name", COUNTS)
def test_equals_the_reference(name):
    reference = json.loads((REFERENCE / f"{name}.json").read_text())
    assert LabelHierarchy.load(name) == LabelHierarchy.from_nested(reference)
    assert LabelHierarchy.load(name).to_nested() == reference


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"{REFERENCE} is absent")
def test_reference_has_no_other_trees():
    assert sorted(path.stem for path in REFERENCE.glob("*.json")) == sorted(COUNTS)
