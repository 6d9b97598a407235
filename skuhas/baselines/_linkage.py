"""LinkageSegmenter: agglomerative clustering of superpixels."""

import warnings

import numpy as np
from scipy.cluster.hierarchy import linkage as link
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import AgglomerativeClustering

from skuhas._common import base_seed, check_choice, check_real
from skuhas.baselines._base import LEAVES, BaseBaseline, check_bool, check_leaves
from skuhas.superpixels import describe_regions
from skuhas.tree import RegionTree

LINKAGES = ("average", "ward", "complete", "single")


class LinkageSegmenter(BaseBaseline):
    r"""Merge superpixels from the most alike on, as agglomerative clustering does.

    The leaves are those of `HierarchicalSpectralSegmenter` with the same
    parameters, and so is what is known of them: unit descriptors x, mean CIELAB
    colours and centroids p, in units of the longer image side. Two leaves have
    the distance

    .. math:: d_{ij} = 1 - x_i \cdot x_j + w_c \|\mathrm{Lab}_i -
        \mathrm{Lab}_j\| / 100 + w_p \|p_i - p_j\|

    and with Ward's linkage, which is one of points in Euclidean space,

    .. math:: d_{ij}^2 = \|x_i - x_j\|^2 / 2 + w_c^2 \|\mathrm{Lab}_i -
        \mathrm{Lab}_j\|^2 / 100^2 + w_p^2 \|p_i - p_j\|^2.

    Every leaf counts once, whatever its area. The tree's altitudes are the
    linkage's heights.

    Parameters
    ----------
    linkage : {"average", "ward", "complete", "single"}, default="average"
        The distance of two groups of leaves: the mean over their pairs, the
        growth of the variance, the largest, the smallest.
    color_weight : float, default=0.33
        w_c. 1/3 is the balance of the segmenter's default affinity. 0 leaves
        colours out, as a feature map without image does.
    position_weight : float, default=0.1
        w_p. 0 leaves positions out.
    touching : bool, default=False
        Whether only groups that touch are merged.
    superpixels : str or callable, default="auto"
        The leaves, as in `HierarchicalSpectralSegmenter`, like the next four.
    superpixel_parameters : dict, default=None
        Keyword arguments of the image methods and of a callable.
    n_superpixels : int, default=200
        Leaves that "spectral" and "kmeans" look for.
    leaf_size : int, default=640
        Longer side, in pixels, at which image superpixels are computed.
    max_leaves : int, default=4000
        Superpixels at most. Memory is 12 bytes or so for every pair of them.
    random_state : int, RandomState instance or None, default=0
        Seed of k-means, for the leaves on the feature grid.
    n_jobs : int, default=None
        Images segmented in parallel, by joblib's rules.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    Attributes
    ----------
    n_features_in_ : int
        Width of the feature maps seen by ``fit``.

    See Also
    --------
    skuhas.HierarchicalSpectralSegmenter : What this is compared with.
    scipy.cluster.hierarchy.linkage : Makes the merges.
    sklearn.cluster.AgglomerativeClustering : Makes them between neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import LinkageSegmenter
    >>> features = np.eye(3)[[[0, 0, 1], [2, 2, 1]]]
    >>> tree = LinkageSegmenter(superpixels="grid").predict([features])[0]
    >>> tree.labels(n_regions=3)
    array([[0, 0, 1],
           [2, 2, 1]], dtype=int32)
    """

    def __init__(
        self,
        *,
        linkage="average",
        color_weight=0.33,
        position_weight=0.1,
        touching=False,
        superpixels="auto",
        superpixel_parameters=None,
        n_superpixels=200,
        leaf_size=640,
        max_leaves=4000,
        random_state=0,
        n_jobs=None,
        verbose=0,
    ):
        self.linkage = linkage
        self.color_weight = color_weight
        self.position_weight = position_weight
        self.touching = touching
        self.superpixels = superpixels
        self.superpixel_parameters = superpixel_parameters
        self.n_superpixels = n_superpixels
        self.leaf_size = leaf_size
        self.max_leaves = max_leaves
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        check_choice(self.linkage, "linkage", LINKAGES)
        for name in ("color_weight", "position_weight"):
            check_real(getattr(self, name), name, low=0.0, finite=True)
        check_bool(self.touching, "touching")
        check_leaves(self)

    def _tree(self, feature_map):
        regions = describe_regions(
            np.asarray(feature_map),
            feature_map.image,
            feature_map.image_shape,
            feature_map.valid,
            **{name: getattr(self, name) for name in LEAVES},
            seed=base_seed(self.random_state),
        )
        leaves = regions.leaves
        if leaves.areas.size == 1:
            return RegionTree([0], regions.leaf_labels)
        spaces = [(leaves.descriptors.astype(np.float64), np.sqrt(0.5))]
        if leaves.colors is not None and self.color_weight > 0:
            spaces.append((leaves.colors, self.color_weight / 100))
        if self.position_weight > 0:
            spaces.append((leaves.positions, self.position_weight))
        merges = self._touching if self.touching else self._everywhere
        children, heights = merges(spaces, regions.conductance)
        return RegionTree.from_linkage(children, regions.leaf_labels, distances=heights)

    def _everywhere(self, spaces, _):
        if self.linkage == "ward":
            table = link(_points(spaces), "ward")
        else:
            table = link(_distances(spaces), self.linkage)
        return table[:, :2], table[:, 2]

    def _touching(self, spaces, conductance):
        ward = self.linkage == "ward"
        model = AgglomerativeClustering(
            n_clusters=None,
            distance_threshold=0.0,
            linkage=self.linkage,
            metric="euclidean" if ward else "precomputed",
            connectivity=conductance > 0,
            compute_full_tree=True,
        )
        with warnings.catch_warnings():
            # Parts that no-data pixels keep apart are joined by their distance.
            warnings.filterwarnings("ignore", message=".*connected components")
            model.fit(_points(spaces) if ward else squareform(_distances(spaces)))
        return model.children_, model.distances_


def _points(spaces):
    return np.hstack([values * scale for values, scale in spaces])


def _distances(spaces):
    """Return the distances of all pairs, in scipy's condensed order."""
    (descriptors, _), *others = spaces
    cosines = descriptors @ descriptors.T
    pairs = np.triu_indices(len(descriptors), 1)
    total = np.maximum(1 - cosines[pairs], 0)
    for values, scale in others:
        total += scale * pdist(values)
    return total
