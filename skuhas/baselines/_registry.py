"""Baselines by name."""

import difflib

from skuhas.baselines._contour_maps import ContourMapReader
from skuhas.baselines._felzenszwalb import FelzenszwalbPyramid
from skuhas.baselines._kway import KWaySpectralSegmenter
from skuhas.baselines._linkage import LinkageSegmenter
from skuhas.baselines._watershed import WatershedHierarchy

_BASELINES = {
    "average-linkage": (LinkageSegmenter, {"linkage": "average"}),
    "ward-linkage": (LinkageSegmenter, {"linkage": "ward"}),
    "complete-linkage": (LinkageSegmenter, {"linkage": "complete"}),
    "single-linkage": (LinkageSegmenter, {"linkage": "single"}),
    "kway-spectral": (KWaySpectralSegmenter, {}),
    "felzenszwalb-pyramid": (FelzenszwalbPyramid, {}),
    "watershed-volume": (WatershedHierarchy, {"attribute": "volume"}),
    "watershed-area": (WatershedHierarchy, {"attribute": "area"}),
    "watershed-dynamics": (WatershedHierarchy, {"attribute": "dynamics"}),
    "contour-maps": (ContourMapReader, {}),
}


def baseline_names():
    """Return the names that `make_baseline` knows.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skuhas import baseline_names
    >>> baseline_names()[:2]
    ['average-linkage', 'ward-linkage']
    """
    return list(_BASELINES)


def make_baseline(name, **parameters):
    """Return a baseline by its name.

    Parameters
    ----------
    name : str
        One of `baseline_names`, in letters of any case, with "-", "_" or blanks.
    **parameters
        Parameters of its class, over those that the name stands for.

    Returns
    -------
    estimator
        With the ``predict`` of `HierarchicalSpectralSegmenter`.

    Raises
    ------
    ValueError
        There is no such baseline, or it has no such parameter; the message
        names those that are near.

    Examples
    --------
    >>> from skuhas import make_baseline
    >>> make_baseline("ward-linkage", color_weight=0.5)
    LinkageSegmenter(color_weight=0.5, linkage='ward')
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be one of {baseline_names()}, got {name!r}.")
    known = name.strip().lower().replace("_", "-").replace(" ", "-")
    if known not in _BASELINES:
        raise ValueError(
            f"name must be one of {baseline_names()}, got {name!r}."
            f"{_near(known, _BASELINES)}"
        )
    kind, presets = _BASELINES[known]
    allowed = kind().get_params()
    for parameter in parameters:
        if parameter not in allowed:
            raise ValueError(
                f"{known} has the parameters {sorted(allowed)}, got {parameter!r}."
                f"{_near(parameter, allowed)}"
            )
    return kind(**(presets | parameters))


def _near(word, words):
    near = difflib.get_close_matches(word, words, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
