"""Principal components of features, learned by `fit`."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skuhas import HierarchicalSpectralSegmenter, TimmFeatures, make_nested_scene
from skuhas.features import _readout, _reduction
from skuhas.features._reduction import ReducingFeatures

LEARNED = {"components_", "mean_", "explained_variance_ratio_"}
SHAPES = [(9, 12), (6, 7), (9, 12), (11, 5)]
MIX = np.random.default_rng(7).normal(size=(6, 8)) * 0.6 ** np.arange(8)


class Mixtures(ReducingFeatures):
    """Eight mixtures of the colours of every pixel and of their squares."""

    def __init__(self, *, reduce=None, unit=False, batch_size=1, verbose=0):
        self.reduce = reduce
        self.unit = unit
        self.batch_size = batch_size
        self.verbose = verbose

    def _check_parameters(self):
        pass

    def _unit_length(self):
        return self.unit

    def _prepare(self, image):
        return image

    def _compute(self, batch):
        colors = np.stack(batch) / 255
        return list(np.concatenate([colors, colors**2], axis=3) @ MIX + 3)


def random_images(shapes=SHAPES, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]


def tokens(maps):
    """Return the vectors of all cells of all maps, one below the other."""
    return np.concatenate([np.asarray(m).reshape(-1, m.shape[2]) for m in maps])


def aligned(ours, theirs):
    """Return `theirs` with the signs of `ours`, which no axis has of its own."""
    return theirs * np.sign((ours * theirs).sum(axis=0))


def timm_features(**parameters):
    defaults = {"model": "resnet18", "weights": "random", "layers": 1}
    return TimmFeatures(**{**defaults, "image_size": 64, "device": "cpu", **parameters})


def equal_maps(ours, theirs, **tolerance):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), **tolerance)
        np.testing.assert_array_equal(one.image, other.image)


@pytest.fixture
def counted(monkeypatch):
    """Return a list that gets the number of images of every forward pass."""
    passes = []
    run = _readout.run

    def counting(backbone, images, **keywords):
        passes.append(len(images))
        return run(backbone, images, **keywords)

    monkeypatch.setattr(_readout, "run", counting)
    return passes


# -------------------------------------------------------- what is learned is PCA


@pytest.mark.parametrize("reduce", [1, 3, 6])
def test_components_are_those_of_pca_on_all_cells(reduce):
    images = random_images()
    features = Mixtures(reduce=reduce).fit(images)
    rows = tokens(Mixtures().transform(images))
    exact = PCA(n_components=reduce, svd_solver="full").fit(rows)
    assert features.components_.shape == (reduce, 8)
    assert features.components_.dtype == features.mean_.dtype == np.float32
    np.testing.assert_allclose(
        features.components_.T,
        aligned(features.components_.T, exact.components_.T),
        atol=1e-4,
    )
    np.testing.assert_allclose(features.mean_, exact.mean_, rtol=1e-5)
    np.testing.assert_allclose(
        features.explained_variance_ratio_, exact.explained_variance_ratio_, atol=1e-6
    )
    ours = tokens(features.transform(images))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, aligned(ours, exact.transform(rows)), atol=1e-4)


def test_a_network_is_reduced_as_pca_reduces_its_features():
    images = random_images([(40, 60), (60, 40), (50, 50)])
    features = timm_features(reduce=5, normalize=False)
    maps = features.fit_transform(images)
    rows = tokens(timm_features(normalize=False).transform(images))
    exact = PCA(n_components=5, svd_solver="full").fit(rows)
    # Projections on the two spaces, whatever the axes inside of them.
    np.testing.assert_allclose(
        features.components_.T @ features.components_,
        exact.components_.T @ exact.components_,
        atol=1e-3,
    )
    np.testing.assert_allclose(
        features.explained_variance_ratio_, exact.explained_variance_ratio_, atol=1e-5
    )
    assert [item.shape for item in maps] == [(8, 16, 5), (16, 8, 5), (16, 16, 5)]
    ours = tokens(maps)
    np.testing.assert_allclose(
        ours, aligned(ours, exact.transform(rows)), atol=1e-3 * np.abs(ours).max()
    )


@pytest.mark.parametrize("unit", [True, False])
def test_reduced_vectors_have_unit_length_where_asked_for(unit):
    images = random_images()
    plain = tokens(Mixtures(reduce=3).fit_transform(images))
    ours = tokens(Mixtures(reduce=3, unit=unit).fit_transform(images))
    length = np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(ours, plain / (length if unit else 1), rtol=1e-4)


@pytest.mark.parametrize("normalize", [True, False])
def test_normalize_is_done_last(normalize):
    features = timm_features(reduce=4, normalize=normalize)
    lengths = np.linalg.norm(
        tokens(features.fit_transform(random_images([(40, 60)]))), axis=1
    )
    if normalize:
        np.testing.assert_allclose(lengths, 1, atol=1e-5)
    else:
        assert lengths.std() > 0.1 * lengths.mean()


def test_one_image_is_learned_from_and_others_are_reduced():
    images = random_images()
    features = Mixtures(reduce=2).fit(images[:1])
    exact = PCA(n_components=2).fit(tokens(Mixtures().transform(images[:1])))
    for item, plain in zip(
        features.transform(images[1:]), Mixtures().transform(images[1:]), strict=True
    ):
        ours = tokens([item])
        np.testing.assert_allclose(
            ours, aligned(ours, exact.transform(tokens([plain]))), atol=1e-4
        )


# ----------------------------------------------------------------- several steps


@pytest.mark.parametrize("n_images", [1, 2, 5, 12])
@pytest.mark.parametrize("rows", [1, 60, 150])
def test_many_steps_come_close_to_one(monkeypatch, n_images, rows):
    monkeypatch.setattr(_reduction, "ROWS", rows)
    images = random_images([(9, 12)] * n_images)
    features = Mixtures(reduce=3).fit(images)
    exact = PCA(n_components=3).fit(tokens(Mixtures().transform(images)))
    np.testing.assert_allclose(features.mean_, exact.mean_, rtol=1e-5)
    np.testing.assert_allclose(
        features.explained_variance_ratio_, exact.explained_variance_ratio_, atol=0.02
    )
    assert abs(np.linalg.det(features.components_ @ exact.components_.T)) > 0.9


def test_steps_without_loss_where_all_components_are_kept(monkeypatch):
    monkeypatch.setattr(_reduction, "ROWS", 20)
    images = random_images([(4, 5)] * 9)
    features = Mixtures(reduce=6).fit(images)
    rows = tokens(Mixtures().transform(images))
    # Six colours and squares mixed: six axes hold everything.
    assert features.explained_variance_ratio_.sum() == pytest.approx(1, abs=1e-5)
    exact = PCA(n_components=6).fit(rows)
    np.testing.assert_allclose(
        features.explained_variance_ratio_, exact.explained_variance_ratio_, atol=1e-4
    )


def test_a_small_image_may_come_last(monkeypatch):
    monkeypatch.setattr(_reduction, "ROWS", 100)
    images = random_images([(9, 12), (9, 12), (1, 2)])
    for maps in (images, images[1:]):
        features = Mixtures(reduce=5).fit(maps)
        exact = PCA(n_components=5).fit(tokens(Mixtures().transform(maps)))
        np.testing.assert_allclose(
            features.explained_variance_ratio_,
            exact.explained_variance_ratio_,
            atol=0.02,
        )


# ------------------------------------------------------- fit, transform, and both


@pytest.mark.parametrize("batch_size", [1, 2, 3])
@pytest.mark.parametrize("rows", [4096, 50])
@pytest.mark.parametrize("unit", [True, False])
def test_fit_transform_equals_fit_and_transform(monkeypatch, batch_size, rows, unit):
    monkeypatch.setattr(_reduction, "ROWS", rows)
    images = random_images()
    features = Mixtures(reduce=3, unit=unit, batch_size=batch_size)
    together = features.fit_transform(images)
    apart = clone(features).fit(images)
    for name in LEARNED:
        np.testing.assert_allclose(
            getattr(features, name), getattr(apart, name), atol=1e-5
        )
    equal_maps(together, apart.transform(images), atol=1e-5)
    equal_maps(together, features.transform(images), atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_fit_transform_computes_every_image_once(counted, batch_size):
    images = random_images([(40, 60), (60, 40), (40, 60)])
    features = timm_features(reduce=4, batch_size=batch_size)
    together = features.fit_transform(images)
    assert sum(counted) == 3
    counted.clear()
    apart = clone(features).fit(images)
    assert sum(counted) == 3
    equal_maps(together, apart.transform(images), atol=1e-4)
    assert sum(counted) == 6


def test_nothing_is_computed_by_fit_without_reduce(counted):
    timm_features().fit(random_images())
    assert counted == []


def test_a_map_keeps_its_image_and_source(tmp_path):
    from PIL import Image

    (image,) = random_images([(9, 12)])
    Image.fromarray(image).save(tmp_path / "image.png")
    (item,) = Mixtures(reduce=2).fit_transform([tmp_path / "image.png"])
    np.testing.assert_array_equal(item.image, image)
    assert item.source == str(tmp_path / "image.png")


def test_the_cache_holds_features_before_they_are_reduced(tmp_path, counted):
    images = random_images([(40, 60), (60, 40)])
    cached = {"cache_dir": tmp_path, "cache_dtype": "float32"}
    plain = timm_features(**cached).transform(images)
    assert sum(counted) == 2
    features = timm_features(reduce=3, **cached)
    maps = features.fit_transform(images)
    assert sum(counted) == 2
    equal_maps(maps, timm_features(reduce=3).fit_transform(images), atol=1e-4)
    equal_maps(plain, timm_features().transform(images), atol=1e-6)


def test_tensors_are_reduced_as_arrays_are():
    torch = pytest.importorskip("torch")
    images = random_images([(40, 60), (60, 40)])
    arrays = timm_features(reduce=4)
    tensors = timm_features(reduce=4, output="torch")
    equal_maps(tensors.fit_transform(images), arrays.fit_transform(images), atol=1e-5)
    maps = tensors.transform(images)
    equal_maps(maps, arrays.transform(images), atol=1e-5)
    for item in maps:
        assert isinstance(item.features, torch.Tensor)
        assert item.features.dtype == torch.float32
        assert not item.features.is_inference()
    for name in LEARNED:
        assert isinstance(getattr(tensors, name), np.ndarray)


def test_reduced_maps_are_segmented():
    scene = make_nested_scene((64, 96), random_state=0)
    maps = timm_features(reduce=8).fit_transform([scene.image])
    (tree,) = HierarchicalSpectralSegmenter().predict(maps)
    assert tree.shape == (64, 96)


# ------------------------------------------------------------------- conventions


def test_only_with_reduce_is_fit_required():
    assert timm_features(reduce=3).__sklearn_tags__().requires_fit is True
    assert timm_features().__sklearn_tags__().requires_fit is False


def test_whether_it_is_fitted_shows():
    images = random_images([(9, 12)])
    check_is_fitted(Mixtures())
    features = Mixtures(reduce=2)
    with pytest.raises(NotFittedError):
        check_is_fitted(features)
    check_is_fitted(features.fit(images))
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(features))


@pytest.mark.parametrize("kind", [Mixtures, timm_features])
def test_unfitted_transform_says_so(kind):
    features = kind(reduce=2)
    with pytest.raises(NotFittedError) as caught:
        features.transform(random_images([(40, 40)]))
    assert str(caught.value) == (
        f"This {type(features).__name__} instance is not fitted yet: with reduce=2, "
        "call 'fit' before 'transform'."
    )


def test_reduce_changed_after_fit_is_named():
    images = random_images([(9, 12)])
    features = Mixtures(reduce=2).fit(images).set_params(reduce=3)
    with pytest.raises(ValueError) as caught:
        features.transform(images)
    assert str(caught.value) == (
        "reduce is 3, but fit was called with reduce=2. Call 'fit' again."
    )
    assert features.fit(images).transform(images)[0].shape == (9, 12, 3)
    # Nothing to project on is what was asked for.
    assert features.set_params(reduce=None).transform(images)[0].shape == (9, 12, 8)


def test_layers_changed_after_fit_are_named():
    images = random_images([(40, 60)])
    features = timm_features(reduce=2).fit(images).set_params(layers=2)
    with pytest.raises(ValueError) as caught:
        features.transform(images)
    assert str(caught.value) == (
        "the images have 128 features a cell, those given to fit had 64. Call 'fit' "
        "again."
    )


def test_fit_forgets_what_it_learned_before():
    one, other = random_images([(9, 12), (9, 12)])
    features = Mixtures(reduce=2)
    assert features.fit([one]) is features
    again, fresh = features.fit([other]), Mixtures(reduce=2).fit([other])
    for name in LEARNED:
        np.testing.assert_array_equal(getattr(again, name), getattr(fresh, name))
    features.set_params(reduce=None).fit([one])
    assert not LEARNED & set(vars(features))
    features.set_params(reduce=2).fit_transform([one])
    assert set(vars(features)) >= LEARNED
    with pytest.raises(ValueError):
        features.set_params(reduce=9).fit([one])
    assert not LEARNED & set(vars(features))


def test_fit_changes_no_parameter_and_pickles_keep_what_it_learned():
    images = random_images()
    features = Mixtures(reduce=3)
    before = features.get_params()
    features.fit(images)
    assert features.get_params() == before
    assert set(vars(features)) == set(before) | LEARNED
    copied = pickle.loads(pickle.dumps(features))
    for ours, theirs in zip(
        copied.transform(images), features.transform(images), strict=True
    ):
        np.testing.assert_array_equal(ours.features, theirs.features)


# --------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("shape", "reduce", "most"), [((9, 12), 9, 8), ((1, 2), 3, 2), ((2, 2), 5, 4)]
)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_too_many_components_are_named(shape, reduce, most, method):
    with pytest.raises(ValueError) as caught:
        getattr(Mixtures(reduce=reduce), method)(random_images([shape]))
    assert str(caught.value) == (
        "reduce must be at most the number of features and of grid cells to learn "
        f"from, here {most}, got {reduce}."
    )


@pytest.mark.parametrize(
    ("reduce", "kind"),
    [(0, ValueError), (-1, ValueError), (2.0, TypeError), (True, TypeError)],
)
def test_reduce_is_checked(reduce, kind):
    with pytest.raises(kind) as caught:
        timm_features(reduce=reduce).fit(random_images())
    assert str(caught.value) == (
        f"reduce must be an integer in [1, inf) or None, got {reduce!r}."
    )


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_what_is_no_image_is_named(method):
    images = [*random_images(), np.zeros((3, 3, 2), dtype=np.uint8)]
    with pytest.raises(ValueError, match=r"X\[4\] must be a path, a PIL image"):
        getattr(Mixtures(reduce=2), method)(images)
    with pytest.raises(ValueError, match="X must be a list of images with at least"):
        getattr(Mixtures(reduce=2), method)([])


@pytest.mark.parametrize("rows", [4096, 10])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("value", [0, 1, 77, 255])
def test_one_colour_has_nothing_along_any_axis(monkeypatch, rows, unit, value):
    monkeypatch.setattr(_reduction, "ROWS", rows)
    images = [np.full((4, 5, 3), value, dtype=np.uint8)] * 4
    maps = Mixtures(reduce=2, unit=unit).fit_transform(images)
    np.testing.assert_allclose(tokens(maps), 0, atol=1e-5)
