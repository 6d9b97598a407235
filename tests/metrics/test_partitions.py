"""Scores of flat partitions: covering, Rand index, variation of information."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skuhas.hierarchies import LabelHierarchy
from skuhas.metrics import (
    covering_score,
    probabilistic_rand_score,
    variation_of_information_score,
)
from skuhas.tree import RegionTree

SCORES = (covering_score, probabilistic_rand_score, variation_of_information_score)
seeds = st.integers(0, 2**32 - 1)


def tree_of(parents, leaves):
    return RegionTree.from_parents(parents, [leaves])


def test_known_values():
    label_map = np.array([[0, 0, 0, 1]])
    halves = tree_of([2, 2, 2], [0, 0, 1, 1])
    assert covering_score([label_map], [halves]) == (3 * 2 / 3 + 1 * 1 / 2) / 4
    # Of six pairs, 01 is together in both and 03, 13 are apart in both.
    assert probabilistic_rand_score([label_map], [halves]) == 0.5
    quarter = 0.25 * np.log2(4) + 0.75 * np.log2(4 / 3)
    # H(joint) is that of 1/2, 1/4, 1/4.
    assert variation_of_information_score([label_map], [halves]) == pytest.approx(
        2 * 1.5 - 1 - quarter
    )


@pytest.mark.parametrize(
    ("score", "perfect"), [(SCORES[0], 1), (SCORES[1], 1), (SCORES[2], 0)]
)
def test_the_truth_itself_is_perfect(random_tree, score, perfect):
    tree = random_tree(np.random.default_rng(0), (6, 7), 9)
    assert score([tree], [tree]) == pytest.approx(perfect, abs=1e-12)
    assert score([tree.labels()], [tree]) == pytest.approx(perfect, abs=1e-12)


def test_only_leaves_count():
    tree = tree_of([3, 3, 4, 4, 4], [0, 1, 2, 2])
    label_map = np.array([[1, 1, 0, 0]])
    for score in SCORES:
        assert score([label_map], [tree]) == score([label_map], [tree.labels()])
        assert score([label_map], [tree]) != score([label_map], [tree.cut(depth=1)])


def test_annotators_are_averaged_and_ignored_pixels_left_out():
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    good, poor = np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 0]])
    ignored = np.full((1, 4), -1)
    for score in SCORES:
        both = (score([good], [tree]) + score([poor], [tree])) / 2
        assert score([[good, poor]], [tree]) == pytest.approx(both)
        assert score([[good, poor, ignored]], [tree]) == pytest.approx(both)
        assert score([np.array([[0, 0, 1, 9]])], [tree], ignore_index=9) == (
            score([good[:, :3]], [tree_of([2, 2, 2], [0, 0, 1])])
        )
    scores = covering_score([[good, poor], None], [tree, tree], per_image=True)
    np.testing.assert_array_equal(scores, [0.75, np.nan])
    assert covering_score([good, poor], [tree] * 2, sample_weight=[1, 3]) == (
        pytest.approx((1 + 3 * 0.5) / 4)
    )


def test_pixels_outside_every_region():
    tree = tree_of([2, 2, 2], [0, -1, 1, 1])
    label_map = np.array([[0, 0, 1, 1]])
    assert covering_score([label_map], [tree]) == 0.75
    filled = np.array([[0, 2, 1, 1]])
    assert probabilistic_rand_score([label_map], [tree]) == (
        probabilistic_rand_score([label_map], [filled])
    )
    assert variation_of_information_score([label_map], [tree]) == (
        variation_of_information_score([label_map], [filled])
    )


def test_leaves_of_class_trees_and_single_pixels():
    truth = LabelHierarchy.load("camvid").tree([[0, 0, 1, 11]])
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    assert covering_score([truth], [tree]) == 1
    single = np.array([[3]])
    assert [score([single], [single]) for score in SCORES] == [1, 1, 0]


@pytest.mark.parametrize("score", SCORES)
def test_nothing_left_is_nan_with_a_warning(score):
    tree = tree_of([0], [0, 0])
    ignored = np.array([[-1, -1]])
    with pytest.warns(
        UndefinedMetricWarning, match=f"{score.__name__} is undefined"
    ) as found:
        assert np.isnan(score([ignored, None], [tree, tree]))
    assert found[0].filename == __file__
    with pytest.raises(ValueError, match=r"y_true\[0\] has shape"):
        score([np.array([[1]])], [tree])


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n_labels=st.integers(1, 6), n_leaves=st.integers(1, 9))
def test_scores_equal_the_literal_ones(random_tree, seed, n_labels, n_leaves):
    rng = np.random.default_rng(seed)
    label_map = rng.integers(-1, n_labels, (4, 5))
    tree = random_tree(rng, (4, 5), n_leaves, outside=0.1)
    counted = label_map >= 0
    if not counted.any():
        return
    true, found = label_map[counted], tree.leaf_labels[counted]
    covering = 0.0
    for label in np.unique(true):
        overlaps = [
            ((true == label) & (found == leaf)).sum()
            / ((true == label) | (found == leaf)).sum()
            for leaf in range(tree.n_leaves)
        ]
        covering += max(overlaps) * (true == label).sum() / true.size
    assert covering_score([label_map], [tree]) == pytest.approx(covering)

    first, second = np.triu_indices(true.size, 1)
    agree = (true[first] == true[second]) == (found[first] == found[second])
    assert probabilistic_rand_score([label_map], [tree]) == pytest.approx(
        agree.mean() if agree.size else 1
    )

    def entropy(labels):
        share = np.unique(labels, return_counts=True)[1] / labels.size
        return -(share * np.log2(share)).sum()

    joint = entropy(true * 100 + found)
    assert variation_of_information_score([label_map], [tree]) == pytest.approx(
        2 * joint - entropy(true) - entropy(found), abs=1e-12
    )
