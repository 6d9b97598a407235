"""One decoder for every kind of image that users hand over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    ImageLike: TypeAlias = str | os.PathLike[str] | Image.Image | NDArray[Any]
else:
    ImageLike = Any

ALLOWED = (
    "a path, a PIL image, or an array of shape (height, width), "
    "(height, width, 3) or (height, width, 4) that is uint8, uint16 or float "
    "with values in [0, 1]"
)


def as_rgb_image(image: ImageLike, name: str = "image") -> NDArray[np.uint8]:
    """Decode `image` to RGB.

    EXIF orientation is honoured, alpha is composited on white, grey becomes
    RGB, 16-bit values are scaled to 8 bits.

    Parameters
    ----------
    image : path, PIL image or array
        Arrays have shape (height, width), (height, width, 3) or
        (height, width, 4) and are uint8, uint16, bool, or float in [0, 1].
    name : str, default="image"
        How messages call the image, for example ``"X[3]"``.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Raises
    ------
    FileNotFoundError
        The path does not exist.
    OSError
        The file cannot be decoded.
    TypeError, ValueError
        Neither a path, a PIL image nor an array of an allowed kind.
    """
    if isinstance(image, (str, os.PathLike)):
        image = _read(image, name)
    if hasattr(image, "getbands"):
        return _from_pil(image, name)
    if isinstance(image, np.ndarray) or hasattr(image, "__array__"):
        return _from_array(np.asarray(image), name)
    raise TypeError(f"{name} must be {ALLOWED}, got {type(image).__name__}.")


def _read(path: str | os.PathLike[str], name: str) -> Image.Image:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as handle:
            handle.load()
            return ImageOps.exif_transpose(handle)
    except FileNotFoundError:
        raise FileNotFoundError(f"{name}: no such file: {os.fspath(path)!r}.") from None
    except UnidentifiedImageError:
        raise OSError(
            f"{name}: {os.fspath(path)!r} is not an image that Pillow can read."
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise OSError(f"{name}: cannot read {os.fspath(path)!r}: {error}.") from error


def _from_pil(image: Any, name: str) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        array = np.asarray(image)
        if image.mode == "F":
            return _from_array(array, name)
        # Pillow widens 16-bit grey to 32 bits on some paths.
        if 0 in array.shape:
            return _from_array(array, name)
        if array.min(initial=0) < 0 or array.max(initial=0) > 65535:
            raise ValueError(
                f"{name}: integer grey values must lie in [0, 65535], got "
                f"[{array.min()}, {array.max()}]."
            )
        return _from_array(array.astype(np.uint16), name)
    try:
        if image.has_transparency_data:
            image = image.convert("RGBA")
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
        image = image.convert("RGB")
    except ValueError as error:
        raise ValueError(
            f"{name}: a PIL image of mode {image.mode!r} has no RGB form: {error}."
        ) from error
    # A copy, because Pillow's own array cannot be written to.
    return _from_array(np.array(image), name)


def _from_array(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    shape = array.shape
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (1, 3, 4)):
        raise ValueError(f"{name} must be {ALLOWED}, got an array of shape {shape}.")
    if 0 in shape:
        raise ValueError(f"{name} must have at least one pixel, got shape {shape}.")
    pixels = _to_uint8(array, name)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:].astype(np.float32) / 255
        blended = pixels[:, :, :3] * alpha + 255 * (1 - alpha)
        pixels = np.rint(blended).astype(np.uint8)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels)


def _to_uint8(array: NDArray[Any], name: str) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return np.rint(array / 257.0).astype(np.uint8)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got nan or infinity.")
        low, high = float(array.min()), float(array.max())
        if low < 0 or high > 1:
            raise ValueError(
                f"{name}: a float image must have values in [0, 1], got "
                f"[{low}, {high}]. Divide by the largest possible value, or "
                "pass uint8."
            )
        return np.rint(array * 255.0).astype(np.uint8)
    raise ValueError(f"{name} must be {ALLOWED}, got dtype {array.dtype}.")


def fit_within(shape: tuple[int, int], longer: int | None) -> tuple[int, int]:
    """Return `shape` (height, width) scaled so that its longer side is `longer`.

    The aspect is kept to rounding and no side falls under one pixel; None
    keeps the shape.
    """
    if longer is None:
        return shape
    scale = longer / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape)
    return height, width
