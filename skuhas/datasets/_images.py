"""ImageDataset: images and ground truth on disk as sequences, read when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np

from skuhas.datasets._sample import Sample
from skuhas.hierarchies import LabelHierarchy

T = TypeVar("T")


class LazySequence(Sequence[T], Generic[T]):
    """One thing of every sample, made when it is asked for.

    Indexing with a slice, with integers or with a mask gives another one, so
    that scikit-learn's splits of a data set stay lazy.
    """

    def __init__(
        self, samples: Sequence[Sample], get: Callable[[Sample], T], what: str
    ) -> None:
        self._samples = samples
        self._get = get
        self._what = what

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def shape(self) -> tuple[int]:
        """Number of samples in a tuple; by it scikit-learn indexes with arrays."""
        return (len(self._samples),)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple) and key:
            # Scikit-learn writes array[key, ...].
            key = key[0]
        chosen = choose(self._samples, key)
        if isinstance(chosen, Sample):
            return self._get(chosen)
        return LazySequence(chosen, self._get, self._what)

    def __repr__(self) -> str:
        return f"<{len(self)} {self._what}, read when asked for>"


def choose(samples: Sequence[Sample], key: Any) -> Sample | list[Sample]:
    """Return a sample for an integer, and a list for a slice, integers or a mask."""
    if isinstance(key, slice):
        return list(samples[key])
    indices = np.asarray(key)
    if indices.ndim == 1 and indices.size == 0:
        return []
    if indices.dtype == bool and indices.shape == (len(samples),):
        return [samples[place] for place in np.flatnonzero(indices)]
    if indices.dtype.kind not in "iu" or indices.ndim > 1:
        raise TypeError(
            "index must be an integer, a slice, a list of integers or a mask of "
            f"length {len(samples)}, got {key!r}."
        )
    for index in np.atleast_1d(indices).tolist():
        if not -len(samples) <= index < len(samples):
            raise IndexError(
                f"index {index} is out of range for {len(samples)} samples."
            )
    if indices.ndim == 0:
        return samples[int(indices)]
    return [samples[index] for index in indices.tolist()]


class ImageDataset(Sequence[Sample]):
    """Images and ground truth of one split of a data set on disk.

    A sequence of `Sample`, made by `load_dataset`. Nothing but the list of
    files is held; images and label maps are read when they are asked for.
    ``dataset.images`` and ``dataset.targets`` are X and y for scikit-learn.

    Parameters
    ----------
    samples : sequence of Sample
        With ids that differ.
    name : str, default="images"
        What messages and tables call the data set.
    root : path-like or None, default=None
        The folder it lies in.
    split : str or None, default=None
        The part of the data set.
    hierarchy : LabelHierarchy or None, default=None
        What the labels mean; None where they are plain regions.

    Attributes
    ----------
    name, root, split, hierarchy
        As given.

    Raises
    ------
    ValueError
        Two samples have the same id, or there is none.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from skuhas import load_dataset
    >>> folder = tempfile.TemporaryDirectory()
    >>> for part in ("val", "valannot"):
    ...     (Path(folder.name) / part).mkdir()
    >>> pixels = np.array([[0, 0, 3], [3, 11, 3]], dtype=np.uint8)
    >>> Image.fromarray(pixels).save(Path(folder.name) / "val" / "a.png")
    >>> Image.fromarray(pixels).save(Path(folder.name) / "valannot" / "a.png")
    >>> dataset = load_dataset("camvid", folder.name)
    >>> dataset
    ImageDataset('camvid', split='val', n_images=1)
    >>> dataset[0].label_map()
    array([[ 0,  0,  3],
           [ 3, 11,  3]], dtype=int32)
    >>> dataset.targets[0].node_data["name"].tolist()
    ['Sky', 'Road', 'sky', 'flat', 'camvid']
    >>> folder.cleanup()
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        name: str = "images",
        root: Any = None,
        split: str | None = None,
        hierarchy: LabelHierarchy | None = None,
    ) -> None:
        self._samples = list(samples)
        self.name = name
        self.root = None if root is None else Path(root)
        self.split = split
        self.hierarchy = hierarchy
        if not self._samples:
            raise ValueError(f"samples of the data set {name!r} must not be empty.")
        counts = Counter(sample.id for sample in self._samples)
        twice = [sample_id for sample_id, count in counts.items() if count > 1]
        if twice:
            raise ValueError(
                f"samples of the data set {name!r} must have ids that differ, got "
                f"several of {twice[:3]}."
            )

    def __len__(self) -> int:
        return len(self._samples)

    @overload
    def __getitem__(self, key: int) -> Sample: ...

    @overload
    def __getitem__(self, key: slice) -> ImageDataset: ...

    def __getitem__(self, key: Any) -> Any:
        chosen = choose(self._samples, key)
        if isinstance(chosen, Sample):
            return chosen
        return ImageDataset(chosen, self.name, self.root, self.split, self.hierarchy)

    @property
    def ids(self) -> list[str]:
        """Names of the samples, unique and fit to be stems of files."""
        return [sample.id for sample in self._samples]

    @property
    def images(self) -> LazySequence[Any]:
        """What transformers of images take as X: the paths."""
        return LazySequence(self._samples, Sample._image_of, "images")

    @property
    def targets(self) -> LazySequence[Any]:
        """What the scores take as y: see `Sample.target`."""
        return LazySequence(self._samples, Sample.target, "targets")

    @property
    def label_maps(self) -> LazySequence[Any]:
        """What is labelled, as arrays: see `Sample.label_map`."""
        return LazySequence(self._samples, Sample.label_map, "label maps")

    def describe(self) -> str:
        """Return what the data set holds, in a few lines of text.

        The headers of a few images are read for their sizes, and no label map.

        Returns
        -------
        str
        """
        labelled = sum(sample.has_ground_truth for sample in self._samples)
        lines = [
            ("data set", self.name),
            ("split", str(self.split)),
            ("root", str(self.root)),
            ("images", f"{len(self)}, {labelled} of them with ground truth"),
            ("sizes", _sizes(self._samples)),
        ]
        if self.hierarchy is None:
            lines.append(("labels", "numbers of regions, without classes"))
        else:
            lines += _describe_hierarchy(self.hierarchy)
        width = max(len(word) for word, _ in lines)
        return "\n".join(f"{word:<{width}}  {text}" for word, text in lines)

    def __repr__(self) -> str:
        return (
            f"ImageDataset({self.name!r}, split={self.split!r}, n_images={len(self)})"
        )


def _sizes(samples: list[Sample]) -> str:
    """Return the sizes of the first, the middle and the last image."""
    places = sorted({0, len(samples) // 2, len(samples) - 1})
    shapes = dict.fromkeys(samples[place].shape for place in places)
    sizes = ", ".join(f"{width} x {height}" for height, width in shapes)
    return f"{sizes} pixels wide and high (of {len(places)} images looked at)"


def _describe_hierarchy(hierarchy: LabelHierarchy) -> list[tuple[str, str]]:
    roles = Counter(hierarchy.roles)
    ignored = [
        f"{label} {name}"
        for label, name, role in zip(
            hierarchy.labels, hierarchy.class_names, hierarchy.roles, strict=True
        )
        if role == "ignore"
    ]
    counted = (
        f"{hierarchy.n_classes}: {roles['foreground']} of the foreground, "
        f"{roles['background']} of the background, {roles['ignore']} to ignore"
    )
    return [
        ("classes", counted),
        ("hierarchy", repr(hierarchy)),
        ("ignored", ", ".join(ignored) or "nothing"),
    ]
