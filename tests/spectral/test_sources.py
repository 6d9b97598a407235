"""What nodes take of a graph, against direct indexing."""

import numpy as np
import pytest
from scipy import sparse

from skuhas.spectral import (
    CosineKernel,
    DenseSource,
    ExponentialKernel,
    LargeSource,
    Locality,
    _sources,
    coarsen,
    diffusion_nearness,
    landmark_graph,
)


def make_dense(size, order="C", dtype=np.float64, *, strength=1.5):
    rng = np.random.default_rng(size)
    affinity = rng.random((size, size))
    affinity = np.asarray(affinity + affinity.T, dtype=dtype, order=order)
    near = -3 * rng.random((size, size))
    near = np.asarray(near + near.T, dtype=dtype, order=order)
    np.fill_diagonal(near, 0.0)
    shares = rng.dirichlet(np.ones(size))
    locality = Locality(near, shares, strength) if strength else None
    return DenseSource(affinity, rng.uniform(1, 2, size), locality)


def literal(source, vertices):
    """Return A * K^q of a node by its formula."""
    pairs = np.ix_(vertices, vertices)
    result = source.affinity[pairs].astype(np.float64)
    if source.locality is None:
        return result
    locality = source.locality
    share = locality.shares[vertices].sum()
    power = locality.strength * min(1.0, max(np.log(1 / share), 0.0) / np.log(100))
    return result * np.exp(locality.log_nearness[pairs].astype(np.float64) * power)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("strength", [0, 1.5])
@pytest.mark.parametrize("n_kept", [2, 48, 49, 63, 64, 65, 130, 199, 200, 299, 300])
def test_a_part_is_its_rows_and_columns(order, dtype, strength, n_kept):
    source = make_dense(300, order, dtype, strength=strength)
    rng = np.random.default_rng(n_kept)
    vertices = np.sort(rng.permutation(300)[:n_kept])
    before = source.affinity.copy()
    affinity, weights = source.part(vertices[None])
    assert affinity.dtype == (np.float64 if n_kept < 200 else dtype)
    assert affinity.shape == (1, n_kept, n_kept)
    # The exponent is rounded to twelve places.
    close = 2e-11 if dtype == np.float64 else 5e-6
    np.testing.assert_allclose(affinity[0], literal(source, vertices), rtol=close)
    np.testing.assert_array_equal(weights[0], source.weights[vertices])
    np.testing.assert_array_equal(source.affinity, before)
    # Two nodes at once go by pairs of indices, whatever their size.
    stack, _ = source.part(np.stack([vertices, np.arange(n_kept)]))
    np.testing.assert_allclose(stack[0], affinity[0], rtol=close)
    np.testing.assert_allclose(stack[1], literal(source, np.arange(n_kept)), rtol=close)


def test_pairs_and_strips_agree(monkeypatch):
    source = make_dense(120)
    vertices = np.arange(0, 120, 2)[None]
    strips, _ = source.part(vertices)
    monkeypatch.setattr(_sources, "BY_PAIRS", 100)
    pairs, _ = source.part(vertices)
    np.testing.assert_allclose(strips, pairs, rtol=1e-13)


def test_the_root_without_nearness_is_not_copied():
    source = make_dense(250, strength=0)
    affinity, _ = source.part(np.arange(250)[None])
    assert np.shares_memory(affinity, source.affinity)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("strength", [0, 1.5])
def test_a_restricted_source_gives_the_same_parts(order, strength):
    source = make_dense(200, order, strength=strength)
    rng = np.random.default_rng(0)
    vertices = np.sort(rng.permutation(200)[:90])
    smaller = source.restricted(vertices)
    assert smaller.size == 90
    np.testing.assert_array_equal(smaller.names(np.arange(90)), vertices)
    for kept in (np.arange(90), np.arange(5, 85), np.array([3, 40, 88])):
        mine, weights = smaller.part(kept[None])
        whole, expected = source.part(vertices[kept][None])
        np.testing.assert_allclose(mine, whole, rtol=1e-13)
        np.testing.assert_array_equal(weights, expected)
    # Names go back to the first graph, through any number of parts.
    again = smaller.restricted(np.arange(10, 50))
    np.testing.assert_array_equal(again.names(np.array([0, 7])), vertices[[10, 17]])


def make_large(size=60, *, limit=20, strength=1.0, graph=None):
    rng = np.random.default_rng(size)
    rows = rng.normal(size=(size, 5)) + 2
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    areas = rng.uniform(1, 5, size)
    colors = rng.uniform(0, 50, (size, 3))
    kernel = ExponentialKernel.of_regions(rows, areas, colors=colors, color_scale=30.0)
    chain = rng.random(size - 1) + 0.1
    conductance = sparse.csr_array(np.diag(chain, 1) + np.diag(chain, -1))
    return LargeSource(
        kernel,
        np.sqrt(areas),
        areas / areas.sum(),
        graph(kernel) if graph else None,
        conductance,
        strength,
        coarsen(kernel, conductance, limit),
        limit,
    )


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_dense_parts_of_a_large_source(strength):
    source = make_large(strength=strength)
    vertices = np.r_[3:20, 40:52]
    part = source.dense(vertices)
    pairs = np.ix_(vertices, vertices)
    np.testing.assert_allclose(part.affinity, source.kernel.matrix()[pairs], rtol=1e-12)
    np.testing.assert_array_equal(part.weights, source.weights[vertices])
    np.testing.assert_array_equal(part.names(np.array([0, 20])), vertices[[0, 20]])
    if not strength:
        assert part.locality is None
        return
    assert part.locality.strength == strength
    np.testing.assert_array_equal(part.locality.shares, source.shares[vertices])
    # Degrees are those of the whole: walks that leave do not come back.
    whole = source.conductance.toarray()
    step = 0.99 * whole[pairs] / np.sqrt(np.outer(*[whole.sum(1)[vertices]] * 2))
    walks = np.linalg.inv(np.eye(len(vertices)) - step)
    root = np.sqrt(np.diagonal(walks))
    expected = np.log(np.clip(walks / np.outer(root, root), 1e-12, 1.0))
    np.testing.assert_allclose(part.locality.log_nearness, expected, atol=1e-4)
    # All of it is the nearness of the whole.
    np.testing.assert_allclose(
        source.dense(np.arange(60)).locality.log_nearness,
        diffusion_nearness(whole),
        atol=1e-4,
    )


@pytest.mark.parametrize("kept", [np.arange(60), np.r_[2:30, 33:60]])
def test_groups_of_a_large_source(kept):
    source = make_large()
    grouped, groups = source.grouped(kept)
    n_groups = groups.max() + 1
    assert 10 < n_groups <= 20
    assert grouped.size == n_groups
    # Numbered by their first region, and the finest that are few enough.
    np.testing.assert_array_equal(np.unique(groups), np.arange(n_groups))
    firsts = [np.argmax(groups == group) for group in range(n_groups)]
    assert firsts == sorted(firsts)
    counts = [np.unique(entry[kept]).size for entry in source.rounds]
    assert n_groups == max(count for count in counts if count <= 20)
    member = np.eye(n_groups)[groups]
    shares = member.T @ source.shares[kept]
    np.testing.assert_allclose(grouped.locality.shares, shares)
    kernel = source.kernel.take(kept).grouped(groups)
    np.testing.assert_allclose(grouped.affinity, kernel.matrix())
    np.testing.assert_allclose(
        grouped.weights**2, member.T @ source.weights[kept] ** 2, rtol=1e-12
    )
    whole = source.conductance.toarray()
    between = member.T @ whole[np.ix_(kept, kept)] @ member
    degrees = member.T @ whole[kept].sum(axis=1) - np.diagonal(between)
    np.fill_diagonal(between, 0.0)
    np.testing.assert_allclose(
        grouped.locality.log_nearness,
        diffusion_nearness(between, degrees=degrees),
        atol=1e-4,
    )


def test_factored_parts_of_a_large_source():
    source = make_large(graph=lambda kernel: landmark_graph(kernel, tolerance=0.0)[0])
    exact = source.kernel.matrix()
    for vertices in (np.arange(60), np.arange(0, 60, 3)):
        graph, weights = source.factored(vertices)
        block = exact[np.ix_(vertices, vertices)]
        np.testing.assert_allclose(graph.degrees, block.sum(axis=1), rtol=1e-7)
        np.testing.assert_array_equal(weights, source.weights[vertices])
    assert source.factored(np.arange(60))[0] is source.graph


def test_cosine_parts_of_a_large_source():
    rng = np.random.default_rng(0)
    kernel = CosineKernel(rng.normal(size=(30, 4)), rng.uniform(1, 3, 30), 1.7)
    source = LargeSource(
        kernel, kernel.counts, np.full(30, 1 / 30), kernel.graph(), limit=10
    )
    vertices = np.arange(4, 14)
    part = source.dense(vertices)
    np.testing.assert_array_equal(
        part.affinity, kernel.matrix()[np.ix_(vertices, vertices)]
    )
    assert part.locality is None
