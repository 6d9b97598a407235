"""Methods by name: ours, and what it is compared with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.base import clone

from skuhas.baselines import baseline_names, make_baseline
from skuhas.segmenter import HierarchicalSpectralSegmenter

OURS = "skuhas"
REFINED = "skuhas-crf"


def method_names() -> list[str]:
    """Return the names of all methods that `evaluate` knows.

    Returns
    -------
    list of str
        ``"skuhas"``, the method of this package, ``"skuhas-crf"``, the same with
        ``refine="crf"``, and the baselines.

    Examples
    --------
    >>> from skuhas.evaluation import method_names
    >>> method_names()[0]
    'skuhas'
    """
    return [OURS, REFINED, *baseline_names()]


def as_methods(methods: Any) -> dict[str, Any]:
    """Return methods by name, however they were given."""
    if methods is None:
        methods = [OURS]
    if isinstance(methods, str):
        methods = [methods]
    if hasattr(methods, "predict") and not isinstance(methods, type):
        methods = {OURS: methods}
    if not isinstance(methods, Mapping):
        if not isinstance(methods, Iterable):
            raise TypeError(
                "methods must be names of methods, or a dict of estimators by name, "
                f"got {type(methods).__name__}."
            )
        methods = {name: make_method(name) for name in methods}
    if not methods:
        raise ValueError("methods must hold at least one method, got none.")
    checked = (HierarchicalSpectralSegmenter, *_kinds_of_baselines())
    for name, method in methods.items():
        if not isinstance(name, str) or not name or "\n" in name:
            raise ValueError(f"methods must have names of one line, got {name!r}.")
        if not hasattr(method, "predict"):
            raise TypeError(
                f"methods[{name!r}] must have a method predict, got "
                f"{type(method).__name__}."
            )
        if isinstance(method, checked):
            # Fitting checks parameters; better once than for every image. On a
            # copy, since it also fixes the number of features.
            try:
                clone(method).fit(np.zeros((1, 1, 1, 1)))
            except (TypeError, ValueError, OSError) as error:
                raise type(error)(f"methods[{name!r}]: {error}") from error
    return dict(methods)


def _kinds_of_baselines() -> set[type]:
    kinds = set()
    for name in baseline_names():
        # Some need packages that may not be there.
        with suppress(ImportError):
            kinds.add(type(make_baseline(name)))
    return kinds


def make_method(name: str, **parameters: Any) -> Any:
    """Return the estimator of a method by its name.

    Parameters
    ----------
    name : str
        One of `method_names`.
    **parameters
        Of the estimator.

    Returns
    -------
    estimator
        With the ``predict`` of `HierarchicalSpectralSegmenter`.

    Raises
    ------
    ValueError
        There is none of that name; the message has those near it.

    Examples
    --------
    >>> from skuhas.evaluation import make_method
    >>> make_method("skuhas", max_ncut=0.2)
    HierarchicalSpectralSegmenter(max_ncut=0.2)
    """
    names = method_names()
    if name not in names:
        near = difflib.get_close_matches(str(name).lower(), names, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ValueError(
            f"methods must be among {', '.join(names)}, got {name!r}.{hint}"
        )
    if name == OURS:
        return HierarchicalSpectralSegmenter(**parameters)
    if name == REFINED:
        return HierarchicalSpectralSegmenter(**{"refine": "crf"} | parameters)
    return make_baseline(name, **parameters)
