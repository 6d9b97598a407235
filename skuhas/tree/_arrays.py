"""What a tree stores: its topology, its pixels and the figures of its splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas.tree import _topology
from skuhas.tree._checks import (
    as_leaf_labels,
    check_altitude,
    check_node_data,
    frozen,
    node_figure,
)

FIGURES = ("ncut", "perturbation", "eigengap")


class TreeArrays:
    """The checked, read-only arrays of a tree."""

    def __init__(
        self,
        parents: ArrayLike,
        leaf_labels: ArrayLike,
        *,
        ncut: ArrayLike | None = None,
        perturbation: ArrayLike | None = None,
        eigengap: ArrayLike | None = None,
        altitude: ArrayLike | None = None,
        node_data: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        self.parents = frozen(_topology.as_parents(parents))
        self.n_nodes = int(self.parents.size)
        self.n_leaves = _topology.count_leaves(self.parents)
        labels, self._leaf_area = as_leaf_labels(leaf_labels, self.n_leaves)
        self.leaf_labels = frozen(labels)
        self.ncut = node_figure(ncut, "ncut", self.n_nodes)
        self.perturbation = node_figure(perturbation, "perturbation", self.n_nodes)
        self.eigengap = node_figure(eigengap, "eigengap", self.n_nodes)
        self._given_altitude: NDArray[np.float64] | None = None
        if altitude is not None:
            self._given_altitude = check_altitude(altitude, self.parents)
        self.node_data = check_node_data(
            {} if node_data is None else node_data, self.n_nodes
        )

    @property
    def root(self) -> int:
        """The last node."""
        return self.n_nodes - 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `leaf_labels`: (height, width) or (n_samples,)."""
        return self.leaf_labels.shape

    def _fields(self) -> dict[str, Any]:
        return {
            "parents": self.parents,
            "leaf_labels": self.leaf_labels,
            **{name: getattr(self, name) for name in FIGURES},
            "altitude": self._given_altitude,
            "node_data": self.node_data,
        }

    def _check_is_image(self, what: str) -> None:
        if self.leaf_labels.ndim != 2:
            raise ValueError(
                f"{what} needs a tree over an image, got leaf_labels of shape "
                f"{self.shape}."
            )
