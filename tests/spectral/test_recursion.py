import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skuhas.spectral import (
    Gates,
    Locality,
    cluster_rows,
    diffusion_nearness,
    grow_tree,
)
from tests.spectral import _literal


def _cluster(vectors, k):
    return cluster_rows(vectors, k, assign_labels="cluster_qr", seed=0)


def _graph(seed, n):
    rng = np.random.default_rng(seed)
    points = (
        rng.normal(size=(n, 3)) + 3 * rng.normal(size=(3, 3))[rng.integers(3, size=n)]
    )
    weights = rng.uniform(0.5, 3.0, n)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    return np.exp(-distance / 2) * weights * weights[:, None], weights


def _as_sets(tree):
    """The tree's nodes as sets of vertices, with their children and figures."""
    nodes = {}
    for node in range(tree.n_nodes):
        key = frozenset(np.flatnonzero(tree.mask(node)).tolist())
        children = {
            frozenset(np.flatnonzero(tree.mask(child)).tolist())
            for child in tree.children(node)
        }
        figures = tree.ncut[node], tree.perturbation[node], tree.eigengap[node]
        nodes[key] = (children, *figures) if children else None
    return nodes


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 14),
    st.booleans(),
    st.builds(
        Gates,
        max_branching=st.integers(2, 5),
        max_ncut=st.none() | st.floats(0.0, 0.6),
        max_perturbation=st.none() | st.floats(0.0, 100.0),
        max_depth=st.none() | st.integers(0, 4),
        min_size=st.integers(1, 4),
    ),
)
def test_the_tree_is_that_of_the_literal_recursion(seed, n, self_affinity, gates):
    affinity, weights = _graph(seed, n)
    if not self_affinity:
        np.fill_diagonal(affinity, 0.0)
    tree = grow_tree(
        affinity,
        weights,
        np.arange(n),
        gates,
        self_affinity=self_affinity,
        assign_labels="cluster_qr",
    )
    found = _as_sets(tree)
    expected = _literal.grow(affinity, weights, gates, self_affinity, _cluster)
    assert found.keys() == expected.keys()
    for key, entry in expected.items():
        if entry is None:
            assert found[key] is None
            continue
        assert found[key][0] == entry[0]
        np.testing.assert_allclose(found[key][1:], entry[1:], rtol=1e-4, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 14), st.floats(0.0, 2.0))
def test_locality_is_that_of_the_literal_recursion(seed, n, strength):
    affinity, weights = _graph(seed, n)
    rng = np.random.default_rng(seed)
    # Where no walk joins three regions, all ways to cut them are free, and rounding
    # chooses; so all touch a little.
    conductance = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.4) + 1e-4, 1)
    conductance = conductance + conductance.T
    # A steep fall of the areas, so that some nodes are under a hundredth.
    shares = 0.5 ** np.arange(n)
    shares = rng.permutation(shares / shares.sum())
    tree = grow_tree(
        affinity,
        weights,
        np.arange(n),
        Gates(),
        locality=Locality(diffusion_nearness(conductance), shares, strength),
    )
    expected = _literal.grow(
        affinity,
        weights,
        Gates(),
        True,
        _cluster,
        _literal.nearness(conductance),
        shares,
        strength,
    )
    assert _as_sets(tree).keys() == expected.keys()


def test_nearness_is_the_sum_over_walks():
    rng = np.random.default_rng(0)
    conductance = np.triu(rng.random((9, 9)) * (rng.random((9, 9)) < 0.4), 1)
    conductance[:, 4] = conductance[4] = 0.0
    conductance = conductance + conductance.T
    expected = _literal.nearness(conductance)
    result = diffusion_nearness(conductance)
    np.testing.assert_allclose(np.exp(result), expected, atol=1e-9)
    np.testing.assert_array_equal(result, result.T)
    np.testing.assert_array_equal(np.diagonal(result), 0)
    # A region that touches nothing is as far from all others as can be.
    np.testing.assert_allclose(np.delete(result[4], 4), np.log(1e-12))
    single = diffusion_nearness(conductance.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(np.exp(single), np.exp(result), atol=1e-4)


def test_locality_grows_as_nodes_shrink():
    shares = np.array([0.9, 0.09, 0.009, 0.001])
    locality = Locality(np.zeros((4, 4)), shares, strength=2.0)
    assert locality.exponent(np.arange(4)) == 0
    assert locality.exponent(np.array([1, 2, 3])) == pytest.approx(1.0)
    assert locality.exponent(np.array([2, 3])) == pytest.approx(2.0)
    assert locality.exponent(np.array([3])) == 2.0


def test_alike_regions_apart_are_split_last_at_the_root_and_first_below():
    # Two pairs of equal regions, a wall between left and right.
    conductance = np.zeros((4, 4))
    conductance[0, 1] = conductance[2, 3] = 1.0
    conductance[1, 2] = 1e-3
    conductance += conductance.T
    near = diffusion_nearness(conductance)
    shares = np.array([0.001, 0.001, 0.001, 0.001, 0.996])
    whole = np.ones((5, 5))
    whole[:4, 4] = whole[4, :4] = 0.1
    nearness = np.zeros((5, 5))
    nearness[:4, :4] = near
    tree = grow_tree(
        whole,
        np.ones(5),
        np.array([0, 2, 1, 3, 4]),
        Gates(),
        locality=Locality(nearness, shares),
    )
    pairs = {
        frozenset(np.flatnonzero(mask)) for mask in tree.masks() if mask.sum() == 2
    }
    assert pairs == {frozenset({0, 2}), frozenset({1, 3})}


def test_without_gates_every_vertex_is_a_leaf():
    affinity, weights = _graph(0, 60)
    tree = grow_tree(affinity, weights, np.arange(60), Gates())
    assert (tree.n_leaves, tree.n_nodes) == (60, 119)
    np.testing.assert_array_equal(tree.leaf_labels, np.arange(60))
    internal = slice(60, None)
    assert np.isfinite(tree.ncut[internal]).all()
    assert np.isnan(tree.ncut[:60]).all()


@pytest.mark.parametrize("max_ncut", [0.02, 0.1, 0.2, 0.35])
def test_cutting_a_free_binary_tree_equals_gating_it(max_ncut):
    affinity, weights = _graph(1, 80)
    free = grow_tree(affinity, weights, np.arange(80), Gates())
    gated = grow_tree(affinity, weights, np.arange(80), Gates(max_ncut=max_ncut))
    assert free.cut(max_ncut=max_ncut) == gated
    limits = {"max_perturbation": 40.0, "max_ncut": max_ncut}
    assert free.cut(**limits) == grow_tree(
        affinity, weights, np.arange(80), Gates(**limits)
    )
    assert free.cut(depth=3) == grow_tree(
        affinity, weights, np.arange(80), Gates(max_depth=3)
    )


def test_vertices_not_told_apart_share_a_leaf():
    affinity = np.kron(np.eye(2), np.ones((3, 3))) + 0.01
    labels = np.array([[0, 1, 2, 3], [-1, 4, 5, 5]])
    tree = grow_tree(affinity, np.ones(6), labels, Gates(max_ncut=0.3))
    np.testing.assert_array_equal(tree.leaf_labels, [[0, 0, 0, 1], [-1, 1, 1, 1]])


@pytest.mark.parametrize("assign_labels", ["kmeans", "cluster_qr"])
def test_equal_vertices_are_split_evenly(assign_labels):
    for max_branching in (2, 5):
        tree = grow_tree(
            np.ones((8, 8)),
            np.ones(8),
            np.arange(8),
            Gates(max_branching=max_branching),
            assign_labels=assign_labels,
        )
        assert tree.n_leaves == 8
        assert np.isfinite(tree.altitude).all()
        if max_branching == 2:
            assert sorted(tree.area[tree.children(tree.root)]) == [4, 4]
            assert tree.height == 3


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_one_vertex_is_a_tree_of_one_node(fill):
    tree = grow_tree(np.full((1, 1), fill), np.ones(1), np.zeros((2, 2), int), Gates())
    assert tree.n_nodes == 1


def test_a_graph_without_edges_is_split_evenly_for_free():
    tree = grow_tree(
        np.zeros((4, 4)), np.ones(4), np.arange(4), Gates(), self_affinity=False
    )
    assert tree.n_leaves == 4
    np.testing.assert_array_equal(tree.ncut[4:], 0)


def test_the_seed_depends_on_the_path_alone():
    # A block grown alone takes the seed of the root, inside a larger graph that
    # of its path: the larger graph's other parts must not matter.
    affinity, weights = _graph(5, 40)
    gates = Gates(max_branching=8)
    whole = grow_tree(affinity, weights, np.arange(40), gates, seed=3)
    again = grow_tree(affinity, weights, np.arange(40), gates, seed=3)
    assert whole == again


def test_order_of_the_vertices_does_not_matter():
    affinity, weights = _graph(7, 30)
    order = np.random.default_rng(0).permutation(30)
    tree = grow_tree(affinity, weights, np.arange(30), Gates())
    position = np.argsort(order)
    shuffled = grow_tree(
        affinity[np.ix_(order, order)], weights[order], position, Gates()
    )
    np.testing.assert_array_equal(tree.parents, shuffled.parents)
    np.testing.assert_array_equal(tree.leaf_labels, shuffled.leaf_labels)


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
def test_sparse_conductances_give_the_same_nearness(dtype):
    rng = np.random.default_rng(5)
    between = np.triu(
        rng.integers(1, 9, size=(20, 20)) * (rng.random((20, 20)) < 0.2), 1
    )
    # One region touches no other.
    between[:, 7] = between[7] = 0
    between = (between + between.T).astype(dtype)
    near = diffusion_nearness(sparse.csr_array(between))
    degrees = between.sum(axis=1)
    scale = 1 / np.sqrt(np.where(degrees > 0, degrees, 1))
    walks = np.linalg.inv(np.eye(20) - 0.99 * between * scale * scale[:, None])
    root = np.sqrt(np.diagonal(walks))
    expected = np.log(np.clip(walks / np.outer(root, root), 1e-12, 1))
    np.testing.assert_allclose(
        near, expected, atol=1e-9 if dtype != np.float32 else 1e-4
    )
