"""How well few regions do: NMCovering of cuts against their number of regions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas._common import check_integer
from skuhas.metrics._averages import average_score
from skuhas.metrics._cuts import NestedCuts
from skuhas.metrics._overlap import NodeLayout, overlap_blocks

UP_TO_A_HUNDRED = range(1, 101)


def fragmentation_curve(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    n_regions: Iterable[int] = UP_TO_A_HUNDRED,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> NDArray[np.float64]:
    r"""NMCovering of the trees cut to at most n regions, for growing n.

    .. math::
        c_n = \mathrm{NMCovering}(\mathrm{cut}_n(T), S),

    :math:`\mathrm{cut}_n(T)` being ``tree.cut(n_regions=n)``, the tree's
    highest splits. A tree that needs few regions to find those of the ground
    truth rises early.

    Parameters
    ----------
    y_true : list, one element an image
        As in `nm_covering_score`: a label map, a RegionTree, a list of these,
        or None.
    y_pred : list of RegionTree
        Trees of the same shapes. An integer label map is taken as a tree of
        one level; its label -1 marks pixels outside every region.
    n_regions : iterable of int, default=range(1, 101)
        Numbers of regions, at least 1 and increasing.
    ignore_index : int, iterable of int or None, default=-1
        Labels of ground-truth label maps whose pixels take no part in
        anything. In trees these are the pixels of leaf label -1.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the mean; equal by default.
    per_image : bool, default=False
        If True, return the curves of the images and not their mean.

    Returns
    -------
    ndarray of shape (n_values,) or (n_images, n_values)
        In [0, 1]. From n = 2 on it never falls. Images without foreground are
        left out of the mean, and their own curves are nan.

    Raises
    ------
    TypeError, ValueError
        An argument is malformed, or an image's ground truth and prediction
        differ in shape.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    See Also
    --------
    fragmentation_score : The curve as one number.

    Notes
    -----
    The values equal those of `nm_covering_score` on the cut trees. They come
    from one table of overlaps an image: the nodes of a cut stay in all finer
    ones, so that the best overlaps are running maxima.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, fragmentation_curve
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    >>> label_map = np.array([[0, 1, 2, 2]])
    >>> fragmentation_curve([label_map], [tree], n_regions=[1, 2, 3]).round(3)
    array([0.333, 0.667, 1.   ])
    """
    numbers = _check_numbers(n_regions)
    curve = average_score(
        lambda truth, predicted: _curve(truth, predicted, numbers),
        y_true,
        y_pred,
        name="fragmentation_curve",
        ignore_index=ignore_index,
        sample_weight=sample_weight,
        per_image=per_image,
        shape=numbers.shape,
    )
    return np.asarray(curve)


def fragmentation_score(
    y_true: Iterable[Any],
    y_pred: Iterable[Any],
    *,
    n_regions: Iterable[int] = UP_TO_A_HUNDRED,
    ignore_index: int | Iterable[int] | None = -1,
    sample_weight: ArrayLike | None = None,
    per_image: bool = False,
) -> float | NDArray[np.float64]:
    r"""Mean of the fragmentation curve over the logarithm of n.

    By the trapezium rule over the numbers of regions :math:`n_1 < \dots < n_m`,

    .. math::
        F = \frac{1}{\log n_m - \log n_1} \sum_{i=1}^{m-1}
            \frac{c_{n_i} + c_{n_{i+1}}}{2} \log \frac{n_{i+1}}{n_i},

    and :math:`F = c_{n_1}` where there is only one number: the NMCovering
    within a budget of that many regions.

    Parameters
    ----------
    y_true : list, one element an image
        As in `fragmentation_curve`.
    y_pred : list of RegionTree
        As in `fragmentation_curve`.
    n_regions : iterable of int, default=range(1, 101)
        Numbers of regions, at least 1 and increasing.
    ignore_index : int, iterable of int or None, default=-1
        As in `fragmentation_curve`.
    sample_weight : array-like of shape (n_images,), default=None
        Weights of the images in the mean; equal by default.
    per_image : bool, default=False
        If True, return the scores of the images and not their mean.

    Returns
    -------
    float or ndarray of shape (n_images,)
        In [0, 1], larger is better. Images without foreground are left out of
        the mean, and their own scores are nan.

    Raises
    ------
    TypeError, ValueError
        As in `fragmentation_curve`.

    Warns
    -----
    UndefinedMetricWarning
        Every image with weight is left out.

    See Also
    --------
    nm_covering_score : All regions of a tree, however many.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, fragmentation_score
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    >>> label_map = np.array([[0, 1, 2, 2]])
    >>> round(fragmentation_score([label_map], [tree]), 4)
    0.9101
    >>> round(fragmentation_score([label_map], [tree], n_regions=[2]), 4)
    0.6667
    """
    numbers = _check_numbers(n_regions)
    return average_score(
        lambda truth, predicted: mean_over_log(
            _curve(truth, predicted, numbers), numbers
        ),
        y_true,
        y_pred,
        name="fragmentation_score",
        ignore_index=ignore_index,
        sample_weight=sample_weight,
        per_image=per_image,
    )


def _curve(
    truth: NodeLayout, predicted: NodeLayout, numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return NMCovering of the cuts to `numbers` regions."""
    cuts = NestedCuts(predicted.tree)
    states = cuts.states_of_numbers(numbers)
    # The nodes of a cut, its root aside, in the order in which they appear.
    by_birth = np.argsort(cuts.birth, kind="stable")
    n_present = np.searchsorted(cuts.birth[by_birth], states, side="right")
    candidates = by_birth[: n_present.max()]
    best = np.empty((numbers.size, truth.regions.size))
    blocks = overlap_blocks(truth, predicted, truth.regions, candidates)
    for block, shared, region_area, node_area in blocks:
        overlap = shared / (region_area[:, None] + node_area - shared)
        # The root, which comes first, counts only while it is alone.
        alone = overlap[:, 0].copy()
        overlap[:, 0] = 0
        largest = np.maximum.accumulate(overlap, axis=1)[:, n_present - 1]
        best[:, block] = np.where(n_present == 1, alone[:, None], largest).T
    return np.array([row.mean() for row in best])


def _check_numbers(n_regions: Iterable[int]) -> NDArray[np.int64]:
    if not isinstance(n_regions, Iterable):
        raise TypeError(
            "n_regions must be an iterable of integers, got "
            f"{type(n_regions).__name__}; for one number give a list of it."
        )
    numbers = [check_integer(number, "n_regions", low=1) for number in n_regions]
    array = np.array(numbers, dtype=np.int64)
    if array.size == 0 or (np.diff(array) <= 0).any():
        raise ValueError(
            f"n_regions must hold increasing integers of at least 1, got {numbers}."
        )
    return array


def mean_over_log(curve: ArrayLike, n_regions: ArrayLike) -> float:
    """Return the mean of a curve over the logarithm of the number of regions.

    `fragmentation_score` has the equation.

    Parameters
    ----------
    curve : array-like of shape (n_numbers,)
        Values in [0, 1], as `fragmentation_curve` returns them.
    n_regions : array-like of shape (n_numbers,), of integers
        At least 1 and increasing.

    Returns
    -------
    float
        In [0, 1]; a single value is its own mean.

    Examples
    --------
    >>> from skuhas.metrics import mean_over_log
    >>> round(mean_over_log([0.0, 1.0, 1.0], [1, 10, 100]), 12)
    0.75
    """
    values = np.asarray(curve, dtype=np.float64)
    if values.size == 1:
        return float(values[0])
    widths = np.diff(np.log(np.asarray(n_regions, dtype=np.float64)))
    middles = (values[1:] + values[:-1]) / 2
    # The widths' own sum may be off by a rounding.
    return min(1.0, float(widths @ middles / widths.sum()))
