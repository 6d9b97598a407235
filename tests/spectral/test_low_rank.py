"""The cosine graph without its matrix, against the matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from skuhas.spectral import (
    FactoredGraph,
    _low_rank,
    cosine_affinity,
    cosine_k_way_cut,
    factored_eigenpairs,
    k_way_cut,
    largest_cosine_distance,
    normalise,
    smallest_eigenpairs,
    to_numpy,
)


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)


def clusters(n_tokens, width, n_clusters, noise, seed):
    """Return tokens around some directions, as an image's are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_clusters, width))
    # Some kinds of things cover more of a picture than others.
    shares = rng.dirichlet(np.full(n_clusters, 0.7))
    of = rng.choice(n_clusters, size=n_tokens, p=shares)
    return unit(centres[of] + noise * rng.normal(size=(n_tokens, width)))


def dense(tokens, distance, n_pairs):
    """Return the eigenpairs under 1 of the graph's matrix."""
    graph = normalise(cosine_affinity(tokens, np.ones(len(tokens)), distance))
    values, vectors = smallest_eigenpairs(graph, min(n_pairs, len(tokens)))
    found = values < 1 - 1e-6
    return values[found], vectors[:, found]


def leading_error(ours, theirs, n_vectors):
    """Return the sine of the largest angle between leading subspaces."""
    ours, theirs = ours[:, :n_vectors], theirs[:, :n_vectors]
    return np.linalg.norm(theirs - ours @ (ours.T @ theirs), 2)


KINDS = {
    "clusters": lambda: clusters(900, 40, 12, 0.3, 0),
    "close clusters": lambda: clusters(900, 40, 12, 2.0, 1),
    # Cosines all above 0: d_max is under 1, and the offset negative.
    "one side": lambda: unit(np.abs(clusters(900, 20, 6, 0.5, 2)) + 0.3),
    "random": lambda: unit(np.random.default_rng(3).normal(size=(800, 30))),
    "wide": lambda: clusters(700, 300, 25, 0.5, 4),
    "with zeros": lambda: np.vstack([np.zeros((5, 30)), clusters(700, 30, 5, 0.4, 5)]),
    "with copies": lambda: np.repeat(clusters(150, 30, 6, 0.4, 6), 5, axis=0),
    "two directions": lambda: np.repeat(np.eye(2), 400, axis=0),
}


# So it is for the matrix.
@pytest.mark.filterwarnings("ignore:.*a dense solver takes over")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_eigenpairs_equal_those_of_the_matrix(kind, dtype, to_array):
    tokens = KINDS[kind]().astype(dtype)
    distance = largest_cosine_distance(tokens.astype(np.float64))
    graph = FactoredGraph.from_tokens(to_array(tokens), distance)
    values, vectors = factored_eigenpairs(graph, 60, capped=True)
    assert values.dtype == graph.trivial.dtype
    assert vectors.dtype == graph.factor.dtype
    values, vectors = to_numpy(values), to_numpy(vectors)
    expected, theirs = dense(tokens, distance, 60)
    assert len(values) == len(expected)
    atol = 2e-6 if dtype == np.float64 else 5e-6
    np.testing.assert_allclose(values, expected, atol=atol)
    close = 1e-9 if dtype == np.float64 else 2e-6
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(values)), atol=close)
    # Subspaces end where there is a gap to end at.
    gaps = np.flatnonzero(np.diff(np.append(expected, 1.0)) > 0.01) + 1
    for n_vectors in gaps[:10]:
        assert leading_error(vectors, theirs, n_vectors) < 2e-3


@given(st.integers(2, 40), st.integers(1, 8), st.booleans(), st.integers(0, 2**31 - 1))
def test_graphs_are_those_of_the_matrix(n_tokens, width, coarse, seed):
    rng = np.random.default_rng(seed)
    tokens = rng.normal(size=(n_tokens, width))
    # Few values make copies, opposites and zero rows.
    tokens = unit(np.rint(tokens) if coarse else tokens)
    # A little more than the largest, so that no degree is made of rounding.
    distance = 1.01 * largest_cosine_distance(tokens) + 1e-3
    kept = np.flatnonzero(rng.random(n_tokens) < 0.7)
    for vertices in (np.arange(n_tokens), kept if kept.size else np.array([0])):
        graph = FactoredGraph.from_tokens(tokens, distance).restricted(vertices)
        affinity = cosine_affinity(tokens, np.ones(n_tokens), distance)
        matrix = normalise(affinity[np.ix_(vertices, vertices)])
        check_graph(graph, matrix, rng)


@given(st.integers(1, 40), st.integers(1, 8), st.booleans(), st.integers(0, 2**31 - 1))
def test_any_factor_will_do(n_vertices, width, keep, seed):
    rng = np.random.default_rng(seed)
    factor = rng.uniform(0.1, 2, size=(n_vertices, width))
    affinity = factor @ factor.T
    removed = None if keep else np.diagonal(affinity).copy()
    if not keep:
        np.fill_diagonal(affinity, 0.0)
    graph = FactoredGraph.from_factor(factor, removed=removed)
    check_graph(graph, normalise(affinity), rng)


def check_graph(graph, expected, rng):
    """Compare a graph with the one that has its matrix."""
    n_vertices = len(expected.degrees)
    np.testing.assert_allclose(graph.degrees, expected.degrees, atol=1e-9)
    vectors = rng.normal(size=(n_vertices, 3))
    np.testing.assert_allclose(
        graph.product(vectors), expected.product(vectors), atol=1e-6
    )
    np.testing.assert_allclose(
        graph.product(vectors[:, 0]), expected.product(vectors[:, 0]), atol=1e-6
    )
    np.testing.assert_allclose(graph.matrix(), expected.matrix(), atol=1e-6)
    np.testing.assert_allclose(graph.diagonal(), expected.diagonal(), atol=1e-6)
    assert graph.square_norm == pytest.approx(expected.square_norm, rel=1e-6)
    assert np.linalg.norm(graph.trivial) == pytest.approx(1)
    np.testing.assert_allclose(graph.product(graph.trivial), graph.trivial, atol=1e-9)
    n_pairs = min(5, n_vertices)
    values, vectors = factored_eigenpairs(graph, n_pairs)
    laplacian = np.eye(n_vertices) - expected.matrix()
    np.testing.assert_allclose(
        values, np.linalg.eigvalsh(laplacian)[:n_pairs], atol=1e-6
    )
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(n_pairs), atol=1e-8)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_graphs_are_the_same_on_arrays_of_all_kinds(dtype, to_array):
    tokens = KINDS["one side"]().astype(dtype)
    distance = largest_cosine_distance(tokens)
    expected = FactoredGraph.from_tokens(tokens.astype(np.float64), distance)
    graph = FactoredGraph.from_tokens(to_array(tokens), distance)
    assert graph.offset < 0
    close = {"atol": 1e-9 if dtype == np.float64 else 2e-6}
    vectors = np.random.default_rng(0).normal(size=(len(tokens), 3)).astype(dtype)
    product = graph.product(to_array(vectors))
    assert product.dtype == graph.factor.dtype
    np.testing.assert_allclose(
        to_numpy(product), expected.product(vectors.astype(np.float64)), **close
    )
    np.testing.assert_allclose(to_numpy(graph.matrix()), expected.matrix(), **close)
    assert graph.square_norm == pytest.approx(expected.square_norm)
    kept = np.arange(0, len(tokens), 3)
    np.testing.assert_allclose(
        to_numpy(graph.restricted(to_array(kept)).degrees),
        expected.restricted(kept).degrees,
    )


@given(
    st.integers(1, 60), st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**31 - 1)
)
def test_small_and_degenerate_graphs_have_the_matrix_s_eigenvalues(
    n_tokens, width, n_pairs, seed
):
    rng = np.random.default_rng(seed)
    tokens = unit(np.rint(rng.normal(size=(n_tokens, width))))
    check_eigenpairs(tokens, n_pairs)


@settings(max_examples=25)
@given(st.integers(501, 700), st.integers(1, 9), st.integers(0, 2**31 - 1))
def test_degenerate_graphs_without_their_matrix(n_tokens, width, seed):
    rng = np.random.default_rng(seed)
    # Up to a few hundred different tokens, many of them more than once.
    tokens = unit(np.rint(rng.normal(size=(n_tokens, width))))
    check_eigenpairs(tokens, 12)


def check_eigenpairs(tokens, n_pairs):
    distance = largest_cosine_distance(tokens)
    graph = FactoredGraph.from_tokens(tokens, distance)
    values, vectors = factored_eigenpairs(graph, n_pairs, capped=True)
    assert (values >= 0).all()
    assert (values < 1).all()
    assert len(values) <= max(n_pairs, 1)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(values)), atol=1e-8)
    residuals = vectors - graph.product(vectors) - vectors * values
    assert np.abs(residuals).max() < 1e-4
    expected, _ = dense(tokens, distance, n_pairs)
    # Values a hair under 1 are affinity to one and noise to the other.
    sure = expected[expected < 1 - 1e-3]
    np.testing.assert_allclose(values[: len(sure)], sure, atol=1e-5)


@pytest.mark.parametrize("kind", ["one direction", "two directions", "few of them"])
def test_pairs_beyond_those_of_the_factor_are_the_diagonal_s(kind, to_array):
    tokens = {
        "one direction": np.tile([0.6, 0.8], (700, 1)),
        "two directions": np.repeat(np.eye(2), [500, 200], axis=0),
        "few of them": clusters(700, 3, 4, 0.4, 0),
    }[kind]
    distance = largest_cosine_distance(tokens)
    graph = FactoredGraph.from_tokens(to_array(tokens), distance)
    values, vectors = (to_numpy(x) for x in factored_eigenpairs(graph, 9))
    affinity = cosine_affinity(tokens, np.ones(len(tokens)), distance)
    matrix = normalise(affinity).matrix()
    expected = 1 - np.linalg.eigvalsh(matrix)[::-1][:9]
    bound = to_numpy(graph.own).max()
    assert bound < 0.01
    np.testing.assert_allclose(values, expected, atol=bound)
    np.testing.assert_allclose(values[expected < 1], expected[expected < 1], atol=1e-6)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(9), atol=1e-9)
    residuals = vectors - matrix @ vectors - vectors * values
    assert np.linalg.norm(residuals, axis=0).max() < bound


def test_of_equal_vertices_the_smoothest_vectors_are_returned():
    graph = FactoredGraph.from_tokens(np.tile([0.6, 0.8], (700, 1)), 0.0)
    values, vectors = factored_eigenpairs(graph, 3)
    np.testing.assert_allclose(values, [0, 700 / 699, 700 / 699])
    assert (np.diff(np.sign(np.diff(vectors[:, 1]))) == 0).all()
    assert (np.diff(np.sign(vectors[:, 2])) != 0).sum() == 2


def test_equal_tokens_have_the_trivial_pair_alone():
    graph = FactoredGraph.from_tokens(np.tile([0.6, 0.8], (700, 1)), 0.0)
    values, vectors = factored_eigenpairs(graph, 5, capped=True)
    np.testing.assert_array_equal(values, [0.0])
    np.testing.assert_allclose(vectors[:, 0], 700**-0.5)


def test_tokens_without_affinity_are_components_of_their_own():
    # The last two are opposite to all others and to nothing else.
    tokens = np.vstack([np.tile([1.0, 0.0], (600, 1)), [[-1.0, 0.0]]])
    graph = FactoredGraph.from_tokens(tokens, 2.0)
    np.testing.assert_array_equal(np.flatnonzero(graph.own < 0), [600])
    values, vectors = factored_eigenpairs(graph, 4, capped=True)
    np.testing.assert_allclose(values, [0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(np.abs(vectors[600]), [0, 1], atol=1e-9)


@pytest.mark.parametrize("kind", ["clusters", "with copies", "two directions"])
def test_the_cut_is_that_of_the_matrix(kind, to_array):
    tokens = KINDS[kind]()
    distance = largest_cosine_distance(tokens)
    affinity = cosine_affinity(tokens, np.ones(len(tokens)), distance)
    n_parts = 2 if kind == "two directions" else 8
    # k-means of other arrays has other starts, and needs clusters to agree.
    clear = kind == "two directions"
    for assign_labels in ("cluster_qr", "kmeans"):
        parts = to_array(tokens)
        if assign_labels == "kmeans" and not (clear or parts is tokens):
            continue
        parts = cosine_k_way_cut(
            parts, n_parts, distance, assign_labels=assign_labels, seed=3
        )
        expected = k_way_cut(affinity, n_parts, assign_labels=assign_labels, seed=3)
        np.testing.assert_array_equal(to_numpy(parts), expected)


def test_few_tokens_and_many_parts():
    tokens = clusters(30, 50, 3, 0.2, 0)
    distance = largest_cosine_distance(tokens)
    affinity = cosine_affinity(tokens, np.ones(30), distance)
    np.testing.assert_array_equal(
        cosine_k_way_cut(tokens, 3, distance), k_way_cut(affinity, 3)
    )
    many = clusters(600, 4, 3, 0.2, 0)
    np.testing.assert_array_equal(
        cosine_k_way_cut(many, 700, largest_cosine_distance(many)), np.arange(600)
    )


def test_two_steps_are_enough_and_no_matrix_is_made(monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(_low_rank, "_dense", refuse)
    monkeypatch.setattr(_low_rank, "STEPS", 2)
    tokens = clusters(3000, 60, 20, 0.4, 7)
    factored_eigenpairs(FactoredGraph.from_tokens(tokens, 1.5), 40, capped=True)


def test_where_steps_run_out_the_matrix_or_a_warning_follows(monkeypatch):
    tokens = clusters(700, 40, 12, 1.0, 0)
    distance = largest_cosine_distance(tokens)
    graph = FactoredGraph.from_tokens(tokens, distance)
    monkeypatch.setattr(_low_rank, "STEPS", 0)
    monkeypatch.setattr(_low_rank, "TOLERANCE", {4: 1e-12, 8: 1e-12})
    values, _ = factored_eigenpairs(graph, 10, capped=True)
    np.testing.assert_allclose(values, dense(tokens, distance, 10)[0], atol=1e-12)
    monkeypatch.setattr(_low_rank, "DENSE_FALLBACK", 100)
    with pytest.warns(ConvergenceWarning, match="eigenvectors of 700 vertices"):
        factored_eigenpairs(graph, 10, capped=True)


def test_memory_grows_with_the_tokens_and_not_with_their_square():
    import tracemalloc

    tokens = clusters(12000, 16, 10, 0.5, 0).astype(np.float32)
    tracemalloc.start()
    factored_eigenpairs(FactoredGraph.from_tokens(tokens, 1.9), 12, capped=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The matrix would take 1.1 GB.
    assert peak < 40e6
