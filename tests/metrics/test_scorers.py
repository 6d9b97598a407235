"""The scorers in scikit-learn's searches."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

from skuhas import metrics
from skuhas.hierarchies import LabelHierarchy
from skuhas.metrics import nh_covering_scorer, nm_covering_scorer

PLAIN = [
    "nm_covering",
    "nh_covering",
    "nf_covering",
    "fragmentation",
    "mean_iou",
    "pixel_accuracy",
    "mean_accuracy",
    "frequency_weighted_iou",
    "covering",
    "probabilistic_rand",
]
MEASURES = ["covering", "rand_index", "variation_of_information"]


class Cutter(BaseEstimator):
    """Predicts cuts of the trees that it is given."""

    def __init__(self, n_regions=1):
        self.n_regions = n_regions

    def fit(self, X, y=None):
        return self

    def predict(self, X):
        return [tree.cut(n_regions=self.n_regions) for tree in X]


@pytest.fixture
def data(random_tree):
    rng = np.random.default_rng(0)
    trees = [random_tree(rng, (6, 7), 12, chains=False) for _ in range(6)]
    maps = [tree.labels(n_regions=5) for tree in trees]
    return trees, maps


def _check(scorer, score, data, sign):
    trees, maps = data
    cutter = Cutter(n_regions=3)
    assert scorer(cutter, trees, maps) == sign * score(maps, cutter.predict(trees))
    weights = [1, 2, 3, 4, 5, 6]
    assert scorer(cutter, trees, maps, sample_weight=weights) == sign * score(
        maps, cutter.predict(trees), sample_weight=weights
    )
    assert pickle.loads(pickle.dumps(scorer))(cutter, trees, maps) == scorer(
        cutter, trees, maps
    )


@pytest.mark.parametrize("name", PLAIN)
def test_scorer_calls_predict(data, name):
    scorer = getattr(metrics, f"{name}_scorer")
    _check(scorer, getattr(metrics, f"{name}_score"), data, 1)


def test_less_information_is_better(data):
    scorer = metrics.variation_of_information_scorer
    _check(scorer, metrics.variation_of_information_score, data, -1)
    trees, maps = data
    assert scorer(Cutter(5), trees, maps) == pytest.approx(0)
    assert scorer(Cutter(1), trees, maps) < -1


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("scale", ["ods", "ois"])
def test_scorers_of_the_best_cuts(data, measure, scale):
    def score(y_true, y_pred, **kwargs):
        best = metrics.best_cut_scores(y_true, y_pred, **kwargs)[measure]
        return getattr(best, scale)

    sign = -1 if measure == "variation_of_information" else 1
    _check(getattr(metrics, f"{scale}_{measure}_scorer"), score, data, sign)


def test_no_scorer_is_forgotten():
    names = {f"{name}_scorer" for name in PLAIN} | {"variation_of_information_scorer"}
    names |= {f"{s}_{m}_scorer" for s in ("ods", "ois") for m in MEASURES}
    assert names == {name for name in metrics.__all__ if name.endswith("_scorer")}


def test_grid_search(data):
    trees, maps = data
    search = GridSearchCV(
        Cutter(),
        {"n_regions": [1, 2, 5]},
        scoring={"nm": nm_covering_scorer, "nh": nh_covering_scorer},
        refit="nm",
        cv=3,
        error_score="raise",
    ).fit(trees, maps)
    assert search.best_params_ == {"n_regions": 5}
    assert search.cv_results_["mean_test_nm"][2] == pytest.approx(1)
    assert search.cv_results_["mean_test_nh"][2] == pytest.approx(1)


def test_cross_validation_on_trees_and_annotators(data):
    trees, maps = data
    hierarchy = LabelHierarchy.load("voc12")
    truths = hierarchy.trees([np.clip(each, 0, 20) for each in maps])
    mixed = [None, truths[1], [maps[2], maps[2]], *maps[3:]]
    scores = cross_val_score(
        Cutter(5), trees, mixed, scoring=nm_covering_scorer, cv=3, error_score="raise"
    )
    assert scores == pytest.approx([1, 1, 1])


def test_metrics_do_not_import_torch():
    code = (
        "import sys, skuhas.metrics, skuhas.hierarchies; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'timm', 'skimage')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
