"""What one tree scores on one image: figures, and tables that add up."""

from __future__ import annotations

from typing import Any

import numpy as np

from skuhas.evaluation._flat_cuts import MEASURES, TABLE, pack
from skuhas.metrics import (
    BestCuts,
    SemanticCounts,
    fragmentation_score,
    nh_covering_score,
    nm_covering_score,
)
from skuhas.tree import RegionTree


class Truth:
    """The ground truth of one image, in the forms that the scores take.

    Parameters
    ----------
    target : RegionTree, label map, or list of these
        The tree of a class hierarchy, or plain regions; a list has one for each
        annotator.
    hierarchy : LabelHierarchy or None
    """

    def __init__(self, target: Any, hierarchy: Any) -> None:
        self.target = target
        self.hierarchy = hierarchy
        #: One annotator's ground truth each.
        self.annotations = list(target) if _is_list(target) else [target]
        self.classes = None
        if hierarchy is not None:
            self.classes = [_leaves_alone(tree) for tree in self.annotations]

    @property
    def has_foreground(self) -> bool:
        """Whether any pixel counts."""
        return any(map(_has_foreground, self.annotations))

    def coverings(self, tree: RegionTree) -> dict[str, float]:
        """Return NMCovering and, where there are classes, NHCovering."""
        found = {"nm_covering": nm_covering_score([self.target], [tree])}
        if self.classes is not None:
            found["nh_covering"] = nh_covering_score([self.target], [tree])
            found["nm_covering_classes"] = nm_covering_score([self.classes], [tree])
        return {key: round(float(value), 9) for key, value in found.items()}

    def scores(self, tree: RegionTree) -> tuple[dict[str, float], dict[str, Any]]:
        """Return all figures of a tree, and its tables.

        The tables of classes hold intersection, union and area by class; that of
        flat cuts is the text that `pack` makes.
        """
        found = self.coverings(tree)
        area = fragmentation_score([self.target], [tree])
        found["fragmentation"] = round(float(area), 9)
        if self.classes is None:
            flat, tables = self._flat_cuts(tree)
            return found | flat, tables
        return found, {
            "classes": _counts(self.classes, tree, self._name_of_label),
            "nodes": _counts(self.target, tree, str),
        }

    def _flat_cuts(self, tree: RegionTree) -> tuple[dict[str, float], dict[str, Any]]:
        cuts = BestCuts().update(self.target, tree)
        scores = {
            f"{measure}_ois": round(cuts.best(measure).ois, 9) for measure in MEASURES
        }
        return scores, {TABLE: pack(cuts)}

    def _name_of_label(self, label: str) -> str:
        labels = [str(each) for each in self.hierarchy.labels]
        if label not in labels:
            return "background"
        # Names alone may occur more than once.
        return f"{label} {self.hierarchy.class_names[labels.index(label)]}"


def _is_list(target: Any) -> bool:
    return isinstance(target, (list, tuple))


def _has_foreground(truth: Any) -> bool:
    if not isinstance(truth, RegionTree):
        return bool((np.asarray(truth) != -1).any())
    background = truth.node_data.get("background")
    return background is None or not background[: truth.n_leaves].all()


def _leaves_alone(tree: RegionTree) -> RegionTree:
    """Return a ground-truth tree without its categories."""
    n_leaves = tree.n_leaves
    background = tree.node_data.get("background", np.zeros(tree.n_nodes, dtype=bool))
    return RegionTree.from_parents(
        np.full(n_leaves + 1, n_leaves),
        tree.leaf_labels,
        node_data={
            "label": np.append(tree.node_data["label"][:n_leaves], -1),
            "background": np.append(background[:n_leaves], False),
        },
    )


def _counts(truth: Any, tree: RegionTree, name: Any) -> dict[str, list[float]]:
    """Return intersection, union and area of every class, by its name."""
    report = SemanticCounts().update(truth, tree).report()
    area = report["pixels"]
    shared = report["accuracy"] * area
    # A region that no node touches adds itself to the union.
    union = np.divide(shared, report["iou"], out=area.copy(), where=shared > 0)
    rows = np.round(np.column_stack([shared, union, area]), 6)
    keys = [name(key) for key in report.names]
    return dict(zip(keys, rows.tolist(), strict=True))
