"""KWaySpectralSegmenter: flat spectral clusterings, made a tree."""

import numpy as np
from sklearn.cluster import k_means
from sklearn.manifold import spectral_embedding
from sklearn.utils import check_random_state

from skuhas._common import base_seed, check_choice, check_integer, check_real
from skuhas.baselines._base import LEAVES, BaseBaseline, check_leaves
from skuhas.baselines._nesting import NESTINGS, nested, tree_of_partitions
from skuhas.spectral import cosine_affinity, exponential_affinity
from skuhas.superpixels import describe_regions

# Leaves at most: their affinities are one matrix.
MOST = 4000


class KWaySpectralSegmenter(BaseBaseline):
    """Cluster superpixels into k parts at once, for several k, and nest them.

    The graph of superpixels is that of `HierarchicalSpectralSegmenter` with the
    same parameters, without its term of locality. scikit-learn's spectral
    clustering (Ng, Jordan and Weiss, as in `sklearn.cluster.SpectralClustering`
    with ``affinity="precomputed"``) parts it for every k. The eigenvectors are
    computed once, for the largest k; smaller ones take the first of them.

    These partitions are flat: one of more parts need not refine one of fewer.
    `nesting` says how a tree is made of them.

    Parameters
    ----------
    n_clusters : tuple of int, default=(2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 90)
        The k. Those that are not fewer than the superpixels are left out.
    nesting : {"intersection", "majority"}, default="intersection"
        From coarse to fine: each part is divided by the partition of the next
        larger k, so that the coarsest is kept as it is, and there are more
        regions than the largest k. Or from fine to coarse: each part goes whole
        to the part of the next smaller k that holds most of its area, so that
        the finest is kept.
    affinity : {"exponential", "cosine"}, default="exponential"
        Affinity between superpixels, as in `HierarchicalSpectralSegmenter`, like
        all that follow.
    temperature : float, default=0.1
        Cosine difference at which the exponential affinity falls to 1/e.
    color_scale : float, default=30.0
        The same for the CIELAB difference of mean colours. None leaves it out.
    position_scale : float, default=None
        The same for the distance of centroids over the longer image side.
    superpixels : str or callable, default="auto"
        The leaves. "grid" clusters the tokens themselves.
    superpixel_parameters : dict, default=None
        Keyword arguments of the image methods and of a callable.
    n_superpixels : int, default=200
        Leaves that "spectral" and "kmeans" look for.
    leaf_size : int, default=640
        Longer side, in pixels, at which image superpixels are computed.
    max_leaves : int, default=4000
        Superpixels at most, of which no more than 4000 are allowed.
    n_init : int, default=3
        Starts of k-means.
    random_state : int, RandomState instance or None, default=0
        Seed of the eigen-solver's start and of k-means.
    n_jobs : int, default=None
        Images segmented in parallel, by joblib's rules.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    Attributes
    ----------
    n_features_in_ : int
        Width of the feature maps seen by ``fit``.

    References
    ----------
    A. Ng, M. Jordan and Y. Weiss. "On Spectral Clustering: Analysis and an
    Algorithm". NIPS 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import KWaySpectralSegmenter
    >>> features = np.eye(3)[[[0, 0, 1], [2, 2, 1]]]
    >>> baseline = KWaySpectralSegmenter(superpixels="grid", n_clusters=(3,))
    >>> baseline.predict([features])[0].leaf_labels
    array([[0, 0, 1],
           [2, 2, 1]], dtype=int32)
    """

    def __init__(
        self,
        *,
        n_clusters=(2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 90),
        nesting="intersection",
        affinity="exponential",
        temperature=0.1,
        color_scale=30.0,
        position_scale=None,
        superpixels="auto",
        superpixel_parameters=None,
        n_superpixels=200,
        leaf_size=640,
        max_leaves=4000,
        n_init=3,
        random_state=0,
        n_jobs=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.nesting = nesting
        self.affinity = affinity
        self.temperature = temperature
        self.color_scale = color_scale
        self.position_scale = position_scale
        self.superpixels = superpixels
        self.superpixel_parameters = superpixel_parameters
        self.n_superpixels = n_superpixels
        self.leaf_size = leaf_size
        self.max_leaves = max_leaves
        self.n_init = n_init
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        check_numbers(self.n_clusters, "n_clusters", check_integer, low=2)
        check_choice(self.nesting, "nesting", NESTINGS)
        check_choice(self.affinity, "affinity", ["exponential", "cosine"])
        check_real(self.temperature, "temperature", low=0.0, low_open=True)
        for name in ("color_scale", "position_scale"):
            check_real(getattr(self, name), name, low=0.0, low_open=True, none=True)
        check_leaves(self, MOST)
        check_integer(self.n_init, "n_init", low=1)

    def _tree(self, feature_map):
        seed = base_seed(self.random_state)
        regions = describe_regions(
            np.asarray(feature_map),
            feature_map.image,
            feature_map.image_shape,
            feature_map.valid,
            **{name: getattr(self, name) for name in LEAVES},
            affinity=self.affinity,
            seed=seed,
        )
        areas = regions.leaves.areas
        counts = sorted({count for count in self.n_clusters if count < areas.size})
        if counts:
            partitions = self._partitions(self._affinity(regions), counts, seed)
        else:
            partitions = [np.arange(areas.size)]
        partitions = nested(partitions, areas, self.nesting)
        return tree_of_partitions(partitions, regions.leaf_labels)

    def _affinity(self, regions):
        leaves = regions.leaves
        if self.affinity == "cosine":
            return cosine_affinity(
                leaves.means, leaves.areas, regions.largest_cosine_distance
            )
        return exponential_affinity(
            leaves.descriptors.astype(np.float64),
            leaves.areas,
            temperature=self.temperature,
            colors=leaves.colors,
            color_scale=self.color_scale,
            positions=leaves.positions,
            position_scale=self.position_scale,
        )

    def _partitions(self, affinity, counts, seed):
        random = check_random_state(seed % 2**32)
        vectors = spectral_embedding(
            affinity,
            n_components=counts[-1],
            random_state=random,
            drop_first=False,
        )
        return [
            k_means(vectors[:, :count], count, random_state=random, n_init=self.n_init)[
                1
            ]
            for count in counts
        ]


def check_numbers(values, name, check, **limits):
    """Raise unless a parameter is some numbers within limits."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a tuple of numbers, got {values!r}.")
    if len(tuple(values)) == 0:
        raise ValueError(f"{name} must hold at least one number, got {values!r}.")
    for value in values:
        check(value, f"every one of {name}", **limits)
