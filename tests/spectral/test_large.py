"""Graphs too large for a matrix, where the matrix can be made all the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from skuhas.spectral import (
    CosineKernel,
    DenseSource,
    ExponentialKernel,
    Gates,
    LargeSource,
    Locality,
    coarsen,
    cosine_affinity,
    diffusion_nearness,
    grow_tree,
    grow_trees,
    landmark_graph,
    largest_cosine_distance,
    normalise,
)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def scene(side, n_kinds, noise, seed, dtype=np.float64, *, width=8):
    """Return a kernel, conductances and true blobs of a grid of regions."""
    rng = np.random.default_rng(seed)
    rows, columns = np.divmod(np.arange(side * side), side)
    stripes = int(np.ceil(np.sqrt(n_kinds)))
    blob = (rows * stripes // side) * stripes + columns * stripes // side
    blob %= n_kinds
    centres = np.linalg.qr(rng.normal(size=(width, width)))[0][:n_kinds]
    descriptors = unit(centres[blob] + noise * rng.normal(size=(side * side, width)))
    kernel = ExponentialKernel.of_regions(
        descriptors.astype(dtype), rng.uniform(1, 4, side * side), temperature=0.3
    )
    return kernel, grid(side), blob


def grid(side):
    line = sparse.csr_array(np.eye(side, k=1) + np.eye(side, k=-1))
    one = sparse.eye_array(side)
    return sparse.csr_array(sparse.kron(line, one) + sparse.kron(one, line))


def chain(size):
    return sparse.csr_array(np.eye(size, k=1) + np.eye(size, k=-1))


# Groups of neighbours


def check_rounds(rounds, size, n_groups):
    before = np.arange(size)
    for groups in rounds:
        assert groups.dtype == np.int32
        # Numbered by their first region.
        names, firsts = np.unique(groups, return_index=True)
        np.testing.assert_array_equal(names, np.arange(len(names)))
        assert (np.diff(firsts) > 0).all()
        # Unions of one or two groups of the round before.
        pairs = np.unique(np.stack([before, groups]), axis=1)
        assert pairs.shape[1] == before.max() + 1
        assert np.bincount(pairs[1]).max() <= 2
        assert len(names) < before.max() + 1
        assert before.max() + 1 > n_groups
        before = groups
    assert before.max() + 1 <= max(n_groups, size * (size <= n_groups))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 45), st.floats(0, 0.3), st.integers(0, 10**6))
def test_rounds_are_nested_whatever_the_graph(size, n_groups, density, seed):
    rng = np.random.default_rng(seed)
    kernel = ExponentialKernel.of_regions(
        unit(rng.normal(size=(size, 3))), rng.uniform(1, 3, size)
    )
    edges = np.triu(rng.random((size, size)) < density, 1) * 1.0
    rounds = coarsen(kernel, sparse.csr_array(edges + edges.T), n_groups)
    check_rounds(rounds, size, n_groups)
    again = coarsen(kernel, sparse.csr_array(edges + edges.T), n_groups)
    np.testing.assert_array_equal(rounds, again)


def test_likest_neighbours_are_joined_and_others_wait():
    angles = np.array([0.0, 0.02, 1.0, 1.02, 2.0])
    kernel = ExponentialKernel.of_regions(
        np.stack([np.cos(angles), np.sin(angles)], axis=1), np.ones(5)
    )
    rounds = coarsen(kernel, chain(5), 3)
    np.testing.assert_array_equal(rounds, [[0, 0, 1, 1, 2]])


@pytest.mark.parametrize("kind", ["equal", "gradient", "steep", "grid", "alone"])
def test_ties_and_gradients_end_in_few_rounds(kind):
    size = 900
    rows, conductance = np.tile([[1.0, 0.0]], (size, 1)), chain(size)
    colors = np.zeros((size, 3))
    if kind == "gradient":
        colors[:, 0] = np.linspace(0, 100, size)
    if kind == "steep":
        # Ever smaller steps: each is more like the next one than the one before.
        colors[:, 0] = 100 * np.linspace(1, 0, size) ** 2
    if kind == "grid":
        conductance = grid(30)
    if kind == "alone":
        conductance = sparse.csr_array((size, size))
    kernel = ExponentialKernel.of_regions(
        rows, np.ones(size), colors=colors, color_scale=30.0
    )
    rounds = coarsen(kernel, conductance, 30)
    check_rounds(rounds, size, 30)
    assert len(rounds) <= 14
    if kind != "grid":
        # Only neighbours are joined, so groups are intervals.
        assert (np.diff(rounds[-1]) >= 0).all()
    counts = np.bincount(rounds[-1])
    assert counts.max() < 6 * counts.mean()


def test_regions_apart_are_joined_last():
    kernel, conductance, blob = scene(20, 4, 0.05, 0)
    rounds = coarsen(kernel, conductance, 30)
    check_rounds(rounds, 400, 30)
    # No group reaches over a border while there are many.
    assert np.unique(np.stack([blob, rounds[-1]]), axis=1).shape[1] <= 30
    assert len(np.unique(rounds[-1])) > 15
    np.testing.assert_array_equal(coarsen(kernel, conductance, 400), [])


# Landmarks


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_with_all_landmarks_it_is_exact(dtype):
    kernel, _, _ = scene(9, 5, 0.8, 0, dtype)
    graph, missing = landmark_graph(kernel, tolerance=0.0, max_landmarks=10**4)
    close = 1e-9 if dtype == np.float64 else 1e-4
    assert 0 <= missing < close
    exact = normalise(kernel.matrix().astype(np.float64))
    np.testing.assert_allclose(graph.matrix(), exact.matrix(), atol=close)
    np.testing.assert_allclose(graph.degrees, exact.degrees, rtol=close)


def approximation(graph):
    """Return the affinity that a graph stands for."""
    factor = graph.factor.astype(np.float64)
    return factor @ factor.T - np.diag(graph.removed)


@pytest.mark.parametrize("max_landmarks", [1, 10, 64, 100, 300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_missing_bounds_the_error(max_landmarks, dtype):
    kernel, _, _ = scene(20, 6, 0.7, 1, dtype)
    graph, missing = landmark_graph(
        kernel, tolerance=0.0, max_landmarks=max_landmarks, seed=2
    )
    assert graph.factor.shape[1] <= max_landmarks
    assert graph.factor.dtype == dtype
    exact = kernel.matrix().astype(np.float64)
    error = exact - approximation(graph)
    trace = np.trace(exact)
    rounding = 1e-12 if dtype == np.float64 else 1e-6
    assert np.linalg.norm(error) <= (missing + rounding) * trace
    # The diagonal is that of the kernel whatever is missing.
    np.testing.assert_allclose(
        np.diagonal(approximation(graph)), kernel.diagonal(), rtol=1e3 * rounding
    )
    assert missing == pytest.approx(-graph.removed.sum() / trace, abs=rounding)


@pytest.mark.parametrize("tolerance", [0.5, 0.1, 0.01])
def test_the_tolerance_ends_it(tolerance):
    kernel, _, _ = scene(25, 6, 0.4, 2)
    graph, missing = landmark_graph(kernel, tolerance=tolerance)
    assert missing <= tolerance
    # One block of 64 less would not have been enough.
    less = (graph.factor.shape[1] - 1) // 64 * 64
    if less:
        _, before = landmark_graph(kernel, tolerance=0.0, max_landmarks=less)
        assert before > tolerance


def test_landmarks_are_the_same_every_time():
    kernel, _, _ = scene(20, 6, 0.7, 1, np.float32)
    first, second, other = (
        landmark_graph(kernel, max_landmarks=100, seed=seed)[0] for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.factor, second.factor)
    assert first.factor.shape != other.factor.shape or not np.array_equal(
        first.factor, other.factor
    )


@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("tolerance", [0.05, 0.0])
def test_regions_alike_but_for_rounding(noise, tolerance):
    rng = np.random.default_rng(0)
    rows = unit(rng.normal(size=384) + noise * rng.normal(size=(500, 384)))
    kernel = ExponentialKernel.of_regions(
        rows.astype(np.float32), rng.uniform(1, 50, 500)
    )
    graph, missing = landmark_graph(kernel, tolerance=tolerance, max_landmarks=200)
    exact = kernel.matrix().astype(np.float64)
    error = np.linalg.norm(exact - approximation(graph))
    assert error <= (missing + 2e-5) * np.trace(exact)
    assert missing < 2e-3


# Trees


def same_nodes(tree, other):
    np.testing.assert_array_equal(tree.parents, other.parents)
    np.testing.assert_array_equal(tree.leaf_labels, other.leaf_labels)
    np.testing.assert_allclose(tree.ncut, other.ncut, rtol=1e-4, atol=1e-5)


def shares_of(kernel):
    areas = kernel.roots.astype(np.float64) ** 2
    return areas / areas.sum()


@pytest.mark.parametrize("limit", [225, 1000])
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_with_room_for_the_matrix_it_is_the_dense_tree(limit, strength):
    kernel, conductance, _ = scene(15, 5, 0.3, 3)
    weights, shares = kernel.roots, shares_of(kernel)
    large = LargeSource(
        kernel,
        weights,
        shares,
        conductance=conductance,
        strength=strength,
        limit=limit,
    )
    labels = np.arange(225)
    near = diffusion_nearness(conductance.toarray().astype(np.float32))
    locality = Locality(near, shares, strength) if strength else None
    dense = DenseSource(kernel.matrix(), weights, locality)
    tree, other, again = grow_trees([large, dense, large], [labels] * 3, Gates())
    assert tree.n_leaves == 225
    same_nodes(tree, other)
    assert tree == again


@pytest.mark.parametrize("factored", [False, True])
@pytest.mark.parametrize("limit", [40, 150])
def test_blobs_of_a_large_scene_are_nodes(factored, limit):
    kernel, conductance, blob = scene(24, 4, 0.05, 4)
    graph = landmark_graph(kernel, tolerance=0.001)[0] if factored else None
    source = LargeSource(
        kernel,
        kernel.roots,
        shares_of(kernel),
        graph,
        conductance,
        rounds=coarsen(kernel, conductance, limit),
        limit=limit,
    )
    (tree,) = grow_trees([source], [np.arange(576)], Gates())
    assert tree.n_leaves == 576
    np.testing.assert_array_equal(np.sort(tree.leaf_labels), np.arange(576))
    assert adjusted_rand_score(blob, tree.labels(n_regions=4)) == 1.0
    nodes = {mask.tobytes() for mask in tree.masks()}
    for number in range(4):
        assert (blob == number).tobytes() in nodes


def test_a_node_too_dear_to_split_is_one_leaf():
    kernel, conductance, blob = scene(24, 4, 0.05, 4)
    source = LargeSource(
        kernel,
        kernel.roots,
        shares_of(kernel),
        conductance=conductance,
        rounds=coarsen(kernel, conductance, 60),
        limit=60,
    )
    (tree,) = grow_trees([source], [np.arange(576)], Gates(max_ncut=0.3))
    np.testing.assert_array_equal(adjusted_rand_score(blob, tree.leaf_labels), 1.0)
    (whole,) = grow_trees([source], [np.arange(576)], Gates(max_ncut=0.0))
    assert whole.n_nodes == 1


@pytest.mark.parametrize("gates", [Gates(), Gates(max_depth=4), Gates(max_ncut=0.45)])
@pytest.mark.parametrize("limit", [2, 30, 100])
def test_the_factored_cosine_tree_is_the_dense_one(gates, limit):
    rng = np.random.default_rng(0)
    # Centres at different angles, so that no two cuts cost the same.
    centres = rng.normal(size=(5, 8))
    of = rng.choice(5, size=320, p=[0.35, 0.25, 0.2, 0.12, 0.08])
    means = unit(centres[of] + 0.35 * rng.normal(size=(320, 8)))
    counts = rng.uniform(1, 3, 320)
    distance = largest_cosine_distance(means)
    kernel = CosineKernel(means, counts, distance)
    source = LargeSource(
        kernel, counts, np.full(320, 1 / 320), kernel.graph(), limit=limit
    )
    (tree,) = grow_trees([source], [np.arange(320)], gates, self_affinity=False)
    affinity = cosine_affinity(means, counts, distance)
    dense = grow_tree(affinity, counts, np.arange(320), gates, self_affinity=False)
    assert dense.n_leaves > 3
    same_nodes(tree, dense)


def test_many_parts_of_a_large_cosine_graph():
    rng = np.random.default_rng(1)
    of = np.repeat(np.arange(4), [150, 100, 60, 40])
    means = unit(np.eye(6)[of] + 0.05 * rng.normal(size=(350, 6)))
    distance = largest_cosine_distance(means)
    kernel = CosineKernel(means, np.ones(350), distance)
    source = LargeSource(
        kernel, np.ones(350), np.full(350, 1 / 350), kernel.graph(), limit=160
    )
    gates = Gates(max_branching=8, max_depth=1)
    (tree,) = grow_trees([source], [np.arange(350)], gates, self_affinity=False)
    np.testing.assert_array_equal(tree.leaf_labels, of)


@pytest.mark.parametrize(
    ("limit", "message"),
    [(1, "limit must be at least 2, got 1"), (3, "4 regions are more than limit=3")],
)
def test_large_sources_need_something_to_be_divided_by(limit, message):
    kernel = CosineKernel(np.eye(4), np.ones(4), 1.0)
    with pytest.raises(ValueError, match=message):
        LargeSource(kernel, np.ones(4), np.full(4, 0.25), limit=limit)
