"""The fragmentation curve equals the scores of the cut trees, and its mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skuhas.metrics import (
    _overlap,
    fragmentation_curve,
    fragmentation_score,
    nm_covering_score,
)
from skuhas.tree import RegionTree

seeds = st.integers(0, 2**32 - 1)


def with_altitudes(tree, rng, *, levels=6):
    """Return the tree with random altitudes, with ties."""
    altitude = np.zeros(tree.n_nodes)
    altitude[tree.n_leaves :] = rng.integers(0, levels, tree.n_nodes - tree.n_leaves)
    for node in range(tree.n_nodes - 1):
        parent = tree.parents[node]
        altitude[parent] = max(altitude[parent], altitude[node])
    return RegionTree(tree.parents, tree.leaf_labels, altitude=altitude)


@settings(max_examples=80, deadline=None)
@given(
    seed=seeds,
    n_leaves=st.integers(1, 14),
    chains=st.booleans(),
    outside=st.sampled_from([0.0, 0.2]),
)
def test_values_equal_those_of_the_cuts(random_tree, seed, n_leaves, chains, outside):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, (5, 6), n_leaves, chains=chains, outside=outside)
    tree = with_altitudes(tree, rng)
    truth = random_tree(rng, (5, 6), 5, outside=outside)
    numbers = range(1, tree.n_leaves + 3)
    literal = [nm_covering_score([truth], [tree.cut(n_regions=n)]) for n in numbers]
    curve = fragmentation_curve([truth], [tree], n_regions=numbers)
    assert curve.tolist() == literal
    some = sorted({1, 3, tree.n_leaves})
    picked = fragmentation_curve([truth], [tree], n_regions=some)
    assert picked.tolist() == [literal[n - 1] for n in some]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_overlap, "BLOCK_ENTRIES", 20)
        assert (
            fragmentation_curve([truth], [tree], n_regions=numbers).tolist() == literal
        )
    assert fragmentation_score([truth], [tree], n_regions=[3]) == literal[2]


def test_altitudes_of_normalised_cuts_decide():
    # The left half splits at a lower cost than the right one.
    tree = RegionTree.from_parents(
        [4, 4, 5, 5, 6, 6, 6],
        [[0, 1, 2, 3]],
        ncut=[np.nan] * 4 + [0.2, 0.4, 0.1],
    )
    label_map = np.array([[0, 1, 2, 2]])
    curve = fragmentation_curve([label_map], [tree], n_regions=[1, 2, 3, 4])
    assert curve == pytest.approx([1 / 3, (0.5 + 0.5) / 3 + 1 / 3, 1, 1])
    # The last value lasts.
    assert fragmentation_curve([label_map], [tree])[3:].tolist() == [1.0] * 97


def test_the_score_is_the_mean_over_the_logarithm():
    tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    label_map = np.array([[0, 1, 2, 2]])
    c = fragmentation_curve([label_map], [tree])
    n = np.arange(1, 101)
    area = sum(
        (c[i] + c[i + 1]) / 2 * (np.log(n[i + 1]) - np.log(n[i])) for i in range(99)
    )
    score = fragmentation_score([label_map], [tree])
    assert score == pytest.approx(area / np.log(100))
    assert type(score) is float
    late = fragmentation_score([label_map], [label_map], n_regions=[5, 9])
    assert 1 - 1e-12 < late <= 1
    # The same regions in one step do worse: no cut has two of them.
    assert fragmentation_score([label_map], [label_map]) < score


def test_images_annotators_and_weights():
    tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 1, 1]])
    good, poor = np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 0]])
    numbers = [1, 2]
    curves = fragmentation_curve(
        [good, poor, None, [good, poor]], [tree] * 4, n_regions=numbers, per_image=True
    )
    np.testing.assert_array_equal(
        curves, [[0.5, 1], [1, 0.5], [np.nan, np.nan], [0.75, 0.75]]
    )
    mean = fragmentation_curve(
        [good, poor, None], [tree] * 3, n_regions=numbers, sample_weight=[1, 3, 5]
    )
    assert mean.tolist() == [0.875, 0.625]
    scores = fragmentation_score(
        [good, poor, None], [tree] * 3, n_regions=numbers, per_image=True
    )
    np.testing.assert_allclose(scores, [0.75, 0.75, np.nan])
    assert fragmentation_score(
        [good, np.array([[0, 0, 0, 9]])], [tree] * 2, n_regions=[2], ignore_index=9
    ) == pytest.approx((1 + 2 / 3) / 2)


def test_nothing_left_is_nan_with_a_warning():
    tree = RegionTree.from_parents([0], [[0, 0]])
    with pytest.warns(UndefinedMetricWarning, match="fragmentation_curve") as found:
        curve = fragmentation_curve([None], [tree], n_regions=[1, 2])
    assert np.isnan(curve).tolist() == [True, True]
    assert found[0].filename == __file__
    with pytest.warns(UndefinedMetricWarning, match="fragmentation_score") as found:
        assert np.isnan(fragmentation_score([None], [tree]))
    assert found[0].filename == __file__


@pytest.mark.parametrize(
    ("n_regions", "error", "message"),
    [
        (5, TypeError, "n_regions must be an iterable of integers, got int"),
        ([], ValueError, "increasing integers of at least 1, got \\[\\]"),
        ([2, 2], ValueError, "increasing integers of at least 1"),
        ([0, 1], ValueError, "n_regions must be an integer in \\[1, inf\\)"),
        ([1.5], TypeError, "n_regions must be an integer"),
    ],
)
def test_errors_name_the_numbers(n_regions, error, message):
    tree = RegionTree.from_parents([0], [[0, 0]])
    for score in (fragmentation_curve, fragmentation_score):
        with pytest.raises(error, match=message):
            score([tree], [tree], n_regions=n_regions)
