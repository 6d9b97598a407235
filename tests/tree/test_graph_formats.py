"""Graphs, merge tables and trees of other libraries, by hand and by themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster import hierarchy

from skuhas.tree import RegionTree, TreeFormatError
from tests.tree._strategies import label_maps, parent_arrays, region_trees

nan, inf = np.nan, np.inf


@pytest.fixture
def tree():
    return RegionTree(
        [3, 3, 4, 4, 4],
        [[0, 0, 1], [2, -1, 2]],
        ncut=[nan, nan, nan, 0.25, 0.5],
        altitude=[0, 0, 0.25, 0.5, 1],
        node_data={"name": ["cup", "<rim>", "", "d", "e"], "pair": np.ones((5, 2))},
    )


# -------------------------------------------------------------------- networkx


def test_a_graph_by_hand(tree):
    networkx = pytest.importorskip("networkx")
    graph = tree.to_networkx()
    assert networkx.is_arborescence(graph)
    assert sorted(graph.edges) == [(3, 0), (3, 1), (4, 2), (4, 3)]
    assert graph.nodes[3] | {"perturbation": 0, "eigengap": 0} == {
        "area": 3,
        "depth": 1,
        "altitude": 0.5,
        "ncut": 0.25,
        "perturbation": 0,
        "eigengap": 0,
        "data.name": "d",
        "data.pair": [1.0, 1.0],
    }
    assert type(graph.nodes[3]["area"]) is int
    np.testing.assert_array_equal(graph.graph["leaf_labels"], tree.leaf_labels)


@given(region_trees())
def test_round_trip_through_networkx(tree):
    networkx = pytest.importorskip("networkx")
    graph = tree.to_networkx()
    assert RegionTree.from_networkx(graph) == tree.cut()
    depth = networkx.single_source_shortest_path_length(graph, tree.root)
    assert [depth[node] for node in range(tree.n_nodes)] == tree.depth.tolist()


def test_graphs_of_ones_own():
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph([("pet", "dog"), ("pet", "cat"), ("all", "pet")])
    graph.add_edge("all", "tree")
    found = RegionTree.from_networkx(graph)
    assert found.node_data["name"].tolist() == ["dog", "cat", "tree", "pet", "all"]
    np.testing.assert_array_equal(found.parents, [3, 3, 4, 4, 4])
    on_pixels = RegionTree.from_networkx(graph, [[2, 1], [0, 0]])
    assert on_pixels.node_data["name"].tolist() == ["tree", "cat", "dog", "pet", "all"]
    single = networkx.DiGraph()
    single.add_node(0)
    assert RegionTree.from_networkx(single).n_nodes == 1


def test_graphs_that_are_no_tree(tree):
    networkx = pytest.importorskip("networkx")
    with pytest.raises(TypeError, match=r"must be a networkx\.DiGraph, got Graph"):
        RegionTree.from_networkx(networkx.Graph([(0, 1)]))
    for edges in ([], [(0, 1), (1, 0)], [(0, 1), (2, 1)], [(0, 1), (2, 3)]):
        with pytest.raises(TreeFormatError, match="graph must be a tree"):
            RegionTree.from_networkx(networkx.DiGraph(edges))
    graph = tree.to_networkx()
    graph.nodes[4]["ncut"] = "x"
    with pytest.raises(TreeFormatError, match="graph: not a region tree"):
        RegionTree.from_networkx(graph)
    with pytest.raises(TreeFormatError, match="graph: leaf_labels"):
        RegionTree.from_networkx(tree.to_networkx(), [0, 1, 2, 3])


# --------------------------------------------------------------------- linkage


def test_a_merge_table_by_hand():
    tree = RegionTree(
        [4, 4, 5, 5, 6, 6, 6], [0, 1, 2, 3], altitude=[0, 0, 0, 0, 0.75, 0.5, 1]
    )
    # The lower merge comes first, though its node has the larger number.
    assert tree.to_linkage().tolist() == [
        [2, 3, 0.5, 2],
        [0, 1, 0.75, 2],
        [4, 5, 1, 4],
    ]


@st.composite
def binary_trees(draw):
    parents = draw(
        parent_arrays().filter(
            lambda found: (
                (np.bincount(found[:-1]) % 2 == 0).all()
                and np.bincount(found[:-1]).max(initial=0) == 2
            )
        )
    )
    n_leaves = (len(parents) + 1) // 2
    labels = draw(label_maps(n_leaves))
    if draw(st.booleans()):
        return RegionTree(parents, labels)
    heights = draw(
        st.lists(st.integers(0, 3), min_size=len(parents), max_size=len(parents))
    )
    heights[:n_leaves] = [0] * n_leaves
    for node, above in enumerate(parents.tolist()):
        heights[above] = max(heights[above], heights[node])
    return RegionTree(parents, labels, altitude=heights)


@given(binary_trees())
def test_scipy_takes_merge_tables(tree):
    table = tree.to_linkage()
    assert hierarchy.is_valid_linkage(table, throw=True)
    assert hierarchy.is_monotonic(table)
    drawn = hierarchy.dendrogram(table, no_plot=True)
    assert sorted(drawn["leaves"]) == list(range(tree.n_leaves))
    # Cophenetic distances are the altitudes of lowest common ancestors.
    first, second = np.triu_indices(tree.n_leaves, 1)
    expected = [
        tree.altitude[tree.lca(*pair)] for pair in zip(first, second, strict=True)
    ]
    np.testing.assert_array_equal(hierarchy.cophenet(table), expected)
    back = RegionTree.from_linkage(table, tree.leaf_labels)
    np.testing.assert_array_equal(back.leaf_labels, tree.cut().leaf_labels)
    np.testing.assert_array_equal(back.parents, tree.cut().parents)
    np.testing.assert_array_equal(back.altitude, tree.cut().altitude)


@pytest.mark.parametrize(
    ("parents", "altitude", "message"),
    [
        ([0], None, "node 0 has 0 children"),
        ([3, 3, 3, 3], None, "node 3 has 3 children"),
        ([1, 1], None, "node 1 has 1 children"),
        ([2, 2, 2], [-2, -2, -1], "altitudes of at least 0, .* got -1"),
    ],
)
def test_trees_that_have_no_merge_table(parents, altitude, message):
    n_leaves = max(1, len(parents) - len(set(parents)))
    tree = RegionTree(parents, np.arange(n_leaves), altitude=altitude)
    with pytest.raises(ValueError, match=f"to_linkage needs .*{message}"):
        tree.to_linkage()


# ----------------------------------------------------------------------- Higra


@given(region_trees(data=False))
def test_round_trip_through_higra(tree):
    higra = pytest.importorskip("higra")
    found, altitudes = tree.to_higra()
    assert found.num_leaves() == tree.n_leaves
    np.testing.assert_array_equal(found.parents(), tree.parents)
    np.testing.assert_array_equal(altitudes, tree.altitude)
    # Higra agrees on what lies where.
    area = higra.attribute_area(found, vertex_area=tree.area[: tree.n_leaves])
    np.testing.assert_array_equal(area, tree.area)
    np.testing.assert_array_equal(higra.attribute_depth(found), tree.depth)
    back = RegionTree.from_higra(found, altitudes, tree.leaf_labels)
    np.testing.assert_array_equal(back.parents, tree.cut().parents)
    np.testing.assert_array_equal(back.altitude, tree.cut().altitude)
    np.testing.assert_array_equal(back.leaf_labels, tree.cut().leaf_labels)


def test_trees_that_higra_makes_of_images():
    higra = pytest.importorskip("higra")
    image = np.array([[0.0, 0.0, 5.0], [0.0, 9.0, 5.0]])
    graph = higra.get_4_adjacency_graph(image.shape)
    weights = higra.weight_graph(graph, image, higra.WeightFunction.L1)
    found, altitudes = higra.quasi_flat_zone_hierarchy(graph, weights)
    tree = RegionTree.from_higra(found, altitudes)
    assert tree.shape == (2, 3)
    np.testing.assert_array_equal(tree.labels(n_regions=3), [[0, 0, 1], [0, 2, 1]])
    saliency = higra.saliency(found, altitudes)
    khalimsky = higra.graph_4_adjacency_2_khalimsky(graph, saliency)
    np.testing.assert_array_equal(
        tree.saliency(double=True)[1:-1, 1:-1][::2, 1::2], khalimsky[::2, 1::2]
    )
    # As plain samples, or on labels of one's own.
    plain = RegionTree.from_higra(higra.Tree([2, 2, 2]))
    assert plain == RegionTree([2, 2, 2], [0, 1])


def test_what_is_no_tree_of_higra():
    pytest.importorskip("higra")
    with pytest.raises(TypeError, match=r"must be a higra\.Tree, got list"):
        RegionTree.from_higra([2, 2, 2])
    found, _ = RegionTree([2, 2, 2], [0, 1]).to_higra()
    with pytest.raises(ValueError, match="altitude"):
        RegionTree.from_higra(found, [0, 1])
    with pytest.raises(ValueError, match="leaf_labels"):
        RegionTree.from_higra(found, None, [0, 5])


# -------------------------------------------------------------- what is missing


@pytest.mark.parametrize(
    ("module", "method", "extra"),
    [
        ("networkx", "to_networkx", "export"),
        ("higra", "to_higra", "higra"),
    ],
)
def test_missing_libraries_are_named(tree, monkeypatch, module, method, extra):
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"{method} .*skuhas\[{extra}\]"):
        getattr(tree, method)()
