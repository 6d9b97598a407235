"""mIoU, pAcc, mAcc and fwIoU as functions of y_true and y_pred."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas.metrics._averages import warn_undefined
from skuhas.metrics._inputs import check_pairs, check_weights
from skuhas.metrics._semantic import SemanticCounts


def mean_iou_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    matching: str = "max_overlap",
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Mean intersection over union of the classes (mIoU) over a data set.

    .. math::
        \mathrm{mIoU} = \frac{1}{|C|} \sum_{c \in C} \frac{I_c}{U_c},

    with the intersections and unions of a class added up over all images
    before they are divided; `SemanticCounts` says what is counted.

    Parameters
    ----------
    y_true : list, one element an image
        A label map, an integer array of shape (height, width), whose classes
        are its labels; a RegionTree made by `LabelHierarchy.trees`, whose
        classes are the nodes of the class tree; a list of these, one an
        annotator, with equal shares; or None for an image without ground truth.
    y_pred : list of RegionTree
        Trees of the same shapes. An integer label map is taken as a tree of
        one level; its label -1 marks pixels outside every region.
    matching : {"max_overlap", "hungarian"}, default="max_overlap"
        Every region takes the node of largest overlap, or nodes and regions
        are matched one to one.
    ignore_index : int, iterable of int or None, default=-1
        Labels of ground-truth label maps whose pixels take no part in
        anything. In trees these are the pixels of leaf label -1.
    sample_weight : array-like of shape (n_images,), default=None
        How often the pixels of an image count; equal by default.
    per_image : bool, default=False
        If True, return the score of every image alone. Their mean is another
        figure than the score of the data set.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better; nan where no image has foreground, as in
        `nm_covering_score`.

    Raises
    ------
    TypeError, ValueError
        An argument is malformed, a tree does not tell its classes, or an
        image's ground truth and prediction differ in shape.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    See Also
    --------
    SemanticCounts : Counts image by image, and reports every class.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, mean_iou_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> label_map = np.array([[0, 0, 1, 2]])
    >>> round(mean_iou_score([label_map], [tree]), 4)
    0.6667
    >>> round(mean_iou_score([label_map], [tree], matching="hungarian"), 4)
    0.5556
    """
    return _semantic_score(
        "mean_iou", "mean_iou_score", y_true, y_pred, matching, ignore_index,
        sample_weight, per_image,
    )  # fmt: skip


def pixel_accuracy_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    matching: str = "max_overlap",
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Share of the pixels that their matched nodes hold (pAcc), over a data set.

    .. math::
        \mathrm{pAcc} = \frac{\sum_c I_c}{\sum_c A_c};

    `SemanticCounts` says what is counted.

    Parameters
    ----------
    y_true : list, one element an image
        As in `mean_iou_score`.
    y_pred : list of RegionTree
        As in `mean_iou_score`.
    matching : {"max_overlap", "hungarian"}, default="max_overlap"
        As in `mean_iou_score`.
    ignore_index : int, iterable of int or None, default=-1
        As in `mean_iou_score`.
    sample_weight : array-like of shape (n_images,), default=None
        As in `mean_iou_score`.
    per_image : bool, default=False
        As in `mean_iou_score`.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better; nan as in `mean_iou_score`.

    Raises
    ------
    TypeError, ValueError
        As in `mean_iou_score`.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    Notes
    -----
    A node may hold far more than its region, so that on its own this score
    can be high where the regions overlap poorly.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, pixel_accuracy_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> pixel_accuracy_score([np.array([[0, 0, 1, 1]])], [tree])
    0.75
    """
    return _semantic_score(
        "pixel_accuracy", "pixel_accuracy_score", y_true, y_pred, matching,
        ignore_index, sample_weight, per_image,
    )  # fmt: skip


def mean_accuracy_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    matching: str = "max_overlap",
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Mean over classes of the share that matched nodes hold (mAcc).

    .. math::
        \mathrm{mAcc} = \frac{1}{|C|} \sum_{c \in C} \frac{I_c}{A_c};

    `SemanticCounts` says what is counted.

    Parameters
    ----------
    y_true : list, one element an image
        As in `mean_iou_score`.
    y_pred : list of RegionTree
        As in `mean_iou_score`.
    matching : {"max_overlap", "hungarian"}, default="max_overlap"
        As in `mean_iou_score`.
    ignore_index : int, iterable of int or None, default=-1
        As in `mean_iou_score`.
    sample_weight : array-like of shape (n_images,), default=None
        As in `mean_iou_score`.
    per_image : bool, default=False
        As in `mean_iou_score`.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better; nan as in `mean_iou_score`.

    Raises
    ------
    TypeError, ValueError
        As in `mean_iou_score`.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, mean_accuracy_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> mean_accuracy_score([np.array([[0, 0, 1, 1]])], [tree])
    0.75
    """
    return _semantic_score(
        "mean_accuracy", "mean_accuracy_score", y_true, y_pred, matching,
        ignore_index, sample_weight, per_image,
    )  # fmt: skip


def frequency_weighted_iou_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    matching: str = "max_overlap",
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Intersection over union of the classes, weighted by area (fwIoU).

    .. math::
        \mathrm{fwIoU} = \frac{\sum_c A_c \, I_c / U_c}{\sum_c A_c};

    `SemanticCounts` says what is counted.

    Parameters
    ----------
    y_true : list, one element an image
        As in `mean_iou_score`.
    y_pred : list of RegionTree
        As in `mean_iou_score`.
    matching : {"max_overlap", "hungarian"}, default="max_overlap"
        As in `mean_iou_score`.
    ignore_index : int, iterable of int or None, default=-1
        As in `mean_iou_score`.
    sample_weight : array-like of shape (n_images,), default=None
        As in `mean_iou_score`.
    per_image : bool, default=False
        As in `mean_iou_score`.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better; nan as in `mean_iou_score`.

    Raises
    ------
    TypeError, ValueError
        As in `mean_iou_score`.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, frequency_weighted_iou_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> frequency_weighted_iou_score([np.array([[0, 0, 0, 1]])], [tree])
    1.0
    """
    return _semantic_score(
        "frequency_weighted_iou", "frequency_weighted_iou_score", y_true, y_pred,
        matching, ignore_index, sample_weight, per_image,
    )  # fmt: skip


def _semantic_score(
    figure: str,
    name: str,
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    matching: str,
    ignore_index: int | Iterable[int] | None,
    sample_weight: ArrayLike | None,
    per_image: bool,
) -> float | NDArray[np.float64]:
    """Count all images, and take one figure from the counts."""
    truths, predictions = check_pairs(y_true, y_pred)
    weights = check_weights(sample_weight, len(truths))
    counts = SemanticCounts(matching=matching, ignore_index=ignore_index)
    alone = np.full(len(truths), np.nan)
    for image, (truth, prediction) in enumerate(zip(truths, predictions, strict=True)):
        names = f"y_true[{image}]", f"y_pred[{image}]"
        if per_image:
            counts = SemanticCounts(matching=matching, ignore_index=ignore_index)
            counts._count(truth, prediction, 1.0, *names)
            alone[image] = getattr(counts, figure)
        else:
            counts._count(truth, prediction, float(weights[image]), *names)
    if per_image:
        return alone
    if not counts.n_images:
        warn_undefined(name, stacklevel=4)
    return getattr(counts, figure)
