import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.spectral import _farthest, largest_cosine_distance


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)


def image_like(n_tokens, width, seed):
    """Return tokens of some kinds, each of which changes slowly along a row."""
    rng = np.random.default_rng(seed)
    kind = np.sort(rng.integers(12, size=n_tokens))
    phase = np.linspace(0, 60, n_tokens)[:, None]
    centres, directions = rng.normal(size=(2, 12, width))
    tokens = centres[kind] + np.sin(phase) * directions[kind]
    return unit(tokens + 0.3 * rng.normal(size=(n_tokens, width)))


def literal(tokens):
    return float((1 - tokens @ tokens.T).max())


@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_all_pairs_are_compared(batch_size, dtype, to_array):
    tokens = unit(np.random.default_rng(0).normal(size=(50, 4))).astype(dtype)
    result = largest_cosine_distance(to_array(tokens), batch_size=batch_size)
    assert isinstance(result, float)
    expected = literal(tokens.astype(np.float64))
    assert result == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 300), st.integers(1, 4), st.integers(0, 2**31 - 1))
def test_copies_opposites_and_zero_rows(n_tokens, width, seed):
    tokens = unit(np.rint(np.random.default_rng(seed).normal(size=(n_tokens, width))))
    result = largest_cosine_distance(tokens)
    assert result == pytest.approx(max(literal(tokens), 0.0), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_what_single_precision_cannot_tell_apart_is_looked_at_again(seed, to_array):
    # A hundred near opposites, whose cosines differ from -1 by 2e-8, and a true one.
    rng = np.random.default_rng(seed)
    one = unit(rng.normal(size=(100, 64)))
    aside = rng.normal(size=(100, 64))
    aside = unit(aside - (aside * one).sum(axis=1, keepdims=True) * one)
    angle = np.full((100, 1), 2e-4)
    angle[rng.integers(100)] = 0.0
    tokens = np.concatenate([one, -np.cos(angle) * one - np.sin(angle) * aside])
    assert largest_cosine_distance(to_array(tokens)) == pytest.approx(2, abs=1e-12)


@pytest.mark.parametrize("exact", [100, 10])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 25, 49])
def test_tokens_that_are_not_finite_are_refused(
    exact, value, place, monkeypatch, to_array
):
    monkeypatch.setattr(_farthest, "EXACT", exact)
    tokens = unit(np.random.default_rng(0).normal(size=(50, 4)))
    tokens[place, 2] = value
    with pytest.raises(ValueError, match="tokens must be finite"):
        largest_cosine_distance(to_array(tokens))


def test_one_token_is_nowhere_far():
    assert largest_cosine_distance(np.array([[0.6, 0.8]])) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_the_pair_among_tokens_of_an_image(
    seed, monkeypatch, to_array
):
    tokens = image_like(4000, 24, seed).astype(np.float32)
    expected = largest_cosine_distance(tokens)
    monkeypatch.setattr(_farthest, "EXACT", 1000)
    monkeypatch.setattr(_farthest, "STARTS", 256)
    result = largest_cosine_distance(to_array(tokens))
    assert result == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("width", [8, 64, 384])
def test_the_search_errs_little_where_all_tokens_are_as_far_out(width, monkeypatch):
    tokens = unit(np.random.default_rng(width).normal(size=(6000, width)))
    expected = largest_cosine_distance(tokens)
    monkeypatch.setattr(_farthest, "EXACT", 1000)
    result = largest_cosine_distance(tokens)
    assert 0.98 * expected <= result <= expected + 1e-9
    assert largest_cosine_distance(tokens) == result
