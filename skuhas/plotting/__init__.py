"""Colours for nested regions, displays of trees, and pictures made with Pillow."""

from skuhas.plotting._colors import region_colors
from skuhas.plotting._dendrogram_display import DendrogramDisplay
from skuhas.plotting._feature_map_display import FeatureMapDisplay
from skuhas.plotting._fragmentation_display import FragmentationDisplay
from skuhas.plotting._region_tree_display import RegionTreeDisplay
from skuhas.plotting._saliency_display import SaliencyDisplay
from skuhas.plotting._sheet import contact_sheet, label_image, overlay

__all__ = [
    "DendrogramDisplay",
    "FeatureMapDisplay",
    "FragmentationDisplay",
    "RegionTreeDisplay",
    "SaliencyDisplay",
    "contact_sheet",
    "label_image",
    "overlay",
    "region_colors",
]
