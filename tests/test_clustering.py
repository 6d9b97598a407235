import numpy as np
import pytest
from sklearn.cluster import SpectralClustering
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.utils.estimator_checks import parametrize_with_checks

from skuhas import RecursiveSpectralClustering


def _expected_failures(estimator):
    if estimator.affinity == "precomputed":
        return {
            "check_clustering": "hands over samples where a square affinity is asked "
            "for; the same is expected of other clusterers with precomputed input"
        }
    return {}


@parametrize_with_checks(
    [
        RecursiveSpectralClustering(),
        RecursiveSpectralClustering(affinity="exponential"),
        RecursiveSpectralClustering(affinity="cosine"),
        RecursiveSpectralClustering(affinity="precomputed"),
        RecursiveSpectralClustering(max_branching=6, assign_labels="cluster_qr"),
        RecursiveSpectralClustering(n_clusters=None, max_ncut=0.3),
    ],
    expected_failed_checks=_expected_failures,
)
# scikit-learn announces the checks that it skips, such as array API inputs.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("affinity", ["rbf", "exponential", "cosine"])
def test_blobs_are_found(affinity):
    centers = 6 * np.eye(4)
    X, y = make_blobs(120, centers=centers, cluster_std=0.5, random_state=0)
    model = RecursiveSpectralClustering(4, affinity=affinity).fit(X)
    assert adjusted_rand_score(y, model.labels_) == 1.0
    assert model.n_leaves_ == 120
    np.testing.assert_array_equal(model.tree_.labels(n_regions=4), model.labels_)


def test_moons_as_well_as_spectral_clustering():
    X, y = make_moons(200, noise=0.05, random_state=0)
    ours = RecursiveSpectralClustering(2, gamma=30.0).fit_predict(X)
    theirs = SpectralClustering(2, gamma=30.0, random_state=0).fit_predict(X)
    assert adjusted_rand_score(y, ours) >= adjusted_rand_score(y, theirs) - 0.02


def test_precomputed_equals_its_kernel():
    X, _ = make_blobs(60, random_state=1)
    direct = RecursiveSpectralClustering(3, gamma=0.2).fit(X)
    kernel = RecursiveSpectralClustering(3, affinity="precomputed")
    kernel.fit(rbf_kernel(X, gamma=0.2))
    np.testing.assert_array_equal(kernel.tree_.parents, direct.tree_.parents)
    np.testing.assert_array_equal(kernel.labels_, direct.labels_)


def test_gamma_scale_is_its_formula():
    X, _ = make_blobs(40, random_state=1)
    gamma = 1 / (X.shape[1] * X.var())
    assert (
        RecursiveSpectralClustering().fit(X).tree_
        == RecursiveSpectralClustering(gamma=gamma).fit(X).tree_
    )


def test_clusters_are_nested():
    X, _ = make_blobs(80, centers=6, random_state=2)
    model = RecursiveSpectralClustering(3).fit(X)
    coarse, fine = (model.tree_.labels(n_regions=n) for n in (3, 7))
    assert all(len(set(coarse[fine == label])) == 1 for label in range(7))


def test_without_n_clusters_the_gates_decide():
    X, y = make_blobs(
        90, centers=[[0, 0], [10, 0], [0, 10]], cluster_std=0.5, random_state=0
    )
    free = RecursiveSpectralClustering(None).fit(X)
    np.testing.assert_array_equal(free.labels_, np.arange(90))
    gated = RecursiveSpectralClustering(None, max_ncut=0.1, gamma=0.5).fit(X)
    assert adjusted_rand_score(y, gated.labels_) == 1.0
    assert gated.n_leaves_ == 3


def test_fewer_clusters_where_gates_leave_fewer():
    X, _ = make_blobs(30, random_state=0)
    model = RecursiveSpectralClustering(8, max_depth=1).fit(X)
    assert model.labels_.max() + 1 == 2


def test_equal_samples():
    model = RecursiveSpectralClustering(2).fit(np.ones((6, 2)))
    np.testing.assert_array_equal(np.bincount(model.labels_), [3, 3])


@pytest.mark.parametrize(
    ("parameters", "X", "message"),
    [
        ({"n_clusters": 0}, np.eye(3), r"n_clusters must be an integer in \[1"),
        ({"n_clusters": 9}, np.eye(3), "n_clusters must be at most n_samples=3"),
        ({"affinity": "knn"}, np.eye(3), r"affinity must be one of \['rbf'"),
        ({"gamma": 0.0}, np.eye(3), "gamma must be"),
        ({"temperature": -1.0}, np.eye(3), "temperature must be"),
        ({"assign_labels": "x"}, np.eye(3), "assign_labels must be one of"),
        ({"max_branching": 1}, np.eye(3), "max_branching must be"),
        ({"random_state": -1}, np.eye(3), "random_state must be"),
        (
            {"affinity": "precomputed", "n_clusters": 2},
            np.ones((3, 2)),
            r"square matrix .* got shape \(3, 2\)",
        ),
        (
            {"affinity": "precomputed", "n_clusters": 2},
            -np.ones((3, 3)),
            "at least 0 with affinity='precomputed', got -1",
        ),
        (
            {"affinity": "precomputed", "n_clusters": 2},
            np.arange(9.0).reshape(3, 3),
            "X must be symmetric",
        ),
    ],
)
def test_errors_name_the_parameter(parameters, X, message):
    with pytest.raises(ValueError, match=message):
        RecursiveSpectralClustering(**({"n_clusters": 2} | parameters)).fit(X)
