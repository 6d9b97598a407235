"""Sample: one image of a data set and its ground truth."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from skuhas.datasets._errors import DatasetError
from skuhas.datasets._readers import LabelMap, Reader, image_shape, shorten
from skuhas.hierarchies import LabelHierarchy
from skuhas.tree import RegionTree


class Sample:
    """One image of a data set and its ground truth, read when asked for.

    Parameters
    ----------
    id : str
        Unique in the data set, and fit to be the stem of a file.
    image : path-like, ImagePatch, PIL image or array
        What transformers of images take.
    annotation : object or None, default=None
        What `reader` takes, mostly the path of a file; None where the image has
        no ground truth.
    reader : callable or None, default=None
        Takes the annotation and the image's (height, width), and returns a
        label map, or a list of one for each annotator.
    hierarchy : LabelHierarchy or None, default=None
        What the labels mean; None where they are plain regions.

    Attributes
    ----------
    id, image, hierarchy
        As given; a path is a ``pathlib.Path``.

    Examples
    --------
    >>> from skuhas.datasets import Sample
    >>> def stripes(annotation, shape):
    ...     return [[0, 1]] * shape[0]
    >>> Sample("a", "a.png", annotation="a.txt", reader=stripes)
    Sample('a', image='a.png')
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the word for it everywhere
        image: Any,
        annotation: Any = None,
        reader: Reader | None = None,
        hierarchy: LabelHierarchy | None = None,
    ) -> None:
        self.id = id
        self.image = Path(image) if isinstance(image, (str, PathLike)) else image
        self.hierarchy = hierarchy
        self._annotation = annotation
        self._reader = reader

    def _image_of(self) -> Any:
        return self.image

    @property
    def annotation(self) -> Any:
        """What the reader takes, mostly the path of a file; None without one."""
        return self._annotation

    @property
    def has_ground_truth(self) -> bool:
        """Whether there is ground truth; no file is read to know."""
        return self._annotation is not None and self._reader is not None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image, from its header."""
        if isinstance(self.image, Path):
            return image_shape(self.image)
        if hasattr(self.image, "getbands"):
            width, height = self.image.size
            return (height, width)
        return self.image.shape[:2]

    def label_map(self) -> LabelMap | list[LabelMap] | None:
        """Return the labels of the pixels, as the hierarchy numbers them.

        Returns
        -------
        ndarray of shape (height, width), dtype int32, or list of them, or None
            A list has one map for each annotator; None means that the image has
            no ground truth.

        Raises
        ------
        DatasetError
            The file is missing, damaged, of another size than the image, or
            holds labels that the hierarchy does not know.
        """
        if self._annotation is None or self._reader is None:
            return None
        shape = self.shape
        labels = self._reader(self._annotation, shape)
        several = isinstance(labels, (list, tuple))
        maps = [np.asarray(each) for each in (labels if several else [labels])]
        if not maps:
            raise DatasetError(f"{self._place()} holds no label map.")
        for each in maps:
            self._check(each, shape)
        maps = [each.astype(np.int32, copy=False) for each in maps]
        return maps if several else maps[0]

    def target(self) -> RegionTree | LabelMap | list[LabelMap] | None:
        """Return the ground truth as the scores take it.

        Returns
        -------
        RegionTree, ndarray, list of ndarray, or None
            The hierarchy's tree of the label map, with -1 in its leaf labels at
            ignored pixels; the label maps themselves where there is no
            hierarchy; None where there is no ground truth, or every pixel is to
            be ignored. The scores leave such an image out.

        Raises
        ------
        DatasetError
            As `label_map`.
        """
        labels = self.label_map()
        if labels is None or self.hierarchy is None:
            return labels
        several = isinstance(labels, list)
        trees = self.hierarchy.trees(labels if several else [labels])
        kept: Any = [tree for tree in trees if tree is not None]
        if several:
            return kept or None
        return kept[0] if kept else None

    def _check(self, labels: np.ndarray, shape: tuple[int, int]) -> None:
        if labels.dtype.kind not in "iu" or labels.shape != shape:
            raise DatasetError(
                f"the label map and its image must have the same size: "
                f"{self._place()} gives shape {labels.shape} of {labels.dtype}, "
                f"{str(self.image)!r} has {shape} (height, width)."
            )
        if self.hierarchy is None:
            return
        low, high = int(labels.min()), int(labels.max())
        if high - low < labels.size:
            present = np.flatnonzero(np.bincount(labels.ravel() - low)) + low
        else:
            present = np.unique(labels)
        unknown = present[~np.isin(present, self.hierarchy.labels)]
        if unknown.size:
            raise DatasetError(
                f"{self._place()} has labels that {self.hierarchy!r} does not know: "
                f"{shorten(unknown)} (the lowest is {low}, the highest {high})."
            )

    def _place(self) -> str:
        if isinstance(self._annotation, Path):
            return repr(str(self._annotation))
        return f"the ground truth of {str(self.image)!r}"

    def __repr__(self) -> str:
        return f"Sample({self.id!r}, image={str(self.image)!r})"
