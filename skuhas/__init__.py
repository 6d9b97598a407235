"""Parse images into trees of nested regions, without labels.

Names load on first use: ``import skuhas`` imports neither torch, timm nor
scikit-image.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_EXPORTS = {
    "skuhas.baselines": [
        "ContourMapReader",
        "LinkageSegmenter",
        "baseline_names",
        "make_baseline",
    ],
    "skuhas.batch": ["BatchError", "Manifest", "read_manifest", "segment_images"],
    "skuhas.clustering": ["RecursiveSpectralClustering"],
    "skuhas.datasets": [
        "DatasetError",
        "ImageDataset",
        "NestedScene",
        "Sample",
        "dataset_names",
        "load_dataset",
        "make_nested_scene",
    ],
    "skuhas.evaluation": ["Comparison", "Evaluation", "compare_runs", "evaluate"],
    "skuhas.features": [
        "PAPER_FEATURES",
        "ColorFeatures",
        "DinoFeatures",
        "FeatureMap",
        "LiteFeatures",
        "TimmFeatures",
        "WeightsError",
        "WeightsNotFound",
        "available_models",
    ],
    "skuhas.hierarchies": ["LabelHierarchy"],
    "skuhas.metrics": [
        "nf_covering_score",
        "nh_covering_score",
        "nh_covering_scorer",
        "nm_covering_score",
        "nm_covering_scorer",
    ],
    "skuhas.segmenter": ["PAPER_SETTINGS", "HierarchicalSpectralSegmenter"],
    "skuhas.tree": ["RegionTree", "TreeFormatError"],
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [
    "PAPER_FEATURES",
    "PAPER_SETTINGS",
    "BatchError",
    "ColorFeatures",
    "Comparison",
    "ContourMapReader",
    "DatasetError",
    "DinoFeatures",
    "Evaluation",
    "FeatureMap",
    "HierarchicalSpectralSegmenter",
    "ImageDataset",
    "LabelHierarchy",
    "LinkageSegmenter",
    "LiteFeatures",
    "Manifest",
    "NestedScene",
    "RecursiveSpectralClustering",
    "RegionTree",
    "Sample",
    "TimmFeatures",
    "TreeFormatError",
    "WeightsError",
    "WeightsNotFound",
    "__version__",
    "available_models",
    "baseline_names",
    "compare_runs",
    "dataset_names",
    "evaluate",
    "load_dataset",
    "make_baseline",
    "make_nested_scene",
    "nf_covering_score",
    "nh_covering_score",
    "nh_covering_scorer",
    "nm_covering_score",
    "nm_covering_scorer",
    "read_manifest",
    "segment_images",
]

if TYPE_CHECKING:
    from skuhas.baselines import (
        ContourMapReader,
        LinkageSegmenter,
        baseline_names,
        make_baseline,
    )
    from skuhas.batch import BatchError, Manifest, read_manifest, segment_images
    from skuhas.clustering import RecursiveSpectralClustering
    from skuhas.datasets import (
        DatasetError,
        ImageDataset,
        NestedScene,
        Sample,
        dataset_names,
        load_dataset,
        make_nested_scene,
    )
    from skuhas.evaluation import Comparison, Evaluation, compare_runs, evaluate
    from skuhas.features import (
        PAPER_FEATURES,
        ColorFeatures,
        DinoFeatures,
        FeatureMap,
        LiteFeatures,
        TimmFeatures,
        WeightsError,
        WeightsNotFound,
        available_models,
    )
    from skuhas.hierarchies import LabelHierarchy
    from skuhas.metrics import (
        nf_covering_score,
        nh_covering_score,
        nh_covering_scorer,
        nm_covering_score,
        nm_covering_scorer,
    )
    from skuhas.segmenter import PAPER_SETTINGS, HierarchicalSpectralSegmenter
    from skuhas.tree import RegionTree, TreeFormatError


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
