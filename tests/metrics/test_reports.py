"""The covering taken apart by image and by class, and its tables."""

import json

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from skuhas.hierarchies import LabelHierarchy
from skuhas.metrics import (
    ScoreTable,
    covering_report,
    nh_covering_score,
    nm_covering_score,
)
from skuhas.tree import RegionTree


def tree_of(parents, leaves):
    return RegionTree.from_parents(parents, [leaves])


def test_classes_of_a_class_tree():
    hierarchy = LabelHierarchy.load("camvid")
    truths = hierarchy.trees([np.array([[0, 0, 3, 3]]), np.array([[0, 0, 0, 4]])])
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    report = covering_report(truths, [tree, tree])
    assert report.classes.names == [
        "flat", "flat/Pavement", "flat/Road", "sky", "sky/Sky",
    ]  # fmt: skip
    np.testing.assert_allclose(report.classes["overlap"], [0.75, 0.5, 1, 5 / 6, 5 / 6])
    assert report.classes["n_regions"].tolist() == [2, 1, 1, 2, 2]
    assert report.images["nm_covering"] == pytest.approx([1, 7 / 12])
    assert report.images["n_true"].tolist() == [4, 4]
    assert report.images["n_predicted"].tolist() == [2, 2]
    assert report.nm_covering == nm_covering_score(truths, [tree, tree])
    assert str(report).startswith("NMCovering 0.7917, NHCovering 0.7917\n\nimage ")


def test_reports_agree_with_the_scores(random_tree):
    rng = np.random.default_rng(0)
    truths = [random_tree(rng, (6, 7), 6) for _ in range(4)]
    trees = [random_tree(rng, (6, 7), 9) for _ in range(4)]
    weights = [1, 2, 0, 3]
    report = covering_report(truths, trees, sample_weight=weights)
    for figure, score in (
        ("nm_covering", nm_covering_score),
        ("nh_covering", nh_covering_score),
    ):
        np.testing.assert_allclose(
            report.images[figure], score(truths, trees, per_image=True)
        )
        assert getattr(report, figure) == pytest.approx(
            score(truths, trees, sample_weight=weights)
        )
    # Trees without names have one class; the image without weight is not in it.
    assert report.classes.names == ["region"]
    counts = report.images["n_true"]
    assert report.classes["n_regions"].tolist() == [counts[[0, 1, 3]].sum()]
    expected = np.average(
        report.images["nm_covering"], weights=counts * np.array(weights)
    )
    assert report.classes["overlap"] == pytest.approx([expected])
    # On one path or not: the products are smaller.
    assert (report.classes["overlap_on_path"] <= report.classes["overlap"]).all()


def test_annotators_share_the_weight_of_their_image():
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    one, two = np.array([[5, 5, 5, 5]]), np.array([[5, 5, 7, 7]])
    report = covering_report([[one, two], two, None], [tree] * 3)
    assert report.classes.names == ["5", "7"]
    np.testing.assert_allclose(
        report.classes["overlap"], [(0.5 * 0.5 + 0.5 * 1 + 1) / 2, 1]
    )
    assert report.classes["n_regions"].tolist() == [3, 2]
    assert report.images["n_true"].tolist() == [3, 2, 0]
    assert np.isnan(report.images["nm_covering"]).tolist() == [False, False, True]


def test_nothing_left_is_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="covering_report") as found:
        report = covering_report([None], [tree_of([0], [0, 0])])
    assert found[0].filename == __file__
    assert np.isnan([report.nm_covering, report.nh_covering]).all()
    assert len(report.classes) == 0
    assert "class  overlap" in str(report)


def test_tables():
    table = ScoreTable("class", ["cat", "hippopotamus"], {"iou": [0.5, 1], "n": [3, 4]})
    assert str(table) == (
        "class            iou  n\ncat           0.5000  3\nhippopotamus  1.0000  4"
    )
    assert len(table) == 2
    assert json.loads(json.dumps(table.to_dict())) == {
        "cat": {"iou": 0.5, "n": 3},
        "hippopotamus": {"iou": 1.0, "n": 4},
    }
    assert repr(table) == "ScoreTable('class', n_rows=2, columns=['iou', 'n'])"
    with pytest.raises(ValueError, match=r"columns\['iou'\] must have one figure"):
        ScoreTable("class", ["cat"], {"iou": [0.5, 1]})
