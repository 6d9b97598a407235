"""mIoU, pAcc, mAcc and fwIoU, by class and added up over images."""

import pickle
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skuhas.hierarchies import LabelHierarchy
from skuhas.metrics import (
    SemanticCounts,
    _overlap,
    frequency_weighted_iou_score,
    mean_accuracy_score,
    mean_iou_score,
    nm_covering_score,
    pixel_accuracy_score,
)
from skuhas.tree import RegionTree

SCORES = {
    "mean_iou": mean_iou_score,
    "pixel_accuracy": pixel_accuracy_score,
    "mean_accuracy": mean_accuracy_score,
    "frequency_weighted_iou": frequency_weighted_iou_score,
}
seeds = st.integers(0, 2**32 - 1)


def tree_of(parents, leaves, **node_data):
    return RegionTree.from_parents(parents, [leaves], node_data=node_data)


def test_classes_add_up_over_images_before_they_are_divided():
    tree = tree_of([2, 2, 2], [0, 0, 0, 1])
    maps = [np.array([[5, 5, 7, 7]]), np.array([[5, 5, 5, 7]])]
    counts = SemanticCounts()
    for each in maps:
        counts.update(each, tree)
    # Class 5: 2 of 3 and 3 of 3 pixels; class 7: 1 of 2 and 1 of 1.
    assert counts.mean_iou == pytest.approx((5 / 6 + 2 / 3) / 2)
    assert counts.pixel_accuracy == pytest.approx(7 / 8)
    assert counts.mean_accuracy == pytest.approx((5 / 5 + 2 / 3) / 2)
    assert counts.frequency_weighted_iou == pytest.approx((5 * 5 / 6 + 3 * 2 / 3) / 8)
    alone = mean_iou_score(maps, [tree, tree], per_image=True)
    assert alone == pytest.approx([(2 / 3 + 1 / 2) / 2, 1])
    assert mean_iou_score(maps, [tree, tree]) == pytest.approx(0.75)


def test_hungarian_takes_each_node_once():
    tree = tree_of([2, 2, 2], [0, 0, 0, 0, 1, 1])
    label_map = np.array([[1, 1, 2, 2, 2, 2]])
    # By overlap 1 takes node 0 with 1/2, and so does 2 with 1/3, or node 1 with 1/2.
    assert mean_iou_score([label_map], [tree]) == pytest.approx((1 / 2 + 1 / 2) / 2)
    coarse = np.array([[0] * 6])
    assert mean_iou_score([label_map], [coarse]) == pytest.approx((1 / 3 + 2 / 3) / 2)
    one_to_one = {"matching": "hungarian"}
    assert mean_iou_score([label_map], [coarse], **one_to_one) == pytest.approx(1 / 3)
    assert pixel_accuracy_score([label_map], [coarse], **one_to_one) == 4 / 6
    assert mean_accuracy_score([label_map], [coarse], **one_to_one) == 1 / 2
    assert frequency_weighted_iou_score(
        [label_map], [coarse], **one_to_one
    ) == pytest.approx((4 * 4 / 6) / 6)
    # A greedy choice would give 1 its best node and leave 2 with none.
    crossing = np.array([[0, 0, 0, 1, 1, 1, 1, 1]])
    truth = np.array([[1, 1, 1, 1, 2, 2, 2, 2]])
    assert mean_iou_score([truth], [crossing], **one_to_one) == pytest.approx(
        (3 / 4 + 4 / 5) / 2
    )


def test_chains_share_a_node_only_by_overlap():
    hierarchy = LabelHierarchy.load("camvid")
    truth = hierarchy.tree([[0, 0, 3, 3]])
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    assert mean_iou_score([truth], [tree]) == 1
    # Sky and its category hold the same pixels, of which there is one node.
    assert mean_iou_score([truth], [tree], matching="hungarian") == 0.5


def test_classes_of_a_hierarchy_are_paths_of_names():
    hierarchy = LabelHierarchy.from_nested(
        {
            "name": "farm",
            "children": [
                {"name": "cat", "children": [{"name": "head", "index": 1}]},
                {"name": "dog", "children": [{"name": "head", "index": 2}]},
                {"name": "grass", "index": 0, "role": "background"},
            ],
        }
    )
    counts = SemanticCounts()
    for label_map in ([[0, 1, 1, 2]], [[0, 0, 2, 2]]):
        counts.update(hierarchy.tree(label_map), np.array([[0, 1, 1, 2]]))
    report = counts.report()
    assert report.names == ["background", "cat", "cat/head", "dog", "dog/head"]
    assert report["n_images"].tolist() == [2, 1, 1, 2, 2]
    assert report["pixels"].tolist() == [3, 2, 2, 3, 3]
    # Background: 1 of 1, then 1 of 2; dog: 1 of 1, then the node 2 with 1 of 2.
    np.testing.assert_allclose(report["iou"], [2 / 3, 1, 1, 2 / 3, 2 / 3])
    np.testing.assert_allclose(report["accuracy"], [2 / 3, 1, 1, 2 / 3, 2 / 3])
    assert str(report).splitlines()[1].split() == [
        "background", "0.6667", "0.6667", "2", "3.0000",
    ]  # fmt: skip


def test_annotators_have_equal_shares():
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    good, poor = np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 0]])
    counts = SemanticCounts().update([good, poor], tree)
    assert counts.n_images == 1
    # Class 0: (2 + 2) / 2 shared of (2 + 4) / 2; class 1: 2 / 2 of 2 / 2.
    assert counts.report().to_dict()["0"] == {
        "iou": 2 / 3,
        "accuracy": 2 / 3,
        "n_images": 1,
        "pixels": 3.0,
    }
    assert counts.mean_iou == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize("matching", ["max_overlap", "hungarian"])
def test_pixels_without_prediction_count_in_the_union(matching):
    tree = tree_of([2, 2, 2], [-1, -1, 0, 1])
    counts = SemanticCounts(matching=matching).update(np.array([[0, 0, 1, 2]]), tree)
    # Class 0 meets no node: its own pixels are its union.
    assert counts.report()["iou"].tolist() == [0, 1, 1]
    more = SemanticCounts(matching=matching).update(
        np.array([[0, 0, 0, 0]]), np.array([[3, 3, 3, 3]])
    )
    assert (counts + more).report()["iou"].tolist() == [4 / 6, 1, 1]


@pytest.mark.parametrize("name", SCORES)
def test_images_without_foreground_are_left_out(name):
    score = SCORES[name]
    hierarchy = LabelHierarchy.load("voc12")
    maps = np.array([[[0, 0, 1, 1]], [[0, 0, 0, 0]], [[255] * 4], [[0, 2, 2, 255]]])
    trees = [tree_of([2, 2, 2], [0, 0, 1, 1])] * 4
    truths = hierarchy.trees(maps)
    alone = score(truths, trees, per_image=True)
    assert np.isnan(alone).tolist() == [False, True, True, False]
    rest = score([truths[0], truths[3]], trees[:2])
    assert score(truths, trees) == pytest.approx(rest)
    with pytest.warns(UndefinedMetricWarning, match=f"{score.__name__} is undefined"):
        assert np.isnan(score(truths[1:3], trees[:2]))
    with pytest.warns(UndefinedMetricWarning, match="every image with weight") as found:
        score(truths[:2], trees[:2], sample_weight=[0, 1])
    assert found[0].filename == __file__


def test_a_root_alone_and_a_map_of_one_label():
    alone = RegionTree.from_parents([0], [[0, 0]], node_data={"name": ["scene"]})
    counts = SemanticCounts().update(alone, np.array([[1, 1]]))
    assert counts.report().names == ["scene"]
    assert counts.mean_iou == 1
    assert mean_iou_score([np.array([[4, 4]])], [alone]) == 1


def test_ignored_labels():
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    label_map = np.array([[1, 1, 2, 9]])
    assert mean_iou_score([label_map], [tree], ignore_index=9) == 1
    assert mean_iou_score([label_map], [tree]) == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert SemanticCounts(ignore_index=[1, 2, 9]).update(label_map, tree).n_images == 0


def literal_counts(truths, trees, matching, weights):
    """Return intersection, union and area of each label, with masks."""
    total = {}
    for label_map, tree, weight in zip(truths, trees, weights, strict=True):
        labelled = label_map >= 0
        labels = np.unique(label_map[labelled])
        nodes = [n for n in range(tree.n_nodes) if n != tree.root or n == 0]
        masks = [tree.mask(node) & labelled for node in nodes]
        table = np.array(
            [
                [
                    ((label_map == label) & mask).sum()
                    / ((label_map == label) | mask).sum()
                    for mask in masks
                ]
                for label in labels
            ]
        )
        if matching == "max_overlap":
            chosen = list(enumerate(table.argmax(axis=1)))
        else:
            rows = range(len(labels))
            chosen = max(
                (
                    list(zip(rows, each, strict=True))
                    for each in permutations(range(len(nodes)), len(labels))
                ),
                key=lambda pairs: sum(table[pair] for pair in pairs),
            )
        for row, column in chosen:
            region, mask = label_map == labels[row], masks[column]
            sizes = (region & mask).sum(), (region | mask).sum(), region.sum()
            if sizes[0] == 0:
                sizes = (0, sizes[2], sizes[2])
            total[labels[row]] = (
                total.get(labels[row], np.zeros(3)) + np.array(sizes) * weight
            )
    return np.array([total[label] for label in sorted(total)]).T


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_by_overlap_equal_the_literal_counts(random_tree, seed):
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, (5, 6), 6, chains=False) for _ in range(3)]
    maps = [rng.integers(-1, 5, (5, 6)) for _ in range(3)]
    weights = rng.integers(1, 5, 3)
    counts = SemanticCounts()
    parts = []
    for label_map, tree, weight in zip(maps, trees, weights, strict=True):
        parts.append(SemanticCounts().update(label_map, tree, weight=weight))
        counts.update(label_map, tree, weight=weight)
    assert sum(parts).scores() == pytest.approx(counts.scores())
    # Ties may fall on other nodes here, but their overlaps are the same.
    shared, union, area = literal_counts(maps, trees, "max_overlap", weights)
    np.testing.assert_allclose(counts.report()["pixels"], area)
    for name, score in SCORES.items():
        got = score(maps, trees, sample_weight=weights)
        assert got == pytest.approx(counts.scores()[name])
    one = [SemanticCounts().update(m, t) for m, t in zip(maps, trees, strict=True)]
    for part, label_map, tree in zip(one, maps, trees, strict=True):
        shared, union, area = literal_counts([label_map], [tree], "max_overlap", [1])
        np.testing.assert_allclose(part.report()["iou"], shared / union)
        assert part.mean_iou == pytest.approx(nm_covering_score([label_map], [tree]))
        assert part.frequency_weighted_iou == pytest.approx(
            (area * shared / union).sum() / area.sum()
        )


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_hungarian_is_the_best_of_all_assignments(random_tree, seed):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, (4, 5), 5, chains=False)
    label_map = rng.integers(0, 3, (4, 5))
    n_nodes = tree.n_nodes - 1
    if n_nodes < np.unique(label_map).size:
        return
    shared, union, _ = literal_counts([label_map], [tree], "hungarian", [1])
    got = mean_iou_score([label_map], [tree], matching="hungarian")
    assert got == pytest.approx((shared / union).mean())
    assert got <= mean_iou_score([label_map], [tree]) + 1e-12
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_overlap, "BLOCK_ENTRIES", 1)
        assert mean_iou_score([label_map], [tree], matching="hungarian") == got


def test_weights_are_repetition():
    tree = tree_of([2, 2, 2], [0, 0, 0, 1])
    maps = [np.array([[5, 5, 7, 7]]), np.array([[5, 5, 5, 7]])]
    for score in SCORES.values():
        repeated = score([maps[0], *[maps[1]] * 3], [tree] * 4)
        assert score(maps, [tree] * 2, sample_weight=[1, 3]) == pytest.approx(repeated)
    zero = SemanticCounts().update(maps[0], tree, weight=0)
    assert zero.n_images == 0
    assert np.isnan(list(zero.scores().values())).all()
    assert len(zero.report()) == 0


def test_counts_add_up_and_pickle():
    tree = tree_of([2, 2, 2], [0, 0, 0, 1])
    parts = [
        SemanticCounts().update(np.array([[label, label, 7, 7]]), tree)
        for label in (10, 9)
    ]
    total = pickle.loads(pickle.dumps(sum(parts)))
    assert total.n_images == 2
    assert total.report().names == ["7", "9", "10"]
    assert repr(total) == (
        "SemanticCounts(matching='max_overlap', n_images=2, n_classes=3)"
    )
    # The parts stay as they were.
    assert [len(part.report()) for part in parts] == [2, 2]
    total.update(np.array([[1, 1, 1, 1]]), tree)
    assert [len(part.report()) for part in parts] == [2, 2]
    with pytest.raises(ValueError, match="same matching"):
        total + SemanticCounts(matching="hungarian")
    with pytest.raises(TypeError):
        total + 1


def test_errors_name_the_parameter():
    tree = tree_of([2, 2, 2], [0, 0, 1, 1])
    label_map = np.array([[0, 0, 1, 1]])
    with pytest.raises(ValueError, match="matching must be one of"):
        SemanticCounts(matching="greedy")
    with pytest.raises(ValueError, match="matching must be one of"):
        mean_iou_score([label_map], [tree], matching="greedy")
    with pytest.raises(TypeError, match="ignore_index must be"):
        SemanticCounts(ignore_index="void")
    with pytest.raises(ValueError, match=r"weight must be a number in \[0.0, inf\)"):
        SemanticCounts().update(label_map, tree, weight=-1)
    with pytest.raises(ValueError, match=r"truth has shape \(1, 3\), prediction has"):
        SemanticCounts().update(label_map[:, :3], tree)
    with pytest.raises(ValueError, match=r"y_true\[1\] must be a label map or a tree"):
        mean_iou_score([label_map, tree], [tree, tree])
    with pytest.raises(ValueError, match=r"y_true\[0\] has shape"):
        mean_iou_score([label_map[:, :3]], [tree])
