"""Scores of region trees against human ground truth."""

from skuhas.metrics._best_cut_scores import (
    best_cut_score,
    best_cut_scores,
)
from skuhas.metrics._best_cuts import (
    BestCut,
    BestCuts,
)
from skuhas.metrics._covering import (
    nf_covering_score,
    nh_covering_score,
    nm_covering_score,
)
from skuhas.metrics._fragmentation import (
    fragmentation_curve,
    fragmentation_score,
    mean_over_log,
)
from skuhas.metrics._partitions import (
    covering_score,
    probabilistic_rand_score,
    variation_of_information_score,
)
from skuhas.metrics._reports import (
    CoveringReport,
    covering_report,
)
from skuhas.metrics._scorers import (
    covering_scorer,
    fragmentation_scorer,
    frequency_weighted_iou_scorer,
    mean_accuracy_scorer,
    mean_iou_scorer,
    nf_covering_scorer,
    nh_covering_scorer,
    nm_covering_scorer,
    ods_covering_scorer,
    ods_rand_index_scorer,
    ods_variation_of_information_scorer,
    ois_covering_scorer,
    ois_rand_index_scorer,
    ois_variation_of_information_scorer,
    pixel_accuracy_scorer,
    probabilistic_rand_scorer,
    variation_of_information_scorer,
)
from skuhas.metrics._semantic import (
    SemanticCounts,
)
from skuhas.metrics._semantic_scores import (
    frequency_weighted_iou_score,
    mean_accuracy_score,
    mean_iou_score,
    pixel_accuracy_score,
)
from skuhas.metrics._tables import (
    ScoreTable,
)

__all__ = [
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
    "mean_over_log",
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
]
