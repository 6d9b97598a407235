"""From an image or its features to leaf label maps, as plain arrays."""

from skuhas.superpixels._boundaries import boundary_conductance
from skuhas.superpixels._describe import LeafDescription, describe_leaves
from skuhas.superpixels._graph import LargeRegionGraph, RegionGraph, region_graph
from skuhas.superpixels._image import IMAGE_METHODS, image_superpixels
from skuhas.superpixels._regions import RegionDescription, describe_regions
from skuhas.superpixels._resample import resample_labels
from skuhas.superpixels._tokens import TOKEN_METHODS, token_superpixels

__all__ = [
    "IMAGE_METHODS",
    "TOKEN_METHODS",
    "LargeRegionGraph",
    "LeafDescription",
    "RegionDescription",
    "RegionGraph",
    "boundary_conductance",
    "describe_leaves",
    "describe_regions",
    "image_superpixels",
    "region_graph",
    "resample_labels",
    "token_superpixels",
]
