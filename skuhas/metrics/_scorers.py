"""Scorers for scikit-learn's searches and cross-validation.

``GridSearchCV(pipe, grid, scoring=nm_covering_scorer).fit(images, label_maps)``
tells the estimator's trees from the ground truth by calling ``predict``.
"""

from sklearn.metrics import make_scorer

from skuhas.metrics._covering import nh_covering_score, nm_covering_score

nm_covering_scorer = make_scorer(nm_covering_score)
nh_covering_scorer = make_scorer(nh_covering_score)
