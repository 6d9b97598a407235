"""Block Krylov eigenpairs against LAPACK's."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skuhas.spectral import (
    FactoredGraph,
    Gates,
    _eigen,
    grow_tree,
    normalise,
    smallest_eigenpairs,
)
from skuhas.spectral._krylov import BASIS, SlowConvergenceError, largest_eigenpairs


def symmetric(values, seed):
    """Return a matrix of given eigenvalues, and its eigenvectors."""
    size = len(values)
    random = np.random.default_rng(seed).normal(size=(size, size))
    vectors = np.linalg.qr(random)[0]
    matrix = (vectors * values) @ vectors.T
    return (matrix + matrix.T) / 2, vectors


def solve(matrix, n_pairs, **arguments):
    """Return eigenpairs and the number of products that they took."""
    count = 0

    def product(columns):
        nonlocal count
        count += 1
        return matrix @ columns

    chosen = {"tolerance": 1e-8, "n_products": 200} | arguments
    values, vectors = largest_eigenpairs(
        product, len(matrix), n_pairs, reference=matrix[0], **chosen
    )
    return values[:n_pairs], vectors[:, :n_pairs], count


def check(matrix, values, vectors, atol=1e-8):
    n_pairs = len(values)
    expected = np.linalg.eigvalsh(matrix)[::-1][:n_pairs]
    np.testing.assert_allclose(values, expected, atol=atol)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(n_pairs), atol=1e-9)
    residuals = matrix @ vectors - vectors * values
    assert np.linalg.norm(residuals, axis=0).max() < 10 * atol


SPECTRA = {
    "even": lambda size: np.linspace(-1, 1, size),
    "falling fast": lambda size: 0.9 ** np.arange(size),
    "nearly equal": lambda size: 1 - 1e-4 * np.arange(size) / size,
    "one outlier": lambda size: np.r_[1.0, np.linspace(-0.01, 0.01, size - 1)],
    "rank one": lambda size: np.r_[1.0, np.zeros(size - 1)],
    "nothing": lambda size: np.zeros(size),
    "three values": lambda size: np.repeat([1.0, 0.5, -1.0], size // 3),
    "more equal than a block": lambda size: np.r_[
        np.ones(7), np.linspace(0, 0.5, size - 7)
    ],
    "negative": lambda size: -1.0 - np.linspace(0, 1, size),
}


@pytest.mark.parametrize("kind", SPECTRA)
@pytest.mark.parametrize("n_pairs", [2, 9])
def test_pairs_are_those_of_the_matrix(kind, n_pairs):
    matrix, _ = symmetric(SPECTRA[kind](240), 0)
    values, vectors, _ = solve(matrix, n_pairs)
    check(matrix, values, vectors)


def test_an_exhausted_space_goes_on_at_random():
    # Four vectors and their images span all but the kernel.
    matrix, _ = symmetric(SPECTRA["rank one"](300), 1)
    values, vectors, count = solve(matrix, 3)
    check(matrix, values, vectors)
    assert count <= 4


@pytest.mark.parametrize("n_pairs", [2, 12, 20])
def test_restarts_come_to_the_same(n_pairs):
    # Steps of 1e-3 need more products than the basis has room for.
    matrix, _ = symmetric(1 - 1e-3 * np.arange(400), 2)
    values, vectors, count = solve(matrix, n_pairs, tolerance=1e-7)
    assert count * max(4, n_pairs + 1) > BASIS
    check(matrix, values, vectors, atol=1e-7)


def test_a_start_changes_the_time_alone():
    matrix, exact = symmetric(np.linspace(-1, 1, 300) ** 3, 3)
    values, vectors, cold = solve(matrix, 2)
    leading = exact[:, [-1, -2]]
    near = leading + 1e-6 * np.random.default_rng(0).normal(size=(300, 2))
    wrong = np.random.default_rng(1).normal(size=(300, 7))
    counts = []
    for start in (leading, near, wrong, exact[:, :3], np.zeros((300, 2))):
        others, columns, count = solve(matrix, 2, start=start)
        np.testing.assert_allclose(others, values, atol=1e-10)
        np.testing.assert_allclose(np.abs(columns.T @ vectors), np.eye(2), atol=1e-6)
        counts.append(count)
    assert counts[0] == 2
    assert counts[1] < cold


@pytest.mark.parametrize(("n_pairs", "n_products"), [(2, 1), (2, 5), (30, 3), (30, 7)])
def test_slow_convergence_tells_what_it_came_to(n_pairs, n_products):
    matrix, _ = symmetric(1 - 1e-5 * np.arange(330), 4)
    with pytest.raises(SlowConvergenceError) as caught:
        solve(matrix, n_pairs, n_products=n_products, tolerance=1e-14)
    values, vectors = caught.value.values, caught.value.vectors
    assert len(values) >= n_pairs
    assert vectors.shape == (330, len(values))
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(values)), atol=1e-9)
    # Rayleigh quotients of a space: never above the eigenvalues they stand for.
    np.testing.assert_allclose(
        values, np.diagonal(vectors.T @ matrix @ vectors), atol=1e-12
    )
    assert (values <= 1 - 1e-5 * np.arange(len(values)) + 1e-12).all()
    assert caught.value.residual > 1e-14


def _ring(size):
    near = np.eye(size, k=1) + np.eye(size, k=size - 1)
    return near + near.T + np.eye(size)


def _blobs(size, rng):
    points = rng.normal(size=(size, 3)) + 4 * np.eye(3)[rng.integers(3, size=size)]
    return np.exp(-np.linalg.norm(points[:, None] - points[None], axis=2))


GRAPHS = {
    "blobs": _blobs,
    "random": lambda size, rng: np.square(rng.random((size, size))),
    "sparse": lambda size, rng: 1.0 * (rng.random((size, size)) < 0.05),
    "ring": lambda size, _: _ring(size),
    "blocks": lambda size, _: np.kron(
        np.eye(4) + 0.01, np.ones((size // 4, size // 4))
    ),
    "components": lambda size, _: np.kron(np.eye(2), np.ones((size // 2, size // 2))),
    "star": lambda size, _: np.outer(np.arange(size) == 0, np.ones(size)),
}


# Of rings and the like.
@pytest.mark.filterwarnings("ignore:.*a dense solver takes over")
@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("size", [200, 420])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_graphs_have_the_pairs_of_their_laplacian(kind, size, dtype):
    affinity = GRAPHS[kind](size, np.random.default_rng(size))
    affinity = (affinity + affinity.T).astype(dtype)
    laplacian = np.eye(size) - normalise(affinity.astype(np.float64)).matrix()
    for n_pairs in (3, 10):
        values, vectors = smallest_eigenpairs(normalise(affinity), n_pairs)
        expected = np.linalg.eigvalsh(laplacian)[:n_pairs]
        close = 1e-6 if dtype == np.float64 else 1e-5
        np.testing.assert_allclose(values, expected, atol=close)
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(n_pairs), atol=close)
        residuals = laplacian @ vectors - vectors * values
        assert np.linalg.norm(residuals, axis=0).max() < 6 * close


def test_guesses_of_a_graph_change_the_time_alone(monkeypatch):
    affinity = _blobs(300, np.random.default_rng(0))
    graph = normalise(affinity)
    values, vectors, guesses = _eigen.pairs_and_guesses(graph, 3)
    assert guesses.shape == (300, 4)
    for start in (guesses, guesses[:, ::-1], np.ones((300, 1))):
        others, columns = smallest_eigenpairs(graph, 3, start=start)
        np.testing.assert_allclose(others, values, atol=1e-9)
        np.testing.assert_allclose(columns, vectors, atol=1e-5)
    # With the answer as a start two products are enough.
    monkeypatch.setattr(_eigen, "PRODUCTS", 2)
    monkeypatch.setattr(_eigen, "PRODUCT_SHARE", 10**6)
    smallest_eigenpairs(graph, 3, start=guesses)
    with pytest.warns(ConvergenceWarning, match="a dense solver takes over"):
        smallest_eigenpairs(graph, 3)


@pytest.mark.parametrize("max_branching", [2, 6])
def test_a_tree_says_once_what_gave_way(monkeypatch, max_branching):
    monkeypatch.setattr(_eigen, "PRODUCTS", 2)
    monkeypatch.setattr(_eigen, "PRODUCT_SHARE", 10**6)
    solved = []
    dense = _eigen.largest_of_matrix

    def largest_of_matrix(matrix, n_pairs):
        if matrix.shape[-1] >= _eigen.KRYLOV:
            solved.append(matrix.shape[-1])
        return dense(matrix, n_pairs)

    monkeypatch.setattr(_eigen, "largest_of_matrix", largest_of_matrix)
    affinity = _blobs(1000, np.random.default_rng(0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gates = Gates(max_branching=max_branching, max_depth=3)
        grow_tree(affinity, np.ones(1000), np.arange(1000), gates)
    assert len(solved) > 2
    (warning,) = caught
    assert warning.category is ConvergenceWarning
    message = f"The eigenvectors of {len(solved)} nodes, of {min(solved)} to 1000 "
    assert str(warning.message).startswith(message)


def test_a_factored_graph_that_converges_too_slowly_warns(monkeypatch):
    factor = np.random.default_rng(0).random((300, 150)) ** 8
    graph = FactoredGraph.from_factor(factor)
    expected = np.linalg.eigvalsh(np.eye(300) - graph.matrix())
    values, vectors = smallest_eigenpairs(graph, 4)
    np.testing.assert_allclose(values, expected[:4], atol=1e-6)
    monkeypatch.setattr(_eigen, "PRODUCTS", -28)
    with pytest.warns(ConvergenceWarning, match="3 eigenvectors of 300 vertices have"):
        values, vectors = smallest_eigenpairs(graph, 4)
    assert values.shape == (4,)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-3)
    assert (values >= expected[:4] - 1e-6).all()
    assert np.abs(values - expected[:4]).max() < 0.1


@pytest.mark.parametrize("n_pairs", [20, 30])
def test_many_pairs_of_a_factored_graph(n_pairs):
    # As many as the basis has columns left over: restarts must keep them all.
    affinity = _blobs(300, np.random.default_rng(0))
    graph = FactoredGraph.from_factor(np.linalg.cholesky(affinity))
    values, vectors = smallest_eigenpairs(graph, n_pairs)
    expected = np.linalg.eigvalsh(np.eye(300) - graph.matrix())[:n_pairs]
    np.testing.assert_allclose(values, expected, atol=1e-6)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(n_pairs), atol=1e-6)
