"""Tensors, on the host and on a GPU, against numpy's arrays."""

import numpy as np
import pytest
from scipy import sparse

from skuhas.spectral import (
    CosineKernel,
    DenseSource,
    ExponentialKernel,
    FactoredGraph,
    Gates,
    LargeSource,
    Locality,
    coarsen,
    cosine_affinity,
    diffusion_nearness,
    exponential_affinity,
    grow_tree,
    grow_trees,
    k_means,
    landmark_graph,
    largest_cosine_distance,
    mean_normalised_cut,
    normalise,
    perturbation,
    smallest_eigenpairs,
    split_graph,
    sweep_cut,
    to_numpy,
)
from skuhas.spectral._krylov import largest_eigenpairs
from skuhas.spectral._split import split_affinities
from skuhas.spectral._sweep import sweep
from tests.spectral.conftest import ARRAYS
from tests.spectral.test_large import same_nodes, scene, shares_of
from tests.spectral.test_stacks import KINDS, make_source, make_stack

DTYPES = [np.float32, np.float64]


@pytest.fixture(autouse=True)
def _one_torch_thread():
    """These tensors are small; threads would wait for each other."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=["torch", "cuda"])
def to_tensor(request):
    return ARRAYS[request.param]


def close(dtype, double=1e-9, single=2e-5):
    return {"rtol": double if dtype == np.float64 else single, "atol": 10 * double}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 30, 70, 260])
def test_affinities(to_tensor, dtype, size):
    rng = np.random.default_rng(size)
    rows = rng.normal(size=(size, 5))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(dtype)
    areas, colors = rng.uniform(1, 9, size), rng.uniform(0, 50, (size, 3))
    affinity = exponential_affinity(
        to_tensor(rows), to_tensor(areas), colors=to_tensor(colors), color_scale=30.0
    )
    assert affinity.device == to_tensor(rows).device
    assert to_numpy(affinity).dtype == dtype
    np.testing.assert_array_equal(to_numpy(affinity), to_numpy(affinity).T)
    expected = exponential_affinity(rows, areas, colors=colors, color_scale=30.0)
    np.testing.assert_allclose(to_numpy(affinity), expected, **close(dtype))
    distance = largest_cosine_distance(rows)
    cosine = cosine_affinity(to_tensor(rows), to_tensor(areas), distance)
    np.testing.assert_array_equal(to_numpy(cosine), to_numpy(cosine).T)
    expected = cosine_affinity(rows, areas, distance)
    np.testing.assert_allclose(to_numpy(cosine), expected, **close(dtype, 1e-7))
    kernel = ExponentialKernel.of_regions(rows, areas)
    chosen = np.array([size - 1, 0])
    columns = kernel.moved(to_tensor(rows)).columns(chosen)
    np.testing.assert_allclose(
        to_numpy(columns), kernel.columns(chosen), **close(dtype)
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_nearness(to_tensor, dtype):
    rng = np.random.default_rng(0)
    conductance = np.triu(rng.random((40, 40)) * (rng.random((40, 40)) < 0.1), 1)
    conductance[:, 7] = conductance[7] = 0.0
    conductance = (conductance + conductance.T).astype(dtype)
    degrees = conductance.sum(axis=1) * 1.1
    for more in (None, degrees):
        given = None if more is None else to_tensor(more)
        near = diffusion_nearness(to_tensor(conductance), degrees=given)
        expected = diffusion_nearness(conductance, degrees=more)
        assert to_numpy(near).dtype == dtype
        np.testing.assert_array_equal(to_numpy(near), to_numpy(near).T)
        np.testing.assert_allclose(
            np.exp(to_numpy(near)), np.exp(expected), **close(dtype, single=1e-3)
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("stacked", [True, False])
@pytest.mark.parametrize("size", [3, 30, 300])
def test_normalised_graphs(to_tensor, kind, dtype, stacked, size):
    affinity = make_stack(2, size, 0, kind)[0].astype(dtype)
    affinity = affinity if stacked else affinity[0]
    graph, expected = normalise(to_tensor(affinity)), normalise(affinity)
    assert graph.single == (dtype == np.float32)
    for name in ("degrees", "scale", "trivial", "square_norm"):
        np.testing.assert_allclose(
            to_numpy(getattr(graph, name)), getattr(expected, name), **close(dtype)
        )
    np.testing.assert_allclose(
        to_numpy(graph.matrix()), expected.matrix(), **close(dtype)
    )
    for ours, theirs in zip(
        graph.other_eigenvalues(), expected.other_eigenvalues(), strict=True
    ):
        np.testing.assert_allclose(to_numpy(ours), theirs, atol=1e-5)
    vectors = np.random.default_rng(0).normal(size=(*affinity.shape[:-1], 2))
    np.testing.assert_allclose(
        to_numpy(graph.product(to_tensor(vectors))),
        expected.product(vectors),
        rtol=1e-9 if dtype == np.float64 else 1e-3,
        atol=1e-8 if dtype == np.float64 else 1e-5,
    )
    order = np.argsort(vectors[..., 0], axis=-1)
    np.testing.assert_allclose(
        to_numpy(graph.leading_sums(to_tensor(order))),
        expected.leading_sums(order),
        **close(dtype),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [3, 20, 60, 250])
def test_eigenpairs(to_tensor, dtype, size):
    affinity = make_stack(2, size, 1)[0].astype(dtype)
    n_pairs = min(size, 4)
    for part in (affinity, affinity[0]):
        values, vectors = smallest_eigenpairs(normalise(to_tensor(part)), n_pairs)
        expected, theirs = smallest_eigenpairs(normalise(part), n_pairs)
        np.testing.assert_allclose(to_numpy(values), expected, atol=2e-6)
        atol = 1e-3 if dtype == np.float32 else 1e-5
        np.testing.assert_allclose(
            to_numpy(vectors)[..., :2], theirs[..., :2], atol=atol
        )


def test_exhausted_krylov_spaces(to_tensor):
    matrix = np.diag(np.r_[1.0, 0.5, np.zeros(298)])
    start = np.eye(300)[:, :3]
    for guess in (None, start):
        values, vectors = largest_eigenpairs(
            lambda columns: to_tensor(matrix) @ columns,
            300,
            3,
            tolerance=1e-9,
            n_products=20,
            reference=to_tensor(matrix[0]),
            start=None if guess is None else to_tensor(guess),
        )
        np.testing.assert_allclose(to_numpy(values)[:3], [1, 0.5, 0], atol=1e-9)
        gram = to_numpy(vectors.T @ vectors)
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sweeps_and_perturbations(to_tensor, kind, dtype):
    affinity, weights = make_stack(5, 9, 2, kind)
    affinity = affinity.astype(dtype)
    values = np.random.default_rng(0).integers(5, size=(5, 9)) * 0.5
    values[1] = 0.3
    parts, costs = sweep(normalise(to_tensor(affinity)), to_tensor(values))
    expected, theirs = sweep(normalise(affinity), values)
    np.testing.assert_array_equal(to_numpy(parts), expected)
    np.testing.assert_allclose(to_numpy(costs), theirs, **close(dtype, 1e-7))
    assert sweep_cut(to_tensor(affinity[1]), to_tensor(values[1])) is None
    for place in (0, 2, 3, 4):
        entry = to_tensor(affinity[place]), to_tensor(expected[place])
        assert mean_normalised_cut(*entry) == pytest.approx(
            mean_normalised_cut(affinity[place], expected[place]), abs=1e-5
        )
        for self_affinity in (True, False):
            bound = perturbation(
                normalise(entry[0]),
                entry[1],
                to_tensor(weights[place]),
                0.5,
                self_affinity=self_affinity,
            )
            assert bound == pytest.approx(
                perturbation(
                    normalise(affinity[place]),
                    expected[place],
                    weights[place],
                    0.5,
                    self_affinity=self_affinity,
                ),
                abs=1e-3 if dtype == np.float32 else 1e-6,
            )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 12, 40])
@pytest.mark.parametrize("max_branching", [2, 6])
def test_splits_of_stacks(to_tensor, kind, size, max_branching):
    affinity, weights = make_stack(5, size, 3, kind)
    gates = Gates(max_branching=max_branching, max_ncut=0.5)
    arguments = {"self_affinity": True, "assign_labels": "cluster_qr"}
    splits, _ = split_affinities(
        to_tensor(affinity), to_tensor(weights), gates, seeds=[0] * 5, **arguments
    )
    expected, _ = split_affinities(affinity, weights, gates, seeds=[0] * 5, **arguments)
    # Repeated eigenvalues leave the vectors free.
    compared = slice(None) if kind == "blobs" else slice(1, -1)
    for ours, theirs in zip(splits[compared], expected[compared], strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert isinstance(ours.parts, np.ndarray)
            np.testing.assert_array_equal(ours.parts, theirs.parts)
            assert ours.ncut == pytest.approx(theirs.ncut, abs=1e-9)
            assert ours.perturbation == pytest.approx(theirs.perturbation, rel=1e-5)
    one = split_graph(to_tensor(affinity[1]), to_tensor(weights[1]), gates)
    other = split_graph(affinity[1], weights[1], gates)
    assert (one is None) == (other is None)


def moved(source, to_tensor):
    locality = source.locality
    if locality is not None:
        near = to_tensor(locality.log_nearness)
        locality = Locality(near, locality.shares, locality.strength)
    return DenseSource(to_tensor(source.affinity), to_tensor(source.weights), locality)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gates", [Gates(), Gates(max_ncut=0.4)])
def test_trees_are_equal(to_tensor, dtype, gates):
    sources = [make_source(size, size, dtype) for size in (1, 2, 40, 230)]
    labels = [np.arange(source.size) for source in sources]
    tensors = [moved(source, to_tensor) for source in sources]
    trees = grow_trees(tensors, labels, gates)
    for tree, other in zip(trees, grow_trees(sources, labels, gates), strict=True):
        same_nodes(tree, other)
    alone = grow_tree(
        tensors[2].affinity,
        tensors[2].weights,
        labels[2],
        gates,
        locality=tensors[2].locality,
    )
    same_nodes(trees[2], alone)


@pytest.mark.parametrize("n_kept", [3, 49, 210])
def test_parts_of_sources(to_tensor, n_kept):
    source = make_source(220, 5)
    tensor = moved(source, to_tensor)
    vertices = np.arange(n_kept) + 4
    for source_, kept in (
        (tensor, vertices),
        (tensor.restricted(vertices), np.arange(n_kept)),
    ):
        affinity, weights = source_.part(kept[None])
        expected, theirs = source.part(vertices[None])
        np.testing.assert_allclose(to_numpy(affinity), expected, rtol=1e-10)
        np.testing.assert_array_equal(to_numpy(weights), theirs)
        np.testing.assert_array_equal(source_.names(kept), vertices)


@pytest.mark.parametrize("dtype", DTYPES)
def test_landmarks(to_tensor, dtype):
    kernel, _, _ = scene(16, 5, 0.6, 0, dtype)
    graph, missing = landmark_graph(
        kernel.moved(to_tensor(kernel.roots)), max_landmarks=120, tolerance=0.0
    )
    expected, theirs = landmark_graph(kernel, max_landmarks=120, tolerance=0.0)
    # Rounding may draw another landmark in single precision.
    assert missing == pytest.approx(theirs, rel=0.2, abs=1e-9)
    if dtype == np.float64:
        np.testing.assert_allclose(
            to_numpy(graph.matrix()), expected.matrix(), atol=1e-7
        )
    near = kernel.take(np.repeat(np.arange(5), 50)).moved(to_tensor(kernel.roots))
    graph, missing = landmark_graph(near, tolerance=0.0, max_landmarks=90)
    assert missing < 1e-4


@pytest.mark.parametrize("kind", ["groups", "landmarks", "cosine"])
def test_trees_of_large_sources(to_tensor, kind):
    kernel, conductance, blob = scene(20, 4, 0.05, 4)
    weights, shares = kernel.roots, shares_of(kernel)
    trees = []
    for convert in (np.asarray, to_tensor):
        reference = convert(weights)
        if kind == "cosine":
            distance = largest_cosine_distance(kernel.descriptors)
            cosine = CosineKernel(kernel.descriptors, np.ones(400), distance)
            graph = cosine.moved(reference).graph()
            assert isinstance(graph, FactoredGraph)
            source = LargeSource(
                cosine,
                np.ones(400),
                shares,
                graph,
                limit=80,
                reference=reference,
            )
        else:
            graph = None
            if kind == "landmarks":
                graph, _ = landmark_graph(kernel.moved(reference), tolerance=0.001)
            source = LargeSource(
                kernel,
                weights,
                shares,
                graph,
                sparse.csr_array(conductance),
                rounds=coarsen(kernel, conductance, 80),
                limit=80,
                reference=reference,
            )
        (tree,) = grow_trees(
            [source],
            [np.arange(400)],
            Gates(max_depth=5),
            self_affinity=kind != "cosine",
        )
        trees.append(tree)
    nodes = {mask.tobytes() for mask in trees[1].masks()}
    for number in range(4):
        assert (blob == number).tobytes() in nodes
    if kind != "landmarks":
        same_nodes(*trees)


@pytest.mark.parametrize("n_parts", [2, 5])
def test_k_means_of_clear_clusters(to_tensor, n_parts):
    rng = np.random.default_rng(0)
    of = np.repeat(np.arange(n_parts), 30)
    rows = 10 * np.eye(n_parts)[of] + rng.normal(size=(len(of), n_parts))
    labels = to_numpy(k_means(to_tensor(rows), n_parts, seed=0))
    pairs = np.unique(np.stack([labels, of]), axis=1)
    assert pairs.shape[1] == n_parts
