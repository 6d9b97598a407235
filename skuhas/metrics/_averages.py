"""Means over annotators and over images, the same for every score."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import UndefinedMetricWarning

from skuhas.metrics._ground_truth import predicted_tree, truth_trees
from skuhas.metrics._inputs import check_labels, check_pairs, check_weights
from skuhas.metrics._overlap import NodeLayout

TreeScore = Callable[[NodeLayout, NodeLayout], Any]


def average_score(
    tree_score: TreeScore,
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    name: str,
    ignore_index: int | Iterable[int] | None,
    background_index: int | Iterable[int] | None = None,
    sample_weight: ArrayLike | None,
    per_image: bool,
    shape: tuple[int, ...] = (),
) -> float | NDArray[np.float64]:
    """Average `tree_score` over annotators and then over images.

    Parameters
    ----------
    tree_score : callable
        Takes the layouts of a ground-truth tree and of a prediction, returns a
        float or an array of the shape `shape`.
    y_true, y_pred : iterable
    name : str
        Name of the score for warnings.
    ignore_index, background_index, sample_weight, per_image
        As the scores take them.
    shape : tuple of int, default=()
        Shape of one value.

    Returns
    -------
    float or ndarray of shape ``shape`` or (n_images, *shape)
    """
    truths, predictions = check_pairs(y_true, y_pred)
    ignored = check_labels(ignore_index, "ignore_index")
    background = check_labels(background_index, "background_index")
    both = np.intersect1d(ignored, background)
    if both.size:
        raise ValueError(
            "background_index and ignore_index must have no label in common, got "
            f"{both.tolist()} in both."
        )
    weights = check_weights(sample_weight, len(truths))
    scores = np.full((len(truths), *shape), np.nan)
    for image, (truth, prediction) in enumerate(zip(truths, predictions, strict=True)):
        name_of_prediction = f"y_pred[{image}]"
        pairs = layouts(truth, prediction, name_of_prediction, ignored, background)
        values = [tree_score(*pair) for pair in pairs]
        if values:
            scores[image] = np.mean(values, axis=0)
    if per_image:
        return scores
    counted = ~np.isnan(scores).reshape(len(truths), -1).any(axis=1) & (weights > 0)
    if not counted.any():
        warn_undefined(name, stacklevel=4)
        return np.full(shape, np.nan) if shape else float("nan")
    mean = np.average(scores[counted], axis=0, weights=weights[counted])
    return mean if shape else float(mean)


def layouts(
    truth: Any,
    prediction: Any,
    name: str,
    ignored: NDArray[np.int64],
    background: NDArray[np.int64],
) -> Iterator[tuple[NodeLayout, NodeLayout]]:
    """Yield (ground truth, prediction) for the annotators of one image that count.

    Parameters
    ----------
    truth, prediction : object
        Elements of y_true and y_pred, checked before.
    name : str
        How messages call the prediction.
    ignored, background : ndarray of int
        Labels of label maps.

    Yields
    ------
    (NodeLayout, NodeLayout)
    """
    predicted = predicted_tree(prediction, name)
    trees = truth_trees(truth, ignored, background)
    if trees:
        layout = NodeLayout(predicted)
        for tree in trees:
            yield NodeLayout(tree), layout


def warn_undefined(name: str, stacklevel: int = 3) -> None:
    """Warn that a score is nan because no image counts."""
    warnings.warn(
        f"{name} is undefined and set to nan: every image with weight is left "
        "out, because it has no ground truth or no pixel but ignored and background.",
        UndefinedMetricWarning,
        stacklevel=stacklevel,
    )
