"""The covering scores: known answers, the literal formulas, invariants."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skuhas.hierarchies import LabelHierarchy
from skuhas.metrics import (
    _overlap,
    nf_covering_score,
    nh_covering_score,
    nm_covering_score,
)
from skuhas.tree import RegionTree

SCORES = [nm_covering_score, nh_covering_score, nf_covering_score]
seeds = st.integers(0, 2**32 - 1)


def tree_of(parents, leaves, **data):
    return RegionTree.from_parents(parents, [leaves], node_data=data)


# ----------------------------------------------------------------- known answers


def test_one_level():
    tree = tree_of([2, 2, -1], [0, 0, 0, 1])
    label_map = np.array([[5, 5, 7, 7]])
    # Label 5 against leaf 0: 2/3; label 7 against leaf 1: 1/2.
    assert nm_covering_score([label_map], [tree]) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert nh_covering_score([label_map], [tree]) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert nf_covering_score([label_map], [tree], background_index=7) == pytest.approx(
        2 / 3
    )


def test_predicted_root_is_left_out_unless_alone():
    label_map = np.array([[0, 0, 0, 0, 0, 1]])
    assert nm_covering_score([label_map], [tree_of([0], [0] * 6)]) == pytest.approx(0.5)
    halves = tree_of([2, 2, 2], [0, 0, 0, 1, 1, 1])
    expected = (3 / 5 + 1 / 3) / 2
    assert nm_covering_score([label_map], [halves]) == pytest.approx(expected)
    assert nh_covering_score([label_map], [halves]) == pytest.approx(expected)


def test_true_root_is_left_out_unless_alone():
    halves = tree_of([2, 2, 2], [0, 0, 1, 1])
    alone = tree_of([0], [0, 0, 0, 0])
    assert nm_covering_score([alone], [halves]) == 0.5
    assert nh_covering_score([alone], [halves]) == 0.5
    assert nm_covering_score([alone], [alone]) == 1
    assert nh_covering_score([alone], [alone]) == 1
    assert nm_covering_score([halves], [alone]) == 0.5
    assert nh_covering_score([halves], [alone]) == 0.5


def test_paths_count():
    truth = tree_of([3, 3, 4, 4, 4], [0, 1, 2, 2])
    other = tree_of([3, 4, 3, 4, 4], [0, 1, 2, 2])
    # The category {0, 1} overlaps leaf 0 and leaf 1 with 1/2, leaf 2 with 0 and
    # node 3 with 1/4. The pre-order is 4, 1, 3, 0, 2, so that leaf 1 is its match.
    assert nm_covering_score([truth], [other]) == 3.5 / 4
    # Leaf 1's path is matched; that of leaf 0 has no place for leaf 1, so half.
    assert nh_covering_score([truth], [other]) == (0.5 + 1 + 1 + 0.5) / 4


def test_ties_go_to_the_first_in_preorder_not_by_number():
    # P = pixels 0-3 ties between u = {0, 1} and w = {2, 3}, both with 1/2.
    truth = tree_of([4, 4, 4, 5, 5, 5], [0, 0, 1, 2, 3, 3, 3, 3])
    leaves = [0, 0, 2, 3, 1, 1, 4, 4]
    u_first = tree_of([6, 6, 5, 5, 7, 7, 8, 8, 8], leaves)
    w_first = tree_of([7, 7, 5, 5, 6, 6, 8, 8, 8], leaves)
    nm = (1 + 1 + 1 + 0.5 + 0.5) / 5
    assert nm_covering_score([truth], [u_first]) == nm
    assert nm_covering_score([truth], [w_first]) == nm
    # With u, two of the three classes lie off the category's path; with w, one.
    assert nh_covering_score([truth], [u_first]) == (1 + 0.5 + 0.5 + 0.5 + 0.5) / 5
    assert nh_covering_score([truth], [w_first]) == (0.5 + 1 + 1 + 0.5 + 0.5) / 5


def test_chains_of_equal_masks_count_each():
    truth = tree_of([2, 3, 4, 4, 4], [0, 0, 0, 1])
    # Leaf 0 and its category have 2/3 each, leaf 1 and its category are found.
    tree = tree_of([4, 4, 5, 5, 6, 6, 6], [0, 1, 2, 3])
    assert nm_covering_score([truth], [tree]) == pytest.approx((2 / 3 * 2 + 2) / 4)
    chain = tree_of([1, 2, 2], [0, 0, 0, 0])
    assert nh_covering_score([chain], [chain]) == 1


def test_background_classes_are_one_region():
    hierarchy = LabelHierarchy.load("cocothing")
    label_map = np.array([[0, 0, 91, 92]])
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    # Person, its category, the two categories above it, the background.
    assert nm_covering_score([hierarchy.tree(label_map)], [tree]) == 1
    assert nm_covering_score([label_map], [tree]) == pytest.approx((1 + 0.5 + 0.5) / 3)


def test_background_is_no_foreground_of_a_tree():
    truth = LabelHierarchy.load("voc12").tree([[0, 0, 3, 255]])
    tree = tree_of([2, 2, 2], [0, 1, 1, 1])
    assert nm_covering_score([truth], [tree]) == 0.5
    assert nf_covering_score([truth], [tree]) == 0.5
    assert nf_covering_score([truth], [tree_of([2, 2, 2], [0, 0, 1, 1])]) == 1


def test_only_leaves_count_for_the_foreground_score():
    tree = tree_of([3, 3, 4, 4, 4], [0, 1, 2, 2])
    label_map = np.array([[1, 1, 0, 0]])
    assert nm_covering_score([label_map], [tree]) == 1
    assert nf_covering_score([label_map], [tree], background_index=[0, 9]) == 0.5
    assert nf_covering_score([label_map], [tree.cut(depth=1)]) == 1


def test_pixels_without_prediction_count_in_the_union():
    tree = tree_of([2, 2, 2], [0, -1, 1, 1])
    label_map = np.array([[0, 0, 1, 1]])
    for score in SCORES:
        assert score([label_map], [tree]) == 0.75
    nowhere = tree_of([2, 2, 2], [-1, -1, 0, 1])
    assert nm_covering_score([label_map], [nowhere]) == 0.25


# --------------------------------------------------------------- kinds of y_true


def test_annotators_are_averaged():
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    good, poor = np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 0]])
    ignored = np.array([[-1, -1, -1, -1]])
    assert nm_covering_score([[good, poor]], [tree]) == 0.75
    assert nm_covering_score([(good, poor, tree)], [tree]) == pytest.approx(2.5 / 3)
    assert nm_covering_score([[good, poor, ignored]], [tree]) == 0.75
    # One annotator more does not make an image heavier.
    assert nm_covering_score([[good, poor], good], [tree, tree]) == 0.875


def test_label_maps_as_predictions():
    truth = np.array([[0, 0, 1, 1]])
    assert nm_covering_score([truth], [np.array([[7, 7, 3, 3]])]) == 1
    assert nm_covering_score([truth], [np.array([[7, 7, 7, 7]])]) == 0.5
    assert nm_covering_score([truth], [np.array([[7, -1, 3, 3]])]) == 0.75


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint64, np.int64])
def test_any_integer_type(dtype):
    label_map = np.array([[3, 3, 100, 7]], dtype=dtype)
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    assert nm_covering_score([label_map], [tree]) == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert nm_covering_score([label_map], [tree], ignore_index=100) == 1
    limits = np.iinfo(dtype)
    wide = np.where(label_map == 3, dtype(limits.min), dtype(limits.max))
    for score in SCORES:
        assert score([wide], [tree], ignore_index=None) == 1
        assert score([wide], [wide], ignore_index=None) == 1
    assert nm_covering_score([label_map == 7], [tree]) == pytest.approx(
        (2 / 3 + 1 / 2) / 2
    )


def test_three_dimensional_arrays_are_lists_of_maps():
    maps = np.array([[[0, 0, 1, 1]], [[0, 1, 1, 1]]])
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    expected = (1 + (1 / 2 + 2 / 3) / 2) / 2
    assert nm_covering_score(maps, [tree, tree]) == pytest.approx(expected)


def test_trees_over_samples():
    tree = RegionTree.from_parents([2, 2, 2], [0, 0, 1, 1])
    assert nm_covering_score([tree], [tree]) == 1


# ------------------------------------------------------------- images and weights


@pytest.mark.parametrize("score", SCORES)
def test_images_without_foreground_are_left_out(score):
    hierarchy = LabelHierarchy.load("voc12")
    maps = np.array([[[0, 0, 1, 1]], [[0, 0, 0, 0]], [[255] * 4], [[0, 2, 2, 255]]])
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    truths = hierarchy.trees(maps)
    assert truths[2] is None
    scores = score(truths, [tree] * 4, per_image=True)
    assert np.isnan(scores).tolist() == [False, True, True, False]
    assert score(truths, [tree] * 4) == pytest.approx(np.nanmean(scores))
    assert score(truths, [tree] * 4, sample_weight=[3, 5, 5, 1]) == pytest.approx(
        (3 * scores[0] + scores[3]) / 4
    )


def test_background_index_leaves_images_out():
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    maps = [np.array([[0, 0, 0, -1]]), np.array([[0, 0, 1, 1]])]
    scores = nf_covering_score(maps, [tree] * 2, background_index=0, per_image=True)
    np.testing.assert_array_equal(scores, [np.nan, 1])


def test_a_background_array_of_other_kind_is_the_users_own():
    truth = tree_of([2, 2, 2], [0, 0, 1, 1], background=[1, 1, 1])
    assert nm_covering_score([truth], [truth]) == 1
    flagged = tree_of([2, 2, 2], [0, 0, 1, 1], background=[True, True, False])
    assert np.isnan(nm_covering_score([flagged], [truth], per_image=True)).all()


@pytest.mark.parametrize("score", SCORES)
def test_nothing_left_is_nan_with_a_warning(score):
    tree = tree_of([0], [0, 0])
    ignored = np.array([[-1, -1]])
    good = np.array([[1, 1]])
    with pytest.warns(UndefinedMetricWarning, match=f"{score.__name__} is undefined"):
        assert np.isnan(score([ignored, None], [tree, tree]))
    with pytest.warns(UndefinedMetricWarning, match="every image with weight"):
        assert np.isnan(score([ignored, good], [tree, tree], sample_weight=[1, 0]))
    assert np.isnan(score([ignored], [tree], per_image=True)).all()


def test_weights_equal_repetition():
    trees = [tree_of([2, 2, 2], [0, 0, 1, 1]), tree_of([0], [0] * 4)]
    maps = [np.array([[0, 1, 1, 1]]), np.array([[0, 0, 1, 1]])]
    repeated = nm_covering_score([maps[0]] * 3 + [maps[1]], [trees[0]] * 3 + [trees[1]])
    weighted = nm_covering_score(maps, trees, sample_weight=[1.5, 0.5])
    assert weighted == pytest.approx(repeated)
    assert type(weighted) is float


# ------------------------------------------------------------ the literal formulas


def literal_preorder(tree):
    """Return the nodes by recursion, children by index."""

    def below(node):
        children = [
            child for child in range(tree.n_nodes - 1) if tree.parents[child] == node
        ]
        return [node] + [each for child in children for each in below(child)]

    return below(tree.root)


def literal_path(tree, node):
    path = {node}
    while node != tree.root:
        node = int(tree.parents[node])
        if node != tree.root:
            path.add(node)
    return path


def literal_scores(truth, tree):
    """Return NMCovering and NHCovering of one image with masks, as fractions."""
    labelled = truth.leaf_labels >= 0

    def iou(region, node):
        first, second = truth.mask(region) & labelled, tree.mask(node) & labelled
        return Fraction(int((first & second).sum()), int((first | second).sum()))

    candidates = [
        node for node in literal_preorder(tree) if node != tree.root or node == 0
    ]
    regions = [node for node in range(truth.n_nodes) if node != truth.root or node == 0]
    overlap, match = {}, {}
    for region in regions:
        for node in candidates:
            value = iou(region, node)
            if region not in overlap or value > overlap[region]:
                overlap[region], match[region] = value, node
    flat = hierarchical = Fraction(0)
    for region in regions:
        path = literal_path(truth, region)
        predicted_path = literal_path(tree, match[region])
        agreeing = sum(match[each] in predicted_path for each in path)
        flat += overlap[region]
        hierarchical += overlap[region] * Fraction(agreeing, len(path))
    return flat / len(regions), hierarchical / len(regions)


@settings(max_examples=150, deadline=None)
@given(
    seed=seeds,
    n_true=st.integers(1, 7),
    n_predicted=st.integers(1, 10),
    outside=st.sampled_from([0.0, 0.2]),
)
def test_scores_equal_the_literal_ones(random_tree, seed, n_true, n_predicted, outside):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 6, 2))
    truth = random_tree(rng, shape, n_true, outside=outside)
    tree = random_tree(rng, shape, n_predicted, outside=outside)
    flat, hierarchical = literal_scores(truth, tree)
    assert nm_covering_score([truth], [tree]) == pytest.approx(float(flat), abs=1e-12)
    assert nh_covering_score([truth], [tree]) == pytest.approx(
        float(hierarchical), abs=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n_labels=st.integers(1, 5), n_leaves=st.integers(1, 8))
def test_foreground_score_equals_the_literal_one(random_tree, seed, n_labels, n_leaves):
    rng = np.random.default_rng(seed)
    label_map = rng.integers(-1, n_labels, (4, 5))
    tree = random_tree(rng, (4, 5), n_leaves, outside=0.1)
    labelled = label_map >= 0
    best = []
    for label in np.unique(label_map[label_map > 0]):
        region = label_map == label
        leaves = [tree.mask(leaf) & labelled for leaf in range(tree.n_leaves)]
        best.append(
            max((region & leaf).sum() / (region | leaf).sum() for leaf in leaves)
        )
    (score,) = nf_covering_score(
        [label_map], [tree], background_index=0, per_image=True
    )
    assert score == pytest.approx(np.mean(best)) if best else np.isnan(score)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, entries=st.integers(1, 60))
def test_small_blocks_and_sparse_counts_change_nothing(random_tree, seed, entries):
    rng = np.random.default_rng(seed)
    truth = random_tree(rng, (6, 7), 8, outside=0.1)
    tree = random_tree(rng, (6, 7), 12, outside=0.1)
    whole = [score([truth], [tree]) for score in SCORES]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_overlap, "BLOCK_ENTRIES", entries)
        assert [score([truth], [tree]) for score in SCORES] == whole


# --------------------------------------------------------------------- invariants


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n_leaves=st.integers(1, 12), outside=st.sampled_from([0.0, 0.3]))
def test_a_tree_covers_itself(random_tree, seed, n_leaves, outside):
    tree = random_tree(np.random.default_rng(seed), (5, 6), n_leaves, outside=outside)
    for score in SCORES:
        assert score([tree], [tree]) == 1


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n_leaves=st.integers(2, 12))
def test_finer_trees_cover_no_less(random_tree, seed, n_leaves):
    rng = np.random.default_rng(seed)
    truth = random_tree(rng, (5, 6), 6)
    tree = random_tree(rng, (5, 6), n_leaves, chains=False)
    cuts = [tree.cut(depth=depth) for depth in range(1, tree.height + 1)]
    scores = [nm_covering_score([truth], [cut]) for cut in cuts]
    assert (np.diff(scores) >= 0).all()
    assert scores[-1] == nm_covering_score([truth], [tree])


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n_labels=st.integers(1, 6), n_leaves=st.integers(1, 12))
def test_invariances_of_label_maps(random_tree, seed, n_labels, n_leaves):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, (5, 6), n_leaves)
    label_map = rng.integers(0, n_labels, (5, 6))
    expected = nm_covering_score([label_map], [tree])
    assert 0 < expected <= 1

    # A label map is a tree of one level, and there the paths always agree.
    assert nh_covering_score([label_map], [tree]) == pytest.approx(expected)

    # Labels are names.
    renamed = rng.permutation(1000)[label_map]
    assert nm_covering_score([renamed], [tree]) == pytest.approx(expected)

    # Every pixel four times.
    larger = RegionTree(tree.parents, tree.leaf_labels.repeat(2, 0).repeat(2, 1))
    assert nm_covering_score(
        [label_map.repeat(2, 0).repeat(2, 1)], [larger]
    ) == pytest.approx(expected)

    # Pixels in any order.
    order = rng.permutation(label_map.size)
    shuffled = RegionTree(tree.parents, tree.leaf_labels.ravel()[order][None])
    assert nm_covering_score(
        [label_map.ravel()[order][None]], [shuffled]
    ) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_ignored_pixels_do_not_matter(random_tree, seed):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, (5, 6), 8)
    truth = random_tree(rng, (5, 6), 5)
    label_map = rng.integers(0, 4, (5, 6))
    more = rng.integers(-1, tree.n_leaves, (3, 6))
    taller = RegionTree(tree.parents, np.vstack([tree.leaf_labels, more]))
    true_labels = np.vstack([truth.leaf_labels, np.full((3, 6), -1)])
    taller_truth = RegionTree(truth.parents, true_labels)
    ignored = np.vstack([label_map, rng.integers(200, 203, (3, 6))])
    for score in SCORES:
        assert score([taller_truth], [taller]) == score([truth], [tree])
        assert score([ignored], [taller], ignore_index=range(200, 203)) == score(
            [label_map], [tree]
        )


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_hierarchical_score_is_never_above_the_flat_one(random_tree, seed):
    rng = np.random.default_rng(seed)
    truth, tree = random_tree(rng, (5, 6), 7), random_tree(rng, (5, 6), 9)
    flat = nm_covering_score([truth], [tree])
    assert 0 <= nh_covering_score([truth], [tree]) <= flat + 1e-12
