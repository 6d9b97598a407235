import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import rbf_kernel

from skuhas.spectral import _eigen, normalise, smallest_eigenpairs
from tests.spectral import _literal


@pytest.mark.parametrize("n_vertices", [3, 10, 24, 25, 60, 199, 200, 320])
@pytest.mark.parametrize("self_affinity", [True, False])
def test_pairs_are_those_of_the_laplacian(random_graph, n_vertices, self_affinity):
    affinity, _ = random_graph(n_vertices, 1, self_affinity=self_affinity)
    graph = normalise(affinity)
    laplacian = np.eye(n_vertices) - graph.matrix()
    if n_vertices <= 25:
        np.testing.assert_allclose(laplacian, _literal.laplacian(affinity), atol=1e-12)
    n_pairs = min(5, n_vertices)
    values, vectors = smallest_eigenpairs(graph, n_pairs)
    expected = np.linalg.eigvalsh(laplacian)[:n_pairs]
    np.testing.assert_allclose(values, expected, atol=1e-7)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-5)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(n_pairs), atol=1e-7)


def test_components_are_found_with_the_trivial_vector_deflated():
    affinity = np.kron(np.eye(3), np.ones((4, 4)))
    values, vectors = smallest_eigenpairs(normalise(affinity), 4)
    np.testing.assert_allclose(values, [0, 0, 0, 1], atol=1e-12)
    # The first is the constant vector, not a mixture of the three indicators.
    np.testing.assert_allclose(vectors[:, 0], np.full(12, 12**-0.5))
    np.testing.assert_allclose(vectors[:, 0] @ vectors[:, 1:], 0, atol=1e-12)


def test_eigenvalues_above_one_do_not_hide_behind_the_trivial_pair():
    # The complete graph without loops: all others are n / (n - 1).
    affinity = np.ones((6, 6)) - np.eye(6)
    values, _ = smallest_eigenpairs(normalise(affinity), 3)
    np.testing.assert_allclose(values, [0, 1.2, 1.2], atol=1e-12)


def test_bipartite_graph_reaches_two():
    affinity = np.array([[0.0, 1.0], [1.0, 0.0]])
    values, _ = smallest_eigenpairs(normalise(affinity), 2)
    np.testing.assert_allclose(values, [0, 2], atol=1e-12)


def test_isolated_vertices_are_components():
    affinity = np.zeros((4, 4))
    affinity[:2, :2] = 1.0
    graph = normalise(affinity)
    np.testing.assert_allclose(np.diagonal(graph.matrix()), [0.5, 0.5, 1, 1])
    values, _ = smallest_eigenpairs(graph, 4)
    np.testing.assert_allclose(values, [0, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(
        np.eye(4) - graph.matrix(), _literal.laplacian(affinity), atol=1e-12
    )


def test_a_graph_without_edges_has_a_zero_laplacian():
    graph = normalise(np.zeros((3, 3)))
    values, vectors = smallest_eigenpairs(graph, 3)
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-12)


def test_signs_are_fixed(random_graph):
    affinity, _ = random_graph(30, 3)
    _, vectors = smallest_eigenpairs(normalise(affinity), 4)
    for vector in vectors.T:
        assert vector[np.argmax(np.abs(vector))] > 0


@pytest.mark.parametrize("n_vertices", [40, 250])
def test_repeated_calls_agree_to_the_bit(n_vertices):
    # Equal leaves: Lanczos exhausts its Krylov space and starts anew.
    graph = normalise(np.ones((n_vertices, n_vertices)))
    first = smallest_eigenpairs(graph, 3)
    second = smallest_eigenpairs(graph, 3)
    np.testing.assert_array_equal(first[1], second[1])
    np.testing.assert_allclose(first[0], [0, 1, 1], atol=1e-7)


def test_equal_vertices_get_smooth_vectors_along_their_order():
    # Any orthogonal vectors would do; these make an even, connected split.
    weights = np.array([1.0, 5.0, 2.0, 3.0, 1.0, 4.0])
    graph = normalise(np.outer(weights, weights))
    values, vectors = smallest_eigenpairs(graph, 3)
    np.testing.assert_allclose(values, [0, 1, 1], atol=1e-12)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-12)
    along = vectors[:, 1] * graph.scale
    assert (np.diff(along) > 0).all() or (np.diff(along) < 0).all()


def test_failed_iterations_give_way_to_the_dense_solver(random_graph, monkeypatch):
    affinity, _ = random_graph(210, 0)
    expected = smallest_eigenpairs(normalise(affinity), 3)

    monkeypatch.setattr(_eigen, "PRODUCTS", -20)
    with pytest.warns(ConvergenceWarning, match="2 eigenvectors of 210 vertices"):
        values, vectors = smallest_eigenpairs(normalise(affinity), 3)
    np.testing.assert_allclose(values, expected[0], atol=1e-7)
    np.testing.assert_allclose(np.abs(vectors), np.abs(expected[1]), atol=1e-4)


# Eigenvalues that lie next to each other take more products than a dense solver.
@pytest.mark.filterwarnings("ignore:.*a dense solver takes over")
@pytest.mark.parametrize("n_vertices", [30, 85, 150, 300])
@pytest.mark.parametrize("gamma", [1.0, 30.0, 1000.0])
def test_many_near_components(n_vertices, gamma):
    points = np.random.default_rng(0).normal(size=(n_vertices, 3))
    affinity = rbf_kernel(points, gamma=gamma)
    graph = normalise(affinity)
    values, vectors = smallest_eigenpairs(graph, 3)
    laplacian = np.eye(n_vertices) - graph.matrix()
    expected = np.linalg.eigvalsh(laplacian)[:3]
    np.testing.assert_allclose(values, expected, atol=1e-6)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-5)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-6)


@pytest.mark.parametrize("isolated", [False, True])
def test_products_are_those_of_the_matrix(random_graph, isolated):
    affinity, _ = random_graph(12, 4)
    if isolated:
        affinity[3] = affinity[:, 3] = 0.0
    graph = normalise(affinity)
    matrix = np.eye(12) - _literal.laplacian(affinity)
    np.testing.assert_allclose(graph.matrix(), matrix, atol=1e-12)
    np.testing.assert_allclose(graph.diagonal(), np.diagonal(matrix), atol=1e-12)
    assert graph.square_norm == pytest.approx((matrix**2).sum())
    vectors = np.random.default_rng(0).normal(size=(12, 3))
    np.testing.assert_allclose(graph.product(vectors), matrix @ vectors, atol=1e-12)
    np.testing.assert_allclose(
        graph.product(vectors[:, 0]), matrix @ vectors[:, 0], atol=1e-12
    )
