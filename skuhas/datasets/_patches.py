"""Patches of large images, cut as they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import as_rgb_image
from skuhas.datasets._errors import DatasetError
from skuhas.datasets._layout import Found
from skuhas.datasets._readers import LabelMap, Reader, image_shape


@dataclass(frozen=True)
class ImagePatch:
    """A rectangle of an image file; as an array, its pixels in RGB.

    Transformers of images take it as they take a path. The file's pixels are
    kept until the patch of another file is read.

    Parameters
    ----------
    path : pathlib.Path
        The whole image.
    top, left, height, width : int
        The rectangle in pixels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skuhas.datasets import ImagePatch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.png"
    ...     Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(path)
    ...     np.asarray(ImagePatch(path, top=1, left=2, height=2, width=2))[:, :, 0]
    array([[ 6,  7],
           [10, 11]], dtype=uint8)
    """

    path: Path
    top: int
    left: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and 3 channels."""
        return (self.height, self.width, 3)

    def cut(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return the rectangle's part of an array of the whole image.

        Parameters
        ----------
        pixels : ndarray of shape (image_height, image_width, ...)

        Returns
        -------
        ndarray of shape (height, width, ...)
            A copy.
        """
        bottom, right = self.top + self.height, self.left + self.width
        return pixels[self.top : bottom, self.left : right].copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        pixels = self.cut(_whole_image(self.path, _changed(self.path)))
        return pixels if dtype is None else pixels.astype(dtype)

    def __str__(self) -> str:
        bottom, right = self.top + self.height, self.left + self.width
        return f"{self.path}[{self.top}:{bottom}, {self.left}:{right}]"


@dataclass(frozen=True)
class PatchReader:
    """Cuts what another reader gives for the whole image."""

    reader: Reader
    patch: ImagePatch

    def __call__(self, annotation: Any, shape: tuple[int, int]) -> Any:
        """Return the patch of a label map, or of each of several."""
        image = self.patch.path
        when = (_changed(image), _changed(annotation))
        labels = _whole_labels(self.reader, annotation, image, when)
        if isinstance(labels, list):
            return [self.patch.cut(each) for each in labels]
        return self.patch.cut(labels)


def cut_patches(found: list[Found], side: int) -> Iterator[Found]:
    """Yield the patches of every image, no longer than `side`, in raster order."""
    for whole in found:
        height, width = image_shape(whole.image)
        for top, bottom in _parts(height, side):
            for left, right in _parts(width, side):
                patch = ImagePatch(whole.image, top, left, bottom - top, right - left)
                reader = PatchReader(whole.reader, patch)
                name = f"{whole.id}_y{top}_x{left}"
                yield Found(name, patch, whole.annotation, reader)


def _parts(length: int, side: int) -> list[tuple[int, int]]:
    """Return a length cut into parts as even as whole pixels allow."""
    count = ceil(length / side)
    edges = [length * place // count for place in range(count + 1)]
    return list(pairwise(edges))


def _changed(file: Any) -> int:
    """Return when a file was last changed, so that no older content is kept."""
    return file.stat().st_mtime_ns if isinstance(file, Path) and file.exists() else 0


# Patches of one file are mostly read one after the other.
@lru_cache(maxsize=1)
def _whole_image(path: Path, changed: int) -> NDArray[np.uint8]:
    return as_rgb_image(path, str(path))


@lru_cache(maxsize=1)
def _whole_labels(
    reader: Reader, annotation: Any, image: Path, changed: tuple[int, int]
) -> LabelMap | list[LabelMap]:
    shape = image_shape(image)
    labels = reader(annotation, shape)
    for each in labels if isinstance(labels, list) else [labels]:
        if each.shape != shape:
            raise DatasetError(
                "the label map and its image must have the same size: "
                f"{str(annotation)!r} has shape {each.shape}, {str(image)!r} has "
                f"{shape} (height, width)."
            )
    return labels
