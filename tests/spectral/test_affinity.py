import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.spectral import (
    cosine_affinity,
    exponential_affinity,
    largest_cosine_distance,
    to_numpy,
)


def _unit_rows(rng, n, d):
    rows = rng.normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_exponential_is_its_formula(seed, with_color, with_position):
    rng = np.random.default_rng(seed)
    n = 7
    rows = _unit_rows(rng, n, 3)
    areas = rng.uniform(1, 50, n)
    lab = rng.uniform(0, 100, (n, 3)) if with_color else None
    place = rng.random((n, 2)) if with_position else None
    result = exponential_affinity(
        rows,
        areas,
        temperature=0.2,
        colors=lab,
        color_scale=20.0,
        positions=place,
        position_scale=0.5,
    )
    for i in range(n):
        for j in range(n):
            exponent = (rows[i] @ rows[j] - 1) / 0.2
            if with_color:
                exponent -= np.sqrt(((lab[i] - lab[j]) ** 2).sum()) / 20.0
            if with_position:
                exponent -= np.sqrt(((place[i] - place[j]) ** 2).sum()) / 0.5
            expected = np.exp(exponent) * np.sqrt(areas[i] * areas[j])
            assert result[i, j] == pytest.approx(expected, rel=1e-9)
    np.testing.assert_array_equal(result, result.T)


def test_a_scale_of_none_leaves_its_term_out():
    rows, areas = np.eye(2), np.ones(2)
    colors = np.array([[0.0, 0.0, 0.0], [100.0, 0.0, 0.0]])
    plain = exponential_affinity(rows, areas)
    np.testing.assert_array_equal(
        exponential_affinity(rows, areas, colors=colors, color_scale=None), plain
    )
    assert exponential_affinity(rows, areas, colors=colors, color_scale=100.0)[
        0, 1
    ] == pytest.approx(plain[0, 1] / np.e)


@given(st.integers(0, 10**6))
def test_cosine_between_regions_sums_over_token_pairs(seed):
    rng = np.random.default_rng(seed)
    tokens = _unit_rows(rng, 12, 3)
    region = np.r_[np.arange(4), rng.integers(4, size=8)]
    cosine = tokens @ tokens.T
    farthest = (1 - cosine).max()
    token_affinity = 1 - (1 - cosine) / farthest
    means = np.stack([tokens[region == r].mean(axis=0) for r in range(4)])
    counts = np.bincount(region).astype(float)
    result = cosine_affinity(means, counts, largest_cosine_distance(tokens))
    for i in range(4):
        for j in range(4):
            expected = token_affinity[np.ix_(region == i, region == j)].sum()
            assert result[i, j] == pytest.approx(0 if i == j else expected, abs=1e-9)


def test_cosine_is_the_same_on_arrays_of_all_kinds(to_array):
    rng = np.random.default_rng(0)
    means = _unit_rows(rng, 9, 4).astype(np.float32)
    counts = rng.uniform(1, 5, 9)
    result = cosine_affinity(to_array(means), to_array(counts), 1.9)
    expected = cosine_affinity(means, counts, 1.9)
    np.testing.assert_allclose(to_numpy(result), expected, atol=1e-12)


def test_equal_tokens_have_affinity_one():
    tokens = np.tile([[0.6, 0.8]], (3, 1))
    result = cosine_affinity(tokens, np.ones(3), largest_cosine_distance(tokens))
    np.testing.assert_allclose(result, 1 - np.eye(3))


def test_opposite_tokens_have_affinity_zero():
    tokens = np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert largest_cosine_distance(tokens) == 2.0
    np.testing.assert_array_equal(
        cosine_affinity(tokens, np.ones(2), 2.0), np.zeros((2, 2))
    )


def test_a_zero_row_has_cosine_zero():
    rows = np.array([[0.0, 0.0], [1.0, 0.0]])
    result = exponential_affinity(rows, np.ones(2), temperature=1.0)
    np.testing.assert_allclose(result, [[1, np.exp(-1)], [np.exp(-1), 1]])
