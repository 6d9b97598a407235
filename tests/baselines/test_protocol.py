"""What holds for every baseline, as tests/test_estimators.py says of the rest."""

import copy
import importlib.util
import inspect
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from skuhas import FeatureMap, RegionTree, nm_covering_score
from skuhas.baselines import baseline_names, make_baseline

NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name.startswith("watershed") and not importlib.util.find_spec("higra"),
            reason="higra is not installed",
        ),
    )
    for name in baseline_names()
]


@pytest.fixture(params=NAMES)
def estimator(request, folder):
    name = request.param
    if name == "contour-maps":
        return make_baseline(name, root=str(folder))
    return make_baseline(name)


def _needs_image(estimator):
    return not hasattr(estimator, "superpixels") and not hasattr(estimator, "root")


# It warns that it can say nothing about inputs that are no 2-D arrays.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_checks(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert results
    assert not [entry for entry in results if entry["status"] == "failed"]


def test_parameters_are_keywords_kept_as_given(estimator):
    for name, parameter in inspect.signature(type(estimator)).parameters.items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert isinstance(parameter.default, (str, int, float, tuple, type(None)))
        marker = object()
        assert getattr(type(estimator)(**{name: marker}), name) is marker


def test_no_fit_is_needed_and_fit_changes_nothing(estimator, maps):
    assert not get_tags(estimator).requires_fit
    check_is_fitted(estimator)
    trees = estimator.predict(maps)
    assert all(isinstance(tree, RegionTree) for tree in trees)
    assert [tree.shape for tree in trees] == [item.image_shape for item in maps]
    before = joblib.hash(maps), joblib.hash(estimator.get_params())
    fitted = clone(estimator).fit(maps)
    assert fitted.fit_predict(maps) == trees
    assert (joblib.hash(maps), joblib.hash(fitted.get_params())) == before
    assert fitted.n_features_in_ == maps[0].shape[2]
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert other.predict(maps) == trees


def test_order_company_and_jobs_do_not_matter(estimator, maps):
    trees = estimator.predict(maps)
    assert estimator.predict(maps[::-1])[::-1] == trees
    assert estimator.predict(maps[1:2]) == trees[1:2]
    assert clone(estimator).set_params(n_jobs=2).predict(maps) == trees


def test_trees_are_canonical_and_without_idle_nodes(estimator, maps):
    for tree in estimator.predict(maps):
        assert tree == tree.cut()
        assert (tree.leaf_labels >= 0).all()
        assert (tree.n_children[tree.n_leaves :] >= 2).all()
        assert (tree.altitude[: tree.n_leaves] == 0).all()


def test_score_is_the_covering(estimator, maps, scenes):
    truth = [scene.label_map for scene in scenes]
    expected = nm_covering_score(truth, estimator.predict(maps))
    assert estimator.score(maps, truth) == expected
    # Shapes of one colour each are found by all but one.
    assert expected > (
        0.3 if getattr(estimator, "attribute", "") == "dynamics" else 0.7
    )


def test_pixels_that_are_not_valid_belong_to_no_region(estimator, maps):
    item = maps[0]
    valid = np.ones(item.image_shape, dtype=bool)
    valid[:, 20:30] = False
    valid[:5] = False
    masked = FeatureMap(
        item.features, image=item.image, valid=valid, source=item.source
    )
    (tree,) = estimator.predict([masked])
    np.testing.assert_array_equal(tree.leaf_labels >= 0, valid)
    assert (tree.n_children[tree.n_leaves :] >= 2).all()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "X must be .* at least one element"),
        (None, "X must be a list"),
        ("image.png", "X must be a list"),
        ([None], r"X\[0\]"),
        (np.zeros((5, 5)), "X must be a list"),
        (np.zeros((5, 5, 3)), "X must be a list"),
        ([np.zeros((0, 4, 3))], r"X\[0\]"),
        ([np.zeros((4, 4, 3)), np.full((4, 4, 3), np.nan)], r"X\[1\].*finite"),
        ([np.zeros((4, 4, 3)), np.zeros((4, 4, 2))], r"X\[1\] has 2 features"),
    ],
    ids=repr,
)
def test_malformed_input(estimator, X, message):
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        estimator.predict(X)
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        estimator.fit(X)


def test_another_width_than_fitted(estimator, maps):
    fitted = clone(estimator).fit([np.zeros((2, 2, 3))])
    with pytest.raises(ValueError, match=r"X has 10 features.*expecting 3"):
        fitted.predict(maps)


@pytest.mark.parametrize("kind", ["one cell", "one colour", "zeros"])
def test_degenerate_images(estimator, kind, tmp_path):
    shape = (1, 1) if kind == "one cell" else (24, 32)
    image = np.full((*shape, 3), 0 if kind == "zeros" else 120, dtype=np.uint8)
    features = np.full((6, 8, 2), 0.0 if kind == "zeros" else 1.0)
    cases = [FeatureMap(features, image=image, source="flat.png")]
    if not _needs_image(estimator):
        cases.append(FeatureMap(features, image_shape=shape, source="flat.png"))
    if hasattr(estimator, "root"):
        np.save(tmp_path / "flat.npy", np.zeros(shape))
        estimator.set_params(root=str(tmp_path))
    for item in cases:
        (tree,) = estimator.predict([item])
        assert tree.shape == shape
        assert (tree.leaf_labels >= 0).all()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in NAMES
        if name.values[0].startswith(("felzenszwalb", "watershed"))
    ],
)
def test_methods_on_the_image_say_that_they_need_it(name, maps):
    with pytest.raises(ValueError, match=r"X\[1\]: .* does not carry"):
        make_baseline(name).predict([maps[0], FeatureMap(maps[1].features)])


WRONG = {
    "superpixels": ["cubes", 3],
    "superpixel_parameters": [3],
    "n_superpixels": [0, 1.5],
    "leaf_size": [0, "big"],
    "max_leaves": [0, None],
    "linkage": ["mean", None],
    "color_weight": [-0.1, "much", np.inf],
    "position_weight": [-1, np.nan],
    "touching": [1, "yes"],
    "n_clusters": [3, (), (1, 2), (2.5,), "23"],
    "nesting": ["none"],
    "affinity": ["rbf"],
    "temperature": [0, None],
    "color_scale": [0.0],
    "position_scale": [-1],
    "n_init": [0],
    "scales": [(), (0,), 10.0, ("a",)],
    "sigma": [-1, np.inf],
    "min_size": [0],
    "attribute": ["depth"],
    "root": [None, 3],
    "variable": [3],
}


def test_wrong_parameters_are_named(estimator, maps):
    known = set(WRONG) & set(estimator.get_params())
    assert set(estimator.get_params()) - known <= {"n_jobs", "verbose", "random_state"}
    for name in known:
        for value in WRONG[name]:
            broken = clone(estimator).set_params(**{name: value})
            for call in (broken.predict, broken.fit):
                with pytest.raises((TypeError, ValueError), match=name) as error:
                    call(maps)
                given = value[0] if isinstance(value, tuple) and value else value
                assert repr(given) in str(error.value)
