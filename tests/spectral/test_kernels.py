"""Affinities block by block against their formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuhas.spectral import (
    CosineKernel,
    ExponentialKernel,
    cosine_affinity,
    exponential_affinity,
    largest_cosine_distance,
)


def regions(size, seed, dtype=np.float64, *, zero=True):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(size, 6))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    if zero:
        rows[size // 2] = 0.0
    return {
        "descriptors": rows.astype(dtype),
        "areas": rng.uniform(0.5, 90, size),
        "temperature": 0.3,
        "colors": rng.uniform(0, 60, (size, 3)),
        "color_scale": 20.0,
        "positions": rng.random((size, 2)),
        "position_scale": 0.4,
    }


def literal(given, i, j):
    cosine = float(given["descriptors"][i] @ given["descriptors"][j])
    exponent = (cosine - 1) / given["temperature"] if i != j else 0.0
    for name in ("color", "position"):
        if given.get(f"{name}_scale") is not None:
            step = given[f"{name}s"][i] - given[f"{name}s"][j]
            exponent -= np.linalg.norm(step) / given[f"{name}_scale"]
    return np.sqrt(given["areas"][i] * given["areas"][j]) * np.exp(exponent)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("step", [slice(None, None, 2), slice(None, None, -1)])
def test_descriptors_in_any_order_give_symmetric_affinities(dtype, step):
    # BLAS cannot take such views as they are.
    rows = np.random.default_rng(0).normal(size=(700, 1536)).astype(dtype)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ones = np.ones(700)
    for view in (rows[:, step], rows[step], np.asfortranarray(rows)):
        size = len(view)
        affinity = exponential_affinity(view, ones[:size], temperature=1e5)
        np.testing.assert_array_equal(affinity, affinity.T)
        affinity = cosine_affinity(view, ones[:size], 1.2)
        np.testing.assert_array_equal(affinity, affinity.T)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 150])
@pytest.mark.parametrize("terms", [(), ("color",), ("color", "position")])
def test_the_matrix_is_its_formula(dtype, size, terms):
    given = regions(size, size, dtype)
    for name in {"color", "position"} - set(terms):
        given[f"{name}_scale"] = None
    matrix = exponential_affinity(**given)
    assert matrix.dtype == dtype
    expected = [[literal(given, i, j) for j in range(size)] for i in range(size)]
    close = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(matrix, expected, rtol=close)
    np.testing.assert_array_equal(matrix, matrix.T)
    kernel = ExponentialKernel.of_regions(**given)
    np.testing.assert_allclose(kernel.diagonal(), given["areas"], rtol=1e-6)
    np.testing.assert_allclose(np.diagonal(matrix), given["areas"], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_and_near_regions_are_symmetric_to_the_last_bit(dtype):
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(5, 384)), 40, axis=0)
    rows += 1e-5 * rng.normal(size=rows.shape) * (np.arange(200) % 2)[:, None]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    areas = rng.uniform(1, 1e4, 200)
    matrix = exponential_affinity(rows.astype(dtype), areas)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert (matrix > 0).all()
    assert (matrix <= np.sqrt(np.outer(areas, areas)) * (1 + 1e-6)).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 80), st.integers(0, 10**6), st.data())
def test_columns_and_parts_are_those_of_the_matrix(size, seed, data):
    kernel = ExponentialKernel.of_regions(**regions(size, seed))
    matrix = kernel.matrix()
    some = st.lists(st.integers(0, size - 1), min_size=1, max_size=9, unique=True)
    chosen = np.array(data.draw(some))
    columns = kernel.columns(chosen)
    np.testing.assert_allclose(columns, matrix[:, chosen], rtol=1e-12)
    np.testing.assert_array_equal(
        columns[chosen, np.arange(chosen.size)], kernel.diagonal()[chosen]
    )
    part = kernel.take(chosen)
    assert part.size == chosen.size
    np.testing.assert_allclose(
        part.matrix(), matrix[np.ix_(chosen, chosen)], rtol=1e-12
    )


def test_columns_of_more_regions_than_one_strip():
    kernel = ExponentialKernel.of_regions(**regions(1500, 0))
    chosen = np.array([1499, 0, 1024, 1023])
    np.testing.assert_allclose(
        kernel.columns(chosen), kernel.matrix()[:, chosen], rtol=1e-12
    )


def test_log_similarity_is_the_exponent_of_the_matrix(monkeypatch):
    given = regions(40, 1)
    kernel = ExponentialKernel.of_regions(**given)
    first, second = np.triu_indices(40, 1)
    roots = np.sqrt(given["areas"])
    expected = np.log(kernel.matrix()[first, second] / roots[first] / roots[second])
    np.testing.assert_allclose(kernel.log_similarity(first, second), expected)
    monkeypatch.setattr("skuhas.spectral._kernels.PAIRS", 7)
    np.testing.assert_allclose(kernel.log_similarity(first, second), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_groups_are_means_by_area(dtype):
    given = regions(50, 2, dtype)
    kernel = ExponentialKernel.of_regions(**given)
    groups = np.random.default_rng(0).permutation(np.arange(50) % 7)
    grouped = kernel.grouped(groups)
    assert grouped.size == 7
    assert grouped.descriptors.dtype == grouped.roots.dtype == dtype
    close = {"rtol": 1e-12 if dtype == np.float64 else 1e-5, "atol": 1e-6}
    for group in range(7):
        inside = groups == group
        areas = given["areas"][inside]
        np.testing.assert_allclose(grouped.roots[group] ** 2, areas.sum(), **close)
        mean = areas @ given["descriptors"][inside]
        mean /= np.linalg.norm(mean)
        np.testing.assert_allclose(grouped.descriptors[group], mean, **close)
        for points, name in zip(grouped.points, ("color", "position"), strict=True):
            assert points.dtype == dtype
            mean = np.average(given[f"{name}s"][inside], axis=0, weights=areas)
            scaled = mean / given[f"{name}_scale"]
            np.testing.assert_allclose(points[group], scaled, **close)


def test_groups_one_by_one_change_nothing():
    kernel = ExponentialKernel.of_regions(**regions(20, 3))
    same = kernel.grouped(np.arange(20))
    np.testing.assert_allclose(same.matrix(), kernel.matrix(), rtol=1e-10)
    # Opposite descriptors cancel: a zero row, not nan.
    pair = ExponentialKernel.of_regions(np.array([[1.0], [-1.0]]), np.ones(2))
    assert pair.grouped(np.zeros(2, int)).descriptors == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_copies", [1, 5])
def test_the_cosine_graph_is_that_of_its_matrix(dtype, n_copies):
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(30, 5)) + 0.7
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    distance = largest_cosine_distance(tokens)
    means = tokens.reshape(-1, n_copies, 5)[:6].mean(axis=1).astype(dtype)
    counts = rng.uniform(1, 9, len(means))
    kernel = CosineKernel(means, counts, distance)
    matrix = kernel.matrix()
    slope = 1 / distance
    for i in range(kernel.size):
        for j in range(kernel.size):
            affinity = 1 - slope + slope * means[i].astype(float) @ means[j]
            expected = counts[i] * counts[j] * max(affinity, 0.0) * (i != j)
            assert matrix[i, j] == pytest.approx(expected, abs=1e-9)
    np.testing.assert_array_equal(matrix, cosine_affinity(means, counts, distance))
    graph = kernel.graph()
    close = 1e-10 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(graph.degrees, matrix.sum(axis=1), rtol=close)
    normalised = matrix / np.sqrt(np.outer(*[matrix.sum(axis=1)] * 2))
    np.testing.assert_allclose(graph.matrix(), normalised, atol=close)


def test_equal_tokens_have_affinity_one():
    kernel = CosineKernel(np.tile([0.6, 0.8], (3, 1)), np.array([1.0, 2.0, 3.0]), 0.0)
    np.testing.assert_array_equal(kernel.matrix(), [[0, 2, 3], [2, 0, 6], [3, 6, 0]])
    np.testing.assert_allclose(kernel.graph().degrees, [5, 8, 9])
