"""The values that the authors' evaluation gives for its cases."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from skuhas.hierarchies import LabelHierarchy
from skuhas.metrics import (
    SemanticCounts,
    frequency_weighted_iou_score,
    mean_accuracy_score,
    mean_iou_score,
    nh_covering_score,
    nm_covering_score,
    pixel_accuracy_score,
)
from skuhas.tree import RegionTree

SHARED = Path(
    os.environ.get("SKUHAS_SHARED", Path(__file__).parents[2].parent / "shared")
)
PARITY = SHARED / "reference" / "parity"


@pytest.mark.skipif(not PARITY.is_dir(), reason=f"{PARITY} is absent")
@pytest.mark.parametrize(
    ("file", "n_cases"), [("covering_cases.json", 24), ("tie_cases.json", 6)]
)
def test_scores_equal_the_reference(file, n_cases):
    cases = json.loads((PARITY / file).read_text())
    assert len(cases) == n_cases
    truths = [
        LabelHierarchy.load(case["hierarchy"]).tree(case["label_map"]) for case in cases
    ]
    trees = [
        RegionTree.from_parents(case["parents"], case["leaf_map"]) for case in cases
    ]
    for score, key in (
        (nm_covering_score, "nm_covering"),
        (nh_covering_score, "nh_covering"),
        (mean_iou_score, "miou"),
        (pixel_accuracy_score, "pacc"),
        (mean_accuracy_score, "macc"),
        (frequency_weighted_iou_score, "fwiou"),
    ):
        expected = [case[key] for case in cases]
        np.testing.assert_allclose(
            score(truths, trees, per_image=True), expected, rtol=0, atol=1e-9
        )
        if "covering" in key:
            assert score(truths, trees) == pytest.approx(np.mean(expected), abs=1e-9)
    for case, truth, tree in zip(cases, truths, trees, strict=True):
        counts = SemanticCounts().update(truth, tree)
        expected = [case[key] for key in ("miou", "pacc", "macc", "fwiou")]
        assert list(counts.scores().values()) == pytest.approx(expected, abs=1e-9)
