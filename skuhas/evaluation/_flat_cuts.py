"""How well single cuts do: step curves of images, and the best threshold for all."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skuhas.metrics import BestCuts

MEASURES = ("covering", "rand_index", "variation_of_information")
#: Name of the table of an image that holds its step curves.
TABLE = "flat_cuts"
# Steps by less than this in all measures are left out: a thousandth of the last
# digit that tables show, and a few thousand steps an image at most.
TOLERANCE = 1e-6
# Numbers that the best threshold may take for all weights at once. Above it is
# searched on a grid for all but single rows of weights.
EXACT = 2**23
N_GRID = 4000


def pack(cuts: BestCuts) -> str:
    """Return the step curves of the one image that was added, as text for a record.

    They are an array of 32-bit floats of shape (4, n_steps) in base 64: altitudes in
    increasing order, and the three measures from there on.
    """
    rows = [cuts.curve(measure) for measure in MEASURES]
    table = np.stack([rows[0][0], *(values for _, values in rows)])
    cells = np.round(table[1:] / TOLERANCE)
    kept = np.append(True, (np.diff(cells, axis=1) != 0).any(axis=0))
    packed = np.ascontiguousarray(table[:, kept], dtype="<f4")
    return base64.b64encode(packed.tobytes()).decode("ascii")


def unpack(text: str) -> NDArray[np.float64]:
    """Return what `pack` was given: altitudes, and a row for each measure."""
    array = np.frombuffer(base64.b64decode(text), dtype="<f4").reshape(4, -1)
    return array.astype(np.float64)


class _Steps(NamedTuple):
    """The steps of all images in the order of their thresholds."""

    first: NDArray[np.float64]
    image: NDArray[np.intp]
    change: NDArray[np.float64]
    # Whether the next step is at another threshold.
    last: NDArray[np.bool_]


class BestThreshold:
    """The best mean over images that one threshold for all of them gives.

    Exact for single rows of weights. For many rows over many images, as the
    bootstrap has them, thresholds are taken from a grid between whose points the
    curves of the images change by 1 / `N_GRID` of all their changes.
    """

    def __init__(self, texts: Iterable[str], measure: str, larger: bool) -> None:
        row = 1 + MEASURES.index(measure)
        self._best = np.max if larger else np.min
        curves = [unpack(text)[[0, row]] for text in texts]
        at = np.concatenate([curve[0] for curve in curves])
        image = np.repeat(np.arange(len(curves)), [each.shape[1] for each in curves])
        change = np.concatenate(
            [np.diff(curve[1], prepend=curve[1, 0]) for curve in curves]
        )
        order = np.argsort(at, kind="stable")
        at, image, change = at[order], image[order], change[order]
        first = np.array([curve[1, 0] for curve in curves])
        self._steps = _Steps(first, image, change, np.append(np.diff(at) > 0, True))
        self._grid = self._on_grid()

    def _on_grid(self) -> NDArray[np.float64]:
        """Return the curves of the images at the thresholds of the grid."""
        steps = self._steps
        travelled = np.cumsum(np.abs(steps.change))
        levels = np.linspace(0, travelled[-1], N_GRID)
        places = np.flatnonzero(steps.last)
        chosen = np.searchsorted(travelled[places], levels)
        means = np.cumsum(steps.change)[places]
        extremes = [np.argmin(means), np.argmax(means)]
        chosen = np.unique(np.append(np.minimum(chosen, places.size - 1), extremes))
        ends = places[chosen] + 1
        table = np.empty((steps.first.size, ends.size))
        for image, value in enumerate(steps.first):
            own = np.flatnonzero(steps.image == image)
            passed = np.append(0.0, np.cumsum(steps.change[own]))
            table[image] = value + passed[np.searchsorted(own, ends)]
        return table

    def __call__(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = weights.sum(axis=1)
        shares = np.divide(
            weights,
            total[:, None],
            out=np.full(weights.shape, np.nan),
            where=total[:, None] > 0,
        )
        steps = self._steps
        if len(weights) > 1 and len(weights) * steps.change.size > EXACT:
            return self._best(shares @ self._grid, axis=1)
        changes = np.cumsum(shares[:, steps.image] * steps.change, axis=1)
        means = (shares @ steps.first)[:, None] + changes[:, steps.last]
        return self._best(means, axis=1)


def best_thresholds(tables: list[dict[str, Any]]) -> dict[str, BestThreshold]:
    """Return the statistics of all measures by the names of their figures."""
    return {
        f"{measure}_ods": BestThreshold(
            (table[TABLE] for table in tables),
            measure,
            measure != "variation_of_information",
        )
        for measure in MEASURES
    }
