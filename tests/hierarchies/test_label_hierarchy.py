"""Construction, comparison, and trees of images."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.hierarchies import LabelHierarchy

YARD = {
    "name": "yard",
    "children": [
        {"name": "ground", "index": 0, "role": "background"},
        {
            "name": "animal",
            "children": [
                {"name": "cat", "index": 4},
                {"name": "dog", "index": 2, "role": "foreground"},
            ],
        },
        {
            "name": "void",
            "children": [
                {"name": "sky", "index": 7, "role": "background"},
                {"name": "unsure", "index": -1, "role": "ignore"},
            ],
        },
        {"name": "toy", "children": [{"name": "ball", "index": 9}]},
    ],
}


@pytest.fixture
def yard():
    return LabelHierarchy.from_nested(YARD)


def nodes_of(tree):
    """Describe a tree by each node's name, pixels and parent's name."""
    names = tree.node_data["name"]
    return sorted(
        (str(names[node]), str(names[parent]), tree.mask(node).ravel().tolist())
        for node, parent in enumerate(tree.parents)
    )


# ------------------------------------------------------------------ construction


def test_arrays_of_a_nested_tree(yard):
    assert yard.name == "yard"
    assert yard.class_names == ["ground", "cat", "dog", "sky", "unsure", "ball"]
    assert yard.category_names == ["animal", "void", "toy"]
    assert yard.labels == [0, 4, 2, 7, -1, 9]
    assert yard.roles == [
        "background",
        "foreground",
        "foreground",
        "background",
        "ignore",
        "foreground",
    ]
    assert yard.parents.tolist() == [9, 6, 6, 7, 7, 8, 9, 9, 9, 9]


def test_nested_form_keeps_the_order_of_children(yard):
    nested = yard.to_nested()
    assert [child["name"] for child in nested["children"]] == [
        "ground",
        "animal",
        "void",
        "toy",
    ]
    assert nested["children"][1]["children"][0] == {
        "name": "cat",
        "index": 4,
        "role": "foreground",
    }


def test_equality_does_not_depend_on_the_numbering_of_categories():
    first = LabelHierarchy(
        ["a", "b", "c", "x", "y", "all"], [3, 4, 4, 5, 5, -1], [0, 1, 2], ["ignore"] * 3
    )
    second = LabelHierarchy(
        ["a", "b", "c", "y", "x", "all"], [4, 3, 3, 5, 5, 5], [0, 1, 2], ["ignore"] * 3
    )
    assert first == second


def test_inequality(yard):
    arguments = {
        "names": yard.node_names,
        "parents": yard.parents,
        "labels": yard.labels,
        "roles": yard.roles,
    }
    assert LabelHierarchy(**arguments) == yard
    for changed in (
        {"names": ["soil", *yard.node_names[1:]]},
        {"labels": [1, *yard.labels[1:]]},
        {"roles": ["foreground", *yard.roles[1:]]},
        {"parents": [8, *yard.parents[1:]]},
    ):
        assert LabelHierarchy(**{**arguments, **changed}) != yard
    assert yard != "yard"


def test_pickles_and_is_not_hashable(yard):
    assert pickle.loads(pickle.dumps(yard)) == yard
    with pytest.raises(TypeError, match="unhashable"):
        hash(yard)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"names": ["a", "b"]}, ValueError, "names must have one entry for each of"),
        ({"names": ["a", "", "r"]}, ValueError, "non-empty strings, got names[1] = ''"),
        ({"names": ["a", 3, "r"]}, ValueError, "non-empty strings, got names[1] = 3"),
        ({"names": "abr"}, TypeError, "names must be a list"),
        ({"parents": [2, 2]}, ValueError, "parents"),
        ({"parents": [2, 0, -1]}, ValueError, "parents[i] must lie in (i, 2]"),
        ({"parents": [2, 2, 1]}, ValueError, "parents: the last node is the root"),
        ({"parents": [-1]}, ValueError, "at least 2 nodes, got shape (1,)"),
        ({"parents": [[2, 2, 2]]}, ValueError, "1-D integer array"),
        ({"parents": [2.0, 2.0, 2.0]}, ValueError, "dtype float64"),
        ({"labels": [1]}, ValueError, "labels must have one entry for each of the 2"),
        ({"labels": [1, 1]}, ValueError, "labels must each occur once, got several"),
        ({"labels": [1, 2.5]}, TypeError, "labels[1] must be an integer"),
        ({"labels": [1, -2]}, ValueError, "labels must be at least 0 where the role"),
        ({"roles": ["ignore"]}, ValueError, "roles must have one entry for each"),
        ({"roles": ["ignore", "sky"]}, ValueError, "got roles[1] = 'sky'"),
    ],
)
def test_malformed_arrays(changed, error, message):
    arguments = {
        "names": ["a", "b", "r"],
        "parents": [2, 2, -1],
        "labels": [1, 2],
        "roles": ["foreground", "background"],
    }
    LabelHierarchy(**arguments)
    with pytest.raises(error, match=re.escape(message)):
        LabelHierarchy(**{**arguments, **changed})


@pytest.mark.parametrize(
    ("tree", "error", "message"),
    [
        ([], TypeError, "tree must be a mapping with the keys"),
        ({"name": "r"}, ValueError, "tree must have at least one child"),
        ({"children": []}, ValueError, "tree must have a 'name'"),
        ({"name": "r", "kids": []}, ValueError, "no keys but"),
        ({"name": "r", "children": {}}, ValueError, "at least one child"),
        ({"name": "r", "children": {"a": 1}}, TypeError, "tree['children'] must be a"),
        (
            {"name": "r", "index": 1, "children": [{"name": "a", "index": 0}]},
            ValueError,
            "tree is a category, as it has children; it takes no ['index']",
        ),
        (
            {"name": "r", "children": [{"name": "a", "index": 0}, {"name": "b"}]},
            ValueError,
            "tree['children'][1] is a class, as it has no children",
        ),
        (
            {"name": "r", "children": [{"name": "a", "children": [3]}]},
            TypeError,
            "tree['children'][0]['children'][0] must be a mapping",
        ),
    ],
)
def test_malformed_nested_trees(tree, error, message):
    with pytest.raises(error, match=re.escape(message)):
        LabelHierarchy.from_nested(tree)


# --------------------------------------------------------------- trees of images


def test_tree_has_the_categories_and_classes_present(yard):
    tree = yard.tree([[2, 2, 4], [0, 7, -1]])
    assert tree.leaf_labels.tolist() == [[0, 0, 1], [2, 2, -1]]
    assert nodes_of(tree) == [
        ("animal", "yard", [True, True, True, False, False, False]),
        ("background", "yard", [False, False, False, True, True, False]),
        ("cat", "animal", [False, False, True, False, False, False]),
        ("dog", "animal", [True, True, False, False, False, False]),
        ("yard", "yard", [True, True, True, True, True, False]),
    ]
    assert tree.node_data["label"].tolist() == [2, 4, -1, -1, -1]
    assert tree.node_data["background"].tolist() == [False, False, True, False, False]


def test_category_of_one_class_is_a_node_of_its_own(yard):
    tree = yard.tree(np.array([[9, 9], [4, 9]], dtype=np.uint8))
    assert nodes_of(tree) == [
        ("animal", "yard", [False, False, True, False]),
        ("ball", "toy", [True, True, False, True]),
        ("cat", "animal", [False, False, True, False]),
        ("toy", "yard", [True, True, False, True]),
        ("yard", "yard", [True] * 4),
    ]
    assert not tree.node_data["background"].any()


def test_background_alone_is_a_root_with_one_leaf(yard):
    tree = yard.tree([[0, 7], [7, -1]])
    assert nodes_of(tree) == [
        ("background", "yard", [True, True, True, False]),
        ("yard", "yard", [True, True, True, False]),
    ]
    assert tree.node_data["background"].tolist() == [True, False]


def test_background_below_a_category_moves_to_the_root():
    tree = LabelHierarchy.load("partimagenet158").tree([[599, 0]])
    assert "void" not in tree.node_data["name"]
    assert tree.parents[0] == tree.root


def test_ignore_index_adds_labels(yard):
    tree = yard.tree([[2, 255], [4, 3]], ignore_index=[255, 3, 4])
    assert tree.leaf_labels.tolist() == [[0, -1], [-1, -1]]
    assert yard.tree([[2, 9]], ignore_index=9) == yard.tree([[2, -1]])


def test_image_without_labelled_pixels(yard):
    with pytest.raises(ValueError, match=r"label_map: every pixel is to be ignored"):
        yard.tree([[-1, -1]])
    first, second = yard.trees([np.array([[-1, -1]]), np.array([[2, 0]])])
    assert first is None
    assert second == yard.tree([[2, 0]])


@pytest.mark.parametrize("labels", [[1, 5], [-2, 100]])
def test_unknown_labels_are_named(yard, labels):
    with pytest.raises(ValueError, match="label_map has labels that ") as info:
        yard.tree([[2, labels[1]], [labels[0], labels[0]]])
    assert str(labels) in str(info.value)
    with pytest.raises(ValueError, match=r"label_maps\[1\] has labels that Label"):
        yard.trees([[[2, 0]], [labels]])


def test_unknown_labels_of_a_wide_unsigned_map(yard):
    with pytest.raises(ValueError, match="18446744073709551615"):
        yard.tree(np.array([[2, 2**64 - 1]], dtype=np.uint64))


@pytest.mark.parametrize(
    "label_map",
    [[1, 2], [[[1]]], [[2.0, 4.0]], np.empty((0, 3), int), [[True, False]], [["cat"]]],
)
def test_malformed_label_maps(yard, label_map):
    with pytest.raises(ValueError, match="label_map must be a non-empty integer array"):
        yard.tree(label_map)


def test_single_label_map_handed_to_trees(yard):
    with pytest.raises(
        ValueError, match=r"label_maps\[0\] must be .* got shape \(2,\)"
    ):
        yard.trees(np.array([[2, 0], [0, 0]]))
    with pytest.raises(ValueError, match="label_maps must be a list of label maps"):
        yard.trees([])


@pytest.mark.parametrize("ignore_index", ["a", 1.5, [1, None], True])
def test_malformed_ignore_index(yard, ignore_index):
    with pytest.raises(TypeError, match="ignore_index must be an integer, an iterable"):
        yard.tree([[2]], ignore_index=ignore_index)


def literal_regions(nested, label_map):
    """Return the name and mask of every node, straight from the definition."""
    regions = []
    background = np.zeros(label_map.shape, dtype=bool)

    def walk(node):
        if "index" in node:
            mask = label_map == node["index"]
            role = node.get("role", "foreground")
            if role == "background":
                background[mask] = True
            if role != "foreground":
                return np.zeros(label_map.shape, dtype=bool)
        else:
            mask = np.any([walk(child) for child in node["children"]], axis=0)
        if mask.any():
            regions.append((node["name"], mask.ravel().tolist()))
        return mask

    inside = np.any([walk(child) for child in nested["children"]], axis=0)
    if background.any():
        regions.append(("background", background.ravel().tolist()))
    regions.append((nested["name"], (inside | background).ravel().tolist()))
    return sorted(regions)


@given(
    name=st.sampled_from(["yard", *LabelHierarchy.names()]),
    seed=st.integers(0, 2**32 - 1),
    n_labels=st.integers(1, 12),
)
def test_tree_equals_the_literal_one(name, seed, n_labels):
    rng = np.random.default_rng(seed)
    hierarchy = (
        LabelHierarchy.from_nested(YARD)
        if name == "yard"
        else LabelHierarchy.load(name)
    )
    some = rng.choice(hierarchy.labels, n_labels)
    label_map = rng.choice(some, (4, 5))
    (tree,) = hierarchy.trees([label_map])
    expected = literal_regions(hierarchy.to_nested(), label_map)
    if tree is None:
        assert not any(any(mask) for _, mask in expected)
        return
    found = [(label, mask) for label, _, mask in nodes_of(tree)]
    assert sorted(found) == expected
