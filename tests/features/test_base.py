"""What all transformers share: inputs, batches, errors, progress."""

import re

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone

from skuhas.features import BaseFeatures, ColorFeatures, LiteFeatures

RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 256, (30, 44, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (30, 44), dtype=np.uint8)


class Means(BaseFeatures):
    """One cell of mean colours; remembers the batches it was given."""

    def __init__(self, *, batch_size=1, verbose=0):
        self.batch_size = batch_size
        self.verbose = verbose

    def _check_parameters(self):
        self.batches = []

    def _prepare(self, image):
        return image

    def _compute(self, batch):
        self.batches.append(len(batch))
        return [image.mean(axis=(0, 1), keepdims=True) for image in batch]


def filled(value, shape=(4, 6)):
    return np.full((*shape, 3), value, dtype=np.uint8)


@pytest.fixture
def corrupt(tmp_path):
    path = tmp_path / "corrupt.png"
    Image.fromarray(COLOR).save(path)
    path.write_bytes(path.read_bytes()[:200])
    return path


# ------------------------------------------------------------ kinds of images


def kinds(folder):
    """Return images of every kind beside the uint8 RGB array that they equal."""
    Image.fromarray(COLOR).save(folder / "color.png")
    Image.fromarray(GREY).save(folder / "grey.png")
    deep = GREY.astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "deep.png")
    turned = Image.fromarray(np.rot90(COLOR))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "turned.png", exif=exif)
    grey = np.repeat(GREY[..., None], 3, axis=2)
    opaque = np.dstack([COLOR, np.full(GREY.shape, 255, np.uint8)])
    clear = np.dstack([COLOR, np.zeros(GREY.shape, np.uint8)])
    return [
        (folder / "color.png", COLOR),
        (str(folder / "color.png"), COLOR),
        (Image.fromarray(COLOR), COLOR),
        (COLOR / 255, COLOR),
        ((COLOR / 255).astype(np.float32), COLOR),
        (COLOR.astype(np.uint16) * 257, COLOR),
        (opaque, COLOR),
        (Image.fromarray(opaque), COLOR),
        (folder / "turned.png", COLOR),
        (clear, filled(255, GREY.shape)),
        (Image.fromarray(clear), filled(255, GREY.shape)),
        (GREY, grey),
        (GREY[..., None], grey),
        (Image.fromarray(GREY), grey),
        (folder / "grey.png", grey),
        (deep, grey),
        (folder / "deep.png", grey),
        (GREY / 255, grey),
        (GREY > 127, np.where(grey > 127, 255, 0).astype(np.uint8)),
    ]


@pytest.mark.parametrize(
    "transformer", [ColorFeatures(image_size=44), LiteFeatures(image_size=32)]
)
def test_every_kind_of_image_equals_its_rgb_array(transformer, tmp_path):
    given, equal = zip(*kinds(tmp_path), strict=True)
    for item, ours, theirs in zip(
        given, transformer.transform(given), transformer.transform(equal), strict=True
    ):
        np.testing.assert_array_equal(ours.features, theirs.features)
        np.testing.assert_array_equal(ours.image, theirs.image)
        is_file = not isinstance(item, (np.ndarray, Image.Image))
        assert ours.source == (str(item) if is_file else None)


def test_a_4d_array_is_a_list_of_its_images():
    stack = np.stack([filled(3), filled(5)])
    maps = Means().transform(stack)
    assert [item.features[0, 0, 0] for item in maps] == [3, 5]


# -------------------------------------------------------------------- batches


@pytest.mark.parametrize(
    ("batch_size", "expected"),
    [(1, [1] * 7), (2, [2, 2, 2, 1]), (3, [3, 3, 1]), (100, [6, 1])],
)
def test_batches_gather_images_of_one_size(batch_size, expected):
    shapes = [(4, 6)] * 3 + [(6, 4)] + [(4, 6)] * 3
    images = [filled(value, shape) for value, shape in enumerate(shapes)]
    transformer = Means(batch_size=batch_size)
    maps = transformer.transform(images)
    assert transformer.batches == expected
    assert [item.features[0, 0, 0] for item in maps] == list(range(7))
    assert [item.image_shape for item in maps] == shapes


@pytest.mark.parametrize("kind", [ColorFeatures, LiteFeatures])
def test_results_do_not_depend_on_neighbours(kind):
    shapes = [(40, 60), (40, 60), (60, 40), (40, 60), (40, 40), (40, 40)]
    images = [RNG.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]
    together = kind(image_size=64).transform(images)
    batched = kind(image_size=64, batch_size=4).transform(images)
    backwards = kind(image_size=64).transform(images[::-1])[::-1]
    for image, one, other, last in zip(
        images, together, backwards, batched, strict=True
    ):
        (alone,) = kind(image_size=64).transform([image])
        np.testing.assert_array_equal(one.features, alone.features)
        np.testing.assert_array_equal(other.features, alone.features)
        np.testing.assert_allclose(last.features, alone.features, atol=1e-4)


# --------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("X", "kind", "message"),
    [
        ([], ValueError, "X must be a list of images with at least one element"),
        ("a.png", TypeError, "X must be a list of images, got str. For a single one"),
        (Image.fromarray(COLOR), TypeError, "X must be a list of images, got Image."),
        (COLOR, ValueError, "a single array of shape (30, 44, 3). Reshape your data"),
        (GREY, ValueError, "for a single image, pass [X]"),
        (None, TypeError, "X must be a list of images, got NoneType."),
    ],
)
def test_one_image_without_its_list_is_refused(X, kind, message):
    for method in ("fit", "transform", "fit_transform"):
        with pytest.raises(kind, match=re.escape(message)):
            getattr(Means(), method)(X)


@pytest.mark.parametrize(
    ("bad", "kind", "message"),
    [
        (COLOR[None, None], ValueError, r"X\[2\] must be a path, a PIL image"),
        (COLOR[..., :2], ValueError, r"X\[2\] must be .*shape \(30, 44, 2\)"),
        (COLOR[:0], ValueError, r"X\[2\] must have at least one pixel"),
        (COLOR * 1.0, ValueError, r"X\[2\]: a float image must have values in \[0, 1"),
        (COLOR * np.nan, ValueError, r"X\[2\] must be finite"),
        (COLOR.astype(np.int64), ValueError, r"X\[2\] must be .*got dtype int64"),
        (7, TypeError, r"X\[2\] must be a path, .*got int"),
        (None, TypeError, r"X\[2\] must be a path, .*got NoneType"),
    ],
)
def test_what_is_no_image_is_named_and_the_rest_kept(bad, kind, message):
    with pytest.raises(kind, match=message) as caught:
        Means().transform([filled(1), filled(2), bad, filled(3)])
    kept = caught.value.partial_results
    assert [item.features[0, 0, 0] for item in kept] == [1, 2]


def test_a_damaged_file_is_named_and_the_rest_kept(corrupt):
    with pytest.raises(OSError, match=r"X\[1\]: cannot read '.*corrupt.png'") as caught:
        Means().transform([filled(1), corrupt])
    assert [item.features[0, 0, 0] for item in caught.value.partial_results] == [1]
    text = corrupt.with_name("text.png")
    text.write_text("no image")
    with pytest.raises(OSError, match=r"X\[0\]: '.*text.png' is not an image"):
        Means().transform([text])


@pytest.mark.parametrize("as_path", [True, False])
def test_a_missing_file_is_found_before_anything_is_computed(tmp_path, as_path):
    missing = tmp_path / "missing.png"
    transformer = Means()
    items = [filled(1), COLOR, missing if as_path else str(missing), tmp_path / "b"]
    with pytest.raises(FileNotFoundError, match=r"X\[2\]: no such file: '.*missing"):
        transformer.transform(items)
    assert transformer.batches == []


def test_a_dangling_link_is_a_missing_file(tmp_path):
    link = tmp_path / "link.png"
    link.symlink_to(tmp_path / "gone.png")
    transformer = Means()
    with pytest.raises(FileNotFoundError, match=r"X\[1\]: no such file: '.*link.png"):
        transformer.transform([filled(1), link])
    assert transformer.batches == []


@pytest.mark.parametrize(("value", "kind"), [(0, ValueError), (1.5, TypeError)])
def test_batch_size_is_checked(value, kind):
    message = r"batch_size must be an integer in \[1, inf\), got " + str(value)
    for method in ("fit", "transform"):
        with pytest.raises(kind, match=message):
            getattr(Means(batch_size=value), method)([COLOR])


# ------------------------------------------------------- progress, conventions


def test_progress_goes_to_standard_error_and_only_when_asked_for(capsys):
    Means(verbose=1).transform([COLOR] * 3)
    loud = capsys.readouterr()
    assert loud.out == ""
    assert "Features" in loud.err
    assert "100%" in loud.err
    Means().transform([COLOR] * 3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [ColorFeatures, LiteFeatures])
def test_scikit_learn_conventions(kind):
    transformer = kind(image_size=32, batch_size=2)
    before = transformer.get_params()
    assert transformer.fit([COLOR]) is transformer
    first = transformer.fit_transform([COLOR])
    assert transformer.get_params() == before
    copied = clone(transformer)
    assert copied.get_params() == before
    # Nothing is stored, so nothing heavy travels with a clone or a pickle.
    assert vars(copied) == vars(transformer) == before
    np.testing.assert_array_equal(
        copied.transform([COLOR])[0].features, first[0].features
    )
    assert transformer.__sklearn_tags__().requires_fit is False
