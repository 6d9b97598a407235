"""OIS and ODS as functions of y_true and y_pred."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike, NDArray

from skuhas._common import check_choice
from skuhas.metrics._averages import warn_undefined
from skuhas.metrics._best_cuts import MEASURES, BestCut, BestCuts
from skuhas.metrics._inputs import check_pairs, check_weights

SCALES = ("ods", "ois")


def best_cut_scores(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    setting: str = "altitude",
    values: ArrayLike | None = None,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
) -> dict[str, BestCut]:
    """Best single cuts of trees by covering, Rand index and information.

    The trees of a data set are cut at the one setting that is best for all
    (optimal data-set scale, ODS), or each at its own best (optimal image
    scale, OIS).

    Parameters
    ----------
    y_true : list, one element an image
        As in `covering_score`: label maps, trees of which the leaves count,
        lists of these, one an annotator, or None.
    y_pred : list of RegionTree
        Trees of the same shapes. An integer label map is taken as a tree of
        one level; its label -1 marks pixels outside every region.
    setting : {"altitude", "n_regions"}, default="altitude"
        What images have in common at the optimal data-set scale: a threshold
        on the altitude, or a number of regions. See `BestCuts`.
    values : array-like of shape (n_values,), default=None
        Increasing settings to choose from; by default all that differ.
    ignore_index : int, iterable of int or None, default=-1
        Labels of ground-truth label maps whose pixels take no part in
        anything. In trees these are the pixels of leaf label -1.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the means; equal by default.

    Returns
    -------
    dict of str to BestCut
        ``"covering"`` and ``"rand_index"``, of which more is better, and
        ``"variation_of_information"``, of which less is.

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
    BestCuts : The same, image by image.
    best_cut_score : One of the figures, for scorers.

    References
    ----------
    P. Arbeláez, M. Maire, C. Fowlkes and J. Malik. "Contour Detection and
    Hierarchical Image Segmentation". IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, best_cut_scores
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    >>> truths = [np.array([[0, 1, 2, 2]]), np.array([[0, 0, 1, 1]])]
    >>> best = best_cut_scores(truths, [tree, tree], setting="n_regions")
    >>> best["covering"].ods, best["covering"].ods_setting, best["covering"].ois
    (0.875, 2.0, 1.0)
    """
    cuts = _all_cuts(
        y_true, y_pred, setting, values, ignore_index, sample_weight, "best_cut_scores"
    )
    return cuts.scores()


def best_cut_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    measure: str = "covering",
    scale: str = "ods",
    setting: str = "altitude",
    values: ArrayLike | None = None,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray:
    """Best single cuts of trees by one measure, at one scale.

    Parameters
    ----------
    y_true : list, one element an image
        As in `best_cut_scores`.
    y_pred : list of RegionTree
        As in `best_cut_scores`.
    measure : {"covering", "rand_index", "variation_of_information"}, \
            default="covering"
        What cuts are scored by: `covering_score`, `probabilistic_rand_score`
        or `variation_of_information_score`.
    scale : {"ods", "ois"}, default="ods"
        One setting for all images, or the best for each.
    setting : {"altitude", "n_regions"}, default="altitude"
        As in `best_cut_scores`.
    values : array-like of shape (n_values,), default=None
        As in `best_cut_scores`.
    ignore_index : int, iterable of int or None, default=-1
        As in `best_cut_scores`.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the means; equal by default.
    per_image : bool, default=False
        If True, return the scores of the images and not their mean. At "ods"
        the setting is still the one that is best for all.

    Returns
    -------
    float or ndarray of shape (n_images,)
        Larger is better but for the variation of information. Images of which
        all pixels are ignored are left out, and their own scores are nan.

    Raises
    ------
    TypeError, ValueError
        As in `best_cut_scores`.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, best_cut_score
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    >>> best_cut_score([np.array([[0, 0, 1, 1]])], [tree], scale="ois")
    1.0
    """
    check_choice(measure, "measure", MEASURES)
    check_choice(scale, "scale", SCALES)
    cuts = _all_cuts(
        y_true,
        y_pred,
        setting,
        values,
        ignore_index,
        sample_weight,
        None if per_image else "best_cut_score",
    )
    best = cuts.best(measure)
    return getattr(best, f"image_{scale}" if per_image else scale)


def _all_cuts(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    setting: str,
    values: ArrayLike | None,
    ignore_index: int | Iterable[int] | None,
    sample_weight: ArrayLike | None,
    name: str | None,
) -> BestCuts:
    """Score the cuts of all images; warn in the name of a score that is nan."""
    cuts = BestCuts(setting=setting, values=values, ignore_index=ignore_index)
    truths, predictions = check_pairs(y_true, y_pred)
    weights = check_weights(sample_weight, len(truths))
    for image, (truth, prediction) in enumerate(zip(truths, predictions, strict=True)):
        cuts._append(truth, prediction, float(weights[image]), f"y_pred[{image}]")
    if name and not cuts.curve(MEASURES[0])[0].size:
        warn_undefined(name, stacklevel=4)
    return cuts
