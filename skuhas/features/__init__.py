"""From images to feature maps."""

from skuhas.features._base import BaseFeatures
from skuhas.features._color import ColorFeatures
from skuhas.features._dino import PAPER_FEATURES, DinoFeatures
from skuhas.features._dino_models import DinoModel, available_models
from skuhas.features._feature_map import FeatureMap, as_feature_maps
from skuhas.features._lite import LiteFeatures
from skuhas.features._timm import TimmFeatures
from skuhas.features._weights import WeightsError, WeightsNotFound

__all__ = [
    "PAPER_FEATURES",
    "BaseFeatures",
    "ColorFeatures",
    "DinoFeatures",
    "DinoModel",
    "FeatureMap",
    "LiteFeatures",
    "TimmFeatures",
    "WeightsError",
    "WeightsNotFound",
    "as_feature_maps",
    "available_models",
]
