"""Boundaries of a tree moved onto those of the image, by a dense CRF."""

from skuhas.refine._dense_crf import DenseCRF

__all__ = ["DenseCRF"]
