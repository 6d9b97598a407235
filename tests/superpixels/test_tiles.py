"""Large images in windows: joined as if they had been taken whole."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import coffee, rocket
from skimage.measure import label
from skimage.segmentation import felzenszwalb

from skuhas.superpixels import IMAGE_METHODS, _image, _tiles, image_superpixels
from skuhas.superpixels._seams import Seams, join_small
from skuhas.superpixels._tiles import tiled_superpixels
from skuhas.tree import canonical_labels


def _regions(picture):
    """Return regions of one colour, numbered by their first pixel."""
    regions = label(picture[..., 0], connectivity=1, background=-1) - 1
    return canonical_labels(regions, regions.max() + 1)[0]


def _by_color(window, share):
    return label(window[..., 0], connectivity=1, background=-1)


def _photo_leaves(window, share):
    return felzenszwalb(window, scale=30, sigma=0.5, min_size=25)


@pytest.fixture
def small_tiles(monkeypatch):
    """Let images of more than 5000 pixels be large, and windows small."""
    monkeypatch.setattr(_image, "WHOLE", 5000)
    monkeypatch.setattr(
        _image,
        "tiled_superpixels",
        lambda *arguments: tiled_superpixels(*arguments, tile=60, margin=12),
    )


@given(data=st.data())
def test_flat_shapes_come_out_exactly(data):
    height, width = data.draw(st.tuples(st.integers(1, 90), st.integers(1, 90)))
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    corners = st.tuples(
        st.integers(0, height - 1),
        st.integers(0, width - 1),
        st.integers(1, height),
        st.integers(1, width),
        st.integers(0, 5),
    )
    for top, left, rows, columns, color in data.draw(st.lists(corners, max_size=12)):
        picture[top : top + rows, left : left + columns] = color
    tile = data.draw(st.integers(8, 60))
    margin = data.draw(st.integers(1, tile // 2))
    result, n_leaves = tiled_superpixels(
        _by_color, picture, 1, tile=tile, margin=margin
    )
    np.testing.assert_array_equal(result, _regions(picture))
    assert result.dtype == np.int32
    assert n_leaves == result.max() + 1


@pytest.mark.parametrize(
    ("tile", "margin"), [(1000, 64), (100, 20), (64, 16), (50, 25)]
)
def test_felzenszwalb_of_shapes_that_cross_borders(tile, margin):
    y, x = np.mgrid[:300, :400]
    picture = np.zeros((300, 400, 3), dtype=np.uint8)
    horseshoe = (x > 30) & (x < 370) & (y > 40) & (y < 260)
    picture[horseshoe & ~((x > 60) & (x < 340) & (y < 230))] = (200, 30, 30)
    picture[(x - 200) ** 2 + (y - 130) ** 2 < 80**2] = (20, 200, 40)
    picture[y > 280] = (250, 250, 0)
    result, _ = tiled_superpixels(
        lambda window, share: felzenszwalb(window, scale=20, sigma=0, min_size=10),
        picture,
        10,
        tile=tile,
        margin=margin,
    )
    np.testing.assert_array_equal(result, _regions(picture))


def test_one_tile_is_the_whole_image():
    image = coffee()[:200, :300]
    whole = image_superpixels(image)
    result, _ = tiled_superpixels(_photo_leaves, image, 25, tile=300, margin=10)
    np.testing.assert_array_equal(result, whole)


def test_a_photograph_in_tiles_is_much_as_it_is_whole():
    image = coffee()[::2, ::2].copy()
    whole = image_superpixels(image)
    result, _ = tiled_superpixels(_photo_leaves, image, 25, tile=100, margin=24)
    areas = np.bincount(result.ravel())
    assert areas.min() >= 25
    assert abs(areas.size / (whole.max() + 1) - 1) < 0.05
    overlap = np.zeros((whole.max() + 1, areas.size))
    np.add.at(overlap, (whole, result), 1)
    union = overlap.sum(axis=1)[:, None] + areas - overlap
    covering = ((overlap / union).max(axis=1) * overlap.sum(axis=1)).sum() / whole.size
    assert covering > 0.9


def _squares(n_rows, n_columns, side):
    """Return an image of so many squares, every neighbour of another colour."""
    tone = np.arange(n_rows)[:, None] % 2 * 2 + np.arange(n_columns) % 2
    tone = np.kron(tone * 60, np.ones((side, side))).astype(np.uint8)
    return np.repeat(tone[..., None], 3, axis=2)


@pytest.fixture
def seen(monkeypatch):
    """Return a list of what is known each time a window has been looked at."""
    estimates = []

    class Watched(_tiles._Estimate):
        def add(self, window, core):
            super().add(window, core)
            estimates.append(self.value)

    monkeypatch.setattr(_tiles, "_Estimate", Watched)
    return estimates


@pytest.mark.parametrize("workers", [1, 4])
def test_windows_end_where_there_will_be_too_many_leaves(seen, monkeypatch, workers):
    monkeypatch.setattr(_tiles, "_n_workers", lambda n_tiles: workers)
    before = threading.active_count()
    image = _squares(30, 40, 8)
    tiled = {"tile": 40, "margin": 8}
    labels, n_leaves = tiled_superpixels(_by_color, image, 1, 600, **tiled)
    assert labels is None
    # All tiles have as many, but the next one might have none.
    assert n_leaves == seen[-1] == pytest.approx(1200)
    assert len(seen) == 8
    labels, n_leaves = tiled_superpixels(_by_color, image, 1, 1080, **tiled)
    assert labels is None
    assert 8 + 8 < len(seen) <= 8 + 24
    assert threading.active_count() == before
    seen.clear()
    labels, n_leaves = tiled_superpixels(_by_color, image, 1, 1199, **tiled)
    assert labels.max() + 1 == n_leaves == 1200
    assert len(seen) == 48


def test_half_of_the_windows_have_no_say(seen):
    # Fifteen of them, where eight would be more than half.
    labels, n_leaves = tiled_superpixels(
        _by_color, _squares(15, 25, 8), 1, 10, tile=40, margin=8
    )
    assert labels.max() + 1 == n_leaves == 375
    assert len(seen) == 15


@pytest.mark.parametrize("rows", [np.s_[:240], np.s_[40:80], np.s_[200:]])
@pytest.mark.parametrize("columns", [np.s_[:180], np.s_[200:], np.s_[:]])
def test_leaves_in_one_place_are_not_taken_for_all(rows, columns):
    image = _squares(30, 45, 8)
    image[rows, columns] = 255
    expected = _regions(image).max() + 1
    labels, n_leaves = tiled_superpixels(
        _by_color, image, 1, 1.25 * expected, tile=40, margin=8
    )
    assert labels.max() + 1 == n_leaves == expected


@given(data=st.data())
def test_rectangles_are_counted_exactly(data):
    def lines(length):
        cuts = data.draw(st.sets(st.integers(1, length), max_size=9))
        return np.searchsorted(sorted(cuts), np.arange(length), side="right")

    height, width = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90))
    rows, columns = lines(height), lines(width)
    truth = rows[:, None] * (columns.max() + 1) + columns
    tile = data.draw(st.integers(8, 60))
    tiles = _tiles._tiles(truth.shape, tile, data.draw(st.integers(1, tile // 2)))
    estimate = _tiles._Estimate(len(tiles), truth.size)
    for part in tiles:
        estimate.add(truth[part.window], part.core_in_window)
    assert estimate.value == pytest.approx(np.unique(truth).size)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(3, 20)), min_size=1, max_size=30)
)
def test_error_is_that_of_a_ratio_in_a_sample(tiles):
    estimate = _tiles._Estimate(50, 50 * 200)
    for leaves, rows in tiles:
        window = np.minimum(np.arange(20 * rows), leaves - 1).reshape(rows, 20)
        estimate.add(window, (slice(0, rows), slice(0, 20)))
    leaves, pixels = np.array(tiles).T * [[1], [20]]
    assert estimate.value == pytest.approx(50 * 200 * leaves.sum() / pixels.sum())
    # Of the sample and a tile of no leaves, as textbooks on sampling have it, for a
    # total of 50 tiles of 200 pixels on average.
    leaves, pixels = np.append(leaves, 0), np.append(pixels, pixels.mean())
    residuals = leaves - leaves.sum() / pixels.sum() * pixels
    unseen = 1 - len(tiles) / 50
    error = np.sqrt(unseen / leaves.size * residuals.var(ddof=1)) / pixels.mean()
    assert estimate.error == pytest.approx(50 * 200 * error)


@pytest.mark.parametrize(
    ("least", "low", "high"), [(25, 0.95, 1.05), (100, 0.9, 1.05), (400, 0.75, 1.05)]
)
def test_estimates_of_photographs_are_close_and_never_far_too_high(least, low, high):
    def compute(window, share):
        return felzenszwalb(window, scale=30, sigma=0.5, min_size=least)

    for photograph in (coffee(), rocket()):
        tiles = _tiles._tiles(photograph.shape[:2], 100, 12)
        estimate = _tiles._Estimate(len(tiles), photograph[..., 0].size)
        for part in tiles:
            estimate.add(compute(photograph[part.window], 1.0), part.core_in_window)
        n_leaves = tiled_superpixels(compute, photograph, least, tile=100, margin=12)[1]
        assert low < estimate.value / n_leaves < high


def test_leaves_that_one_window_tells_apart_stay_apart():
    # The left window sees two leaves; the right one takes both as one.
    seams = Seams(2)
    left = np.repeat([[0] * 6, [1] * 6], 3, axis=0)
    seams.add(left, (0, 0), (slice(0, 6), slice(0, 4)))
    right = np.full((6, 6), 2)
    seams.add(right, (0, 1), (slice(0, 6), slice(2, 6)))
    np.testing.assert_array_equal(seams.groups(), [0, 1, 0])


def test_leaves_that_share_too_little_are_not_one():
    seams = Seams(2)
    # Each window lets its leaf reach one pixel beyond the border, on two rows of six.
    left = np.zeros((6, 6), dtype=int)
    left[:, 4:] = 1
    left[:2, 4] = 0
    seams.add(left, (0, 0), (slice(0, 6), slice(0, 4)))
    right = np.full((6, 6), 3)
    right[:, :2] = 2
    right[:2, 1] = 3
    seams.add(right, (0, 1), (slice(0, 6), slice(2, 6)))
    assert seams.groups()[3] != 0


def test_small_leaves_go_to_the_most_similar_neighbour():
    labels = np.array([[0, 0, 0, 2, 1, 1, 1], [0, 0, 0, 2, 1, 1, 1]])
    image = np.array([10, 200, 180], dtype=np.uint8)[labels][..., None]
    image = np.repeat(image, 3, axis=2)
    group = join_small(labels, image, 3, np.array([2]), 3)
    np.testing.assert_array_equal(group, [0, 1, 1])
    # Large enough, or not among those that may go.
    np.testing.assert_array_equal(
        join_small(labels, image, 3, np.array([2]), 2), [0, 1, 2]
    )
    np.testing.assert_array_equal(
        join_small(labels, image, 3, np.array([0]), 9), [2, 1, 2]
    )


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("method", IMAGE_METHODS)
@pytest.mark.parametrize("max_leaves", [100, 4000])
def test_leaves_are_bounded_in_tiles(method, max_leaves):
    image = coffee()[::2, ::2].copy()
    labels = image_superpixels(image, method, leaf_size=None, max_leaves=max_leaves)
    _, first = np.unique(labels, return_index=True)
    assert (np.diff(first) > 0).all()
    assert 0 <= labels.max() < max_leaves
    if max_leaves == 100:
        assert labels.max() >= 30


@pytest.mark.usefixtures("small_tiles")
def test_windows_are_not_all_computed_for_nothing(seen):
    image = coffee()[::2, ::2].copy()
    whole = image_superpixels(image, leaf_size=None).max() + 1
    assert len(seen) == 20
    most = int(0.5 * whole)
    labels = image_superpixels(image, leaf_size=None, max_leaves=most)
    assert 0.7 * most < labels.max() + 1 <= most
    # The first try ends early, and the second takes all of the twenty.
    assert 20 + 8 + 20 <= len(seen) <= 20 + 10 + 20


@pytest.mark.usefixtures("small_tiles")
def test_fewer_leaves_than_windows():
    image = coffee()[::2, ::2].copy()
    assert image_superpixels(image, leaf_size=None, max_leaves=4).max() < 4
    message = "'quickshift' gives .* whatever its max_dist, more than max_leaves=4"
    with pytest.raises(ValueError, match=message):
        image_superpixels(image, "quickshift", leaf_size=None, max_leaves=4)


@pytest.mark.usefixtures("small_tiles")
def test_counts_are_shared_out_over_tiles():
    image = coffee()[::3, ::3].copy()
    for method, name in (("slic", "n_segments"), ("watershed", "markers")):
        labels = image_superpixels(
            image, method, leaf_size=None, parameters={name: 300}
        )
        assert 200 < labels.max() < 450


@pytest.mark.usefixtures("small_tiles")
def test_markers_as_a_map_are_for_the_whole_image():
    image = coffee()[::3, ::3].copy()
    markers = np.zeros(image.shape[:2], dtype=int)
    markers[30, 30], markers[100, 150] = 1, 2
    labels = image_superpixels(
        image, "watershed", leaf_size=None, parameters={"markers": markers}
    )
    assert labels.max() == 1


def test_threads_end_and_do_not_matter(monkeypatch):
    image = coffee()[::2, ::2].copy()
    before = threading.active_count()
    monkeypatch.setattr(_tiles, "WORKERS", 1)
    expected, _ = tiled_superpixels(_photo_leaves, image, 25, tile=80, margin=16)
    monkeypatch.setattr(_tiles, "WORKERS", 3)
    monkeypatch.setattr(_tiles.joblib, "cpu_count", lambda: 3)
    result, _ = tiled_superpixels(_photo_leaves, image, 25, tile=80, margin=16)
    np.testing.assert_array_equal(result, expected)
    assert threading.active_count() == before


def test_an_error_in_a_window_ends_the_work():
    calls = []

    def broken(window, share):
        calls.append(1)
        time.sleep(0.02)
        raise RuntimeError("no such window")

    image = np.zeros((400, 400, 3), dtype=np.uint8)
    with pytest.raises(RuntimeError, match="no such window"):
        tiled_superpixels(broken, image, tile=40, margin=2)
    assert len(calls) < 50
