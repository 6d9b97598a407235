"""What a tree is to Python: a read-only value that copies, pickles and prints."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given

from skuhas.tree import RegionTree
from tests.tree._strategies import quick, region_trees

PARENTS = [2, 2, 2]
LABELS = [[0, 1, 1]]


def rebuilt(tree, **changes):
    fields = {
        "parents": tree.parents,
        "leaf_labels": tree.leaf_labels,
        "ncut": tree.ncut,
        "perturbation": tree.perturbation,
        "eigengap": tree.eigengap,
        "altitude": tree._given_altitude,
        "node_data": tree.node_data,
    }
    return RegionTree(**{**fields, **changes})


class Subtree(RegionTree):
    """A subclass of the user's own."""


@quick
@given(tree=region_trees())
def test_arrays_are_read_only(tree):
    names = ["parents", "leaf_labels", "ncut", "perturbation", "eigengap"]
    names += ["altitude", "depth", "area", "n_children"]
    arrays = {name: getattr(tree, name) for name in names}
    arrays |= tree.node_data
    arrays["preorder"] = tree.preorder()
    arrays["children"] = tree.children(tree.root)
    for name, array in arrays.items():
        assert not array.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            array[...] = array
    assert tree.mask(tree.root).flags.writeable
    assert tree.labels().flags.writeable


@quick
@given(tree=region_trees())
def test_copies_are_equal_and_independent(tree):
    tree.depth, tree.area, tree.altitude  # noqa: B018  # fill the caches
    for other in (
        pickle.loads(pickle.dumps(tree)),
        copy.deepcopy(tree),
        copy.copy(tree),
        rebuilt(tree),
    ):
        assert other == tree
        assert type(other) is RegionTree
        assert not other.parents.flags.writeable
        assert other.leaf_labels is not tree.leaf_labels
        np.testing.assert_array_equal(other.altitude, tree.altitude)
        assert {k: v.dtype for k, v in other.node_data.items()} == {
            k: v.dtype for k, v in tree.node_data.items()
        }


def test_subclasses_stay_themselves():
    tree = Subtree(PARENTS, LABELS)
    assert type(pickle.loads(pickle.dumps(tree))) is Subtree
    assert type(tree.cut(depth=0)) is Subtree
    assert type(tree.resize((2, 6))) is Subtree
    assert type(Subtree.from_parents(PARENTS, LABELS)) is Subtree
    assert type(Subtree.from_linkage([[0, 1]])) is Subtree
    assert type(Subtree.from_json(tree.to_json())) is Subtree


@pytest.mark.parametrize(
    "changes",
    [
        {"leaf_labels": [[0, 0, 1]]},
        {"leaf_labels": [0, 1, 1]},
        {"leaf_labels": [[0], [1], [1]]},
        {"ncut": [np.nan, np.nan, 0.25]},
        {"ncut": None},
        {"perturbation": [np.nan, np.nan, 3]},
        {"eigengap": [np.nan, np.nan, np.inf]},
        {"altitude": [0, 0, 2]},
        {"node_data": {}},
        {"node_data": {"b": [1.0, np.nan, 3.0]}},
        {"node_data": {"a": [1.0, 2.0, 3.0]}},
        {"node_data": {"a": ["x", "y", "z"]}},
        {"node_data": {"a": [[1.0], [np.nan], [3.0]]}},
    ],
)
def test_any_difference_makes_unequal(changes):
    tree = RegionTree(
        PARENTS,
        LABELS,
        ncut=[np.nan, np.nan, 0.5],
        node_data={"a": [1.0, np.nan, 3.0]},
    )
    other = rebuilt(tree, **changes)
    assert tree == rebuilt(tree)
    assert tree != other
    assert other != tree


def test_topology_makes_unequal():
    first = RegionTree([3, 3, 4, 4, 4], [0, 1, 2], altitude=[0, 0, 0, 1, 1])
    second = RegionTree([4, 3, 3, 4, 4], [0, 1, 2], altitude=[0, 0, 0, 1, 1])
    assert first != second


def test_equal_by_value_to_nothing_but_trees():
    tree = RegionTree(PARENTS, LABELS)
    assert tree != "tree"
    assert tree != None  # noqa: E711
    assert tree.__eq__(3) is NotImplemented


def test_altitudes_that_follow_anyway_change_nothing():
    tree = RegionTree(PARENTS, LABELS)
    assert rebuilt(tree, altitude=tree.altitude) == tree


def test_trees_are_unhashable():
    with pytest.raises(TypeError, match="unhashable type: 'RegionTree'"):
        hash(RegionTree(PARENTS, LABELS))


def test_trees_are_no_sequences():
    tree = RegionTree(PARENTS, LABELS)
    with pytest.raises(TypeError, match="has no len"):
        len(tree)
    with pytest.raises(TypeError, match="not subscriptable"):
        tree[0]
    with pytest.raises(TypeError, match="not iterable"):
        iter(tree)
    # So a list of trees makes an array of trees and not of their parts.
    assert np.array([tree, tree], dtype=object).shape == (2,)


def test_repr_is_one_line():
    tree = RegionTree([4, 4, 5, 5, 6, 6, 6], [[0, 1, 2, 3]])
    assert repr(tree) == "RegionTree(n_leaves=4, n_nodes=7, height=2, shape=(1, 4))"
