"""The best single cut of every tree, and of a data set with one setting for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from skuhas._common import check_choice, check_real
from skuhas.metrics._averages import layouts
from skuhas.metrics._cuts import NestedCuts
from skuhas.metrics._inputs import check_labels, check_pair
from skuhas.metrics._overlap import NodeLayout, overlap_blocks

if TYPE_CHECKING:
    from typing import Self

MEASURES = ("covering", "rand_index", "variation_of_information")
SETTINGS = ("altitude", "n_regions")
# Of covering and Rand index more is better, of the variation of information less.
SIGNS = np.array([[1.0], [1.0], [-1.0]])
# Tables of intervals are about a dozen times as large as their figures.
REGIONS_AT_ONCE = 64
NO_LABELS = np.empty(0, dtype=np.int64)


class BestCut(NamedTuple):
    """How well single cuts of the trees of a data set do by one measure.

    Parameters
    ----------
    ods : float
        Optimal data-set scale: the mean over images at the one setting that
        is best for all.
    ods_setting : float
        That setting: a threshold on the altitude, or a number of regions.
    ois : float
        Optimal image scale: the mean over images, each at its own best setting.
    image_ods, image_ois : ndarray of shape (n_images,)
        The values of the images; nan for those left out.
    ois_settings : ndarray of shape (n_images,)
        The best setting of each image.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, best_cut_scores
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    >>> best = best_cut_scores([np.array([[0, 0, 1, 1]])], [tree])["covering"]
    >>> best.ods, best.ois
    (1.0, 1.0)
    """

    ods: float
    ods_setting: float
    ois: float
    image_ods: NDArray[np.float64]
    image_ois: NDArray[np.float64]
    ois_settings: NDArray[np.float64]


class BestCuts:
    r"""Scores of all cuts of trees, image by image, and the best cuts by them.

    Every tree is scored at all of its nested cuts by `covering_score`,
    `probabilistic_rand_score` and `variation_of_information_score`, each the
    mean over the annotators of the image: step functions :math:`f_i(t)` of a
    setting :math:`t`. From them, with weights :math:`w_i` of sum one,

    .. math::
        \mathrm{ODS} = \max_t \sum_i w_i f_i(t), \qquad
        \mathrm{OIS} = \sum_i w_i \max_t f_i(t),

    and the smallest in place of the largest for the variation of information.

    Parameters
    ----------
    setting : {"altitude", "n_regions"}, default="altitude"
        What images have in common. With "altitude" t is a threshold, and the
        nodes of an altitude above t are open: the contours that remain in
        ``saliency() > t``. With "n_regions" t is a
        budget, ``cut(n_regions=t)``, which suits trees whose altitudes do not
        compare between images.
    values : array-like of shape (n_values,), default=None
        Increasing settings to choose from. By default all at which a cut of
        any tree changes, so that the optimum is exact; the values of an image
        then take 32 bytes for each of its internal nodes.
    ignore_index : int, iterable of int or None, default=-1
        Labels of ground-truth label maps whose pixels take no part in
        anything. In trees these are the pixels of leaf label -1.

    Attributes
    ----------
    n_images : int

    Notes
    -----
    The scores of all cuts come from one table of nodes against regions: an
    opened node's share of a sum is replaced by those of its children, and the
    largest overlap over a node's interval of cuts from a table of intervals.
    No pixel is looked at more than once an annotator.

    Benchmarks that look at 99 thresholds give ``values=np.arange(1, 100) / 100``.

    References
    ----------
    P. Arbeláez, M. Maire, C. Fowlkes and J. Malik. "Contour Detection and
    Hierarchical Image Segmentation". IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import BestCuts, RegionTree
    >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 1, 2, 2]])
    >>> cuts = BestCuts(setting="n_regions")
    >>> _ = cuts.update(np.array([[0, 1, 2, 2]]), tree)
    >>> _ = cuts.update(np.array([[0, 0, 1, 1]]), tree)
    >>> best = cuts.best("covering")
    >>> best.ods, best.ods_setting, best.ois
    (0.875, 2.0, 1.0)
    """

    def __init__(
        self,
        *,
        setting: str = "altitude",
        values: ArrayLike | None = None,
        ignore_index: int | Iterable[int] | None = -1,
    ) -> None:
        self.setting = check_choice(setting, "setting", SETTINGS)
        self.values = None if values is None else _check_values(values)
        self.ignore_index = ignore_index
        self._ignored = check_labels(ignore_index, "ignore_index")
        self._weights: list[float] = []
        # Settings from which on, up to the next, the rows of scores hold.
        self._steps: list[tuple[NDArray[np.float64], NDArray[np.float64]] | None] = []

    @property
    def n_images(self) -> int:
        """Images added, those that are left out among them."""
        return len(self._steps)

    def update(self, truth: Any, prediction: Any, *, weight: float = 1.0) -> Self:
        """Add one image.

        Parameters
        ----------
        truth : label map, RegionTree, list of these or None
            Ground truth as in `covering_score`.
        prediction : RegionTree or label map
        weight : float, default=1.0
            Weight of the image in the means; finite and at least 0.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            An argument is malformed, or the shapes differ.
        """
        check_pair(truth, prediction, "truth", "prediction")
        factor = check_real(weight, "weight", low=0.0, finite=True)
        return self._append(truth, prediction, factor, "prediction")

    def _append(self, truth: Any, prediction: Any, weight: float, name: str) -> Self:
        pairs = layouts(truth, prediction, name, self._ignored, NO_LABELS)
        tables = []
        for true, predicted in pairs:
            if not tables:
                cuts = NestedCuts(predicted.tree)
            tables.append(score_cuts(true, predicted, cuts))
        steps = None
        if tables:
            steps = self._as_steps(cuts, np.mean(tables, axis=0))
        self._steps.append(steps)
        self._weights.append(weight)
        return self

    def _as_steps(
        self, cuts: NestedCuts, table: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the scores of the cuts as functions of the setting."""
        if self.setting == "n_regions":
            at, last = np.unique(cuts.n_regions[::-1], return_index=True)
            states = cuts.n_states - 1 - last
        else:
            altitude = cuts.tree.altitude
            at = np.unique(altitude)
            states = np.searchsorted(-altitude[cuts.order], -at, side="left")
        at = at.astype(np.float64)
        if self.values is not None:
            place = np.searchsorted(at, self.values, side="right") - 1
            at, states = self.values, states[np.maximum(place, 0)]
        return at, table[:, states]

    def __add__(self, other: BestCuts) -> Self:
        if not isinstance(other, BestCuts):
            return NotImplemented
        same_values = (self.values is None) == (other.values is None) and (
            self.values is None or np.array_equal(self.values, other.values)
        )
        if self.setting != other.setting or not same_values:
            raise ValueError(
                "cuts must have the same setting and values to be added, got "
                f"{self!r} and {other!r}."
            )
        total = type(self)(
            setting=self.setting, values=self.values, ignore_index=self.ignore_index
        )
        total._steps = self._steps + other._steps
        total._weights = self._weights + other._weights
        return total

    def __radd__(self, other: object) -> Self:
        # sum() begins with 0.
        return self if other == 0 else NotImplemented

    def __repr__(self) -> str:
        values = "all" if self.values is None else f"{self.values.size} of them"
        return (
            f"BestCuts(setting={self.setting!r}, values: {values}, "
            f"n_images={self.n_images})"
        )

    def curve(self, measure: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the mean over images of a measure, as a function of the setting.

        Parameters
        ----------
        measure : {"covering", "rand_index", "variation_of_information"}

        Returns
        -------
        settings : ndarray of shape (n_values,)
            Increasing. A mean holds from its setting up to the next one.
        means : ndarray of shape (n_values,)
            Both are empty where no image has weight and pixels that count.
        """
        row = MEASURES.index(check_choice(measure, "measure", MEASURES))
        counted = self._counted()
        if not counted:
            return np.empty(0), np.empty(0)
        total = sum(self._weights[image] for image in counted)
        weights = [self._weights[image] / total for image in counted]
        steps = [self._steps[image] for image in counted]
        if self.values is not None:
            mean = np.average([each[1][row] for each in steps], axis=0, weights=weights)
            return self.values, mean
        # Each image changes the mean where its own cut changes, and there alone.
        at = np.concatenate([each[0] for each in steps])
        changes = [
            weight * np.diff(each[1][row], prepend=each[1][row, 0])
            for weight, each in zip(weights, steps, strict=True)
        ]
        first = sum(
            weight * each[1][row, 0]
            for weight, each in zip(weights, steps, strict=True)
        )
        settings, place = np.unique(at, return_inverse=True)
        change = np.bincount(place, weights=np.concatenate(changes))
        return settings, first + np.cumsum(change)

    def best(self, measure: str) -> BestCut:
        """Return the best cuts by a measure.

        Parameters
        ----------
        measure : {"covering", "rand_index", "variation_of_information"}

        Returns
        -------
        BestCut
            All nan where no image has weight and pixels that count. Among
            equal settings the first one is taken.
        """
        settings, means = self.curve(measure)
        row = MEASURES.index(measure)
        sign = SIGNS[row, 0]
        image_ods, image_ois, ois_settings = np.full((3, self.n_images), np.nan)
        if not settings.size:
            nan = float("nan")
            return BestCut(nan, nan, nan, image_ods, image_ois, ois_settings)
        ods_setting = settings[np.argmax(sign * means)]
        for image, each in enumerate(self._steps):
            if each is None:
                continue
            at, table = each
            place = np.argmax(sign * table[row])
            image_ois[image], ois_settings[image] = table[row, place], at[place]
            place = max(np.searchsorted(at, ods_setting, side="right") - 1, 0)
            image_ods[image] = table[row, place]
        counted = self._counted()
        weights = np.array(self._weights)[counted]
        return BestCut(
            float(np.average(image_ods[counted], weights=weights)),
            float(ods_setting),
            float(np.average(image_ois[counted], weights=weights)),
            image_ods,
            image_ois,
            ois_settings,
        )

    def scores(self) -> dict[str, BestCut]:
        """Return the best cuts by all measures.

        Returns
        -------
        dict
            ``"covering"``, ``"rand_index"``, ``"variation_of_information"``.
        """
        return {measure: self.best(measure) for measure in MEASURES}

    def _counted(self) -> list[int]:
        return [
            image
            for image, (steps, weight) in enumerate(
                zip(self._steps, self._weights, strict=True)
            )
            if steps is not None and weight > 0
        ]


def score_cuts(
    truth: NodeLayout, predicted: NodeLayout, cuts: NestedCuts
) -> NDArray[np.float64]:
    """Score all nested cuts of a tree against the leaves of a ground truth.

    Parameters
    ----------
    truth, predicted : NodeLayout
    cuts : NestedCuts
        Of the predicted tree.

    Returns
    -------
    ndarray of shape (3, n_states)
        Covering, Rand index, variation of information in bits.
    """
    n_nodes = predicted.tree.n_nodes
    regions = np.arange(truth.tree.n_leaves)
    covered = np.zeros(cuts.n_states)
    squares, entropies = np.zeros((2, n_nodes))
    n_pixels = region_squares = region_entropies = 0.0
    blocks = overlap_blocks(truth, predicted, regions, np.arange(n_nodes))
    for _, shared, region_area, node_area in blocks:
        overlap = shared / (region_area[:, None] + node_area - shared)
        for first in range(0, region_area.size, REGIONS_AT_ONCE):
            part = slice(first, first + REGIONS_AT_ONCE)
            covered += cuts.largest(overlap[part].T) @ region_area[part]
        # Pixels outside every predicted region are a region more in all cuts.
        outside = region_area - shared[:, predicted.tree.root]
        squares += (shared**2).sum(axis=0)
        entropies += xlogy(shared, shared).sum(axis=0)
        n_pixels += region_area.sum()
        region_squares += (region_area**2).sum() - 2 * (outside**2).sum()
        region_entropies += (
            xlogy(region_area, region_area) - 2 * xlogy(outside, outside)
        ).sum()
    n_outside = n_pixels - node_area[predicted.tree.root]
    differing = cuts.sums(node_area**2 - 2 * squares) + n_outside**2 + region_squares
    n_pairs = n_pixels * (n_pixels - 1)
    rand_index = 1 - differing / n_pairs if n_pairs else np.ones(cuts.n_states)
    information = (
        cuts.sums(xlogy(node_area, node_area) - 2 * entropies)
        + xlogy(n_outside, n_outside)
        + region_entropies
    )
    bits = np.maximum(information / (n_pixels * np.log(2)), 0)
    return np.array([covered / n_pixels, rand_index, bits])


def _check_values(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iuf":
        raise ValueError(
            "values must be a 1-D array of at least one number, got shape "
            f"{array.shape} and dtype {array.dtype}."
        )
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or (np.diff(array) <= 0).any():
        raise ValueError("values must be finite and increasing.")
    return array
