"""The figures of a data set: what they are called, and how images make them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.evaluation._flat_cuts import MEASURES, TABLE, best_thresholds

#: A figure of a data set for weights of its images, of shape (n, n_images).
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Figure:
    """What a figure is and how it is printed.

    Parameters
    ----------
    title : str
        Head of its column.
    unit : {"%", "bits", "nodes", "s"}
    larger_is_better : bool or None
        None for neither.
    """

    title: str
    unit: str = "%"
    larger_is_better: bool | None = True

    def text(self, value: float) -> str:
        """Return a value as tables show it."""
        if value is None or np.isnan(value):
            return "–"
        if self.unit == "%":
            return f"{100 * value:.1f}"
        return f"{value:.0f}" if self.unit == "nodes" else f"{value:.2f}"


FIGURES: dict[str, Figure] = {
    "nm_covering": Figure("NMCovering"),
    "nh_covering": Figure("NHCovering"),
    "nm_covering_classes": Figure("NMCovering"),
    "mean_iou": Figure("mIoU"),
    "pixel_accuracy": Figure("pAcc"),
    "mean_accuracy": Figure("mAcc"),
    "frequency_weighted_iou": Figure("fwIoU"),
    "mean_iou_nodes": Figure("mIoU"),
    "pixel_accuracy_nodes": Figure("pAcc"),
    "fragmentation": Figure("fragmentation"),
    "covering_ods": Figure("covering ODS"),
    "covering_ois": Figure("covering OIS"),
    "rand_index_ods": Figure("PRI ODS"),
    "rand_index_ois": Figure("PRI OIS"),
    "variation_of_information_ods": Figure("VI ODS", "bits", False),
    "variation_of_information_ois": Figure("VI OIS", "bits", False),
    "n_nodes": Figure("nodes", "nodes", None),
    "n_leaves": Figure("leaves", "nodes", None),
    "seconds_features": Figure("features, s", "s", False),
    "seconds_tree": Figure("tree, s", "s", False),
}


def full_title(name: str) -> str:
    """Return the title of a figure, and what it is over where two have the same."""
    title = FIGURES[name].title
    for over in ("classes", "nodes"):
        if name.endswith(f"_{over}") and FIGURES[name].unit == "%":
            title += f", {over}"
    return title


#: Figures of single images, whose mean, or of times the median, is the data set's.
OF_IMAGES = (
    *("nm_covering", "nh_covering", "nm_covering_classes", "fragmentation"),
    *(f"{measure}_ois" for measure in MEASURES),
    *("n_nodes", "n_leaves", "seconds_features", "seconds_tree"),
)


class _Mean:
    """The mean over images; nan marks those that are left out."""

    def __init__(self, values: Iterable[float | None]) -> None:
        array = np.array(list(values), dtype=np.float64)
        self._counted = ~np.isnan(array)
        self._values = np.where(self._counted, array, 0)

    def __call__(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _divide(weights @ self._values, weights @ self._counted)


class _Median:
    """The median over images, which the loading of a network does not move."""

    def __init__(self, values: Iterable[float | None]) -> None:
        array = np.array(list(values), dtype=np.float64)
        self._order = np.argsort(array, kind="stable")[: np.sum(~np.isnan(array))]
        self._values = array[self._order]

    def __call__(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.cumsum(weights[:, self._order], axis=1)
        if not self._values.size:
            return np.full(len(weights), np.nan)
        half = total[:, -1:] / 2
        # The mean of two where the half falls between them.
        upper = self._values[np.argmax(total > half, axis=1)]
        lower = self._values[np.argmax(total >= half, axis=1)]
        return np.where(half[:, 0] > 0, (lower + upper) / 2, np.nan)


class _Semantic:
    """A figure of classes, whose counts are added up over images.

    Parameters
    ----------
    tables : list of dict
        Of each image: intersection, union and area by class.
    """

    def __init__(self, tables: Iterable[Mapping[str, Any]], figure: str) -> None:
        rows = list(tables)
        self.classes = list(dict.fromkeys(key for row in rows for key in row))
        place = {key: column for column, key in enumerate(self.classes)}
        counts = np.zeros((len(rows), len(place), 3))
        for image, row in enumerate(rows):
            for key, values in row.items():
                counts[image, place[key]] = values
        self._counts = counts.reshape(len(rows), -1)
        self._figure = figure

    def __call__(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = (weights @ self._counts).reshape(len(weights), -1, 3)
        shared, union, area = np.moveaxis(counts, -1, 0)
        if self._figure == "pixel_accuracy":
            return _divide(shared.sum(axis=1), area.sum(axis=1))
        if self._figure == "frequency_weighted_iou":
            iou = np.nan_to_num(_divide(shared, union))
            return _divide((area * iou).sum(axis=1), area.sum(axis=1))
        ratio = _divide(shared, union if self._figure == "mean_iou" else area)
        occurs = area > 0
        return _divide(np.where(occurs, ratio, 0).sum(axis=1), occurs.sum(axis=1))

    def by_class(self) -> dict[str, float]:
        """Return the intersection over union of every class over all images."""
        shared, union, _ = self._counts.sum(axis=0).reshape(-1, 3).T
        return dict(zip(self.classes, _divide(shared, union).tolist(), strict=True))


def _divide(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    part, whole = np.broadcast_arrays(part, whole)
    nothing = np.full(part.shape, np.nan)
    return np.divide(part, whole, out=nothing, where=whole > 0)


def statistics(entries: list[Mapping[str, Any]]) -> dict[str, Statistic]:
    """Return how to compute every figure of a method.

    Parameters
    ----------
    entries : list of dict
        What the method came to on each image: "scores" and "tables".
    """
    if not entries:
        return {}
    found: dict[str, Statistic] = {}
    scores = [entry["scores"] for entry in entries]
    present = {key for row in scores for key in row}
    tables = [entry["tables"] for entry in entries]
    with_tables = {key for row in tables for key in row}
    thresholds = best_thresholds(tables) if TABLE in with_tables else {}
    for key in FIGURES:
        if key in OF_IMAGES:
            if key in present:
                kind = _Median if FIGURES[key].unit == "s" else _Mean
                found[key] = kind(row.get(key) for row in scores)
            continue
        figure, table = key, "classes"
        if key.endswith("_nodes"):
            figure, table = key.removesuffix("_nodes"), "nodes"
        if key.endswith("_ods"):
            if key in thresholds:
                found[key] = thresholds[key]
        elif table in with_tables:
            found[key] = _Semantic((row.get(table, {}) for row in tables), figure)
    return found


def class_ious(entries: list[Mapping[str, Any]], table: str) -> dict[str, float]:
    """Return the intersection over union of every class, or node, by its name."""
    rows = [entry["tables"].get(table, {}) for entry in entries]
    return _Semantic(rows, "mean_iou").by_class() if any(rows) else {}
