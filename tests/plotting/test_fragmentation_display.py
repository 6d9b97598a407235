"""FragmentationDisplay shows the curves and scores of skuhas.metrics."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from skuhas import (
    FragmentationDisplay,
    RegionTree,
    fragmentation_curve,
    fragmentation_score,
    make_nested_scene,
)

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def data():
    """Return label maps and the trees of two methods."""
    scenes = [make_nested_scene((40, 48), depth=2, random_state=i) for i in range(3)]
    maps = [scene.label_map for scene in scenes]
    true = [scene.tree for scene in scenes]
    rows = np.arange(40)[:, None] // 5 + np.zeros((1, 48), dtype=int)
    parents = [8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 14]
    return maps, {"true": true, "stripes": [RegionTree.from_parents(parents, rows)] * 3}


def test_curves_and_scores_are_those_of_the_metrics(data):
    y_true, methods = data
    display = FragmentationDisplay.from_predictions(y_true, methods)
    assert display.names == ["true", "stripes"]
    np.testing.assert_array_equal(display.n_regions, np.arange(1, 101))
    for position, (name, trees) in enumerate(methods.items()):
        curve = fragmentation_curve(y_true, trees)
        score = fragmentation_score(y_true, trees)
        line = display.lines_[position]
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 101))
        np.testing.assert_array_equal(line.get_ydata(), curve)
        assert display.scores[position] == pytest.approx(score, abs=1e-12)
        assert line.get_label() == f"{name} (score = {score:.2f})"
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == [line.get_label() for line in display.lines_]
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_xlabel() == "number of regions"
    assert display.ax_.get_ylabel() == "NMCovering"


def test_other_numbers_weights_and_ignored_labels(data):
    y_true, methods = data
    keywords = {
        "n_regions": (1, 3, 9),
        "ignore_index": [0],
        "sample_weight": [1, 0, 2],
    }
    display = FragmentationDisplay.from_predictions(
        y_true, methods["true"], name="true", **keywords
    )
    curve = fragmentation_curve(y_true, methods["true"], **keywords)
    np.testing.assert_array_equal(display.curves[0], curve)
    score = fragmentation_score(y_true, methods["true"], **keywords)
    assert display.scores == [pytest.approx(score)]
    one = FragmentationDisplay.from_predictions(
        y_true, methods["true"], n_regions=iter([4])
    )
    assert one.scores == [one.curves[0][0]]


def test_more_methods_by_calling_again(data):
    y_true, methods = data
    first = FragmentationDisplay.from_predictions(
        y_true, methods["stripes"], name="stripes"
    )
    second = FragmentationDisplay.from_predictions(
        y_true, methods["true"], name="true", ax=first.ax_
    )
    lines = second.ax_.lines
    assert list(lines) == first.lines_ + second.lines_
    # Told apart by colour and by dashes, and none is cut off.
    assert lines[0].get_color() != lines[1].get_color()
    assert lines[0].get_linestyle() != lines[1].get_linestyle()
    assert second.ax_.get_ylim()[0] == 0
    assert second.ax_.get_ylim()[1] > max(line.get_ydata().max() for line in lines)
    assert len(second.ax_.get_legend().get_texts()) == 2


class Constant(BaseEstimator):
    """Predicts the same trees always."""

    def __init__(self, trees=None):
        self.trees = trees

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y=None):
        return self

    def predict(self, X):
        return self.trees


def test_names_of_estimators(data):
    y_true, methods = data
    estimator = Constant(methods["true"])
    images = [None] * 3
    display = FragmentationDisplay.from_estimator(estimator, images, y_true)
    assert display.names == ["Constant"]
    np.testing.assert_array_equal(
        display.curves[0], fragmentation_curve(y_true, methods["true"])
    )
    pipe = make_pipeline("passthrough", estimator).fit(images)
    assert FragmentationDisplay.from_estimator(pipe, images, y_true).names == [
        "Constant"
    ]
    named = FragmentationDisplay.from_estimator(estimator, images, y_true, name="mine")
    assert named.lines_[0].get_label().startswith("mine (score = ")
    bare = FragmentationDisplay.from_predictions(y_true, methods["true"])
    assert bare.lines_[0].get_label() == f"score = {bare.scores[0]:.2f}"


def test_names_and_keyword_arguments_of_curves(data):
    y_true, methods = data
    display = FragmentationDisplay.from_predictions(y_true, methods)
    display.plot(name=["a", "b"], curve_kwargs=[{"c": "red"}, {"lw": 4}])
    assert display.lines_[0].get_label().startswith("a (")
    assert display.lines_[0].get_color() == "red"
    assert display.lines_[1].get_linewidth() == 4
    display.plot(curve_kwargs={"color": "black"})
    assert {line.get_color() for line in display.lines_} == {"black"}
    with pytest.raises(ValueError, match="name must have one for each of the 2 curves"):
        display.plot(name="one")
    with pytest.raises(ValueError, match="curve_kwargs must have one for each"):
        display.plot(curve_kwargs=[{}])
    with pytest.raises(TypeError, match="curve_kwargs must be a dict"):
        display.plot(curve_kwargs=["red", "red"])


def test_malformed_predictions(data):
    y_true, methods = data
    with pytest.raises(ValueError, match="name must be None where y_pred is a dict"):
        FragmentationDisplay.from_predictions(y_true, methods, name="all")
    with pytest.raises(ValueError, match="at least one method"):
        FragmentationDisplay.from_predictions(y_true, {})
    with pytest.raises(ValueError, match="increasing"):
        FragmentationDisplay.from_predictions(y_true, methods, n_regions=[3, 2])
