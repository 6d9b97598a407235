"""Peers behind the segmenter's predict, to compare it with."""

from skuhas.baselines._contour_maps import ContourMapReader
from skuhas.baselines._felzenszwalb import FelzenszwalbPyramid
from skuhas.baselines._kway import KWaySpectralSegmenter
from skuhas.baselines._linkage import LinkageSegmenter
from skuhas.baselines._registry import baseline_names, make_baseline
from skuhas.baselines._watershed import WatershedHierarchy

__all__ = [
    "ContourMapReader",
    "FelzenszwalbPyramid",
    "KWaySpectralSegmenter",
    "LinkageSegmenter",
    "WatershedHierarchy",
    "baseline_names",
    "make_baseline",
]
