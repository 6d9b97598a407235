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
        "BestCut",
        "BestCuts",
        "CoveringReport",
        "ScoreTable",
        "SemanticCounts",
        "best_cut_score",
        "best_cut_scores",
        "covering_report",
        "covering_score",
        "covering_scorer",
        "fragmentation_curve",
        "fragmentation_score",
        "fragmentation_scorer",
        "frequency_weighted_iou_score",
        "frequency_weighted_iou_scorer",
        "mean_accuracy_score",
        "mean_accuracy_scorer",
        "mean_iou_score",
        "mean_iou_scorer",
        "nf_covering_score",
        "nf_covering_scorer",
        "nh_covering_score",
        "nh_covering_scorer",
        "nm_covering_score",
        "nm_covering_scorer",
        "ods_covering_scorer",
        "ods_rand_index_scorer",
        "ods_variation_of_information_scorer",
        "ois_covering_scorer",
        "ois_rand_index_scorer",
        "ois_variation_of_information_scorer",
        "pixel_accuracy_score",
        "pixel_accuracy_scorer",
        "probabilistic_rand_score",
        "probabilistic_rand_scorer",
        "variation_of_information_score",
        "variation_of_information_scorer",
    ],
    "skuhas.segmenter": ["PAPER_SETTINGS", "HierarchicalSpectralSegmenter"],
    "skuhas.tree": ["RegionTree", "TreeFormatError"],
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = [
    "PAPER_FEATURES",
    "PAPER_SETTINGS",
    "BatchError",
    "BestCut",
    "BestCuts",
    "ColorFeatures",
    "Comparison",
    "ContourMapReader",
    "CoveringReport",
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
    "ScoreTable",
    "SemanticCounts",
    "TimmFeatures",
    "TreeFormatError",
    "WeightsError",
    "WeightsNotFound",
    "__version__",
    "available_models",
    "baseline_names",
    "best_cut_score",
    "best_cut_scores",
    "compare_runs",
    "covering_report",
    "covering_score",
    "covering_scorer",
    "dataset_names",
    "evaluate",
    "fragmentation_curve",
    "fragmentation_score",
    "fragmentation_scorer",
    "frequency_weighted_iou_score",
    "frequency_weighted_iou_scorer",
    "load_dataset",
    "make_baseline",
    "make_nested_scene",
    "mean_accuracy_score",
    "mean_accuracy_scorer",
    "mean_iou_score",
    "mean_iou_scorer",
    "nf_covering_score",
    "nf_covering_scorer",
    "nh_covering_score",
    "nh_covering_scorer",
    "nm_covering_score",
    "nm_covering_scorer",
    "ods_covering_scorer",
    "ods_rand_index_scorer",
    "ods_variation_of_information_scorer",
    "ois_covering_scorer",
    "ois_rand_index_scorer",
    "ois_variation_of_information_scorer",
    "pixel_accuracy_score",
    "pixel_accuracy_scorer",
    "probabilistic_rand_score",
    "probabilistic_rand_scorer",
    "read_manifest",
    "segment_images",
    "variation_of_information_score",
    "variation_of_information_scorer",
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
        BestCut,
        BestCuts,
        CoveringReport,
        ScoreTable,
        SemanticCounts,
        best_cut_score,
        best_cut_scores,
        covering_report,
        covering_score,
        covering_scorer,
        fragmentation_curve,
        fragmentation_score,
        fragmentation_scorer,
        frequency_weighted_iou_score,
        frequency_weighted_iou_scorer,
        mean_accuracy_score,
        mean_accuracy_scorer,
        mean_iou_score,
        mean_iou_scorer,
        nf_covering_score,
        nf_covering_scorer,
        nh_covering_score,
        nh_covering_scorer,
        nm_covering_score,
        nm_covering_scorer,
        ods_covering_scorer,
        ods_rand_index_scorer,
        ods_variation_of_information_scorer,
        ois_covering_scorer,
        ois_rand_index_scorer,
        ois_variation_of_information_scorer,
        pixel_accuracy_score,
        pixel_accuracy_scorer,
        probabilistic_rand_score,
        probabilistic_rand_scorer,
        variation_of_information_score,
        variation_of_information_scorer,
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
