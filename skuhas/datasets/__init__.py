"""Data sets on disk in their published layouts, and images with a known tree."""

from skuhas.datasets._errors import DatasetError
from skuhas.datasets._images import ImageDataset
from skuhas.datasets._load import dataset_names, load_dataset
from skuhas.datasets._patches import ImagePatch
from skuhas.datasets._sample import Sample
from skuhas.datasets._scenes import NestedScene, make_nested_scene

__all__ = [
    "DatasetError",
    "ImageDataset",
    "ImagePatch",
    "NestedScene",
    "Sample",
    "dataset_names",
    "load_dataset",
    "make_nested_scene",
]
