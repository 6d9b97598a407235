"""Intervals by drawing the images of a data set again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skuhas._common import check_integer, check_real
from skuhas.evaluation._figures import Statistic

N_RESAMPLES = 2000
LEVEL = 0.95
# Of fewer images intervals are too narrow to tell anything by.
FEWEST = 10
TOO_FEW = "too few images"
# Numbers in the weights that are held at once.
BLOCK = 2**22


class Interval(NamedTuple):
    """A figure of a data set with its bootstrap interval.

    Parameters
    ----------
    value : float
        On the images themselves.
    low, high : float
        Of the interval; nan for fewer than two images.

    Examples
    --------
    >>> from skuhas.evaluation import Interval
    >>> Interval(0.5, 0.4, 0.6).excludes_zero
    True
    """

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return bool(self.low > 0 or self.high < 0)


def bootstrap(
    figures: Mapping[str, Statistic],
    n_images: int,
    *,
    n_resamples: int = N_RESAMPLES,
    level: float = LEVEL,
    random_state: int = 0,
) -> dict[str, Interval]:
    """Return figures with their percentile intervals.

    Parameters
    ----------
    figures : dict of callable
        For weights of the same images; all get the same ones.
    n_images : int
    n_resamples : int, default=2000
    level : float, default=0.95
    random_state : int, default=0

    Notes
    -----
    B. Efron and R. Tibshirani. "An Introduction to the Bootstrap". 1993, chapter
    13: images are drawn with replacement, as many as there are.
    """
    check_integer(n_resamples, "n_resamples", low=1)
    check_real(level, "level", low=0.0, high=1.0)
    check_integer(random_state, "random_state", low=0)
    if n_images == 0:
        return {}
    ones = np.ones((1, n_images))
    values = {name: float(figure(ones)[0]) for name, figure in figures.items()}
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in figures}
    if n_images > 1:
        for weights in _draws(n_images, n_resamples, random_state):
            for name, figure in figures.items():
                drawn[name].append(figure(weights))
    return {
        name: Interval(value, *_ends(drawn[name], level))
        for name, value in values.items()
    }


def difference(first: Statistic, second: Statistic) -> Statistic:
    """Return the difference of two figures of the same images."""
    return lambda weights: first(weights) - second(weights)


def _ends(drawn: list[NDArray[np.float64]], level: float) -> tuple[float, float]:
    values = np.concatenate(drawn) if drawn else np.empty(0)
    # A figure may be undefined for some of the images that are drawn.
    values = values[~np.isnan(values)]
    if not values.size:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _draws(n_images: int, n_resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each image is drawn, in blocks of resamples."""
    generator = np.random.default_rng(seed)
    chances = np.full(n_images, 1 / n_images)
    rows = max(1, BLOCK // n_images)
    for start in range(0, n_resamples, rows):
        size = min(rows, n_resamples - start)
        yield generator.multinomial(n_images, chances, size=size).astype(np.float64)
