"""Descriptions by blocks of rows: the same figures, in bounded memory."""

import tracemalloc
from concurrent.futures import Future

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.color import rgb2lab
from skimage.data import coffee

from skuhas.spectral import (
    Gates,
    diffusion_nearness,
    grow_trees,
    largest_cosine_distance,
)
from skuhas.superpixels import (
    _rows,
    boundary_conductance,
    describe_leaves,
    describe_regions,
    region_graph,
)
from skuhas.superpixels._rows import GradientRows, LabRows, UnitRows, row_blocks
from skuhas.tree import _pooling


def _assert_alike(first, second):
    np.testing.assert_array_equal(first.leaf_labels, second.leaf_labels)
    for name in ("means", "areas", "colors", "positions"):
        one, other = getattr(first.leaves, name), getattr(second.leaves, name)
        if one is None:
            assert other is None
        else:
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    if first.conductance is None:
        assert second.conductance is None
    else:
        one, other = first.conductance.toarray(), second.conductance.toarray()
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert first.largest_cosine_distance == second.largest_cosine_distance


@given(
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    grid=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    block=st.integers(1, 800),
    masked=st.booleans(),
    affinity=st.sampled_from(["exponential", "cosine"]),
    seed=st.integers(0, 1000),
)
def test_blocks_of_rows_give_the_same(shape, grid, block, masked, affinity, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(256, size=(*shape, 3), dtype=np.uint8)
    features = rng.normal(size=(*grid, 3)).astype(np.float32)
    features[0, 0] = 0
    valid = None
    if masked:
        valid = rng.random(shape) < 0.7
        valid[0, 0] = True

    def describe():
        return describe_regions(
            features,
            image,
            valid=valid,
            affinity=affinity,
            superpixel_parameters={"min_size": 4},
        )

    whole = describe()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "BLOCK_VALUES", block)
        patch.setattr(_pooling, "BLOCK_PIXELS", max(1, block // 3))
        _assert_alike(describe(), whole)


@given(height=st.integers(1, 40), width=st.integers(1, 40), block=st.integers(1, 2000))
def test_conversions_do_not_depend_on_blocks(height, width, block):
    rng = np.random.default_rng(0)
    image = rng.integers(256, size=(height, width, 3), dtype=np.uint8)
    whole = GradientRows(LabRows(image))
    expected = whole[:]
    np.testing.assert_allclose(whole.source[:], rgb2lab(image), atol=1e-3)
    assert expected.dtype == np.float32
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "BLOCK_VALUES", block)
        blocks = list(row_blocks(image.shape))
        parts = [GradientRows(LabRows(image))[rows] for rows in blocks]
        assert all(len(part) * width * 3 <= max(block, width * 3) for part in parts)
        units = UnitRows(image.astype(np.float32)).whole()
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-4)
    length = np.linalg.norm(units, axis=2)
    np.testing.assert_allclose(length[image.any(axis=2)], 1, rtol=1e-5)


def test_description_goes_with_the_affinity():
    image = coffee()[::4, ::4].copy()
    features = np.random.default_rng(0).normal(size=(10, 15, 4))
    regions = describe_regions(features, image, affinity="cosine")
    assert regions.conductance is None
    unit = features / np.linalg.norm(features, axis=2, keepdims=True)
    assert regions.largest_cosine_distance == pytest.approx(
        largest_cosine_distance(unit.reshape(-1, 4))
    )
    regions = describe_regions(features, image)
    assert regions.largest_cosine_distance is None
    graph = region_graph(features, image)
    np.testing.assert_array_equal(graph.leaf_labels, regions.leaf_labels)
    np.testing.assert_allclose(
        graph.source(1.0).locality.log_nearness,
        diffusion_nearness(regions.conductance.toarray()),
        atol=1e-3,
    )
    assert regions.conductance.shape == (len(graph.weights),) * 2
    difference = abs(regions.conductance - regions.conductance.T)
    assert difference.max() == 0


def test_an_image_larger_than_leaf_size_is_described_at_that_size():
    image = coffee()[::2, ::2].copy()
    features = np.random.default_rng(0).normal(size=(10, 15, 4))
    regions = describe_regions(features, image, leaf_size=100)
    assert regions.leaf_labels.shape == image.shape[:2]
    assert regions.leaves.areas.sum() == 100 * 67


def test_memory_follows_the_leaves_and_not_the_pixels(monkeypatch):
    # Six megapixels, and features of 64 MB.
    image = np.asarray(Image.fromarray(coffee()).resize((3000, 2000)))
    features = np.ones((200, 300, 268), dtype=np.float32)
    tile = np.arange(2000)[:, None] // 50 * 60 + np.arange(3000) // 50
    monkeypatch.setattr(_rows, "BLOCK_VALUES", 2**20)
    monkeypatch.setattr(_pooling, "BLOCK_PIXELS", 2**18)
    tracemalloc.start()
    describe_leaves(tile, UnitRows(features), LabRows(image))
    boundary_conductance(tile, LabRows(image))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # One map of float32 in three channels has 72 MB.
    assert peak < 60e6


@pytest.mark.parametrize("factor", [1e-30, 1e-13, 1.0, 1e17, 1e30])
def test_lengths_of_vectors_do_not_matter(factor):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(6, 8, 5)).astype(np.float32)
    features[2, 3] = 0.0
    lengths = generator.uniform(0.5, 2.0, size=(6, 8, 1)).astype(np.float32)
    image = generator.integers(0, 256, size=(24, 32, 3), dtype=np.uint8)
    wanted = describe_regions(features, image).leaves.means
    scaled = features * lengths * np.float32(factor)
    assert np.isfinite(scaled).all()
    found = describe_regions(scaled, image).leaves.means
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    literal = UnitRows(features).whole()
    np.testing.assert_allclose(
        wanted, describe_leaves(labels_of(features, image), literal).means, atol=1e-6
    )


def labels_of(features, image):
    return describe_regions(features, image).leaf_labels


def test_nearness_may_be_made_while_the_whole_is_split():
    rng = np.random.default_rng(3)
    graph = region_graph(rng.normal(size=(6, 7, 4)), superpixels="grid")
    started = []

    def start(function, *arguments):
        future = Future()
        started.append(lambda: future.set_result(function(*arguments)))
        return future

    source = graph.source(1.0, start)
    everything = np.arange(graph.shares.size)
    affinity, _ = source.part(everything[None])
    np.testing.assert_array_equal(affinity[0], graph.affinity)
    for finish in started:
        finish()
    one, other = (
        grow_trees([each], [graph.leaf_labels], Gates())[0]
        for each in (source, graph.source(1.0))
    )
    assert len(started) == 1
    assert one == other
