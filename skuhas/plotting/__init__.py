"""Colours for nested regions, pictures made of them with Pillow, and the viewer."""

from skuhas.plotting._colors import region_colors
from skuhas.plotting._levels import levels_image
from skuhas.plotting._sheet import contact_sheet, label_image, overlay
from skuhas.plotting._viewer import viewer_page

__all__ = [
    "contact_sheet",
    "label_image",
    "levels_image",
    "overlay",
    "region_colors",
    "viewer_page",
]
