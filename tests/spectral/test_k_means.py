import numpy as np
import pytest
from sklearn.cluster import KMeans

from skuhas.spectral import _k_means, k_means, to_numpy


def blobs(n_rows, n_blobs, seed, width=6, spread=0.5):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_blobs, width))
    noise = spread * rng.normal(size=(n_rows, width))
    return centres[rng.integers(n_blobs, size=n_rows)] + noise


def objective(rows, labels):
    """Return the sum of squared distances from the clusters' means."""
    return sum(
        ((rows[labels == label] - rows[labels == label].mean(axis=0)) ** 2).sum()
        for label in np.unique(labels)
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_as_good_as_scikit_learn_s(dtype, to_array):
    rows = blobs(1500, 20, 0).astype(dtype)
    labels = k_means(to_array(rows), 20, n_init=3, seed=1)
    assert type(labels) is type(to_array(rows))
    labels = to_numpy(labels)
    np.testing.assert_array_equal(np.unique(labels), np.arange(20))
    model = KMeans(20, n_init=10, random_state=0).fit(rows)
    assert objective(rows, labels) < 1.03 * model.inertia_


def test_the_seed_decides(to_array):
    rows = to_array(blobs(300, 30, 2))
    first, again, other = (to_numpy(k_means(rows, 30, seed=s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_clusters_far_apart_are_found(to_array):
    expected = np.repeat(np.arange(4), 25)
    rows = 10 * np.eye(4)[expected] + blobs(100, 1, 0, width=4, spread=0.1)
    labels = to_numpy(k_means(to_array(rows), 4))
    _, first = np.unique(labels, return_index=True)
    np.testing.assert_array_equal(np.sort(first), [0, 25, 50, 75])
    np.testing.assert_array_equal(labels, np.repeat(labels[::25], 25))


def test_rows_that_coincide_share_a_cluster(to_array):
    rows = np.repeat(blobs(5, 5, 3), 8, axis=0)
    labels = to_numpy(k_means(to_array(rows), 7))
    np.testing.assert_array_equal(labels, np.repeat(labels[::8], 8))
    assert np.unique(labels).size == 5


def test_as_many_clusters_as_rows(to_array):
    labels = to_numpy(k_means(to_array(blobs(9, 9, 4)), 9))
    np.testing.assert_array_equal(np.sort(labels), np.arange(9))


def test_an_empty_cluster_starts_anew(to_array):
    rows = blobs(60, 3, 5)
    # The last start is the nearest of no row.
    start = np.vstack([rows[:2], np.full((1, 6), 1e3)])
    found = _k_means._lloyd(to_array(rows), 3, to_array(start), 1, 50, 0)
    assert np.unique(to_numpy(found[0])).size == 3


def test_of_many_rows_a_sample_gives_the_centres(monkeypatch, to_array):
    rows = blobs(6000, 30, 6, spread=0.8)
    monkeypatch.setattr(_k_means, "WHOLE", 3000)
    monkeypatch.setattr(_k_means, "SAMPLE", 2000)
    labels = to_numpy(k_means(to_array(rows), 30, seed=2))
    assert np.unique(labels).size == 30
    model = KMeans(30, n_init=3, random_state=0).fit(rows)
    assert objective(rows, labels) < 1.04 * model.inertia_
