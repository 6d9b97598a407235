"""Stacks of graphs of one size against one graph at a time."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuhas.spectral import (
    DenseSource,
    Gates,
    Locality,
    _laplacian,
    diffusion_nearness,
    grow_tree,
    grow_trees,
    normalise,
    perturbation,
    smallest_eigenpairs,
)
from skuhas.spectral._perturbation import distance_from_ideal
from skuhas.spectral._split import split_affinities
from skuhas.spectral._sweep import sweep
from tests.spectral import _literal


def make_stack(n_graphs, size, seed, kind="blobs"):
    """Return affinities of one size and their weights."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_graphs, size, 3))
    points += 3 * rng.integers(2, size=(n_graphs, size, 1))
    distance = np.linalg.norm(points[:, :, None] - points[:, None], axis=3)
    weights = rng.uniform(0.5, 3, (n_graphs, size))
    # Symmetric to the last bit, as affinities are: a stack takes columns for rows.
    affinity = np.exp(-distance) * (weights[:, :, None] * weights[:, None])
    if kind == "isolated":
        affinity[0, 1] = affinity[0, :, 1] = 0.0
        affinity[-1] = 0.0
    if kind == "uniform":
        affinity[0] = np.outer(weights[0], weights[0])
        affinity[-1] = np.kron(np.eye(2), np.ones((size, size)))[::2, ::2]
        weights[-1] = 1.0
    return affinity, weights


KINDS = ["blobs", "isolated", "uniform"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [3, 20, 40])
def test_a_stack_is_its_graphs(kind, size):
    affinity, _ = make_stack(4, size, 0, kind)
    stack = normalise(affinity)
    mean, spread = stack.other_eigenvalues()
    vectors = np.random.default_rng(1).normal(size=(4, size, 2))
    products, matrices = stack.product(vectors), stack.matrix()
    for place in range(4):
        alone, chosen = normalise(affinity[place]), stack[place]
        assert (chosen.size, chosen.single) == (size, False)
        for name in ("affinity", "degrees", "scale", "trivial", "square_norm"):
            np.testing.assert_allclose(
                getattr(chosen, name), getattr(alone, name), rtol=1e-12
            )
        matrix = np.eye(size) - _literal.laplacian(affinity[place])
        for found in (matrices[place], chosen.matrix()):
            np.testing.assert_allclose(found, matrix, atol=1e-12)
        np.testing.assert_allclose(products[place], matrix @ vectors[place], atol=1e-12)
        np.testing.assert_allclose(chosen.diagonal(), np.diagonal(matrix), atol=1e-12)
        others = np.sort(
            np.linalg.eigvalsh(matrix - 3 * np.outer(*[alone.trivial] * 2))
        )
        assert mean[place] == pytest.approx(others[1:].mean(), abs=1e-12)
        expected = ((others[1:] - others[1:].mean()) ** 2).sum()
        assert spread[place] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 600])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_leading_sums_are_those_of_blocks(size, dtype, monkeypatch):
    rng = np.random.default_rng(size)
    affinity = rng.random((2, size, size)).astype(dtype)
    affinity = affinity + np.swapaxes(affinity, 1, 2)
    order = np.stack([rng.permutation(size) for _ in range(2)])
    stacked = normalise(affinity).leading_sums(order)
    assert stacked.dtype == np.float64
    for place in range(2):
        ranked = affinity[place][np.ix_(order[place], order[place])]
        whole = ranked.astype(np.float64).cumsum(0).cumsum(1).diagonal()
        close = 1e-12 if dtype == np.float64 else 1e-6
        np.testing.assert_allclose(stacked[place], whole, rtol=close)
        alone = normalise(affinity[place]).leading_sums(order[place])
        np.testing.assert_allclose(alone, whole, rtol=close)
    monkeypatch.setattr(_laplacian, "STRIP", 7)
    np.testing.assert_allclose(
        normalise(affinity).leading_sums(order), stacked, rtol=1e-5
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 9), st.sampled_from(KINDS), st.booleans())
def test_sweeps_of_a_stack(seed, size, kind, coarse):
    affinity, _ = make_stack(5, size, seed, kind)
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(5, size))
    if coarse:
        # Ties of values, and of costs where all vertices are equal.
        values, affinity[1] = rng.integers(3, size=(5, size)) * 0.5, 1.0
        values[2] = 0.7
    parts, costs = sweep(normalise(affinity), values)
    for place in range(5):
        alone, cost = sweep(normalise(affinity[place]), values[place])
        np.testing.assert_array_equal(parts[place], alone)
        assert costs[place] == cost
        expected = _literal.sweep(affinity[place], values[place])
        if expected is None:
            assert costs[place] == np.inf
            continue
        np.testing.assert_array_equal(parts[place], expected[0])
        assert costs[place] == pytest.approx(expected[1], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8), st.booleans(), st.integers(2, 3))
def test_distances_of_a_stack(seed, size, self_affinity, n_parts):
    n_parts = min(n_parts, size)
    affinity, weights = make_stack(4, size, seed, "isolated")
    if not self_affinity:
        affinity *= 1 - np.eye(size)
    rng = np.random.default_rng(seed)
    parts = np.stack(
        [
            rng.permutation(
                np.r_[np.arange(n_parts), rng.integers(n_parts, size=size - n_parts)]
            )
            for _ in range(4)
        ]
    )
    stack = normalise(affinity)
    distance = distance_from_ideal(stack, parts, weights, self_affinity, n_parts)
    for place in range(4):
        entry = affinity[place], parts[place], weights[place]
        expected = _literal.perturbation(*entry, 1.0, self_affinity)
        assert distance[place] == pytest.approx(expected, abs=2e-6)
        alone = perturbation(stack[place], *entry[1:], 1.0, self_affinity=self_affinity)
        assert alone == pytest.approx(distance[place], abs=2e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 10, 24, 30])
def test_eigenpairs_of_a_stack(kind, size):
    affinity, _ = make_stack(4, size, 1, kind)
    stack = normalise(affinity)
    n_pairs = min(4, size)
    values, vectors = smallest_eigenpairs(stack, n_pairs)
    for place in range(4):
        laplacian = _literal.laplacian(affinity[place])
        expected = np.linalg.eigvalsh(laplacian)[:n_pairs]
        np.testing.assert_allclose(values[place], expected, atol=1e-10)
        found = vectors[place]
        np.testing.assert_allclose(found.T @ found, np.eye(n_pairs), atol=1e-10)
        np.testing.assert_allclose(laplacian @ found, found * values[place], atol=1e-9)
        alone = smallest_eigenpairs(stack[place], n_pairs)
        np.testing.assert_allclose(values[place], alone[0], atol=1e-10)
        if kind == "blobs":
            np.testing.assert_allclose(found, alone[1], atol=1e-7)


GATES = [
    Gates(),
    Gates(max_ncut=0.2),
    Gates(max_perturbation=5.0),
    Gates(max_branching=4),
    Gates(max_branching=6, max_ncut=0.5),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 12, 30])
@pytest.mark.parametrize("gates", GATES, ids=str)
@pytest.mark.parametrize("self_affinity", [True, False])
def test_splits_of_a_stack(kind, size, gates, self_affinity):
    affinity, weights = make_stack(6, size, 2, kind)
    if not self_affinity:
        affinity *= 1 - np.eye(size)
    arguments = {"self_affinity": self_affinity, "assign_labels": "kmeans"}
    seeds = [3, 1, 4, 1, 5, 9]
    splits, guesses = split_affinities(
        affinity, weights, gates, seeds=seeds, **arguments
    )
    assert guesses is None
    assert len(splits) == 6
    for place, split in enumerate(splits):
        (alone,), _ = split_affinities(
            affinity[place], weights[place], gates, seeds=[seeds[place]], **arguments
        )
        if alone is None:
            assert split is None
            continue
        np.testing.assert_array_equal(split.parts, alone.parts)
        for name in ("ncut", "eigengap"):
            assert getattr(split, name) == pytest.approx(
                getattr(alone, name), rel=1e-6, abs=1e-9
            )
        if alone.eigengap > 1e-6:
            assert split.perturbation == pytest.approx(
                alone.perturbation, rel=1e-5, abs=1e-5
            )


def make_source(size, seed, dtype=np.float64):
    affinity, weights = (entry[0] for entry in make_stack(1, size, seed))
    rng = np.random.default_rng(seed)
    conductance = np.triu(
        rng.random((size, size)) * (rng.random((size, size)) < 0.1), 1
    )
    near = diffusion_nearness((conductance + conductance.T).astype(dtype))
    shares = weights / weights.sum()
    return DenseSource(affinity.astype(dtype), weights, Locality(near, shares))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("gates", [Gates(), Gates(max_branching=5, max_ncut=0.6)])
def test_trees_are_the_same_in_company_and_alone(dtype, gates):
    sources = [make_source(size, size, dtype) for size in (1, 2, 33, 70, 240, 70)]
    labels = [np.arange(source.size) for source in sources]
    together = grow_trees(sources, labels, gates)
    for source, label, tree in zip(sources, labels, together, strict=True):
        alone = grow_tree(
            source.affinity, source.weights, label, gates, locality=source.locality
        )
        np.testing.assert_array_equal(tree.parents, alone.parents)
        np.testing.assert_array_equal(tree.leaf_labels, alone.leaf_labels)
        # Before NumPy 2 products of stacks may differ in their last bit.
        for name in ("ncut", "perturbation", "eigengap"):
            np.testing.assert_allclose(
                getattr(tree, name), getattr(alone, name), rtol=1e-7, atol=1e-12
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_no_level_copies_the_affinity_whole(dtype, order):
    size = 1500
    affinity, weights = (entry[0] for entry in make_stack(1, size, 0))
    affinity = np.asarray(affinity, dtype=dtype, order=order)
    tracemalloc.start()
    tree = grow_tree(affinity, weights, np.arange(size), Gates(max_depth=12))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tree.n_leaves > 100
    assert peak < 1.6 * affinity.nbytes
