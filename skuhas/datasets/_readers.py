"""Files of ground truth as integer arrays: the encodings that data sets share."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skuhas.datasets._errors import DatasetError

LabelMap: TypeAlias = NDArray[np.int32]

# What decoders raise on damaged files, beside OSError.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, zlib.error, IndexError)

# Where a PNG keeps its orientation.
EXIF = {"exif", "Raw profile type exif"}


class Reader(Protocol):
    """Reads the ground truth of one image; picklable, and equal settings are equal."""

    def __call__(self, annotation: Any, shape: tuple[int, int]) -> Any:
        """Return a label map, or a list of them, of an image of `shape`."""


def image_shape(path: Path) -> tuple[int, int]:
    """Return (height, width) as the image is shown; only the header is read."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            if image.format == "TIFF":
                # Some versions of Pillow have turned the size already.
                width, height = image.tag_v2[256], image.tag_v2[257]
            # To look for what a PNG has not said at its beginning, all is decoded.
            silent = image.format == "PNG" and not EXIF & set(image.info)
            # The tag of orientation: 5 to 8 are turned by a quarter.
            turned = not silent and image.getexif().get(274, 1) >= 5
    except FileNotFoundError:
        raise DatasetError(f"no such image: {str(path)!r}.") from None
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise DatasetError(f"cannot read the image {str(path)!r}: {error}.") from error
    return (width, height) if turned else (height, width)


def read_pixels(path: Path) -> NDArray[Any]:
    """Return the stored numbers of an image file: indices of a palette, not colours."""
    try:
        with Image.open(path) as image:
            return np.asarray(image)
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise DatasetError(
            f"cannot read the label map {str(path)!r}: {error}."
        ) from error


def translate(
    codes: NDArray[Any], label_of: Mapping[int, int], path: Path | str
) -> LabelMap:
    """Return labels for codes; codes that the mapping lacks are an error."""
    known = np.array(sorted(label_of), dtype=np.int64)
    labels = np.array([label_of[code] for code in sorted(label_of)], dtype=np.int32)
    place = np.searchsorted(known, codes).clip(max=known.size - 1)
    unknown = known[place] != codes
    if unknown.any():
        values = np.unique(codes[unknown])
        raise DatasetError(f"{str(path)!r} has unknown values: {shorten(values)}.")
    return labels[place]


def shorten(values: Any, most: int = 10) -> str:
    """Return a list in words, cut after a few elements."""
    items = [value.item() if hasattr(value, "item") else value for value in values]
    shown = ", ".join(map(repr, items[:most]))
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


@dataclass(frozen=True)
class IndexImage:
    """Images whose stored numbers are the labels, with or without a palette.

    `channel` picks one channel of a colour image; `label_of` translates the
    numbers, given as pairs so that the reader is hashable.
    """

    channel: int | None = None
    label_of: tuple[tuple[int, int], ...] | None = None

    def __call__(self, annotation: Path, shape: tuple[int, int]) -> LabelMap:
        pixels = read_pixels(annotation)
        if self.channel is not None and pixels.ndim == 3:
            pixels = pixels[:, :, self.channel]
        if pixels.ndim != 2:
            raise DatasetError(
                f"{str(annotation)!r} must hold one number a pixel, got an image of "
                f"{pixels.shape[2]} channels: a picture in colours, not label numbers."
            )
        if self.label_of is not None:
            return translate(pixels, dict(self.label_of), annotation)
        return pixels.astype(np.int32)
