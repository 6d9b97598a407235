"""Trees from merge tables, against scipy's and scikit-learn's own cuts."""

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import AgglomerativeClustering

from skuhas.tree import RegionTree
from tests.tree import _literal as literal
from tests.tree._strategies import quick

methods = st.sampled_from(["single", "complete", "average", "ward"])


def points(seed, n_samples):
    return np.random.default_rng(seed).standard_normal((n_samples, 2))


def test_known_table():
    tree = RegionTree.from_linkage([[1, 2], [0, 3]], distances=[0.5, 2])
    assert tree.parents.tolist() == [4, 3, 3, 4, 4]
    assert tree.leaf_labels.tolist() == [0, 1, 2]
    assert tree.altitude.tolist() == [0, 0, 0, 0.5, 2]


old_fcluster = pytest.mark.skipif(
    tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 14),
    reason="fcluster of older scipy misses merges at equal places",
)


@old_fcluster
@quick
@given(method=methods, n=st.integers(2, 20), seed=st.integers(0, 2**32 - 1))
def test_cuts_equal_fcluster(method, n, seed):
    table = linkage(points(seed, n), method)
    tree = RegionTree.from_linkage(table)
    for k in range(1, n + 1):
        expected = fcluster(table, k, criterion="maxclust")
        assert literal.same_partition(tree.labels(n_regions=k), expected)
    heights = np.sort(tree.altitude[tree.n_leaves :])
    np.testing.assert_allclose(heights, np.maximum.accumulate(table[:, 2]))


@quick
@given(
    linkage=st.sampled_from(["single", "complete", "average", "ward"]),
    with_distances=st.booleans(),
    n=st.integers(2, 15),
    seed=st.integers(0, 2**32 - 1),
)
def test_cuts_equal_agglomerative_clustering(linkage, with_distances, n, seed):
    X = points(seed, n)
    full = AgglomerativeClustering(
        n_clusters=1, linkage=linkage, compute_full_tree=True, compute_distances=True
    ).fit(X)
    tree = RegionTree.from_linkage(
        full.children_, distances=full.distances_ if with_distances else None
    )
    for k in range(1, n + 1):
        expected = AgglomerativeClustering(n_clusters=k, linkage=linkage).fit_predict(X)
        assert literal.same_partition(tree.labels(n_regions=k), expected)


def test_merges_without_heights_are_undone_from_the_last():
    # Depths alone would open {0, 1, 2} after {3, 4}.
    children = [[0, 1], [2, 5], [3, 4], [6, 7]]
    tree = RegionTree.from_linkage(children)
    assert tree.labels(n_regions=3).tolist() == [0, 0, 0, 1, 2]
    assert sorted(tree.altitude.tolist()) == [0] * 5 + [0.25, 0.5, 0.75, 1]


def test_inverted_and_negative_heights_are_raised():
    tree = RegionTree.from_linkage([[0, 1], [2, 3]], distances=[2, 1])
    assert tree.altitude.tolist() == [0, 0, 0, 2, 2]
    tree = RegionTree.from_linkage([[0, 1], [2, 3]], distances=[-1, 1])
    assert tree.altitude.tolist() == [0, 0, 0, 0, 1]


@old_fcluster
@quick
@given(n=st.integers(2, 12), seed=st.integers(0, 2**32 - 1))
def test_pixels_follow_their_items(n, seed):
    rng = np.random.default_rng(seed)
    items = rng.permutation(np.r_[np.arange(n), rng.integers(-1, n, n)]).reshape(2, n)
    table = linkage(points(seed, n), "average")
    tree = RegionTree.from_linkage(table, items)
    for k in range(1, n + 1):
        of_item = fcluster(table, k, criterion="maxclust")
        expected = np.where(items < 0, -1, of_item[items])
        labels = tree.labels(n_regions=k)
        np.testing.assert_array_equal(labels < 0, items < 0)
        assert literal.same_partition(labels, expected)
    assert tree.cut() == tree


@pytest.mark.parametrize(
    ("children", "message"),
    [
        (None, r"children must have shape .* got \(\)"),
        ([], r"children must have shape .* got \(0,\)"),
        (np.empty((0, 2)), r"children must have shape .* got \(0, 2\)"),
        ([[0, 1, 2]], r"children must have shape .* got \(1, 3\)"),
        ([[0, 1], [2]], "children must be a rectangular array"),
        ([["a", "b"]], "children must hold whole numbers, got dtype <U1"),
        ([[0, 1j]], "children must hold whole numbers, got dtype complex128"),
        ([[0, 0.5]], r"children: .*whole numbers in \[0, 2 \+ i\), got \[0.0, 0.5\]"),
        ([[0, np.nan]], r"children: .*got \[0.0, nan\] in row 0"),
        ([[0, np.inf]], r"children: .*got \[0.0, inf\] in row 0"),
        ([[0, 1e300]], r"children: .*got \[0.0, 1e\+300\] in row 0"),
        ([[0, -1]], r"children: .*got \[0, -1\] in row 0"),
        ([[0, 1], [2, 4]], r"children: .*got \[2, 4\] in row 1"),
        ([[0, 1], [0, 3]], "children: node 0 is merged twice"),
        ([[1, 1]], "children: node 1 is merged twice"),
    ],
)
def test_bad_tables_are_named(children, message):
    with pytest.raises(ValueError, match=message):
        RegionTree.from_linkage(children)


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        ([1, 2, 3], r"distances .* 2 merges, got shape \(3,\)"),
        (1.0, r"distances .* 2 merges, got shape \(\)"),
        ([1, np.nan], "distances must have one finite .*nan or infinity"),
        ([1, np.inf], "distances must have one finite .*nan or infinity"),
        (["a", "b"], "distances must hold numbers, got dtype <U1"),
    ],
)
def test_bad_distances_are_named(distances, message):
    with pytest.raises(ValueError, match=message):
        RegionTree.from_linkage([[0, 1], [2, 3]], distances=distances)


def test_bad_heights_in_a_linkage_matrix_are_named():
    with pytest.raises(ValueError, match="distances must have one finite"):
        RegionTree.from_linkage([[0, 1, np.nan, 2]])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "leaf 2 has no pixel"),
        ([0, 1, 3], r"leaf_labels must lie in \[-1, 2\] .*got \[0, 3\]"),
    ],
)
def test_items_need_pixels(labels, message):
    with pytest.raises(ValueError, match=message):
        RegionTree.from_linkage([[0, 1], [2, 3]], labels)
