"""WatershedHierarchy: hierarchical watersheds of the colour gradient, by Higra."""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2lab

from skuhas._common import (
    check_choice,
    check_integer,
    check_real,
    fit_within,
    optional_import,
)
from skuhas.baselines._base import BaseBaseline, check_image
from skuhas.baselines._trees import region_tree
from skuhas.superpixels import resample_labels

ATTRIBUTES = ("volume", "area", "dynamics")


class WatershedHierarchy(BaseBaseline):
    """Merge the basins of the colour gradient, those of the smallest attribute first.

    The image's pixels, joined to their four neighbours by the CIELAB difference,
    have a watershed hierarchy, which Higra computes. It has a basin for every
    minimum of the gradient, tens of thousands on a photograph; its topmost
    `max_leaves` regions are kept. Features play no part; a feature map must carry
    its image.

    Parameters
    ----------
    attribute : {"volume", "area", "dynamics"}, default="volume"
        What decides which of two basins is the lesser when they meet.
    sigma : float, default=0.5
        Width of the Gaussian that smooths the image before, in pixels.
    max_leaves : int, default=1200
        Leaves of the tree at most.
    leaf_size : int, default=640
        Longer side, in pixels, at which the image is segmented. None works at
        full size.
    n_jobs : int, default=None
        Images segmented in parallel, by joblib's rules.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    Attributes
    ----------
    n_features_in_ : int
        Width of the feature maps seen by ``fit``.

    Notes
    -----
    Needs Higra: ``pip install "skuhas[higra]"``; ``predict`` says so where it is
    absent.

    References
    ----------
    J. Cousty and L. Najman. "Incremental Algorithm for Hierarchical Minimum
    Spanning Forests and Saliency of Watershed Cuts". ISMM 2011.
    B. Perret et al. "Higra: Hierarchical Graph Analysis". SoftwareX 10, 2019.

    Examples
    --------
    >>> from skuhas import WatershedHierarchy
    >>> WatershedHierarchy(attribute="area")
    WatershedHierarchy(attribute='area')
    """

    def __init__(
        self,
        *,
        attribute="volume",
        sigma=0.5,
        max_leaves=1200,
        leaf_size=640,
        n_jobs=None,
        verbose=0,
    ):
        self.attribute = attribute
        self.sigma = sigma
        self.max_leaves = max_leaves
        self.leaf_size = leaf_size
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        check_choice(self.attribute, "attribute", ATTRIBUTES)
        check_real(self.sigma, "sigma", low=0.0, finite=True)
        check_integer(self.max_leaves, "max_leaves", low=1)
        check_integer(self.leaf_size, "leaf_size", low=1, none=True)
        self._higra()

    def _higra(self):
        return optional_import(
            "higra", package="skuhas[higra]", purpose=type(self).__name__
        )

    def _check_map(self, feature_map):
        check_image(feature_map, type(self).__name__)

    def _tree(self, feature_map):
        higra = self._higra()
        image = feature_map.image
        if self.leaf_size is not None and max(image.shape[:2]) > self.leaf_size:
            size = fit_within(image.shape[:2], self.leaf_size)[::-1]
            image = Image.fromarray(image).resize(size, Image.Resampling.BOX)
            image = np.asarray(image)
        shape = image.shape[:2]
        if image[..., 0].size == 1:
            parents, altitude = np.zeros(1, dtype=np.int64), np.zeros(1)
            labels = np.zeros(1, dtype=np.int64)
        else:
            lab = rgb2lab(image.astype(np.float32) / np.float32(255))
            lab = gaussian_filter(lab, (self.sigma, self.sigma, 0))
            graph = higra.get_4_adjacency_graph(shape)
            weights = higra.weight_graph(graph, lab, higra.WeightFunction.L2)
            build = getattr(higra, f"watershed_hierarchy_by_{self.attribute}")
            tree, heights = build(graph, weights)
            parents, altitude, labels = topmost(
                tree.parents().astype(np.int64), heights, self.max_leaves
            )
        labels = resample_labels(labels.reshape(shape), feature_map.image_shape)
        return region_tree(parents, altitude, labels, feature_map.valid)


def topmost(parents, altitude, max_leaves):
    """Return the top of a tree, and which new leaf each old one lies in.

    Parameters
    ----------
    parents : ndarray of shape (n_nodes,), of integers
    altitude : ndarray of shape (n_nodes,)
        Never falling on the way up. Nodes as low as the leaves are not opened.
    max_leaves : int
        Nodes are opened from the highest down, the later first among equals.

    Returns
    -------
    parents : ndarray of shape (n_kept,), of integers
    altitude : ndarray of shape (n_kept,), dtype float64
        0 at leaves.
    leaves : ndarray of shape (n_old_leaves,), of integers
    """
    n_nodes = parents.size
    n_children = np.bincount(parents[:-1], minlength=n_nodes)
    n_leaves = int(np.argmax(n_children > 0))
    inner = np.arange(n_leaves, n_nodes)
    order = inner[np.lexsort((-inner, -altitude[inner]))]
    order = order[altitude[order] > 0]
    n_regions = 1 + np.cumsum(n_children[order] - 1)
    order = order[n_regions <= max_leaves]
    is_open = np.zeros(n_nodes, dtype=bool)
    is_open[order] = True
    # Steps that double, up to the topmost node that is closed.
    top = np.where(is_open[parents], np.arange(n_nodes), parents)
    top[-1] = n_nodes - 1
    while (top != top[top]).any():
        top = top[top]
    closed, leaves = np.unique(top[:n_leaves], return_inverse=True)
    kept = np.concatenate([closed, np.flatnonzero(is_open)])
    position = np.zeros(n_nodes, dtype=np.int64)
    position[kept] = np.arange(kept.size)
    heights = np.concatenate([np.zeros(closed.size), altitude[is_open]])
    return position[parents[kept]], heights, leaves.ravel()
