"""From images to feature maps."""

from skuhas.features._base import BaseFeatures
from skuhas.features._color import ColorFeatures
from skuhas.features._feature_map import FeatureMap, as_feature_maps
from skuhas.features._lite import LiteFeatures

__all__ = [
    "BaseFeatures",
    "ColorFeatures",
    "FeatureMap",
    "LiteFeatures",
    "as_feature_maps",
]
