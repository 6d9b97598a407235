"""compare_runs: whether two evaluations of the same images differ."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skuhas.evaluation._bootstrap import (
    FEWEST,
    TOO_FEW,
    Interval,
    bootstrap,
    difference,
)
from skuhas.evaluation._figures import FIGURES, full_title, statistics
from skuhas.evaluation._result import Evaluation
from skuhas.evaluation._tables import Cell, Row, Table


class Difference(NamedTuple):
    """A figure in two runs, over the images that both have.

    Parameters
    ----------
    first, second : float
    difference : Interval
        The second less the first, by paired bootstrap.

    Examples
    --------
    >>> from skuhas.evaluation import Difference, Interval
    >>> Difference(0.5, 0.6, Interval(0.1, 0.05, 0.15)).difference.excludes_zero
    True
    """

    first: float
    second: float
    difference: Interval


class Comparison:
    """How two runs differ on the images that both have; made by `compare_runs`.

    Parameters
    ----------
    names : tuple of str
        What the runs are called.
    n_shared : int
        Images that both have.
    n_images : tuple of int
        Images of each.
    figures : dict of str to Difference

    Examples
    --------
    >>> from skuhas.evaluation import Comparison, Difference, Interval
    >>> figures = {"nm_covering": Difference(0.5, 0.6, Interval(0.1, 0.05, 0.15))}
    >>> comparison = Comparison(("old", "new"), 18, (18, 20), figures)
    >>> print(comparison.to_table().rows[0].cells[3].text)
    higher, better
    """

    def __init__(self, names, n_shared, n_images, figures):
        self.names = tuple(names)
        self.n_shared = n_shared
        self.n_images = tuple(n_images)
        self.figures = dict(figures)

    def __repr__(self):
        first, second = self.names
        return f"Comparison({first!r}, {second!r}, n_shared={self.n_shared})"

    @property
    def shared(self):
        """How many images both have, in words."""
        sizes = " and ".join(str(size) for size in self.n_images)
        if len(set(self.n_images)) == 1 and self.n_shared == self.n_images[0]:
            return f"{self.n_shared} images, the same in both runs"
        return f"{self.n_shared} images are in both runs, which have {sizes}"

    def to_table(self):
        """Return the figures as a table.

        Returns
        -------
        Table
        """
        return Table(
            f"{self.names[1]} against {self.names[0]}",
            ["figure", self.names[0], self.names[1], "difference", "is"],
            [
                _row(name, figure, self.n_shared)
                for name, figure in self.figures.items()
            ],
            f"{self.shared}. Paired bootstrap of the difference, 95 %"
            f"{_few(self.n_shared)}.",
        )

    def to_markdown(self):
        """Return the table as Markdown.

        Returns
        -------
        str
        """
        return self.to_table().to_markdown() + "\n"

    def to_dict(self):
        """Return everything as plain dictionaries, ready for JSON.

        Returns
        -------
        dict
        """
        return {
            "names": list(self.names),
            "n_shared": self.n_shared,
            "n_images": list(self.n_images),
            "figures": {
                name: {
                    "first": figure.first,
                    "second": figure.second,
                    "difference": figure.difference._asdict(),
                }
                for name, figure in self.figures.items()
            },
        }


def compare_runs(
    first,
    second,
    *,
    metric=None,
    method=None,
    n_resamples=2000,
    level=0.95,
    random_state=0,
):
    """Test by paired bootstrap whether two evaluations differ.

    Images are drawn again and again from those that both runs have, the same ones
    for both, and the figures of the two are taken from each other. Where the
    interval of the differences leaves zero out, the runs differ.

    Parameters
    ----------
    first, second : Evaluation or path-like
        Runs over the same split of the same data set, or their folders.
    metric : str or list of str, default=None
        Figures, such as ``"nm_covering"``; None for all that both have.
    method : str or tuple of str, default=None
        Method to compare, or one of each run. None for the first of each.
    n_resamples : int, default=2000
    level : float, default=0.95
    random_state : int, default=0

    Returns
    -------
    Comparison

    Raises
    ------
    BatchError
        A folder holds no finished evaluation.
    ValueError
        The runs are over different data sets or splits, or have no image in
        common; or a metric or a method is unknown.

    Examples
    --------
    >>> from skuhas import ColorFeatures, compare_runs, evaluate, make_nested_scene
    >>> from skuhas.datasets import ImageDataset, Sample
    >>> scenes = [make_nested_scene((32, 32), random_state=seed) for seed in range(3)]
    >>> dataset = ImageDataset([
    ...     Sample(str(n), scene.image, scene.label_map, lambda labels, shape: labels)
    ...     for n, scene in enumerate(scenes)
    ... ])
    >>> fine, coarse = (
    ...     evaluate(dataset, features=ColorFeatures(image_size=size))
    ...     for size in (32, 16)
    ... )
    >>> compare_runs(fine, coarse, metric="nm_covering").n_shared
    3
    """
    runs = [_loaded(run) for run in (first, second)]
    for what, word in (
        ("dataset", "data set"),
        ("split", "split"),
        ("hierarchy", "class tree"),
    ):
        values = [run.settings.get(what) for run in runs]
        if values[0] != values[1]:
            raise ValueError(
                f"runs must be over the same {word} to be compared; these are over "
                f"{values[0]!r} and {values[1]!r}."
            )
    methods = _methods(runs, method)
    entries = [run.entries(name) for run, name in zip(runs, methods, strict=True)]
    shared = [name for name in entries[0] if name in entries[1]]
    if not shared:
        raise ValueError(
            f"runs must have images in common to be compared; of {len(entries[0])} "
            f"and {len(entries[1])} images of {runs[0].dataset!r} none is in both."
        )
    before, after = (statistics([each[name] for name in shared]) for each in entries)
    common = [name for name in before if name in after]
    ones = np.ones((1, len(shared)))
    intervals = bootstrap(
        {
            name: difference(after[name], before[name])
            for name in _metrics(metric, common)
        },
        len(shared),
        n_resamples=n_resamples,
        level=level,
        random_state=random_state,
    )
    figures = {
        name: Difference(
            float(before[name](ones)[0]), float(after[name](ones)[0]), interval
        )
        for name, interval in intervals.items()
    }
    names = _names(first, second, methods)
    return Comparison(names, len(shared), [len(each) for each in entries], figures)


def _loaded(run: Any) -> Evaluation:
    if isinstance(run, (str, os.PathLike)):
        return Evaluation.load(run)
    if not isinstance(run, Evaluation):
        raise TypeError(
            f"runs must be Evaluations or folders, got {type(run).__name__}."
        )
    return run


def _methods(runs: list[Evaluation], method: Any) -> list[str]:
    chosen = list(method) if isinstance(method, (tuple, list)) else [method] * 2
    if len(chosen) != 2:
        raise ValueError(
            f"method must be one name, or one of each run, got {method!r}."
        )
    found = []
    for run, name in zip(runs, chosen, strict=True):
        if name is not None and name not in run.methods:
            raise ValueError(
                f"method must be among {', '.join(run.methods)} of the run over "
                f"{run.dataset!r}, got {name!r}.{_near(name, run.methods)}"
            )
        found.append(run.methods[0] if name is None else name)
    return found


def _metrics(metric: Any, common: list[str]) -> list[str]:
    if metric is None:
        return common
    wanted = [metric] if isinstance(metric, str) else list(metric)
    for name in wanted:
        if name not in common:
            raise ValueError(
                f"metric must be among {', '.join(common)}, which both runs have, got "
                f"{name!r}.{_near(name, common)}"
            )
    return wanted


def _near(name: Any, names: list[str]) -> str:
    near = difflib.get_close_matches(str(name).lower(), names, n=2, cutoff=0.5)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def _names(first: Any, second: Any, methods: list[str]) -> list[str]:
    """Return short names of the runs that differ from each other."""
    folders = [
        str(Path(run)) if isinstance(run, (str, os.PathLike)) else ""
        for run in (first, second)
    ]
    if folders[0] == folders[1]:
        names = methods if methods[0] != methods[1] else ["first", "second"]
    elif methods[0] == methods[1]:
        names = [
            folder or word
            for folder, word in zip(folders, ("first", "second"), strict=True)
        ]
    else:
        names = [
            f"{folder}:{name}".removeprefix(":")
            for folder, name in zip(folders, methods, strict=True)
        ]
    return names


def _few(n_images: int) -> str:
    if n_images >= FEWEST:
        return ""
    return f"; fewer than {FEWEST} images decide nothing"


def _row(name: str, figure: Difference, n_images: int) -> Row:
    kind = FIGURES[name]
    scale = 100 if kind.unit == "%" else 1
    form = "+.0f" if kind.unit == "nodes" else "+.1f" if kind.unit == "%" else "+.2f"
    difference = figure.difference
    span = ""
    if not np.isnan(difference.low):
        span = f"{scale * difference.low:{form}} to {scale * difference.high:{form}}"
    verdict = "undecided"
    if n_images < FEWEST:
        verdict = TOO_FEW
    elif difference.excludes_zero:
        verdict = "higher" if difference.value > 0 else "lower"
        if kind.larger_is_better is not None:
            better = (difference.value > 0) == kind.larger_is_better
            verdict += ", better" if better else ", worse"
    return Row(
        full_title(name),
        [
            Cell(kind.text(figure.first)),
            Cell(kind.text(figure.second)),
            Cell(f"{scale * difference.value:{form}}", span),
            Cell(verdict, strong=verdict not in ("undecided", TOO_FEW)),
        ],
    )
