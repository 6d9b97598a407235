"""How well the nodes of predicted trees cover the regions of ground truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas.metrics._averages import average_score
from skuhas.metrics._ground_truth import foreground
from skuhas.metrics._overlap import NodeLayout, best_overlaps


def nm_covering_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Normalised multi-granular covering: each region's best overlap, averaged.

    For a predicted tree :math:`T` and ground-truth regions :math:`S`,

    .. math::
        \mathrm{NMCovering}(T, S) = \frac{1}{|S|} \sum_{R \in S}
            \max_{R' \in T} \mathrm{IoU}(R, R').

    Roots take part on neither side, unless a tree is only a root. The score
    of a data set is the mean over its images.

    Parameters
    ----------
    y_true : list, one element an image
        A label map, an integer array of shape (height, width), whose regions
        are its labels; a RegionTree, whose regions are its nodes (see
        `LabelHierarchy.trees`); a list of these, one an annotator, whose
        scores are averaged; or None for an image without ground truth.
    y_pred : list of RegionTree
        Trees of the same shapes. An integer label map is taken as a tree of
        one level; its label -1 marks pixels outside every region.
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
        In [0, 1], larger is better. Images without foreground are left out
        of the mean: those of which all pixels are ignored, and trees whose
        leaves are all marked in ``node_data["background"]``. Their own scores
        are nan, as is the mean where no image is left.

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
    nh_covering_score : Asks for the nesting of regions too.

    Notes
    -----
    Pixels that no predicted region holds count in the union: leaving a part
    of the image out costs. Below a root's children the score never falls as a
    tree gets finer, so a search that looks at it alone picks the finest tree.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, nm_covering_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> nm_covering_score([np.array([[5, 5, 7, 7]])], [tree])
    0.583...
    """
    return average_score(
        _nm_covering,
        y_true,
        y_pred,
        name="nm_covering_score",
        ignore_index=ignore_index,
        background_index=None,
        sample_weight=sample_weight,
        per_image=per_image,
    )


def nh_covering_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Normalised hierarchical covering: overlap of regions and of their paths.

    For a predicted tree :math:`T` and a ground-truth tree :math:`G`,

    .. math::
        \mathrm{NHCovering}(T, G) = \frac{1}{|G|} \sum_{R \in G}
            \mathrm{IoU}(R, R') \,
            \frac{|\{P \in \pi(R) : P' \in \pi(R')\}|}{|\pi(R)|},

    where :math:`R'` is the node of :math:`T` that overlaps :math:`R` best
    (several regions may share one; the first in depth-first pre-order wins
    among equals) and :math:`\pi` the path from a node, itself included, up to
    the root, which is left out. Roots take part on neither side, unless a
    tree is only a root. The score of a data set is the mean over its images.

    Parameters
    ----------
    y_true : list, one element an image
        A RegionTree (see `LabelHierarchy.trees`); a label map, an integer
        array of shape (height, width), taken as a tree of one level, for which
        this score equals `nm_covering_score`; a list of these, one an
        annotator, whose scores are averaged; or None for an image without
        ground truth.
    y_pred : list of RegionTree
        Trees of the same shapes. An integer label map is taken as a tree of
        one level; its label -1 marks pixels outside every region.
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
        In [0, 1], larger is better, never above `nm_covering_score`. Images
        without foreground are left out, as there.

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
    nm_covering_score : Looks at regions alone.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> from skuhas import RegionTree, nh_covering_score, nm_covering_score
    >>> truth = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    >>> other = RegionTree.from_parents([3, 4, 3, 4, 4], [[0, 1, 2, 2]])
    >>> nm_covering_score([truth], [other]), nh_covering_score([truth], [other])
    (0.875, 0.75)
    """
    return average_score(
        _nh_covering,
        y_true,
        y_pred,
        name="nh_covering_score",
        ignore_index=ignore_index,
        background_index=None,
        sample_weight=sample_weight,
        per_image=per_image,
    )


def nf_covering_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    ignore_index: int | Iterable[int] | None = -1,
    background_index: int | Iterable[int] | None = None,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Normalised foreground covering: one level against the foreground regions.

    For the leaves :math:`L` of a predicted tree and the foreground regions
    :math:`F` of a label map,

    .. math::
        \mathrm{NFCovering}(L, F) = \frac{1}{|F|} \sum_{R \in F}
            \max_{R' \in L} \mathrm{IoU}(R, R').

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
    background_index : int, iterable of int or None, default=None
        Labels of ground-truth label maps that are no foreground. Their pixels
        count in unions. In trees these are the leaves that
        ``node_data["background"]`` marks.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the mean; equal by default.
    per_image : bool, default=False
        If True, return the scores of the images and not their mean.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better. Images without foreground are left out
        of the mean. Their own scores are nan, as is the mean where no image is
        left.

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
    nm_covering_score : Takes all levels and all regions.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, nf_covering_score
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> nf_covering_score([np.array([[0, 0, 7, 7]])], [tree], background_index=0)
    0.5
    """
    return average_score(
        _nf_covering,
        y_true,
        y_pred,
        name="nf_covering_score",
        ignore_index=ignore_index,
        background_index=background_index,
        sample_weight=sample_weight,
        per_image=per_image,
    )


def _nm_covering(truth: NodeLayout, predicted: NodeLayout) -> float:
    matches = best_overlaps(truth, predicted, truth.regions, predicted.regions)
    return float(matches.overlap.mean())


def _nh_covering(truth: NodeLayout, predicted: NodeLayout) -> float:
    matches = best_overlaps(truth, predicted, truth.regions, predicted.regions)
    agreement = path_agreement(truth, predicted, matches.node)
    return float((matches.overlap * agreement).mean())


def path_agreement(
    truth: NodeLayout, predicted: NodeLayout, match: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the share of each region's path whose matches lie on its match's path.

    Parameters
    ----------
    truth, predicted : NodeLayout
    match : ndarray of shape (n_regions,)
        Node that each of the regions of the truth is matched with.

    Returns
    -------
    ndarray of shape (n_regions,)
    """
    regions, tree = truth.regions, truth.tree
    match_of = np.empty(tree.n_nodes, dtype=np.intp)
    match_of[regions] = match
    agreeing = np.zeros(tree.n_nodes)
    # All paths climb together, an edge a turn, until they reach the root.
    lower, upper = regions, regions
    while lower.size:
        agreeing[lower] += predicted.holds(match_of[upper], match_of[lower])
        below_root = tree.parents[upper] != tree.root
        lower, upper = lower[below_root], tree.parents[upper[below_root]]
    # A root that is alone is a path of one node, though its depth is 0.
    return agreeing[regions] / np.maximum(tree.depth[regions], 1)


def _nf_covering(truth: NodeLayout, predicted: NodeLayout) -> float:
    regions = np.flatnonzero(foreground(truth.tree))
    candidates = np.arange(predicted.tree.n_leaves)
    matches = best_overlaps(truth, predicted, regions, candidates)
    return float(matches.overlap.mean())
