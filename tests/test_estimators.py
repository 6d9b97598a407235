"""Checks that every image estimator and transformer of the package passes.

scikit-learn runs a single check on estimators whose input is no 2-D array;
these say the same things of lists of images and of feature maps.
"""

import copy
import importlib.util
import inspect
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

import skuhas
from skuhas import (
    ColorFeatures,
    DinoFeatures,
    FeatureMap,
    HierarchicalSpectralSegmenter,
    LiteFeatures,
    TimmFeatures,
    make_nested_scene,
)

TRANSFORMERS = [ColorFeatures(image_size=64)]
# Without torch, as where lower bounds are checked, the rest is checked alone.
if importlib.util.find_spec("torch"):
    TRANSFORMERS += [
        LiteFeatures(image_size=64),
        LiteFeatures(image_size=64, reduce=2),
        DinoFeatures(weights="random", image_size=56),
        TimmFeatures(model="convnext_atto", weights="random", image_size=64),
    ]
SEGMENTERS = [
    HierarchicalSpectralSegmenter(),
    HierarchicalSpectralSegmenter(whiten=True),
    HierarchicalSpectralSegmenter(superpixels="grid", affinity="cosine"),
    HierarchicalSpectralSegmenter(**(skuhas.PAPER_SETTINGS | {"n_superpixels": 30})),
]
ESTIMATORS = [*TRANSFORMERS, *SEGMENTERS]


def _id(estimator):
    changed = str(estimator).replace("\n", "").replace(" ", "")
    return changed[:60]


all_estimators = pytest.mark.parametrize("estimator", ESTIMATORS, ids=_id)


@pytest.fixture(scope="module")
def images():
    shapes = [(48, 64), (40, 40), (64, 48)]
    return [
        make_nested_scene(shape, random_state=seed).image
        for seed, shape in enumerate(shapes)
    ]


@pytest.fixture(scope="module")
def inputs(images):
    """Return what an estimator takes: images, or maps of them."""
    maps = ColorFeatures(image_size=64, stride=4).fit_transform(images)

    def choose(estimator):
        return images if hasattr(estimator, "transform") else maps

    return choose


def _run(estimator, X):
    if hasattr(estimator, "transform"):
        return [item.features for item in estimator.transform(X)]
    return estimator.predict(X)


def _same(first, second):
    if isinstance(first, np.ndarray):
        return np.array_equal(first, second)
    return first == second


def _all_same(first, second):
    return len(first) == len(second) and all(map(_same, first, second))


def test_every_image_estimator_is_checked_here():
    pytest.importorskip("torch")
    # Baselines have checks of their own, in tests/baselines/test_protocol.py.
    public = {
        name
        for name in set(skuhas.__all__) - set(skuhas._EXPORTS["skuhas.baselines"])
        if inspect.isclass(value := getattr(skuhas, name))
        and issubclass(value, BaseEstimator)
        and not get_tags(value()).input_tags.two_d_array
    }
    assert public == {type(estimator).__name__ for estimator in ESTIMATORS}


# It warns that it can say nothing about inputs that are no 2-D arrays.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@all_estimators
def test_scikit_learn_checks(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert results
    assert not [entry for entry in results if entry["status"] == "failed"]


@all_estimators
def test_parameters_are_keywords_kept_as_given(estimator):
    signature = inspect.signature(type(estimator).__init__)
    for name, parameter in signature.parameters.items():
        if name == "self":
            continue
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert isinstance(parameter.default, (str, int, float, bool, tuple, type(None)))
        marker = object()
        assert getattr(type(estimator)(**{name: marker}), name) is marker


@all_estimators
def test_clone_and_pickle(estimator, inputs):
    X = inputs(estimator)
    fitted = clone(estimator).fit(X)
    expected = _run(fitted, X)
    copies = [clone(estimator).fit(X), pickle.loads(pickle.dumps(fitted))]
    copies.append(copy.deepcopy(fitted))
    for other in copies:
        assert other.get_params() == estimator.get_params()
        assert _all_same(_run(other, X), expected)
    # No model and no image travels with the estimator.
    assert len(pickle.dumps(fitted)) < 20_000


@all_estimators
def test_parameters_and_input_are_left_alone(estimator, inputs):
    X = inputs(estimator)
    before = joblib.hash(X), joblib.hash(estimator.get_params())
    model = clone(estimator)
    _run(model.fit(X), X)
    assert (joblib.hash(X), joblib.hash(model.get_params())) == before


@all_estimators
def test_fit_returns_self_and_prediction_sets_nothing(estimator, inputs):
    X = inputs(estimator)
    model = clone(estimator)
    assert model.fit(X) is model
    state = joblib.hash(vars(model))
    _run(model, X)
    assert joblib.hash(vars(model)) == state


@all_estimators
def test_fitting_again_forgets(estimator, inputs):
    X = inputs(estimator)
    once = clone(estimator).fit(X[:1])
    twice = clone(estimator).fit(X[1:]).fit(X[:1])
    assert _all_same(_run(once, X), _run(twice, X))


@all_estimators
def test_results_repeat(estimator, inputs):
    X = inputs(estimator)
    model = clone(estimator).fit(X)
    assert _all_same(_run(model, X), _run(model, X))


@all_estimators
def test_order_and_company_do_not_matter(estimator, inputs):
    X = inputs(estimator)
    model = clone(estimator).fit(X)
    expected = _run(model, X)
    assert _all_same(_run(model, X[::-1])[::-1], expected)
    for position, item in enumerate(X):
        assert _same(_run(model, [item])[0], expected[position])


@all_estimators
def test_fit_is_required_only_to_learn(estimator, inputs):
    X = inputs(estimator)
    model = clone(estimator)
    needs_fit = bool(
        getattr(estimator, "whiten", False) or getattr(estimator, "reduce", None)
    )
    assert get_tags(model).requires_fit == needs_fit
    if not needs_fit:
        check_is_fitted(model)
        assert _all_same(_run(model, X), _run(clone(estimator).fit(X), X))
        return
    with pytest.raises(Exception, match="is not fitted yet") as error:
        _run(model, X)
    assert type(error.value).__name__ == "NotFittedError"


@all_estimators
@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "X must be .* at least one element"),
        (None, "X must be a list"),
        ("image.png", "X must be a list"),
        (3, "X must be a list"),
        ([None], r"X\[0\]"),
        ([...], r"X\[0\]"),
        (np.zeros((5, 5)), "X must be a list"),
        (np.zeros((5, 5, 3)), "X must be a list"),
        (np.zeros((1, 2, 3, 4, 5)), "X"),
        ([np.zeros((0, 4, 3))], r"X\[0\]"),
        ([np.zeros((4, 4, 3)), np.zeros((4, 4, 3, 1, 1))], r"X\[1\]"),
        ([np.zeros((4, 4, 3)), np.full((4, 4, 3), np.nan)], r"X\[1\].*finite"),
        ([np.zeros((4, 4, 3)), np.full((4, 4, 3), np.inf)], r"X\[1\].*finite"),
        ([np.zeros((4, 4, 3), dtype=complex)], r"X\[0\]"),
        ([np.full((4, 4, 3), "a")], r"X\[0\]"),
    ],
    ids=repr,
)
def test_malformed_input(estimator, X, message):
    model = clone(estimator)
    transforms = hasattr(model, "transform")
    call = model.fit_transform if transforms else model.fit_predict
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        call(X)


@all_estimators
@pytest.mark.parametrize("kind", ["one cell", "one colour", "zeros", "identical rows"])
def test_degenerate_images(estimator, kind):
    shape = (1, 1) if kind == "one cell" else (24, 32)
    image = np.full((*shape, 3), 0 if kind == "zeros" else 120, dtype=np.uint8)
    if hasattr(estimator, "transform"):
        (result,) = clone(estimator).fit_transform([image])
        assert result.image_shape == shape
        assert np.isfinite(result.features).all()
        return
    for features in (
        np.zeros((*shape, 5)) if kind == "zeros" else np.full((*shape, 5), 0.3),
        FeatureMap(np.full((6, 8, 2), 0.0 if kind == "zeros" else 1.0), image=image),
    ):
        (tree,) = clone(estimator).fit_predict([features])
        assert tree.shape == shape
        assert (tree.leaf_labels >= 0).all()
        assert np.isfinite(tree.altitude).all()
        internal = tree.ncut[tree.n_leaves :]
        assert np.isfinite(internal).all()
        if tree.n_nodes > 1 and estimator.max_branching == 2:
            areas = tree.area[tree.children(tree.root)]
            assert abs(areas[0] - areas[1]) <= max(2, 0.05 * areas.sum())
