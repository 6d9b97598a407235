import sys

import numpy as np
import pytest

from skuhas import FeatureMap, LinkageSegmenter, WatershedHierarchy
from skuhas.baselines import baseline_names, make_baseline


def test_every_name_makes_an_estimator_of_its_own():
    made = [make_baseline(name) for name in baseline_names()]
    assert len({str(item) + item.__class__.__name__ for item in made}) == len(made)
    for item in made:
        assert hasattr(item, "predict")


def test_parameters_come_over_those_of_the_name():
    baseline = make_baseline("Ward Linkage", color_weight=0.5)
    assert isinstance(baseline, LinkageSegmenter)
    assert (baseline.linkage, baseline.color_weight) == ("ward", 0.5)
    assert make_baseline("ward_linkage", linkage="single").linkage == "single"


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("avrage-linkage", {}, "got 'avrage-linkage'. Did you mean 'average-linkage'"),
        ("xyz", {}, r"name must be one of \['average-linkage'.*got 'xyz'\.$"),
        (3, {}, "name must be one of .*, got 3"),
        (
            "single-linkage",
            {"colour_weight": 1},
            "got 'colour_weight'. Did you mean 'color_weight'",
        ),
    ],
)
def test_unknown_names(name, parameters, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make_baseline(name, **parameters)


def test_without_higra_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "higra", None)
    item = FeatureMap(np.ones((2, 2, 1)), image=np.zeros((4, 4, 3), dtype=np.uint8))
    with pytest.raises(ImportError, match=r'pip install "skuhas\[higra\]"'):
        WatershedHierarchy().predict([item])
