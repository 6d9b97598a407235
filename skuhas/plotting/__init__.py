"""Colours for nested regions, displays of trees, pictures by Pillow, and the viewer."""

from skuhas.plotting._colors import region_colors
from skuhas.plotting._dendrogram_display import DendrogramDisplay
from skuhas.plotting._feature_map_display import FeatureMapDisplay
from skuhas.plotting._fragmentation_display import FragmentationDisplay
from skuhas.plotting._levels import levels_image
from skuhas.plotting._region_tree_display import RegionTreeDisplay
from skuhas.plotting._saliency_display import SaliencyDisplay
from skuhas.plotting._sheet import contact_sheet, label_image, overlay
from skuhas.plotting._viewer import viewer_page

__all__ = [
    "DendrogramDisplay",
    "FeatureMapDisplay",
    "FragmentationDisplay",
    "RegionTreeDisplay",
    "SaliencyDisplay",
    "contact_sheet",
    "label_image",
    "levels_image",
    "overlay",
    "region_colors",
    "viewer_page",
]
