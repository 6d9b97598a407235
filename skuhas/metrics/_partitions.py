"""Scores of one flat partition: the leaves of a tree, which is cut before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import rand_score

from skuhas.metrics._averages import average_score
from skuhas.metrics._overlap import NodeLayout, best_overlaps


def covering_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Covering of the ground truth by the leaves, weighted by area.

    For the leaves :math:`L` of a predicted tree and the regions :math:`S` of a
    ground-truth partition of :math:`N` pixels,

    .. math::
        \mathcal{C}(L \to S) = \frac{1}{N} \sum_{R \in S}
            |R| \max_{R' \in L} \mathrm{IoU}(R, R').

    Cut the trees first: `RegionTree.cut` chooses the level. The score of a
    data set is the mean over its images.

    Parameters
    ----------
    y_true : list, one element an image
        A label map, an integer array of shape (height, width); a RegionTree,
        of which the leaves count; a list of these, one an annotator, whose
        scores are averaged; or None for an image without ground truth.
    y_pred : list of RegionTree
        Trees of the same shapes, of which the leaves count. An integer label
        map is taken too; its label -1 marks pixels outside every region.
    ignore_index : int, iterable of int or None, default=-1
        Labels of ground-truth label maps whose pixels take no part in
        anything. In trees these are the pixels of leaf label -1.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the mean; equal by default.
    per_image : bool, default=False
        If True, return the scores of the images and not their mean.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better. Images of which all pixels are ignored
        are left out of the mean, and their own scores are nan.

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
    best_cut_score : The same over all cuts of the trees.
    nm_covering_score : Takes all levels, and every region alike.

    Notes
    -----
    Too fine a partition costs as much as too coarse a one.

    References
    ----------
    P. Arbeláez, M. Maire, C. Fowlkes and J. Malik. "Contour Detection and
    Hierarchical Image Segmentation". IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, covering_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> covering_score([np.array([[5, 5, 5, 5]])], [tree])
    0.75
    """
    return average_score(
        _covering,
        y_true,
        y_pred,
        name="covering_score",
        ignore_index=ignore_index,
        sample_weight=sample_weight,
        per_image=per_image,
    )


def probabilistic_rand_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Share of the pairs of pixels on which leaves and ground truth agree (PRI).

    With :math:`l_{ij} = 1` where pixels :math:`i` and :math:`j` lie in one
    leaf, and :math:`p_{ij}` the share of the annotators who put them into one
    region,

    .. math::
        \mathrm{PRI} = \binom{N}{2}^{-1} \sum_{i < j}
            l_{ij} p_{ij} + (1 - l_{ij}) (1 - p_{ij}).

    This is the mean of `sklearn.metrics.rand_score` over the annotators. Cut
    the trees first. The score of a data set is the mean over its images.

    Parameters
    ----------
    y_true : list, one element an image
        As in `covering_score`.
    y_pred : list of RegionTree
        As in `covering_score`. All pixels outside every region count as one
        region more.
    ignore_index : int, iterable of int or None, default=-1
        As in `covering_score`.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the mean; equal by default.
    per_image : bool, default=False
        If True, return the scores of the images and not their mean.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better; nan as in `covering_score`.

    Raises
    ------
    TypeError, ValueError
        As in `covering_score`.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    References
    ----------
    R. Unnikrishnan, C. Pantofaru and M. Hebert. "Toward Objective Evaluation
    of Image Segmentation Algorithms". IEEE TPAMI 29(6), 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, probabilistic_rand_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> probabilistic_rand_score([np.array([[5, 5, 5, 5]])], [tree])
    0.5
    """
    return average_score(
        _rand_index,
        y_true,
        y_pred,
        name="probabilistic_rand_score",
        ignore_index=ignore_index,
        sample_weight=sample_weight,
        per_image=per_image,
    )


def variation_of_information_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Information that leaves and ground truth do not share (VI), in bits.

    For the leaves :math:`L` of a predicted tree and the regions :math:`S` of a
    ground-truth partition, as random variables of a pixel,

    .. math::
        \mathrm{VI}(L, S) = H(L \mid S) + H(S \mid L).

    This is the sum of what `skimage.metrics.variation_of_information` returns.
    Cut the trees first. The score of a data set is the mean over its images.

    Parameters
    ----------
    y_true : list, one element an image
        As in `covering_score`.
    y_pred : list of RegionTree
        As in `covering_score`. All pixels outside every region count as one
        region more.
    ignore_index : int, iterable of int or None, default=-1
        As in `covering_score`.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the mean; equal by default.
    per_image : bool, default=False
        If True, return the scores of the images and not their mean.

    Returns
    -------
    float or ndarray of shape (n_images,)
        At least 0, *smaller* is better; nan as in `covering_score`.

    Raises
    ------
    TypeError, ValueError
        As in `covering_score`.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    References
    ----------
    M. Meilă. "Comparing Clusterings: An Axiomatic View". ICML 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, variation_of_information_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 1, 1]])
    >>> variation_of_information_score([np.array([[5, 5, 5, 5]])], [tree])
    1.0
    """
    return average_score(
        _variation_of_information,
        y_true,
        y_pred,
        name="variation_of_information_score",
        ignore_index=ignore_index,
        sample_weight=sample_weight,
        per_image=per_image,
    )


def _covering(truth: NodeLayout, predicted: NodeLayout) -> float:
    regions = np.arange(truth.tree.n_leaves)
    candidates = np.arange(predicted.tree.n_leaves)
    matches = best_overlaps(truth, predicted, regions, candidates)
    return float(np.average(matches.overlap, weights=matches.region_area))


def _rand_index(truth: NodeLayout, predicted: NodeLayout) -> float:
    return float(rand_score(*_labelled(truth, predicted)))


def _variation_of_information(truth: NodeLayout, predicted: NodeLayout) -> float:
    # Scores of trees alone need not wait for scikit-image.
    from skimage.metrics import variation_of_information

    # scikit-image takes labels from 0 on.
    labels = [each + 1 for each in _labelled(truth, predicted)]
    return max(0.0, float(np.sum(variation_of_information(*labels))))


def _labelled(
    truth: NodeLayout, predicted: NodeLayout
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the leaves of the pixels that take part."""
    counted = truth.tree.leaf_labels >= 0
    return truth.tree.leaf_labels[counted], predicted.tree.leaf_labels[counted]
