"""Scorers for scikit-learn's searches and cross-validation.

``GridSearchCV(pipe, grid, scoring=nm_covering_scorer).fit(images, label_maps)``
tells the estimator's trees from the ground truth by calling ``predict``.
"""

from sklearn.metrics import make_scorer

from skuhas.metrics._best_cut_scores import best_cut_score
from skuhas.metrics._covering import (
    nf_covering_score,
    nh_covering_score,
    nm_covering_score,
)
from skuhas.metrics._fragmentation import fragmentation_score
from skuhas.metrics._partitions import (
    covering_score,
    probabilistic_rand_score,
    variation_of_information_score,
)
from skuhas.metrics._semantic_scores import (
    frequency_weighted_iou_score,
    mean_accuracy_score,
    mean_iou_score,
    pixel_accuracy_score,
)

nm_covering_scorer = make_scorer(nm_covering_score)
nh_covering_scorer = make_scorer(nh_covering_score)
nf_covering_scorer = make_scorer(nf_covering_score)
fragmentation_scorer = make_scorer(fragmentation_score)

mean_iou_scorer = make_scorer(mean_iou_score)
pixel_accuracy_scorer = make_scorer(pixel_accuracy_score)
mean_accuracy_scorer = make_scorer(mean_accuracy_score)
frequency_weighted_iou_scorer = make_scorer(frequency_weighted_iou_score)

covering_scorer = make_scorer(covering_score)
probabilistic_rand_scorer = make_scorer(probabilistic_rand_score)
# Of the variation of information less is better, so the scorers give its negative.
variation_of_information_scorer = make_scorer(
    variation_of_information_score, greater_is_better=False
)

ods_covering_scorer = make_scorer(best_cut_score, measure="covering", scale="ods")
ois_covering_scorer = make_scorer(best_cut_score, measure="covering", scale="ois")
ods_rand_index_scorer = make_scorer(best_cut_score, measure="rand_index", scale="ods")
ois_rand_index_scorer = make_scorer(best_cut_score, measure="rand_index", scale="ois")
ods_variation_of_information_scorer = make_scorer(
    best_cut_score,
    greater_is_better=False,
    measure="variation_of_information",
    scale="ods",
)
ois_variation_of_information_scorer = make_scorer(
    best_cut_score,
    greater_is_better=False,
    measure="variation_of_information",
    scale="ois",
)
