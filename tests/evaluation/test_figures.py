"""Figures of a data set: those of the scores, for any weights of its images."""

import numpy as np
import pytest

from skuhas import HierarchicalSpectralSegmenter, RegionTree
from skuhas.evaluation import _flat_cuts, make_method
from skuhas.evaluation._bootstrap import Interval, bootstrap, difference
from skuhas.evaluation._figures import FIGURES, class_ious, statistics
from skuhas.evaluation._scores import Truth
from skuhas.metrics import (
    BestCuts,
    best_cut_scores,
    frequency_weighted_iou_score,
    mean_accuracy_score,
    mean_iou_score,
    nh_covering_score,
    nm_covering_score,
    pixel_accuracy_score,
)


class Scaled:
    """A method whose altitudes have no upper end, as those of watersheds."""

    def __init__(self, method, scale):
        self.method, self.scale = method, scale

    def predict(self, X):
        return [
            RegionTree(
                tree.parents,
                tree.leaf_labels,
                altitude=self.scale * np.asarray(tree.altitude) ** 3,
            )
            for tree in self.method.predict(X)
        ]


def scored(dataset, features, method=None):
    """Return ground truths, trees, and what evaluate keeps of each image."""
    method = HierarchicalSpectralSegmenter() if method is None else method
    trees = method.predict(features.transform(list(dataset.images)))
    entries = []
    for sample, tree in zip(dataset, trees, strict=True):
        scores, tables = Truth(sample.target(), sample.hierarchy).scores(tree)
        entries.append({"scores": scores, "tables": tables})
    return list(dataset.targets), trees, entries


def value(statistic, weights):
    return float(statistic(np.array([weights], dtype=float))[0])


def label_maps(dataset):
    """Return the classes alone, the background one of them."""
    return [np.where(labels == 9, -1, labels) for labels in dataset.label_maps]


@pytest.mark.parametrize("weights", [[1, 1, 1, 1, 1], [2, 0, 1, 3, 0]])
def test_figures_of_classes_are_the_scores(classes, fast, weights):
    targets, trees, entries = scored(classes, fast)
    found = statistics(entries)
    assert set(found) == {
        *("nm_covering", "nh_covering", "nm_covering_classes", "fragmentation"),
        *("mean_iou", "pixel_accuracy", "mean_accuracy", "frequency_weighted_iou"),
        *("mean_iou_nodes", "pixel_accuracy_nodes"),
    }
    maps = label_maps(classes)
    expected = {
        "nm_covering": nm_covering_score(targets, trees, sample_weight=weights),
        "nh_covering": nh_covering_score(targets, trees, sample_weight=weights),
        "nm_covering_classes": nm_covering_score(maps, trees, sample_weight=weights),
        "mean_iou": mean_iou_score(maps, trees, sample_weight=weights),
        "pixel_accuracy": pixel_accuracy_score(maps, trees, sample_weight=weights),
        "mean_accuracy": mean_accuracy_score(maps, trees, sample_weight=weights),
        "frequency_weighted_iou": frequency_weighted_iou_score(
            maps, trees, sample_weight=weights
        ),
        "mean_iou_nodes": mean_iou_score(targets, trees, sample_weight=weights),
        "pixel_accuracy_nodes": pixel_accuracy_score(
            targets, trees, sample_weight=weights
        ),
    }
    for name, score in expected.items():
        assert value(found[name], weights) == pytest.approx(score, abs=1e-7), name


@pytest.mark.parametrize("weights", [[1, 1, 1, 1, 1], [0, 2, 1, 0, 1]])
def test_figures_of_flat_cuts_are_the_scores(regions, fast, weights):
    targets, trees, entries = scored(regions, fast)
    found = statistics(entries)
    cuts = BestCuts()
    for target, tree, weight in zip(targets, trees, weights, strict=True):
        cuts.update(target, tree, weight=weight)
    for measure in ("covering", "rand_index", "variation_of_information"):
        best = cuts.best(measure)
        ods = value(found[f"{measure}_ods"], weights)
        assert ods == pytest.approx(best.ods, abs=1e-5)
        ois = value(found[f"{measure}_ois"], weights)
        assert ois == pytest.approx(best.ois, abs=1e-8)
    score = nm_covering_score(targets, trees, sample_weight=weights)
    assert value(found["nm_covering"], weights) == pytest.approx(score, abs=1e-8)
    assert "nh_covering" not in found


@pytest.mark.parametrize("scale", [1, 1e-4, 2e5])
@pytest.mark.parametrize("name", ["skuhas", "ward-linkage", "single-linkage"])
def test_thresholds_reach_altitudes_of_any_size(regions, fast, name, scale):
    targets, trees, entries = scored(regions, fast, Scaled(make_method(name), scale))
    found = statistics(entries)
    for measure, best in best_cut_scores(targets, trees).items():
        ods = value(found[f"{measure}_ods"], [1, 1, 1, 1, 1])
        assert ods == pytest.approx(best.ods, abs=1e-5), measure


def test_many_weights_come_from_a_grid(monkeypatch):
    rng = np.random.default_rng(0)
    heights = [np.unique(rng.gamma(2, 30 * 4**image, size=400)) for image in range(6)]
    curves = [
        np.vstack(
            [each, *np.clip(np.cumsum(rng.normal(0, 0.02, (3, each.size)), 1), 0, 1)]
        )
        for each in heights
    ]

    class Packed:
        def __init__(self, curve):
            self.rows = dict(zip(_flat_cuts.MEASURES, curve[1:], strict=True))
            self.at = curve[0]

        def curve(self, measure):
            return self.at, self.rows[measure]

    entries = [
        {"scores": {}, "tables": {"flat_cuts": _flat_cuts.pack(Packed(curve))}}
        for curve in curves
    ]
    found = statistics(entries)
    weights = rng.multinomial(6, np.full(6, 1 / 6), size=50).astype(float)
    for row, measure in enumerate(_flat_cuts.MEASURES, start=1):
        # Every threshold, every image.
        at = np.unique(np.concatenate(heights))
        table = np.array(
            [
                curve[row][np.maximum(np.searchsorted(curve[0], at, "right") - 1, 0)]
                for curve in curves
            ]
        )
        means = weights @ table / 6
        best = means.min(axis=1) if row == 3 else means.max(axis=1)
        statistic = found[f"{measure}_ods"]
        np.testing.assert_allclose(statistic(weights), best, atol=2e-6)
        with monkeypatch.context() as patch:
            patch.setattr(_flat_cuts, "EXACT", 0)
            np.testing.assert_allclose(statistic(weights), best, atol=2e-3)
            ones = np.ones((1, 6))
            mean = table.mean(axis=0)
            exact = mean.min() if row == 3 else mean.max()
            assert statistic(ones)[0] == pytest.approx(exact, abs=2e-6)
            assert statistic(np.ones((2, 6)))[0] == pytest.approx(exact, abs=2e-6)
        assert np.isnan(statistic(np.zeros((1, 6)))).all()


def test_a_class_that_no_drawn_image_has_does_not_count():
    tables = [
        {"classes": {"a": [1, 2, 2]}},
        {"classes": {"a": [2, 2, 2], "b": [0, 4, 4]}},
    ]
    entries = [{"scores": {}, "tables": table} for table in tables]
    found = statistics(entries)
    assert value(found["mean_iou"], [1, 0]) == 0.5
    assert value(found["mean_iou"], [1, 1]) == 0.375
    assert value(found["mean_accuracy"], [0, 1]) == 0.5
    assert value(found["pixel_accuracy"], [1, 1]) == 3 / 8
    assert value(found["frequency_weighted_iou"], [1, 1]) == pytest.approx(3 / 8)
    assert class_ious(entries, "classes") == {"a": 0.75, "b": 0.0}
    assert np.isnan(value(found["mean_iou"], [0, 0]))


def test_images_without_a_score_are_left_out_of_means():
    entries = [{"scores": {"nm_covering": v}, "tables": {}} for v in (0.5, None, 1.0)]
    found = statistics(entries)["nm_covering"]
    assert value(found, [1, 1, 1]) == 0.75
    assert value(found, [1, 5, 0]) == 0.5
    assert statistics([]) == {}


@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [0, 3, 1, 0], [2, 1, 0, 1]])
def test_times_are_medians(weights):
    seconds = [9.0, 1.0, 2.0, 4.0]
    entries = [{"scores": {"seconds_tree": v}, "tables": {}} for v in [*seconds, None]]
    found = statistics(entries)["seconds_tree"]
    assert value(found, [*weights, 1]) == np.median(np.repeat(seconds, weights))
    assert np.isnan(value(found, [0, 0, 0, 0, 1]))


def test_the_mean_has_the_interval_of_the_normal_law():
    values = np.random.default_rng(0).normal(0.5, 0.1, size=400)
    entries = [{"scores": {"nm_covering": v}, "tables": {}} for v in values]
    interval = bootstrap(statistics(entries), 400)["nm_covering"]
    half = 1.96 * values.std() / np.sqrt(400)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=1e-3)
    assert interval.high == pytest.approx(values.mean() + half, abs=1e-3)


def test_a_paired_difference_knows_what_both_share():
    rng = np.random.default_rng(0)
    hard = rng.normal(0.5, 0.2, size=50)
    sides = []
    for gain in (0.0, 0.02):
        noise = rng.normal(0, 0.01, size=50)
        entries = [
            {"scores": {"nm_covering": v}, "tables": {}} for v in hard + gain + noise
        ]
        sides.append(statistics(entries)["nm_covering"])
    paired = bootstrap({"d": difference(sides[1], sides[0])}, 50)["d"]
    assert paired.excludes_zero
    assert paired.low > 0.01
    same = bootstrap({"d": difference(sides[0], sides[0])}, 50)["d"]
    assert same == Interval(0.0, 0.0, 0.0)
    assert not same.excludes_zero


def test_blocks_of_draws_make_no_difference(monkeypatch):
    entries = [{"scores": {"nm_covering": v}, "tables": {}} for v in (0.1, 0.5, 0.9)]
    whole = bootstrap(statistics(entries), 3, n_resamples=50)
    monkeypatch.setattr("skuhas.evaluation._bootstrap.BLOCK", 21)
    assert bootstrap(statistics(entries), 3, n_resamples=50) == whole
    other = bootstrap(statistics(entries), 3, n_resamples=50, random_state=1)
    assert other != whole


def test_few_images_have_no_interval():
    entries = [{"scores": {"nm_covering": 0.5}, "tables": {}}]
    interval = bootstrap(statistics(entries), 1)["nm_covering"]
    assert interval.value == 0.5
    assert np.isnan([interval.low, interval.high]).all()
    assert bootstrap({}, 0) == {}
    with pytest.raises(ValueError, match="n_resamples must be an integer"):
        bootstrap({}, 1, n_resamples=0)


def test_how_figures_are_printed():
    assert FIGURES["nm_covering"].text(0.5749) == "57.5"
    assert FIGURES["variation_of_information_ods"].text(1.234) == "1.23"
    assert FIGURES["n_nodes"].text(1999.6) == "2000"
    assert FIGURES["nm_covering"].text(float("nan")) == "–"
