"""Intervals by drawing the images of a data set again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skuhas.evaluation._figures import Statistic

N_RESAMPLES = 2000
LEVEL = 0.95
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
    first: Statistic,
    n_images: int,
    second: Statistic | None = None,
    *,
    n_resamples: int = N_RESAMPLES,
    level: float = LEVEL,
    random_state: int = 0,
) -> Interval:
    """Return a figure, or the difference of two, with its percentile interval.

    Parameters
    ----------
    first, second : callable
        Figures for weights of the same images. Both get the same weights, so that
        the difference is paired.
    n_images : int
    n_resamples : int, default=2000
    level : float, default=0.95
    random_state : int, default=0

    Notes
    -----
    B. Efron and R. Tibshirani. "An Introduction to the Bootstrap". 1993, chapter
    13: images are drawn with replacement, as many as there are.
    """

    def figure(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        value = first(weights)
        return value if second is None else value - second(weights)

    nan = float("nan")
    if n_images == 0:
        return Interval(nan, nan, nan)
    value = float(figure(np.ones((1, n_images)))[0])
    if n_images < 2:
        return Interval(value, nan, nan)
    drawn = [figure(weights) for weights in _draws(n_images, n_resamples, random_state)]
    values = np.concatenate(drawn)
    # A class may be absent from all images that were drawn.
    values = values[~np.isnan(values)]
    if values.size == 0:
        return Interval(value, nan, nan)
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _draws(n_images: int, n_resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each image is drawn, in blocks of resamples."""
    generator = np.random.default_rng(seed)
    chances = np.full(n_images, 1 / n_images)
    rows = max(1, BLOCK // n_images)
    for start in range(0, n_resamples, rows):
        size = min(rows, n_resamples - start)
        yield generator.multinomial(n_images, chances, size=size).astype(np.float64)
