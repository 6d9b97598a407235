"""COCO's JSON: polygons and run lengths as label maps."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import optional_import
from skuhas.datasets._errors import DatasetError
from skuhas.datasets._layout import Found, fixed_folder
from skuhas.datasets._readers import LabelMap, shorten
from skuhas.hierarchies import LabelHierarchy


# Compared as itself, so that it has a hash although outlines have none.
@dataclass(frozen=True, eq=False)
class Objects:
    """What a JSON file says of one image: its size and (label, area, outline)s."""

    file: Path
    shape: tuple[int, int]
    outlines: tuple[tuple[int, float, Any], ...]

    def __str__(self) -> str:
        return str(self.file)


@dataclass(frozen=True)
class DrawObjects:
    """Draws objects, the largest first, over pixels of no object."""

    uncovered: int

    def __call__(self, annotation: Objects, shape: tuple[int, int]) -> LabelMap:
        """Return the label map at the size that the JSON file states."""
        labels = np.full(annotation.shape, self.uncovered, dtype=np.int32)
        # Where objects lie on each other, the smaller one is what is seen. Sorting
        # is stable, so that equal areas keep the order of the file.
        for label, _, outline in sorted(annotation.outlines, key=lambda row: -row[1]):
            try:
                draw(labels, outline, label)
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise DatasetError(
                    f"an outline in {str(annotation.file)!r} is malformed: {error}."
                ) from error
        return labels


def draw(labels: LabelMap, outline: Any, label: int) -> None:
    """Set the pixels inside polygons, or of a run-length code, to a label."""
    if isinstance(outline, Mapping):
        labels[_decode(outline, labels.shape)] = label
        return
    from skimage.draw import polygon

    for ring in outline:
        columns, rows = np.asarray(ring, dtype=np.float64).reshape(-1, 2).T
        # COCO's coordinates are those of corners: the first pixel's centre is 0.5.
        labels[polygon(rows - 0.5, columns - 0.5, labels.shape)] = label


def _decode(code: Mapping[str, Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if tuple(code["size"]) != shape:
        raise ValueError(f"a run-length code is of size {code['size']}, not {shape}")
    counts = code["counts"]
    if isinstance(counts, (str, bytes)):
        mask = optional_import(
            "pycocotools.mask",
            package="skuhas[export]",
            purpose="Decoding compressed run lengths of COCO",
        )
        with warnings.catch_warnings():
            # It was written for NumPy 1, and NumPy 2 says so at every call.
            warnings.simplefilter("ignore", DeprecationWarning)
            return np.asarray(mask.decode(dict(code))).astype(bool)
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(shape, order="F")


@dataclass(frozen=True)
class JsonFile:
    """Images whose annotations are all in one JSON file of COCO's form.

    Parameters
    ----------
    annotations : str
        Pattern of the JSON file, with ``{split}``.
    images : sequence of str
        Patterns of an image's path, tried in turn, with ``{split}``, ``{name}``
        for the file's name as in the JSON and ``{group}`` for what stands before
        the first underscore in it.
    label_of : mapping
        Label of every category id.
    uncovered : int
        Label of pixels of no object.
    """

    annotations: str
    images: tuple[str, ...]
    label_of: Mapping[int, int] = field(hash=False)
    uncovered: int

    def hierarchy(self, root: Path) -> None:
        """Return None: the data set's hierarchy."""

    def missing(self, root: Path, split: str) -> list[str]:
        """Return what must be there for a split and is not, in words."""
        folders = [fixed_folder(each, {"split": split}) for each in self.images]
        words = []
        if not any((root / each).is_dir() for each in folders):
            words.append("no folder " + " or ".join(map(repr, dict.fromkeys(folders))))
        file = self.annotations.format(split=split)
        if not (root / file).is_file():
            words.append(f"no file {file!r}")
        return words

    def index(self, root: Path, split: str) -> list[Found]:
        """Return the images that the JSON file names, in the order of their names."""
        file = root / self.annotations.format(split=split)
        content = read_json(file)
        try:
            outlines = self._outlines(content, file)
            rows = [
                (
                    str(image["file_name"]),
                    Objects(
                        file,
                        (int(image["height"]), int(image["width"])),
                        tuple(outlines.get(image["id"], ())),
                    ),
                )
                for image in content["images"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, DatasetError):
                raise
            raise DatasetError(
                f"{str(file)!r} is not of COCO's form: {type(error).__name__} {error}."
            ) from error
        paths = {name: self._find(root, split, name) for name, _ in rows}
        absent = [name for name, path in paths.items() if path is None]
        if absent:
            raise DatasetError(
                f"{len(absent)} of the {len(rows)} images of {str(file)!r} are not in "
                f"{str(root)!r}: {shorten(absent, 3)}."
            )
        reader = DrawObjects(self.uncovered)
        return sorted(
            (
                Found(PurePosixPath(name).stem, path, objects, reader)
                for name, objects in rows
                if (path := paths[name]) is not None
            ),
            key=lambda found: found.id,
        )

    def _outlines(self, content: Any, file: Path) -> dict[Any, list[Any]]:
        outlines: dict[Any, list[Any]] = {}
        unknown = set()
        for entry in content["annotations"]:
            label = self.label_of.get(entry["category_id"])
            if label is None:
                unknown.add(entry["category_id"])
                continue
            row = (label, float(entry.get("area", 0)), entry["segmentation"])
            outlines.setdefault(entry["image_id"], []).append(row)
        if unknown:
            raise DatasetError(
                f"{str(file)!r} has unknown category ids: {shorten(sorted(unknown))}."
            )
        return outlines

    def _find(self, root: Path, split: str, name: str) -> Path | None:
        group = PurePosixPath(name).name.split("_")[0]
        for pattern in self.images:
            path = root / pattern.format(split=split, name=name, group=group)
            if path.is_file():
                return path
        return None


def read_json(path: Path) -> Any:
    """Return what a JSON file holds, or raise naming it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"cannot read {str(path)!r}: {error}.") from error


def with_other(hierarchy: LabelHierarchy, label: int) -> LabelHierarchy:
    """Return a hierarchy with one more class of the background, named "other"."""
    nested = hierarchy.to_nested()
    other = {"name": "other", "index": label, "role": "background"}
    nested["children"] = [*nested["children"], other]
    return LabelHierarchy.from_nested(nested)
