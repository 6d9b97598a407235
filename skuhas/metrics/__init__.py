"""Scores of region trees against human ground truth."""

from skuhas.metrics._covering import (
    nf_covering_score,
    nh_covering_score,
    nm_covering_score,
)
from skuhas.metrics._scorers import nh_covering_scorer, nm_covering_scorer

__all__ = [
    "nf_covering_score",
    "nh_covering_score",
    "nh_covering_scorer",
    "nm_covering_score",
    "nm_covering_scorer",
]
