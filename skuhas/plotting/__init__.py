"""Colours for nested regions, and pictures made of them with Pillow."""

from skuhas.plotting._colors import region_colors
from skuhas.plotting._sheet import contact_sheet, label_image, overlay

__all__ = ["contact_sheet", "label_image", "overlay", "region_colors"]
