"""Checks of what the scores are given."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas._common import check_list
from skuhas.tree import RegionTree

TRUTH = (
    "a label map (an integer array of shape (height, width)), a RegionTree, a list "
    "of label maps (one an annotator), or None for no ground truth"
)
PREDICTION = "a RegionTree or a label map (an integer array of shape (height, width))"


def check_pairs(y_true: Any, y_pred: Any) -> tuple[list[Any], list[Any]]:
    """Return both as lists whose elements are allowed and of matching shapes."""
    truths = check_list(y_true, "y_true", "ground truths, one an image")
    predictions = check_list(y_pred, "y_pred", "RegionTree, one an image")
    if len(truths) != len(predictions):
        raise ValueError(
            "y_true and y_pred must have one element for each image, got "
            f"{len(truths)} in y_true and {len(predictions)} in y_pred."
        )
    for position, (truth, prediction) in enumerate(
        zip(truths, predictions, strict=True)
    ):
        check_pair(truth, prediction, f"y_true[{position}]", f"y_pred[{position}]")
    return truths, predictions


def check_pair(truth: Any, prediction: Any, truth_name: str, name: str) -> None:
    """Raise where one image's ground truth or prediction is not allowed."""
    shape = _check_element(prediction, name, PREDICTION)
    for annotation, place in _annotations(truth, truth_name):
        found = _check_element(annotation, place, TRUTH)
        if found != shape:
            raise ValueError(
                f"{place} has shape {found}, {name} has shape {shape}: a ground "
                "truth and its prediction must have the same pixels."
            )


def _annotations(truth: Any, name: str) -> list[tuple[Any, str]]:
    """Return the single annotations of an image and how messages call them."""
    if truth is None:
        return []
    if not isinstance(truth, (list, tuple)):
        return [(truth, name)]
    if not truth:
        raise ValueError(f"{name} must be {TRUTH}, got an empty list.")
    return [(each, f"{name}[{rank}]") for rank, each in enumerate(truth)]


def _check_element(element: Any, name: str, allowed: str) -> tuple[int, ...]:
    """Return the shape of a tree or a label map, or raise naming it."""
    if isinstance(element, RegionTree):
        return element.shape
    is_array = hasattr(element, "__array__") or hasattr(element, "__array_interface__")
    if not is_array or isinstance(element, np.generic):
        raise TypeError(f"{name} must be {allowed}, got {type(element).__name__}.")
    array = np.asarray(element)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "iub":
        raise ValueError(
            f"{name} must be {allowed}, got an array of shape {array.shape} and dtype "
            f"{array.dtype}."
        )
    return array.shape


def check_labels(values: int | Iterable[int] | None, name: str) -> NDArray[np.int64]:
    """Return label values given as one integer, an iterable or None."""
    if values is None:
        return np.empty(0, dtype=np.int64)
    items = list(values) if isinstance(values, Iterable) else [values]
    if not all(
        isinstance(item, Integral) and not isinstance(item, bool) for item in items
    ):
        raise TypeError(
            f"{name} must be an integer, an iterable of integers or None, got "
            f"{values!r}."
        )
    return np.array(items, dtype=np.int64)


def check_weights(sample_weight: ArrayLike | None, n_images: int) -> NDArray:
    """Return one weight for each image, ones by default."""
    if sample_weight is None:
        return np.ones(n_images)
    weights = np.asarray(sample_weight)
    if weights.shape != (n_images,) or weights.dtype.kind not in "iufb":
        raise ValueError(
            f"sample_weight must hold one number for each of the {n_images} images, "
            f"got shape {weights.shape} and dtype {weights.dtype}."
        )
    weights = weights.astype(np.float64)
    allowed = np.isfinite(weights) & (weights >= 0)
    if not allowed.all():
        position = int(np.argmin(allowed))
        raise ValueError(
            "sample_weight must be finite and at least 0, got "
            f"sample_weight[{position}] = {weights[position]}."
        )
    if not weights.any():
        raise ValueError("sample_weight must have a value above 0, got all zeros.")
    return weights
