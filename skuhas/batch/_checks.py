"""What can be known to be wrong with a run before it starts."""

import os
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skuhas._common import check_choice, check_integer
from skuhas.batch._pictures import picture_path
from skuhas.features import BaseFeatures
from skuhas.segmenter import HierarchicalSpectralSegmenter

BACKENDS = ("loky", "dask")


def check_options(n_jobs, n_threads, backend, scheduler, resume, restart):
    """Check what says how a run goes."""
    check_choice(backend, "backend", BACKENDS)
    check_integer(n_jobs, "n_jobs", none=True)
    if n_jobs == 0:
        raise ValueError("n_jobs must be a whole number other than 0, or None, got 0.")
    check_integer(n_threads, "n_threads", low=1)
    if scheduler is not None and backend != "dask":
        raise ValueError(
            f"scheduler needs backend='dask', got backend={backend!r} and "
            f"scheduler={scheduler!r}."
        )
    if resume and restart:
        raise ValueError("resume and restart exclude each other, got both.")


def check_levels(levels):
    """Return numbers of regions as a list of int, or None."""
    if levels is None:
        return None
    if isinstance(levels, (str, bytes)) or not hasattr(levels, "__iter__"):
        raise TypeError(
            "levels must be a sequence of numbers of regions, such as [2, 4], or None, "
            f"got {levels!r}."
        )
    return [check_integer(level, "levels", low=1) for level in levels]


def check_estimators(features, segmenter):
    """Check what would be wrong with every image."""
    for estimator, name, method in (
        (features, "features", "transform"),
        (segmenter, "segmenter", "predict"),
    ):
        if isinstance(estimator, type):
            raise TypeError(
                f"{name} must be an instance, such as {estimator.__name__}(), got the "
                f"class {estimator.__name__} itself."
            )
        if not hasattr(estimator, method):
            raise TypeError(
                f"{name} must have a method {method}, got {type(estimator).__name__}."
            )
    # Fitting checks parameters; better once than for every image. Copies, since
    # some learn from what they are given.
    if isinstance(features, BaseFeatures):
        copy = clone(features)
        if "reduce" in copy.get_params():
            copy.set_params(reduce=None)
        copy.fit([None])
        check_is_fitted(features)
    if isinstance(segmenter, HierarchicalSpectralSegmenter):
        clone(segmenter).fit(np.zeros((1, 1, 1, 1)))
        check_is_fitted(segmenter)


def check_pictures(out, items, levels):
    """Refuse pictures among the images, which the next run would take for more."""
    if levels is None:
        return
    sources = {
        Path(os.path.realpath(item.image)).parent for item in items if item.source
    }
    base = Path(os.path.realpath(out))
    for item in items:
        path = picture_path(base / item.name, levels[0] if levels else "sheet")
        if path.parent in sources:
            raise ValueError(
                f"out={os.fspath(out)!r}: pictures of the levels would lie among the "
                f"images, in {str(path.parent)!r}, over one of them or to be taken for "
                "one the next time. Choose another folder, or do without levels "
                "(--levels, --pictures)."
            )
