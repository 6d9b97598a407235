"""From an image or its features to leaf label maps, as plain arrays."""

from skuhas.superpixels._describe import LeafDescription, describe_leaves
from skuhas.superpixels._graph import region_graph
from skuhas.superpixels._image import IMAGE_METHODS, image_superpixels
from skuhas.superpixels._resample import resample_labels
from skuhas.superpixels._tokens import TOKEN_METHODS, token_superpixels

__all__ = [
    "IMAGE_METHODS",
    "TOKEN_METHODS",
    "LeafDescription",
    "describe_leaves",
    "image_superpixels",
    "region_graph",
    "resample_labels",
    "token_superpixels",
]
