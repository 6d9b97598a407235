import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, zoom
from skimage.color import rgb2lab
from skimage.data import astronaut, coffee

from skuhas.superpixels import (
    IMAGE_METHODS,
    TOKEN_METHODS,
    boundary_conductance,
    describe_leaves,
    image_superpixels,
    region_graph,
    resample_labels,
    token_superpixels,
)


def _is_canonical(labels):
    _, first = np.unique(labels, return_index=True)
    return (np.diff(first) > 0).all() and labels.min() == 0


@pytest.fixture(scope="module")
def small_photo():
    return coffee()[::4, ::4].copy()


@pytest.mark.parametrize("method", IMAGE_METHODS)
def test_methods_partition_the_image(method, small_photo):
    labels = image_superpixels(small_photo, method)
    assert labels.shape == small_photo.shape[:2]
    assert labels.dtype == np.int32
    assert _is_canonical(labels)
    assert 10 < labels.max() < 4000


@pytest.mark.parametrize("method", IMAGE_METHODS)
@pytest.mark.parametrize("max_leaves", [12, 40])
def test_leaves_are_bounded(method, max_leaves, small_photo):
    labels = image_superpixels(small_photo[::2, ::2], method, max_leaves=max_leaves)
    assert labels.max() < max_leaves


@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_sizes_of_numpy_are_raised_like_others(kind, small_photo):
    expected = image_superpixels(
        small_photo, max_leaves=40, parameters={"min_size": 25}
    )
    labels = image_superpixels(
        small_photo, max_leaves=40, parameters={"min_size": kind(25)}
    )
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(
    ("method", "nothing"),
    [
        ("felzenszwalb", {"min_size": 0}),
        ("quickshift", {"max_dist": 0.0}),
    ],
)
def test_sizes_of_nothing_are_raised(small_photo, method, nothing):
    image = small_photo[::2, ::2]
    labels = image_superpixels(image, method, max_leaves=40, parameters=nothing)
    assert 10 < labels.max() < 40


def test_markers_of_ones_own_stay_as_many(small_photo):
    markers = np.arange(small_photo[..., 0].size).reshape(small_photo.shape[:2]) % 50
    message = "'watershed' gives 49 superpixels whatever its markers"
    with pytest.raises(ValueError, match=message):
        image_superpixels(
            small_photo, "watershed", max_leaves=40, parameters={"markers": markers}
        )


def test_a_method_that_cannot_be_coarse_enough_says_so(small_photo):
    assert image_superpixels(small_photo, max_leaves=1).max() == 0
    message = "'quickshift' gives .* whatever its max_dist, more than max_leaves=1"
    with pytest.raises(ValueError, match=message):
        image_superpixels(small_photo[::2, ::2], "quickshift", max_leaves=1)


@pytest.mark.parametrize("method", IMAGE_METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (30, 20)])
def test_one_colour_and_tiny_images(method, shape):
    image = np.full((*shape, 3), 90, dtype=np.uint8)
    labels = image_superpixels(image, method)
    assert labels.shape == shape
    assert _is_canonical(labels)


def test_large_images_are_worked_on_at_leaf_size(small_photo):
    labels = image_superpixels(small_photo, leaf_size=60)
    assert max(labels.shape) == 60
    assert image_superpixels(small_photo, leaf_size=None).shape == (100, 150)


def test_two_halves_are_two_superpixels():
    image = np.zeros((20, 30, 3), dtype=np.uint8)
    image[:, 15:] = (200, 50, 20)
    labels = image_superpixels(image, parameters={"sigma": 0.0})
    np.testing.assert_array_equal(labels, np.repeat([[0] * 15 + [1] * 15], 20, axis=0))


def test_parameters_reach_the_method(small_photo):
    fine = image_superpixels(small_photo, parameters={"min_size": 5})
    coarse = image_superpixels(small_photo, parameters={"min_size": 80})
    assert fine.max() > 2 * coarse.max()
    assert np.bincount(coarse.ravel()).min() >= 80


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        (
            "felzenszwalb",
            {"size": 3},
            r"'felzenszwalb' may be .*'min_size'.* \['size'\]",
        ),
        (lambda image: image, None, r"label map of shape \(25, 38\), got dtype uint8"),
        (lambda image: image[..., 0] / 2.0, None, "got dtype float64"),
    ],
)
def test_wrong_parameters_and_maps(method, parameters, message, small_photo):
    with pytest.raises(ValueError, match=message):
        image_superpixels(small_photo[::4, ::4], method, parameters=parameters)


def test_a_function_of_ones_own(small_photo):
    labels = image_superpixels(
        small_photo,
        lambda image, side: np.indices(image.shape[:2]).sum(axis=0) // side,
        parameters={"side": 50},
    )
    assert labels.max() == (100 + 150 - 2) // 50
    with pytest.raises(
        ValueError, match="gave 249 superpixels, more than max_leaves=9"
    ):
        image_superpixels(
            small_photo,
            lambda image: np.indices(image.shape[:2]).sum(axis=0),
            max_leaves=9,
        )


def _unit(rng, *shape):
    tokens = rng.normal(size=shape)
    return tokens / np.linalg.norm(tokens, axis=-1, keepdims=True)


@pytest.mark.parametrize("method", TOKEN_METHODS)
def test_tokens_are_partitioned(method):
    tokens = _unit(np.random.default_rng(0), 9, 12, 5)
    labels = token_superpixels(tokens, method, n_leaves=30)
    assert labels.shape == (9, 12)
    assert _is_canonical(labels)
    assert labels.max() + 1 == (108 if method == "grid" else 30)


@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_equal_tokens_share_a_leaf(method):
    values = _unit(np.random.default_rng(1), 3, 4)
    which = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [0, 2, 2, 1]])
    np.testing.assert_array_equal(
        token_superpixels(values[which], method, n_leaves=3), which
    )
    labels = token_superpixels(values[which], method, n_leaves=10)
    np.testing.assert_array_equal(labels, which)


@pytest.mark.parametrize("method", TOKEN_METHODS)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_value_everywhere(method, value):
    tokens = np.full((4, 5, 1), value)
    labels = token_superpixels(tokens, method)
    assert labels.max() == (19 if method == "grid" else 0)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))
def test_grid_squares_are_as_small_as_allowed(rows, columns, max_leaves):
    tokens = np.ones((rows, columns, 1))
    labels = token_superpixels(tokens, "grid", max_leaves=max_leaves)
    assert labels.max() < max_leaves
    side = np.bincount(labels.ravel()).max() ** 0.5
    if rows * columns <= max_leaves:
        assert side == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_description_is_that_of_the_pixels(seed, height, width):
    rng = np.random.default_rng(seed)
    labels = np.unique(rng.integers(4, size=(height, width)), return_inverse=True)[1]
    labels = labels.reshape(height, width)
    tokens = _unit(rng, 3, 4, 2)
    image = rng.integers(256, size=(height, width, 3), dtype=np.uint8)
    leaves = describe_leaves(labels, tokens, rgb2lab(image))
    # Bilinear interpolation by another road: cells centred, edges held.
    position = [
        np.clip((np.arange(n) + 0.5) * cells / n - 0.5, 0, cells - 1)
        for n, cells in ((height, 3), (width, 4))
    ]
    lower = [np.floor(p).astype(int) for p in position]
    for leaf in range(labels.max() + 1):
        pixels = np.argwhere(labels == leaf)
        total = np.zeros(2)
        for y, x in pixels:
            for dy in (0, 1):
                for dx in (0, 1):
                    cell = (
                        min(lower[0][y] + dy, 2),
                        min(lower[1][x] + dx, 3),
                    )
                    share = 1.0
                    for axis, d, p in ((0, dy, y), (1, dx, x)):
                        fraction = position[axis][p] - lower[axis][p]
                        share *= fraction if d else 1 - fraction
                    total += share * tokens[cell]
        np.testing.assert_allclose(leaves.means[leaf], total / len(pixels), atol=1e-12)
        assert leaves.areas[leaf] == len(pixels)
        np.testing.assert_allclose(
            leaves.positions[leaf],
            (pixels.mean(axis=0) + 0.5) / max(height, width),
        )
        np.testing.assert_allclose(
            leaves.colors[leaf], rgb2lab(image)[labels == leaf].mean(axis=0), atol=1e-9
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_conductance_is_its_formula(seed, height, width, with_image):
    rng = np.random.default_rng(seed)
    labels = np.unique(rng.integers(-1, 4, (height, width)), return_inverse=True)[1]
    labels = labels.reshape(height, width) - (rng.random() < 0.5)
    if labels.max() < 0:
        labels += 1
    lab = rng.uniform(0, 100, (height, width, 3)) if with_image else None
    gradient = np.zeros((height, width))
    if with_image:
        for channel in range(3):
            for order in ((1, 0), (0, 1)):
                gradient += gaussian_filter(lab[..., channel], 1.0, order=order) ** 2
        gradient = np.sqrt(gradient)
    n = labels.max() + 1
    along = {}
    for y in range(height):
        for x in range(width):
            for v, u in ((y, x + 1), (y + 1, x)):
                if v < height and u < width:
                    one, other = labels[y, x], labels[v, u]
                    if one != other and min(one, other) >= 0:
                        key = min(one, other), max(one, other)
                        larger = max(gradient[y, x], gradient[v, u])
                        along.setdefault(key, []).append(larger)
    expected = np.zeros((n, n))
    for (one, other), values in along.items():
        value = len(values) * np.exp(-np.mean(values) / 4)
        expected[one, other] = expected[other, one] = value
    result = boundary_conductance(labels, lab)
    np.testing.assert_allclose(result.toarray(), expected, rtol=1e-4, atol=1e-9)


def test_labels_are_resampled_to_the_nearest():
    labels = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(
        resample_labels(labels, (4, 6)),
        zoom(labels, 2, order=0, grid_mode=True, mode="nearest"),
    )
    assert resample_labels(labels, (2, 3)) is labels
    np.testing.assert_array_equal(resample_labels(labels, (1, 1)), [[4]])


def test_grid_graph_is_the_token_graph():
    tokens = _unit(np.random.default_rng(0), 3, 4, 5).astype(np.float32)
    graph = region_graph(tokens, superpixels="grid", affinity="cosine")
    flat = tokens.reshape(12, 5).astype(float)
    distance = 1 - flat @ flat.T
    expected = 1 - distance / distance.max()
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(graph.affinity, expected, atol=1e-6)
    np.testing.assert_array_equal(graph.weights, 1)
    np.testing.assert_array_equal(graph.leaf_labels.ravel(), np.arange(12))
    np.testing.assert_allclose(graph.shares, 1 / 12)
    assert graph.conductance is None
    assert graph.source(1.0).locality is None


def test_scaling_a_token_does_not_matter():
    tokens = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    scale = np.float32(2.0) ** np.arange(-60, 60, 10).reshape(3, 4, 1)
    first = region_graph(tokens, superpixels="grid", color_scale=None)
    second = region_graph(tokens * scale, superpixels="grid", color_scale=None)
    np.testing.assert_allclose(first.affinity, second.affinity, rtol=1e-5)


def test_pixels_without_data_belong_to_no_leaf():
    image = astronaut()[:120, :160]
    valid = np.ones((120, 160), dtype=bool)
    valid[:, 60:] = False
    valid[5, 100] = True
    tokens = _unit(np.random.default_rng(0), 12, 16, 4)
    graph = region_graph(tokens, image, None, valid, leaf_size=80)
    labels = graph.leaf_labels
    np.testing.assert_array_equal(labels >= 0, valid)
    assert labels.max() + 1 == len(graph.affinity) == len(graph.weights)
    assert _is_canonical(labels[valid])
    assert np.isfinite(graph.affinity).all()
    assert np.isfinite(graph.source(1.0).locality.log_nearness).all()
    assert graph.shares.sum() == pytest.approx(1)
    # The one valid pixel between those of the working map still has a leaf.
    assert labels[5, 100] >= 0


def test_image_methods_need_an_image():
    with pytest.raises(ValueError, match="superpixels='slic' needs the image"):
        region_graph(np.ones((2, 2, 1)), superpixels="slic")
    with pytest.raises(ValueError, match="has no meaning for superpixels='grid'"):
        region_graph(
            np.ones((2, 2, 1)), superpixels="grid", superpixel_parameters={"scale": 1}
        )


def _regions(rows, columns, width, seed):
    """Return tokens of four regions, with noise."""
    rng = np.random.default_rng(seed)
    of = (np.arange(rows) * 2 // rows)[:, None] * 2 + np.arange(columns) * 2 // columns
    tokens = rng.normal(size=(4, width))[of] + 0.2 * rng.normal(
        size=(rows, columns, width)
    )
    return of, tokens / np.linalg.norm(tokens, axis=2, keepdims=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["numpy", "torch", "cuda"])
@pytest.mark.parametrize("shape", [(16, 20), (100, 80)])
def test_spectral_leaves_of_tokens_of_any_kind(kind, shape, dtype):
    of, tokens = _regions(*shape, 12, 0)
    tokens = tokens.astype(dtype)
    if kind != "numpy":
        torch = pytest.importorskip("torch")
        if kind == "cuda" and not torch.cuda.is_available():
            pytest.skip("needs CUDA")
        tokens = torch.as_tensor(tokens, device="cpu" if kind == "torch" else kind)
    labels = token_superpixels(tokens, "spectral", n_leaves=4)
    np.testing.assert_array_equal(labels, of)
    leaves = token_superpixels(tokens, "spectral", n_leaves=60)
    assert leaves.max() == 59


@pytest.mark.parametrize("method", ["spectral", "kmeans"])
def test_leaves_are_no_more_than_different_tokens(method):
    tokens = np.zeros((60, 60, 3))
    tokens[:30, :, 0], tokens[30:, :, 1] = 1.0, 1.0
    # The zeros of one row have another sign.
    tokens[7] *= -1.0
    tokens[7, :, 0] = 1.0
    labels = token_superpixels(tokens, method, n_leaves=50)
    np.testing.assert_array_equal(labels, np.repeat([0, 1], 1800).reshape(60, 60))


def test_memory_of_spectral_leaves_grows_with_the_tokens():
    import tracemalloc

    tokens = _regions(150, 160, 24, 1)[1].astype(np.float32)
    tracemalloc.start()
    token_superpixels(tokens, "spectral", n_leaves=30)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The matrix would take 2.3 GB, the tokens 2.3 MB.
    assert peak < 80e6
