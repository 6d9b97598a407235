import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from skuhas.spectral import (
    Gates,
    _kway,
    cluster_rows,
    exponential_affinity,
    k_way_cut,
    mean_normalised_cut,
    normalise,
    perturbation,
    split_graph,
    sweep_cut,
)
from tests.spectral import _literal


def _graph(seed, n, self_affinity=True):
    rng = np.random.default_rng(seed)
    affinity = rng.random((n, n)) ** 3
    affinity = affinity + affinity.T
    if not self_affinity:
        np.fill_diagonal(affinity, 0.0)
    return affinity, rng


@given(st.integers(0, 10**6), st.integers(2, 9), st.booleans(), st.booleans())
def test_sweep_is_the_exact_minimum(seed, n, self_affinity, coarse):
    affinity, rng = _graph(seed, n, self_affinity)
    # Coarse values coincide, which no threshold may separate.
    values = rng.integers(3, size=n) * 0.5 if coarse else rng.normal(size=n)
    found = sweep_cut(affinity, values)
    expected = _literal.sweep(affinity, values)
    if expected is None:
        assert found is None
        return
    np.testing.assert_array_equal(found[0], expected[0])
    assert found[1] == pytest.approx(expected[1], abs=1e-9)
    assert found[1] == pytest.approx(mean_normalised_cut(affinity, found[0]), abs=1e-9)


@given(st.integers(0, 10**6), st.integers(2, 8))
def test_sweep_does_not_depend_on_the_sign(seed, n):
    affinity = np.ones((n, n))
    values = np.random.default_rng(seed).normal(size=n)
    np.testing.assert_array_equal(
        sweep_cut(affinity, values)[0], sweep_cut(affinity, -values)[0]
    )


def test_equal_costs_take_the_most_even_cut():
    # On the complete graph with loops every cut costs one half.
    parts, cost = sweep_cut(np.ones((6, 6)), np.array([0.1, 0.9, 0.2, 0.8, 0.3, 0.7]))
    assert cost == pytest.approx(0.5)
    np.testing.assert_array_equal(parts, [0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 1, 2, 3, 4], [0, 0, 1, 1, 1]), ([4, 3, 2, 1, 0], [0, 0, 1, 1, 1])],
)
def test_then_the_lowest_vertex(values, expected):
    # Two against three either way; the pair with vertex 0 wins.
    parts, _ = sweep_cut(np.ones((5, 5)), np.array(values, dtype=float))
    np.testing.assert_array_equal(parts, expected)


def test_the_cheapest_of_nearly_free_cuts_is_taken():
    points = np.r_[np.zeros(8), [5.0] * 2, [11.3] * 2][:, None]
    affinity = rbf_kernel(points, gamma=0.5)
    parts, cost = sweep_cut(affinity, points[:, 0])
    np.testing.assert_array_equal(parts, np.repeat([0, 1], [10, 2]))
    # Sums of a hundred numbers near 1 cancel down to it.
    assert cost == pytest.approx(mean_normalised_cut(affinity, parts), abs=1e-14)


@pytest.mark.parametrize("side", [14, 16, 30])
@pytest.mark.parametrize("distance", [3e-3, 1e-4])
def test_faint_halves_are_found_at_every_size(side, distance):
    angle = np.arccos(1 - distance)
    tokens = np.zeros((side * side, 2), dtype=np.float32)
    left = np.arange(side * side) % side < side // 2
    tokens[left] = [1, 0]
    tokens[~left] = [np.cos(angle), np.sin(angle)]
    affinity = exponential_affinity(tokens, np.ones(len(tokens)))
    assert affinity.dtype == np.float32
    split = split_graph(affinity, np.ones(len(tokens)), Gates())
    np.testing.assert_array_equal(split.parts, np.where(left, 0, 1))


def test_equal_values_cannot_be_cut():
    assert sweep_cut(np.ones((3, 3)), np.full(3, 0.7)) is None


@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(1, 4), st.booleans())
def test_normalised_cut_is_its_formula(seed, n, k, isolated):
    affinity, rng = _graph(seed, n)
    if isolated:
        affinity[0, :] = affinity[:, 0] = 0.0
    parts = rng.integers(min(k, n), size=n)
    parts = np.unique(parts, return_inverse=True)[1]
    expected = _literal.mean_ncut(affinity, parts)
    assert mean_normalised_cut(affinity, parts) == pytest.approx(expected, abs=1e-12)


@given(
    st.integers(0, 10**6),
    st.integers(2, 8),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_perturbation_is_its_formula(seed, n, k, self_affinity, isolated):
    affinity, rng = _graph(seed, n, self_affinity)
    if isolated:
        affinity[0, :] = affinity[:, 0] = 0.0
    weights = rng.uniform(0.5, 3.0, n)
    parts = np.unique(rng.integers(min(k, n), size=n), return_inverse=True)[1]
    found = perturbation(
        normalise(affinity), parts, weights, 0.1, self_affinity=self_affinity
    )
    expected = _literal.perturbation(affinity, parts, weights, 0.1, self_affinity)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("self_affinity", [True, False])
def test_the_ideal_graph_has_no_perturbation(self_affinity):
    parts = np.array([0, 0, 1, 1, 1, 2])
    weights = np.array([1.0, 2.0, 0.5, 3.0, 1.0, 1.0])
    ideal = _literal.ideal_affinity(parts, weights, self_affinity)
    graph = normalise(ideal)
    assert perturbation(graph, parts, weights, 0.5, self_affinity=self_affinity) == 0
    # Also where there is no gap at all.
    assert perturbation(graph, parts, weights, 0.0, self_affinity=self_affinity) == 0


def test_no_gap_makes_the_bound_infinite():
    graph = normalise(np.ones((3, 3)))
    bound = perturbation(
        graph, np.array([0, 0, 1]), np.ones(3), 0.0, self_affinity=True
    )
    assert bound == np.inf


@pytest.mark.parametrize("assign_labels", ["kmeans", "cluster_qr"])
def test_rows_of_blocks_are_told_apart(assign_labels):
    truth = np.array([0, 1, 1, 2, 0, 2, 2])
    rng = np.random.default_rng(0)
    vectors = np.linalg.qr(rng.normal(size=(3, 3)))[0][truth]
    vectors *= rng.uniform(0.5, 2, (7, 1))
    parts = cluster_rows(vectors, 3, assign_labels=assign_labels, seed=0)
    np.testing.assert_array_equal(parts, truth)


def test_coinciding_rows_give_fewer_parts():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]])[[0, 1, 0, 1]]
    parts = cluster_rows(vectors, 3, assign_labels="kmeans", seed=0)
    np.testing.assert_array_equal(parts, [0, 1, 0, 1])


def _cluster(vectors, k):
    return cluster_rows(vectors, k, assign_labels="cluster_qr", seed=0)


GATES = st.builds(
    Gates,
    max_branching=st.integers(2, 6),
    max_ncut=st.none() | st.floats(0.0, 1.0),
    max_perturbation=st.none() | st.floats(0.0, 60.0),
    max_depth=st.none() | st.integers(0, 4),
    min_size=st.integers(1, 4),
)


@settings(max_examples=200)
@given(st.integers(0, 10**6), st.integers(2, 9), st.booleans(), GATES)
def test_one_split_with_its_gates_and_retries(seed, n, self_affinity, gates):
    affinity, rng = _graph(seed, n, self_affinity)
    weights = rng.uniform(0.5, 3.0, n)
    found = split_graph(
        affinity,
        weights,
        gates,
        self_affinity=self_affinity,
        assign_labels="cluster_qr",
    )
    expected = _literal.split(affinity, weights, gates, self_affinity, _cluster)
    if expected is None:
        assert found is None
        return
    np.testing.assert_array_equal(found.parts, expected[0])
    assert found.ncut == pytest.approx(expected[1], abs=1e-9)
    assert found.perturbation == pytest.approx(expected[2], rel=1e-5, abs=1e-5)
    assert found.eigengap == pytest.approx(expected[3], abs=1e-9)


def _three_blocks(noise=0.01):
    return np.kron(np.eye(3), np.ones((4, 4))) + noise


def test_the_eigengap_tells_the_number_of_parts():
    split = split_graph(_three_blocks(), np.ones(12), Gates(max_branching=6))
    np.testing.assert_array_equal(split.parts, np.repeat([0, 1, 2], 4))
    binary = split_graph(_three_blocks(), np.ones(12), Gates())
    assert binary.parts.max() == 1


def test_a_dear_cut_is_tried_again_with_fewer_parts():
    # Two of the three blocks are close: three parts are dear, two are cheap.
    affinity = _three_blocks(0.0)
    affinity[4:8, 8:] = affinity[8:, 4:8] = 0.5
    affinity += 0.001
    gates = Gates(max_branching=4)
    assert split_graph(affinity, np.ones(12), gates).parts.max() == 1
    affinity[4:8, 8:] = affinity[8:, 4:8] = 0.2
    free = split_graph(affinity, np.ones(12), Gates(max_branching=4))
    assert free.parts.max() == 2
    gated = split_graph(
        affinity, np.ones(12), Gates(max_branching=4, max_ncut=free.ncut)
    )
    np.testing.assert_array_equal(gated.parts, np.repeat([0, 1, 1], 4))
    assert gated.ncut < free.ncut


def test_a_failed_perturbation_gate_keeps_the_node_whole():
    affinity = _three_blocks(0.05)
    free = split_graph(affinity, np.ones(12), Gates(max_branching=6))
    at = Gates(max_branching=6, max_perturbation=free.perturbation)
    below = Gates(max_branching=6, max_perturbation=free.perturbation * 0.999)
    assert split_graph(affinity, np.ones(12), at) is not None
    assert split_graph(affinity, np.ones(12), below) is None


@pytest.mark.parametrize("affinity", [np.ones((2, 2)), np.eye(2), np.zeros((2, 2))])
def test_zero_is_a_threshold_and_none_is_none(affinity):
    # The gate is ncut < max_ncut, so 0 closes it even for a free cut.
    assert split_graph(affinity, np.ones(2), Gates(max_ncut=0)) is None
    assert split_graph(affinity, np.ones(2), Gates(max_ncut=None)) is not None


def test_two_vertices_with_loops_can_pass_a_gate():
    affinity = np.array([[4.0, 1.0], [1.0, 4.0]])
    split = split_graph(affinity, np.ones(2), Gates(max_ncut=0.3))
    assert split.ncut == pytest.approx(0.2)
    assert split.eigengap == np.inf
    assert split.perturbation == 0
    np.fill_diagonal(affinity, 0)
    assert split_graph(affinity, np.ones(2), Gates()).ncut == 1.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"max_branching": 1},
            r"max_branching must be an integer in \[2, inf\), got 1",
        ),
        ({"max_ncut": -0.1}, r"max_ncut must be a number in \[0.0, inf\) or None"),
        ({"max_ncut": float("nan")}, "max_ncut must be .* got nan"),
        ({"max_perturbation": -1}, "max_perturbation must be"),
        ({"max_depth": -1}, "max_depth must be"),
        ({"min_size": 0}, "min_size must be"),
    ],
)
def test_gates_name_what_is_out_of_range(parameters, message):
    with pytest.raises(ValueError, match=message):
        Gates(**parameters)


@pytest.mark.parametrize("parameter", ["max_branching", "min_size", "max_depth"])
def test_gates_refuse_other_types(parameter):
    with pytest.raises(TypeError, match=f"{parameter} must be .* got 'two'"):
        Gates(**{parameter: "two"})


def test_k_way_cut_caps_eigenvectors_and_keeps_k_leaves(monkeypatch):
    widths = []

    def spy(vectors, *args, **kwargs):
        widths.append(vectors.shape[1])
        return cluster_rows(vectors, *args, **kwargs)

    monkeypatch.setattr(_kway, "cluster_rows", spy)
    # Low rank with a zero diagonal: few eigenvalues lie under 1.
    rows = np.random.default_rng(0).normal(size=(60, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    affinity = (1 + rows @ rows.T) / 2 - np.eye(60)
    below = (np.linalg.eigvalsh(_literal.laplacian(affinity)) < 1).sum()
    parts = k_way_cut(affinity, 40)
    assert parts.max() + 1 == 40
    assert widths == [below]
    assert below < 40


def test_k_way_cut_with_as_many_parts_as_vertices():
    np.testing.assert_array_equal(k_way_cut(np.ones((3, 3)), 3), [0, 1, 2])
