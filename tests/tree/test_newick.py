"""Newick text: tiny trees by hand, round trips, and what is no tree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.tree import RegionTree, TreeFormatError
from tests.tree._strategies import region_trees


@pytest.fixture
def tree():
    return RegionTree(
        [3, 3, 4, 4, 4],
        [[0, 0, 1], [2, 2, 2]],
        altitude=[0, 0, 0.25, 0.5, 1],
        node_data={"name": ["cup", "cup's rim", "", "a;b", "(table)"]},
    )


def test_text_by_hand(tree):
    assert tree.to_newick() == "(2:0.75,(0:0.5,1:0.5):0.5);"
    assert tree.to_newick(names="name") == (
        "(:0.75,(cup:0.5,'cup''s rim':0.5)'a;b':0.5)'(table)';"
    )
    assert tree.to_newick(names=list("abcde")) == "(c:0.75,(a:0.5,b:0.5)d:0.5)e;"


def test_nodes_of_one_child_and_of_many():
    tree = RegionTree([4, 4, 4, 5, 6, 6, 7, 7], [0, 1, 2, 3], altitude=[0] * 7 + [1])
    assert tree.to_newick() == "(((0:0.0,1:0.0,2:0.0):0.0,(3:0.0):0.0):1.0);"
    assert RegionTree.from_newick(tree.to_newick()) == tree.cut()


def test_one_node():
    tree = RegionTree([0], [[0, 0]])
    assert tree.to_newick() == "0;"
    assert RegionTree.from_newick("0;", tree.leaf_labels) == tree
    assert tree.to_newick(names=[""]) == ";"
    assert RegionTree.from_newick(";").n_nodes == 1


@given(region_trees())
def test_round_trip(tree):
    found = RegionTree.from_newick(tree.to_newick(), tree.leaf_labels)
    expected = tree.cut()
    np.testing.assert_array_equal(found.parents, expected.parents)
    np.testing.assert_array_equal(found.leaf_labels, expected.leaf_labels)
    heights = expected.altitude - expected.altitude.min()
    np.testing.assert_allclose(found.altitude, heights, atol=1e-12)
    assert found.node_data == {}


NAMES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=6)


@given(region_trees(data=False), st.data())
def test_names_of_any_characters_come_back(tree, data):
    names = data.draw(
        st.lists(NAMES, min_size=tree.n_nodes, max_size=tree.n_nodes, unique=True)
    )
    found = RegionTree.from_newick(tree.to_newick(names=names))
    if "name" in found.node_data:
        assert sorted(found.node_data["name"].tolist()) == sorted(
            name.rstrip("\0") for name in names
        )
    else:
        # Names that are the leaves' numbers are no more than numbers.
        count = [str(leaf) for leaf in range(tree.n_leaves)]
        assert sorted(names[: tree.n_leaves]) == count


def test_text_of_other_programs():
    found = RegionTree.from_newick(
        " [&R] (B:6.0,\n(A_x:5.0, C : 3e0[&x=1],'E e':4.0)Ancestor1:5.0,D:11.0)root;\n"
    )
    assert found.node_data["name"].tolist() == [
        "B",
        "A x",
        "C",
        "E e",
        "D",
        "Ancestor1",
        "root",
    ]
    np.testing.assert_array_equal(found.parents, [6, 5, 5, 5, 6, 6, 6])
    # Heights over D, the leaf farthest from the root.
    np.testing.assert_array_equal(found.altitude, [5, 1, 3, 2, 0, 6, 11])


def test_without_lengths_altitudes_follow_from_depth():
    found = RegionTree.from_newick("((a,b),c);")
    np.testing.assert_array_equal(found.altitude, [0, 0, 0, 0.5, 1])
    unnamed = RegionTree.from_newick("((,),);")
    np.testing.assert_array_equal(unnamed.parents, found.parents)


def test_deep_trees():
    n = 20_000
    found = RegionTree.from_newick("(" * n + "0" + ",1" + ")" * n + ";")
    assert (found.height, found.n_leaves) == (n, 2)
    assert found.to_newick().startswith("(" * n + "0:")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "breaks off without ';'"),
        ("(a,b)", "breaks off without ';'"),
        ("(a,b;", "';' at character 4 is not expected"),
        ("a,b;", "',b;' at character 1"),
        ("(a,b));", r"'\);' at character 5"),
        ("(a,b);(c);", r"'\(c\);' at character 6"),
        ("(a b,c);", "'b,c"),
        ("(a,'b);", "\"'b"),
        ("(a,b[);", r"'\[\);'"),
        ("(a:x,b:1);", "'x,b:1"),
        ("(a:,b:1);", "',b:1"),
        ("(a:1:2,b:1);", "':2,b"),
        ("(a:'1',b:1);", "\"'1"),
        ("(a:-1,b:1);", "length -1 at character 3 is no finite number"),
        ("(a:nan,b:1);", "length nan at character 3"),
        ("(a:1e999,b:1);", "length 1e999 at character 3"),
        ("(a(b,c));", r"'\(b,c"),
    ],
)
def test_text_that_is_no_tree(text, message):
    with pytest.raises(TreeFormatError, match=message):
        RegionTree.from_newick(text)


def test_labels_and_names_that_do_not_fit(tree):
    with pytest.raises(TreeFormatError, match=r"text: leaf_labels"):
        RegionTree.from_newick("(a,b);", [0, 1, 2])
    with pytest.raises(TreeFormatError, match=r"text: leaf_labels"):
        RegionTree.from_newick("(a,b);", [0, 0])
    with pytest.raises(TypeError, match="text must be a string, got int"):
        RegionTree.from_newick(3)
    for names in ("none", ["a"], [1, 2, 3, 4, 5]):
        with pytest.raises(ValueError, match="names must"):
            tree.to_newick(names=names)


def test_a_path_is_read_and_a_name_is_refused(tmp_path):
    tree = RegionTree.from_parents([3, 3, 4, 4, 4], [0, 1, 2])
    place = tmp_path / "tree.nwk"
    place.write_text(tree.to_newick(), encoding="utf-8")
    assert RegionTree.from_newick(place) == RegionTree.from_newick(tree.to_newick())
    place.write_text(tree.to_json(), encoding="utf-8")
    assert RegionTree.from_json(place) == tree
    for read in (RegionTree.from_newick, RegionTree.from_json):
        with pytest.raises(TreeFormatError, match=r"pathlib\.Path of a file, got 'a/b"):
            read("a/b.json")
