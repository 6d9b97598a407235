"""Scores of all nested cuts at once, and the best of them."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skuhas.metrics import (
    BestCuts,
    _best_cuts,
    _overlap,
    best_cut_score,
    best_cut_scores,
    covering_score,
    probabilistic_rand_score,
    variation_of_information_score,
)
from skuhas.tree import RegionTree

FLAT = {
    "covering": covering_score,
    "rand_index": probabilistic_rand_score,
    "variation_of_information": variation_of_information_score,
}
seeds = st.integers(0, 2**32 - 1)


def with_altitudes(tree, rng, levels):
    """Return the tree with random altitudes, with ties, in quarters."""
    altitude = np.zeros(tree.n_nodes)
    altitude[tree.n_leaves :] = rng.integers(0, levels, tree.n_nodes - tree.n_leaves)
    for node in range(tree.n_nodes - 1):
        parent = tree.parents[node]
        altitude[parent] = max(altitude[parent], altitude[node])
    return RegionTree(tree.parents, tree.leaf_labels, altitude=altitude / 4)


def opened_above(tree, threshold):
    """Return the label map of the cut that opens nodes above a threshold."""
    top = np.arange(tree.n_nodes)
    for node in range(tree.n_nodes - 2, -1, -1):
        parent = tree.parents[node]
        if not tree.altitude[parent] > threshold or top[parent] != parent:
            top[node] = top[parent]
    return np.append(top, -1)[tree.leaf_labels]


def images(rng, random_tree, *, n=3, outside=0.1):
    trees = [
        with_altitudes(
            random_tree(rng, (5, 6), int(rng.integers(1, 12)), outside=outside), rng, 5
        )
        for _ in range(n)
    ]
    maps = [[rng.integers(-1, 4, (5, 6)) for _ in range(2)] for _ in range(n)]
    return maps, trees


@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_every_threshold_equals_the_flat_scores(random_tree, seed):
    rng = np.random.default_rng(seed)
    maps, trees = images(rng, random_tree)
    weights = rng.integers(1, 4, 3)
    cuts = BestCuts()
    for truth, tree, weight in zip(maps, trees, weights, strict=True):
        cuts.update(truth, tree, weight=weight)
    for measure, flat in FLAT.items():
        at, means = cuts.curve(measure)
        # Between two settings the mean is that of the lower one.
        between = np.append(at[:-1] + np.diff(at) / 2, at[-1] + 1)
        for settings_, values in ((at, means), (between, means)):
            literal = [
                flat(
                    maps,
                    [opened_above(tree, each) for tree in trees],
                    sample_weight=weights,
                )
                for each in settings_
            ]
            np.testing.assert_allclose(values, literal, atol=1e-9)
        sign = -1 if measure == "variation_of_information" else 1
        best = cuts.best(measure)
        assert best.ods == pytest.approx((sign * means).max() * sign, abs=1e-9)
        assert best.ods_setting in at
        alone = np.array(
            [
                flat(maps, [opened_above(t, each) for t in trees], per_image=True)
                for each in [*at, at[-1] + 1]
            ]
        )
        np.testing.assert_allclose(
            best.image_ois, (sign * alone).max(axis=0) * sign, atol=1e-9
        )
        assert best.ois == pytest.approx(
            np.average(best.image_ois, weights=weights), abs=1e-9
        )
        for image, each in enumerate(best.ois_settings):
            again = flat([maps[image]], [opened_above(trees[image], each)])
            assert again == pytest.approx(best.image_ois[image], abs=1e-9)
        assert sign * best.ois >= sign * best.ods - 1e-12


@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_every_number_of_regions_equals_the_flat_scores(random_tree, seed):
    rng = np.random.default_rng(seed)
    maps, trees = images(rng, random_tree)
    numbers = np.arange(1, 14)
    given_values = BestCuts(setting="n_regions", values=numbers)
    all_values = BestCuts(setting="n_regions")
    for truth, tree in zip(maps, trees, strict=True):
        given_values.update(truth, tree)
        all_values.update(truth, tree)
    for measure, flat in FLAT.items():
        literal = [
            flat(maps, [tree.cut(n_regions=n) for tree in trees]) for n in numbers
        ]
        at, means = given_values.curve(measure)
        assert at.tolist() == numbers.tolist()
        np.testing.assert_allclose(means, literal, atol=1e-9)
        at, means = all_values.curve(measure)
        np.testing.assert_allclose(
            means[np.searchsorted(at, numbers, side="right") - 1], literal, atol=1e-9
        )
        for first, second in zip(
            given_values.best(measure), all_values.best(measure), strict=True
        ):
            np.testing.assert_allclose(first, second, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_small_blocks_change_nothing(random_tree, seed):
    rng = np.random.default_rng(seed)
    maps, trees = images(rng, random_tree, n=1)
    whole = BestCuts().update(maps[0], trees[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_overlap, "BLOCK_ENTRIES", 40)
        patch.setattr(_best_cuts, "REGIONS_AT_ONCE", 2)
        parts = BestCuts().update(maps[0], trees[0])
    for measure in FLAT:
        np.testing.assert_allclose(
            whole.curve(measure), parts.curve(measure), atol=1e-9
        )


def test_thresholds_on_one_minus_the_cut_are_those_of_the_cut():
    tree = RegionTree.from_parents(
        [4, 4, 5, 5, 6, 6, 6],
        [[0, 1, 2, 3]],
        ncut=[np.nan] * 4 + [0.25, 0.5, 0.125],
        altitude=[0] * 4 + [0.75, 0.5, 0.875],
    )
    label_map = np.array([[0, 1, 2, 2]])
    at, means = BestCuts().update(label_map, tree).curve("covering")
    assert at.tolist() == [0, 0.5, 0.75, 0.875]
    for threshold, mean in zip(at, means, strict=True):
        cut = tree.cut(max_ncut=1 - threshold)
        assert mean == covering_score([label_map], [cut])
    assert best_cut_score([label_map], [tree]) == 1
    assert BestCuts().update(label_map, tree).best("covering").ods_setting == 0.5
    # Given thresholds outside of the altitudes show the root or all leaves.
    given_values = BestCuts(values=[-1, 0.6, 2]).update(label_map, tree)
    assert given_values.curve("covering")[1].tolist() == [0.75, 1, 0.375]


def test_the_scales_of_two_images():
    tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    maps = [np.array([[0, 1, 2, 2]]), np.array([[0, 0, 1, 1]])]
    scores = best_cut_scores(maps, [tree, tree], setting="n_regions")
    best = scores["covering"]
    assert (best.ods, best.ods_setting, best.ois) == (0.875, 2, 1)
    assert best.image_ods.tolist() == [0.75, 1]
    assert best.ois_settings.tolist() == [3, 2]
    weighted = best_cut_scores(
        maps, [tree, tree], setting="n_regions", sample_weight=[5, 1]
    )["covering"]
    assert weighted.ods_setting == 3
    assert weighted.ods == pytest.approx((5 + 0.75) / 6)
    assert best_cut_score(maps, [tree, tree], scale="ois", per_image=True).tolist() == [
        1,
        1,
    ]
    information = scores["variation_of_information"]
    assert (information.ods, information.ois) == pytest.approx((0.25, 0))


def test_images_are_left_out_and_parts_add_up():
    tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 1, 1]])
    maps = [np.array([[0, 0, 1, 1]]), np.array([[-1] * 4]), None]
    parts = [BestCuts().update(each, tree) for each in maps]
    total = pickle.loads(pickle.dumps(sum(parts)))
    assert total.n_images == 3
    best = total.best("covering")
    assert best.ods == best.ois == 1
    np.testing.assert_array_equal(best.image_ods, [1, np.nan, np.nan])
    np.testing.assert_array_equal(best.image_ois, [1, np.nan, np.nan])
    assert [part.n_images for part in parts] == [1, 1, 1]
    nothing = parts[1].best("rand_index")
    assert np.isnan([nothing.ods, nothing.ods_setting, nothing.ois]).all()
    assert [each.size for each in parts[1].curve("rand_index")] == [0, 0]
    assert repr(total) == "BestCuts(setting='altitude', values: all, n_images=3)"
    with pytest.raises(ValueError, match="same setting and values"):
        total + BestCuts(values=[0.5])
    with pytest.raises(TypeError):
        total + 1


def test_one_region_one_pixel_and_label_maps():
    root = RegionTree.from_parents([0], [[0]])
    best = best_cut_scores([np.array([[7]])], [root])
    assert [best[measure].ods for measure in FLAT] == [1, 1, 0]
    label_map = np.array([[0, 0, 1, 1]])
    assert best_cut_score([label_map], [label_map]) == 1


def test_nothing_left_is_nan_with_a_warning():
    tree = RegionTree.from_parents([0], [[0, 0]])
    with pytest.warns(UndefinedMetricWarning, match="best_cut_score is") as found:
        assert np.isnan(best_cut_score([None], [tree]))
    assert found[0].filename == __file__
    with pytest.warns(UndefinedMetricWarning, match="best_cut_scores is") as found:
        best_cut_scores([None], [tree])
    assert found[0].filename == __file__
    assert np.isnan(best_cut_score([None], [tree], per_image=True)).all()


def test_errors_name_the_parameter():
    tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 1, 1]])
    label_map = np.array([[0, 0, 1, 1]])
    with pytest.raises(ValueError, match="setting must be one of"):
        BestCuts(setting="depth")
    with pytest.raises(ValueError, match="values must be a 1-D array"):
        BestCuts(values=[])
    with pytest.raises(ValueError, match="values must be finite and increasing"):
        BestCuts(values=[0.2, 0.1])
    with pytest.raises(ValueError, match="measure must be one of"):
        best_cut_score([label_map], [tree], measure="iou")
    with pytest.raises(ValueError, match="scale must be one of"):
        best_cut_score([label_map], [tree], scale="oracle")
    with pytest.raises(ValueError, match="measure must be one of"):
        BestCuts().best("iou")
    with pytest.raises(ValueError, match="weight must be"):
        BestCuts().update(label_map, tree, weight=float("inf"))
    with pytest.raises(ValueError, match="truth has shape"):
        BestCuts().update(label_map.T, tree)
