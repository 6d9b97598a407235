"""Every kind of image that users hand over, decoded to RGB."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from skuhas._common import as_rgb_image, fit_within

RED, WHITE = [255, 0, 0], [255, 255, 255]


@pytest.fixture
def picture():
    """Return a smooth picture whose four corners differ."""
    y, x = np.mgrid[:40, :60]
    return np.stack([y * 6, x * 4, 255 - y * 3 - x * 2], axis=-1).astype(np.uint8)


# -------------------------------------------------------------------- arrays


@settings(max_examples=50, deadline=None)
@given(
    array=hnp.arrays(
        np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5).map(tuple)
    )
)
def test_grey_arrays_of_every_type(array):
    expected = np.stack([array] * 3, axis=-1)
    for same in (
        array,
        array[:, :, None],
        expected,
        array.astype(np.uint16) * 257,
        array / 255,
        (array / 255).astype(np.float32),
        np.asfortranarray(expected),
    ):
        rgb = as_rgb_image(same)
        np.testing.assert_array_equal(rgb, expected)
        assert rgb.dtype == np.uint8
        assert rgb.flags.c_contiguous


def test_float16_arrays_keep_eight_bits():
    array = np.array([[0, 0.25, 0.5, 1]], dtype=np.float16)
    assert as_rgb_image(array)[0, :, 0].tolist() == [0, 64, 128, 255]


def test_uint16_arrays_are_rounded():
    array = np.array([[0, 128, 129, 257, 65535, 32768]], dtype=np.uint16)
    assert as_rgb_image(array)[0, :, 0].tolist() == [0, 0, 1, 1, 255, 128]


def test_boolean_arrays_are_black_and_white():
    array = np.array([[True, False]])
    assert as_rgb_image(array).tolist() == [[WHITE, [0, 0, 0]]]


def test_alpha_of_arrays_is_composited_on_white():
    pixels = [[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]]
    expected = [[RED, WHITE, [204, 204, 204]]]
    array = np.array(pixels, dtype=np.uint8)
    assert as_rgb_image(array).tolist() == expected
    assert as_rgb_image(array / 255).tolist() == expected
    assert as_rgb_image(array.astype(np.uint16) * 257).tolist() == expected


def test_things_with_an_array_are_arrays():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.full((2, 3), 7, dtype=np.uint8)

    assert as_rgb_image(Tensor()).tolist() == [[[7] * 3] * 3] * 2


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5, np.uint8), r"got an array of shape \(5,\)"),
        (np.uint8(3), r"must be .* got "),
        (np.zeros((2, 3, 2), np.uint8), r"got an array of shape \(2, 3, 2\)"),
        (np.zeros((3, 20, 30), np.uint8), r"got an array of shape \(3, 20, 30\)"),
        (np.zeros((1, 2, 3, 3), np.uint8), r"got an array of shape \(1, 2, 3, 3\)"),
        (np.zeros((0, 3), np.uint8), r"at least one pixel, got shape \(0, 3\)"),
        (np.zeros((2, 0, 3), np.uint8), r"at least one pixel, got shape \(2, 0, 3\)"),
        (np.zeros((2, 2), np.int64), "got dtype int64"),
        (np.zeros((2, 2), np.int8), "got dtype int8"),
        (np.zeros((2, 2), complex), "got dtype complex128"),
        (np.array([["a"]]), "got dtype <U1"),
        (np.array([[None]]), "got dtype object"),
        (np.array([[0.5, np.nan]]), "must be finite, got nan or infinity"),
        (np.array([[0.5, np.inf]]), "must be finite, got nan or infinity"),
        (np.array([[0.5, 255.0]]), r"values in \[0, 1\], got \[0\.5, 255\.0\]\. Div"),
        (np.array([[-0.25, 1.0]]), r"values in \[0, 1\], got \[-0\.25, 1\.0\]"),
        (np.array([[0, 1.0000001]]), r"values in \[0, 1\], got \[0\.0, 1\.0000001\]"),
    ],
)
def test_bad_arrays_are_named(array, message):
    with pytest.raises(ValueError, match=rf"^X\[3\].*{message}"):
        as_rgb_image(array, "X[3]")


@pytest.mark.parametrize("value", [None, 5, [[0, 1]], b"bytes", {"a": 1}])
def test_other_things_are_refused(value):
    message = f"^image must be a path, a PIL image, or .* got {type(value).__name__}"
    with pytest.raises(TypeError, match=message):
        as_rgb_image(value)


# ---------------------------------------------------------------- PIL images


def test_pil_rgb_is_kept_and_writable(picture):
    rgb = as_rgb_image(Image.fromarray(picture))
    np.testing.assert_array_equal(rgb, picture)
    # torch.from_numpy warns about arrays that it must not write to.
    assert rgb.flags.writeable


def test_pil_grey_modes():
    grey = Image.new("L", (2, 1), 100)
    assert as_rgb_image(grey).tolist() == [[[100] * 3] * 2]
    assert as_rgb_image(Image.new("1", (2, 1), 1)).tolist() == [[WHITE] * 2]
    assert as_rgb_image(Image.new("F", (2, 1), 0.2)).tolist() == [[[51] * 3] * 2]
    for mode in ("I", "I;16", "I;16B"):
        deep = Image.new(mode, (2, 1), 100 * 257)
        assert as_rgb_image(deep).tolist() == [[[100] * 3] * 2], mode


def test_pil_alpha_is_composited_on_white():
    half = Image.new("LA", (1, 1), (0, 51))
    assert as_rgb_image(half).tolist() == [[[204] * 3]]
    assert as_rgb_image(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).tolist() == [[WHITE]]
    assert as_rgb_image(Image.new("RGBA", (1, 1), (255, 0, 0, 255))).tolist() == [[RED]]


def test_pil_and_array_alpha_agree():
    rgba = np.random.default_rng(0).integers(0, 256, (20, 20, 4), dtype=np.uint8)
    from_pil = as_rgb_image(Image.fromarray(rgba)).astype(int)
    assert abs(from_pil - as_rgb_image(rgba)).max() <= 1


def test_pil_palettes():
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    assert as_rgb_image(palette).tolist() == [[RED, [0, 0, 255]]]
    palette.info["transparency"] = 1
    assert as_rgb_image(palette).tolist() == [[RED, WHITE]]


def test_pil_other_colour_spaces():
    assert as_rgb_image(Image.new("CMYK", (1, 1), (0, 255, 255, 0))).tolist() == [[RED]]
    assert as_rgb_image(Image.new("HSV", (1, 1), (0, 255, 255))).tolist() == [[RED]]
    ycc = Image.new("YCbCr", (1, 1), (128, 128, 128))
    assert as_rgb_image(ycc).tolist() == [[[128] * 3]]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("I", (1, 1), 70000), r"lie in \[0, 65535\], got \[70000, 70000\]"),
        (Image.new("I", (1, 1), -1), r"lie in \[0, 65535\], got \[-1, -1\]"),
        (Image.new("F", (1, 1), 7), r"values in \[0, 1\], got \[7\.0, 7\.0\]"),
        (Image.new("RGB", (0, 3)), r"at least one pixel, got shape \(3, 0, 3\)"),
        (Image.new("I", (0, 3)), r"at least one pixel, got shape \(3, 0\)"),
        (Image.new("La", (1, 1)), "a PIL image of mode 'La' has no RGB form"),
    ],
)
def test_bad_pil_images_are_named(image, message):
    with pytest.raises(ValueError, match=rf"^X\[3\].*{message}"):
        as_rgb_image(image, "X[3]")


# --------------------------------------------------------------------- files


@pytest.mark.parametrize("kind", [str, Path])
def test_png_files(tmp_path, picture, kind):
    path = tmp_path / "picture.png"
    Image.fromarray(picture).save(path)
    np.testing.assert_array_equal(as_rgb_image(kind(path)), picture)


def test_png_files_of_other_depths(tmp_path):
    grey = np.array([[0, 128 * 257, 65535]], dtype=np.uint16)
    Image.fromarray(grey).save(tmp_path / "deep.png")
    rgb = as_rgb_image(tmp_path / "deep.png")
    assert rgb[0, :, 0].tolist() == [0, 128, 255]
    Image.new("LA", (1, 1), (0, 51)).save(tmp_path / "alpha.png")
    assert as_rgb_image(tmp_path / "alpha.png").tolist() == [[[204] * 3]]


@pytest.mark.parametrize(
    ("orientation", "undo"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.transpose(1, 0, 2)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: np.rot90(a, 2).transpose(1, 0, 2)),
        (8, np.rot90),
    ],
)
def test_exif_orientation_is_honoured(tmp_path, picture, orientation, undo):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "picture.jpg"
    Image.fromarray(picture).save(path, exif=exif, quality=95)
    stored = np.array(Image.open(path))
    rgb = as_rgb_image(path)
    np.testing.assert_array_equal(rgb, undo(stored))
    with Image.open(path) as handle:
        np.testing.assert_array_equal(as_rgb_image(handle), rgb)
        assert handle.getexif()[0x0112] == orientation


def test_missing_files_are_named(tmp_path):
    message = r"^X\[0\]: no such file: '.*missing\.png'\.$"
    with pytest.raises(FileNotFoundError, match=message):
        as_rgb_image(tmp_path / "missing.png", "X[0]")


def test_folders_are_named(tmp_path):
    with pytest.raises(OSError, match=r"^X\[0\]: cannot read '.*directory"):
        as_rgb_image(tmp_path, "X[0]")


@pytest.mark.parametrize("content", [b"", b"hello, world", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_no_images_are_named(tmp_path, content):
    path = tmp_path / "text.png"
    path.write_bytes(content)
    message = r"^image: .*text\.png'"
    with pytest.raises(OSError, match=message):
        as_rgb_image(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "gif", "webp"])
def test_truncated_files_are_named(tmp_path, picture, suffix):
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(picture).save(path)
    content = path.read_bytes()
    for length in (10, 40, len(content) // 2):
        path.write_bytes(content[:length])
        with pytest.raises(OSError, match=rf"^image: .*picture\.{suffix}'"):
            as_rgb_image(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "gif"])
def test_damaged_files_are_read_or_named(tmp_path, picture, suffix):
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(picture[:10, :10]).save(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        damaged[rng.integers(min(len(content), 200))] ^= rng.integers(1, 256)
        path.write_bytes(damaged)
        try:
            rgb = as_rgb_image(path)
        except OSError:
            refused += 1
            continue
        assert rgb.dtype == np.uint8
        assert rgb.shape[2] == 3
    assert refused > 0


def test_values_in_files_are_checked_like_arrays(tmp_path):
    path = tmp_path / "heights.tif"
    Image.fromarray(np.full((2, 2), 7, np.float32)).save(path)
    with pytest.raises(ValueError, match=r"^X\[0\]: a float image must have values"):
        as_rgb_image(path, "X[0]")


# ----------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("shape", "longer", "expected"),
    [
        ((480, 640), None, (480, 640)),
        ((480, 640), 640, (480, 640)),
        ((480, 640), 320, (240, 320)),
        ((640, 480), 320, (320, 240)),
        ((481, 640), 320, (240, 320)),
        ((100, 50), 200, (200, 100)),
        ((1, 5000), 640, (1, 640)),
        ((5000, 1), 10, (10, 1)),
    ],
)
def test_fit_within(shape, longer, expected):
    assert fit_within(shape, longer) == expected


@given(
    shape=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
    longer=st.integers(1, 5000),
)
def test_fit_within_keeps_the_aspect(shape, longer):
    fitted = fit_within(shape, longer)
    assert max(fitted) == longer
    assert min(fitted) >= 1
    exact = min(shape) * longer / max(shape)
    assert abs(min(fitted) - max(exact, 1)) <= 0.5 + 1e-9
