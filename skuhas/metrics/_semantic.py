"""Class by class counts of a data set, and the semantic scores made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import check_choice, check_real
from skuhas.metrics._averages import layouts
from skuhas.metrics._ground_truth import class_keys
from skuhas.metrics._inputs import check_labels, check_pair
from skuhas.metrics._overlap import NodeLayout, assigned_overlaps, best_overlaps
from skuhas.metrics._tables import ScoreTable

if TYPE_CHECKING:
    from typing import Self

MATCHING = {"max_overlap": best_overlaps, "hungarian": assigned_overlaps}
NO_LABELS = np.empty(0, dtype=np.int64)


class SemanticCounts:
    r"""Counts of pixels by class, added up over the images of a data set.

    In each image every region :math:`R` of the ground truth, of the class
    :math:`c`, is matched with a node :math:`R'` of the prediction. Over all
    images

    .. math::
        I_c = \sum |R \cap R'|, \quad U_c = \sum |R \cup R'|, \quad
        A_c = \sum |R|,

    and from these, with :math:`C` the classes that occur,

    .. math::
        \mathrm{mIoU} &= \frac{1}{|C|} \sum_c \frac{I_c}{U_c}, &
        \mathrm{pAcc} &= \frac{\sum_c I_c}{\sum_c A_c}, \\
        \mathrm{mAcc} &= \frac{1}{|C|} \sum_c \frac{I_c}{A_c}, &
        \mathrm{fwIoU} &= \frac{\sum_c A_c I_c / U_c}{\sum_c A_c}.

    Parameters
    ----------
    matching : {"max_overlap", "hungarian"}, default="max_overlap"
        How regions and nodes are matched in an image. With "max_overlap"
        every region takes the node of largest intersection over union, and
        several may take the same one; the first in depth-first pre-order wins
        among equals. With "hungarian" a node serves one region at most, and
        the sum of the overlaps is as large as can be; regions may be left
        without a node.
    ignore_index : int, iterable of int or None, default=-1
        Labels of ground-truth label maps whose pixels take no part in
        anything. In trees these are the pixels of leaf label -1.

    Attributes
    ----------
    n_images : int
        Images that were counted: those with weight and foreground.

    Notes
    -----
    A class is a label of label maps. In trees made by `LabelHierarchy` it is
    a node of the class tree, categories and the background among them, named
    by the names on the way down to it; so every node of the ground truth
    counts but the root, and a category counts beside its classes. For the
    classes alone give label maps. Regions without any pixel in common with a
    node are not matched: nothing is added to :math:`I_c`, and :math:`|R|` to
    :math:`U_c`. Where several matchings have the same largest sum,
    "hungarian" takes one of them; it holds the overlaps of all regions and
    nodes of an image at once.

    Every annotator of an image counts, with equal shares of its weight.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    H. W. Kuhn. "The Hungarian Method for the Assignment Problem". Naval
    Research Logistics 2, 1955; solved by `scipy.optimize.linear_sum_assignment`.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RegionTree, SemanticCounts
    >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 0, 0, 1]])
    >>> first, second = SemanticCounts(), SemanticCounts()
    >>> _ = first.update(np.array([[5, 5, 7, 7]]), tree)
    >>> _ = second.update(np.array([[5, 5, 5, 7]]), tree)
    >>> both = first + second
    >>> round(both.mean_iou, 4)
    0.75
    >>> print(both.report())
    class     iou  accuracy  n_images  pixels
    5      0.8333    1.0000         2  5.0000
    7      0.6667    0.6667         2  3.0000
    """

    def __init__(
        self,
        *,
        matching: str = "max_overlap",
        ignore_index: int | Iterable[int] | None = -1,
    ) -> None:
        self.matching = check_choice(matching, "matching", tuple(MATCHING))
        self.ignore_index = ignore_index
        self._ignored = check_labels(ignore_index, "ignore_index")
        self.n_images = 0
        # Class to its intersection, union, area and number of images.
        self._counts: dict[int | str, NDArray[np.float64]] = {}

    def update(self, truth: Any, prediction: Any, *, weight: float = 1.0) -> Self:
        """Count one image.

        Parameters
        ----------
        truth : label map, RegionTree, list of these or None
            Ground truth as in `mean_iou_score`: a list holds one for each
            annotator, None is left out.
        prediction : RegionTree or label map
        weight : float, default=1.0
            The pixels of the image count this often; finite and at least 0.

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
        return self._count(truth, prediction, factor, "truth", "prediction")

    def _count(
        self, truth: Any, prediction: Any, weight: float, truth_name: str, name: str
    ) -> Self:
        pairs = list(layouts(truth, prediction, name, self._ignored, NO_LABELS))
        found: dict[int | str, NDArray[np.float64]] = {}
        for pair in pairs:
            rows = self._match(*pair) * (weight / len(pairs))
            keys = class_keys(pair[0].tree, pair[0].regions, truth_name)
            for key, row in zip(keys, rows, strict=True):
                found[key] = found.get(key, 0) + row
        if not pairs or weight == 0:
            return self
        self.n_images += 1
        for key, row in found.items():
            self._counts[key] = self._counts.get(key, 0) + np.append(row, 1)
        return self

    def _match(self, truth: NodeLayout, predicted: NodeLayout) -> NDArray[np.float64]:
        """Return intersection, union and area of every region, a row each."""
        matches = MATCHING[self.matching](
            truth, predicted, truth.regions, predicted.regions
        )
        node_area = np.where(matches.shared > 0, matches.node_area, 0)
        union = matches.region_area + node_area - matches.shared
        return np.column_stack([matches.shared, union, matches.region_area])

    def __add__(self, other: SemanticCounts) -> Self:
        if not isinstance(other, SemanticCounts):
            return NotImplemented
        if self.matching != other.matching:
            raise ValueError(
                "counts must have the same matching to be added, got "
                f"{self.matching!r} and {other.matching!r}."
            )
        total = type(self)(matching=self.matching, ignore_index=self.ignore_index)
        total.n_images = self.n_images + other.n_images
        total._counts = dict(self._counts)
        for key, row in other._counts.items():
            total._counts[key] = total._counts.get(key, 0) + row
        return total

    def __radd__(self, other: object) -> Self:
        # sum() begins with 0.
        return self if other == 0 else NotImplemented

    def __repr__(self) -> str:
        return (
            f"SemanticCounts(matching={self.matching!r}, n_images={self.n_images}, "
            f"n_classes={len(self._counts)})"
        )

    @property
    def mean_iou(self) -> float:
        """Mean over the classes of intersection over union; nan without any."""
        shared, union, _, _ = self._columns()
        return float((shared / union).mean()) if shared.size else float("nan")

    @property
    def pixel_accuracy(self) -> float:
        """Share of the pixels of all regions that their nodes hold."""
        shared, _, area, _ = self._columns()
        return float(shared.sum() / area.sum()) if shared.size else float("nan")

    @property
    def mean_accuracy(self) -> float:
        """Mean over the classes of that share."""
        shared, _, area, _ = self._columns()
        return float((shared / area).mean()) if shared.size else float("nan")

    @property
    def frequency_weighted_iou(self) -> float:
        """Mean over the classes, weighted by area, of intersection over union."""
        shared, union, area, _ = self._columns()
        if not shared.size:
            return float("nan")
        return float((area * shared / union).sum() / area.sum())

    def scores(self) -> dict[str, float]:
        """Return the four figures by name.

        Returns
        -------
        dict
            ``"mean_iou"``, ``"pixel_accuracy"``, ``"mean_accuracy"`` and
            ``"frequency_weighted_iou"``; nan where no image was counted.
        """
        return {
            "mean_iou": self.mean_iou,
            "pixel_accuracy": self.pixel_accuracy,
            "mean_accuracy": self.mean_accuracy,
            "frequency_weighted_iou": self.frequency_weighted_iou,
        }

    def report(self) -> ScoreTable:
        """Return the figures of every class.

        Returns
        -------
        ScoreTable
            One row a class, labels in increasing order, nodes of class trees
            with their categories first. Columns: ``iou``; ``accuracy``, the
            share of the pixels of the class that its nodes hold; ``n_images``
            in which it occurs; and its ``pixels``, weighted.
        """
        shared, union, area, n_images = self._columns()
        return ScoreTable(
            "class",
            [str(key) for key in self._keys()],
            {
                "iou": shared / union,
                "accuracy": shared / area,
                "n_images": n_images.astype(np.int64),
                "pixels": area,
            },
        )

    def _keys(self) -> list[int | str]:
        # By name, so that the order of the images does not matter.
        return sort_classes(self._counts)

    def _columns(self) -> NDArray[np.float64]:
        rows = [self._counts[key] for key in self._keys()]
        return np.array(rows).reshape(-1, 4).T


def sort_classes(keys: Iterable[int | str]) -> list[int | str]:
    """Return labels in increasing order, then nodes with categories first."""
    return sorted(
        keys,
        key=lambda key: (
            (1, 0, key.split("/")) if isinstance(key, str) else (0, key, [])
        ),
    )
