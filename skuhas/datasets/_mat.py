"""Ground truth in MATLAB files: BSDS500's segmentations and Pascal-Part's masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.datasets._errors import DatasetError
from skuhas.datasets._readers import DAMAGED, LabelMap, shorten
from skuhas.hierarchies import LabelHierarchy

# Names in the files that the hierarchy spells otherwise.
PASCAL_NAMES = {"diningtable": "table"}
PASCAL_UNLABELLED = 389


def read_mat(path: Path, variable: str) -> Any:
    """Return one variable of a MATLAB file, its structures as dictionaries."""
    from scipy.io import loadmat

    try:
        return loadmat(path, variable_names=[variable], simplify_cells=True)[variable]
    # SciPy's reader raises whatever damaged bytes lead it to.
    except Exception as error:
        raise DatasetError(
            f"cannot read {variable!r} in {str(path)!r}: {type(error).__name__} "
            f"{error}."
        ) from error


def structures(value: Any) -> list[Any]:
    """Return a list of structures, be there none, one or many."""
    if isinstance(value, dict):
        return [value]
    return list(np.asarray(value, dtype=object).ravel())


@dataclass(frozen=True)
class BerkeleyMat:
    """The segmentations of several annotators: ``groundTruth{i}.Segmentation``."""

    def __call__(self, annotation: Path, shape: tuple[int, int]) -> list[LabelMap]:
        """Return one map for each annotator, regions numbered from 1."""
        cells = structures(read_mat(annotation, "groundTruth"))
        try:
            return [np.asarray(cell["Segmentation"]).astype(np.int32) for cell in cells]
        except (*DAMAGED, TypeError, KeyError) as error:
            raise DatasetError(
                f"'groundTruth' in {str(annotation)!r} must be cells with a "
                f"'Segmentation' each, got {type(error).__name__} {error}."
            ) from error


@cache
def pascal_parts() -> dict[tuple[str, str], int]:
    """Return the label of every (object, part), and of (object, "") without parts."""
    hierarchy = LabelHierarchy.load("pascalpart")
    root = hierarchy.n_nodes - 1
    table = {}
    for node, label in enumerate(hierarchy.labels):
        parent, name = int(hierarchy.parents[node]), hierarchy.class_names[node]
        if parent == root:
            table[name, ""] = label
        else:
            table[hierarchy.node_names[parent], name] = label
    return table


@dataclass(frozen=True)
class PascalPartMat:
    """Objects with masks of their parts: ``anno.objects(i).parts(j)``.

    Later objects lie on earlier ones, as the data set's own code has it. Within
    an object the smaller part is seen, an eye on a head. Pixels of an object
    outside all of its parts belong to no class: they are to be ignored, unless
    the object is of those that have no parts at all.
    """

    def __call__(self, annotation: Path, shape: tuple[int, int]) -> LabelMap:
        """Return the labels of the hierarchy "pascalpart"."""
        labels = np.zeros(shape, dtype=np.int32)
        unknown: set[str] = set()
        try:
            content = read_mat(annotation, "anno")
            for item in structures(content["objects"]):
                for label, mask in _layers(item, unknown):
                    if mask.shape != shape:
                        raise DatasetError(
                            f"a mask in {str(annotation)!r} is of size {mask.shape}, "
                            f"the image is of {shape} (height, width)."
                        )
                    labels[mask] = label
        except (KeyError, TypeError, IndexError) as error:
            raise DatasetError(
                f"'anno' in {str(annotation)!r} is not of the form of Pascal-Part: "
                f"{type(error).__name__} {error}."
            ) from error
        if unknown:
            raise DatasetError(
                f"{str(annotation)!r} has objects or parts that the hierarchy "
                f"'pascalpart' does not know: {shorten(sorted(unknown))}."
            )
        return labels


def _layers(item: Any, unknown: set[str]) -> list[tuple[int, NDArray[np.bool_]]]:
    """Return an object's labels and masks in the order in which they are painted.

    Names without a label are added to `unknown`.
    """
    table = pascal_parts()
    kind = PASCAL_NAMES.get(str(item["class"]), str(item["class"]))
    if not any(kind == above for above, _ in table):
        unknown.add(kind)
        return []
    parts = []
    for part in structures(item["parts"]):
        label = table.get((kind, str(part["part_name"])))
        if label is None:
            unknown.add(f"{part['part_name']} of {kind}")
        else:
            parts.append((label, np.asarray(part["mask"]).astype(bool)))
    parts.sort(key=lambda layer: -int(layer[1].sum()))
    whole = table.get((kind, ""), PASCAL_UNLABELLED)
    return [(whole, np.asarray(item["mask"]).astype(bool)), *parts]
