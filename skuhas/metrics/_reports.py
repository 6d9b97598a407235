"""NMCovering and NHCovering taken apart, by image and by class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas.metrics._averages import layouts, warn_undefined
from skuhas.metrics._covering import path_agreement
from skuhas.metrics._ground_truth import class_keys, has_classes
from skuhas.metrics._inputs import check_labels, check_pairs, check_weights
from skuhas.metrics._overlap import best_overlaps
from skuhas.metrics._semantic import sort_classes
from skuhas.metrics._tables import ScoreTable

NO_LABELS = np.empty(0, dtype=np.int64)
UNNAMED = "region"


class CoveringReport(NamedTuple):
    """The covering of a data set, by image and by class.

    Parameters
    ----------
    nm_covering, nh_covering : float
        The scores of the data set.
    images : ScoreTable
        One row an image, named by its position, with ``nm_covering``,
        ``nh_covering``, ``n_true``, the regions of the ground truth (of all
        annotators), and ``n_predicted``, the nodes of the prediction without
        the root. Scores of images that are left out are nan.
    classes : ScoreTable
        One row a class, with ``overlap``, the mean of the best overlaps of its
        regions, ``overlap_on_path``, the same times the share of the path that
        agrees (see `nh_covering_score`), and ``n_regions``.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, covering_report
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> covering_report([np.array([[5, 5, 7, 7]])], [tree]).classes["overlap"]
    array([0.66666667, 0.5       ])
    """

    nm_covering: float
    nh_covering: float
    images: ScoreTable
    classes: ScoreTable

    def __str__(self) -> str:
        return (
            f"NMCovering {self.nm_covering:.4f}, NHCovering {self.nh_covering:.4f}\n\n"
            f"{self.images}\n\n{self.classes}"
        )


def covering_report(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
) -> CoveringReport:
    """Report NMCovering and NHCovering of every image and of every class.

    Parameters
    ----------
    y_true : list, one element an image
        As in `nm_covering_score`. Classes are the labels of label maps and the
        nodes of class trees (see `SemanticCounts`); the nodes of trees that
        tell no classes are one class, ``"region"``.
    y_pred : list of RegionTree
        Trees of the same shapes. An integer label map is taken as a tree of
        one level; its label -1 marks pixels outside every region.
    ignore_index : int, iterable of int or None, default=-1
        Labels of ground-truth label maps whose pixels take no part in
        anything. In trees these are the pixels of leaf label -1.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the means; equal by default.

    Returns
    -------
    CoveringReport
        Of figures and two tables; ``print`` shows it as text.

    Raises
    ------
    TypeError, ValueError
        An argument is malformed, or an image's ground truth and prediction
        differ in shape; the message says which image.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    See Also
    --------
    SemanticCounts.report : Intersection over union of every class.

    Notes
    -----
    A class's mean runs over its regions in all images, weighted as their
    images, with equal shares for the annotators of one image; the score of
    the data set is the mean over images, whatever their number of regions.

    Examples
    --------
    >>> from skuhas import LabelHierarchy, RegionTree, covering_report
    >>> truth = LabelHierarchy.load("camvid").tree([[0, 0, 1, 3]])
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 0, 1, 2]])
    >>> print(covering_report([truth], [tree]).classes)
    class                  overlap  overlap_on_path  n_regions
    construction            1.0000           1.0000          1
    construction/Building   1.0000           1.0000          1
    flat                    1.0000           1.0000          1
    flat/Road               1.0000           1.0000          1
    sky                     1.0000           1.0000          1
    sky/Sky                 1.0000           1.0000          1
    """
    truths, predictions = check_pairs(y_true, y_pred)
    ignored = check_labels(ignore_index, "ignore_index")
    weights = check_weights(sample_weight, len(truths))
    flat, hierarchical = np.full((2, len(truths)), np.nan)
    n_true = np.zeros(len(truths), dtype=np.int64)
    n_predicted = np.zeros(len(truths), dtype=np.int64)
    # Class to the weighted sums of both figures, the weights, and the regions.
    sums: dict[int | str, NDArray[np.float64]] = {}
    for image, (truth, prediction) in enumerate(zip(truths, predictions, strict=True)):
        name = f"y_pred[{image}]"
        pairs = list(layouts(truth, prediction, name, ignored, NO_LABELS))
        means = []
        for true, predicted in pairs:
            regions = true.regions
            n_predicted[image] = predicted.regions.size
            n_true[image] += regions.size
            matches = best_overlaps(true, predicted, regions, predicted.regions)
            on_path = matches.overlap * path_agreement(true, predicted, matches.node)
            means.append([matches.overlap.mean(), on_path.mean()])
            weight = weights[image] / len(pairs)
            keys: list[int | str] = [UNNAMED] * regions.size
            if has_classes(true.tree):
                keys = class_keys(true.tree, regions, f"y_true[{image}]")
            if weight > 0:
                for key, each in zip(
                    keys, zip(matches.overlap, on_path, strict=True), strict=True
                ):
                    row = np.array([weight * each[0], weight * each[1], weight, 1])
                    sums[key] = sums.get(key, 0) + row
        if means:
            flat[image], hierarchical[image] = np.mean(means, axis=0)
        else:
            n_predicted[image] = 0
    counted = ~np.isnan(flat) & (weights > 0)
    nm_covering = nh_covering = float("nan")
    if counted.any():
        nm_covering = float(np.average(flat[counted], weights=weights[counted]))
        nh_covering = float(np.average(hierarchical[counted], weights=weights[counted]))
    else:
        warn_undefined("covering_report")
    keys = sort_classes(sums)
    columns = np.array([sums[key] for key in keys]).reshape(-1, 4).T
    return CoveringReport(
        nm_covering,
        nh_covering,
        ScoreTable(
            "image",
            [str(image) for image in range(len(truths))],
            {
                "nm_covering": flat,
                "nh_covering": hierarchical,
                "n_true": n_true,
                "n_predicted": n_predicted,
            },
        ),
        ScoreTable(
            "class",
            [str(key) for key in keys],
            {
                "overlap": columns[0] / columns[2],
                "overlap_on_path": columns[1] / columns[2],
                "n_regions": columns[3].astype(np.int64),
            },
        ),
    )
