"""HierarchicalSpectralSegmenter: feature maps in, region trees out."""

from skuhas.segmenter._estimator import (
    PAPER_SETTINGS,
    HierarchicalSpectralSegmenter,
)

__all__ = ["PAPER_SETTINGS", "HierarchicalSpectralSegmenter"]
