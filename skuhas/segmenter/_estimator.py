"""HierarchicalSpectralSegmenter: feature maps in, region trees out."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skuhas._common import (
    Documented,
    base_seed,
    check_choice,
    check_integer,
    check_real,
    progress,
    single_threaded_blas,
)
from skuhas.features import as_feature_maps
from skuhas.metrics import nm_covering_score
from skuhas.refine import DenseCRF
from skuhas.segmenter._cache import cached_graphs
from skuhas.segmenter._device import check_device, device_of, single_threaded_torch
from skuhas.segmenter._running import (
    build_all,
    check_images,
    refine_each,
    segment,
    segment_together,
)
from skuhas.spectral import ASSIGN_LABELS, Gates
from skuhas.superpixels import IMAGE_METHODS, TOKEN_METHODS

__all__ = ["PAPER_SETTINGS", "HierarchicalSpectralSegmenter"]

# What the graph of an image depends on; the rest concerns its splitting.
_GRAPH_PARAMETERS = (
    "superpixels",
    "superpixel_parameters",
    "n_superpixels",
    "leaf_size",
    "max_leaves",
    "affinity",
    "temperature",
    "color_scale",
    "position_scale",
)
_GATES = ("max_branching", "max_ncut", "max_perturbation", "max_depth", "min_size")

#: Parameters of the segmenter with which the paper's tables were made.
PAPER_SETTINGS = {
    "superpixels": "spectral",
    "n_superpixels": 200,
    "affinity": "cosine",
    "max_branching": 10,
    "max_ncut": 0.8,
    "max_perturbation": 80.0,
    "max_depth": 9,
    "min_size": 1,
}


class HierarchicalSpectralSegmenter(Documented, BaseEstimator):
    """Parse images into trees of nested regions by recursive spectral cuts.

    An image's superpixels become the vertices of a graph, whose affinities
    come from features and colours. The graph is split by its spectrum, then
    its parts, until a gate closes or single superpixels are left. Without
    gates, the default, the whole tree comes out; cut it afterwards with
    ``tree.cut``, which costs nothing.

    Nothing is learned, so ``predict`` works without ``fit`` (but for `whiten`).
    An image's tree depends on that image alone.

    Parameters
    ----------
    superpixels : {"auto", "felzenszwalb", "slic", "watershed", "quickshift", \
            "spectral", "kmeans", "grid"} or callable, default="auto"
        The leaves. The first group follows the edges of the image, the second
        (from "spectral") partitions the feature grid. A callable takes the
        uint8 image and returns an integer label map of its shape. "auto" is
        "felzenszwalb" where a feature map carries its image and "spectral"
        elsewhere.
    superpixel_parameters : dict, default=None
        Keyword arguments of the image methods and of a callable, see
        `skuhas.superpixels.image_superpixels`.
    n_superpixels : int, default=200
        Leaves that "spectral" and "kmeans" look for.
    leaf_size : int, default=640
        Longer side, in pixels, at which image superpixels are computed; trees
        come at the image's own size all the same. None works at full size.
    max_leaves : int, default=4000
        Superpixels at most. Up to 4000 the graph is a matrix of 8 bytes for
        every pair of them, and takes two or three times that while it is split.
        Of more, no such matrix is made: as long as a node has more than 1000
        superpixels, groups of neighbours stand for them (or, with the cosine
        affinity, an exact factor of the matrix).
    affinity : {"exponential", "cosine"}, default="exponential"
        Affinity between superpixels: exponential in features and colours, or
        the paper's, linear in the cosine.
    temperature : float, default=0.1
        Cosine difference at which the exponential affinity falls to 1/e.
    color_scale : float, default=30.0
        The same for the CIELAB difference of mean colours. None leaves colours
        out, as a feature map without image does.
    position_scale : float, default=None
        The same for the distance of centroids over the longer image side. None
        leaves positions out.
    locality : float, default=1.0
        How strongly superpixels that touch across weak boundaries are bound
        together, growing from nothing at the root to full strength in nodes of
        a hundredth of the image, see `skuhas.spectral.Locality`. 0 splits by
        appearance alone. Only with the exponential affinity.
    max_branching : int, default=2
        2 splits every node in two. Above, the largest eigengap among this many
        eigenvalues chooses between 2 and ``max_branching - 1`` parts.
    max_ncut : float, default=None
        A split stands only when its mean normalised cut, in [0, 1], is below
        this; otherwise fewer parts are tried. On photographs the default
        affinity gives values between about 0.0001 and 0.45, half of them under
        0.15; search between 0.03 and 0.3. None switches the gate off.
    max_perturbation : float, default=None
        A node is split only when its perturbation bound is at most this. On
        the default affinity the median over nodes of 20 superpixels and more
        is about 80, the upper decile 340. None switches the gate off.
    max_depth : int, default=None
        Nodes at this depth are not split; the root has depth 0. None switches
        the gate off.
    min_size : int, default=1
        Nodes of at most this many superpixels are not split.
    assign_labels : {"kmeans", "cluster_qr"}, default="kmeans"
        How eigenvectors become more than two parts.
    refine : {"crf"} or DenseCRF, default=None
        "crf" moves the boundaries of every tree onto those of the image by a
        dense conditional random field with default parameters, see `DenseCRF`,
        an instance of which sets them. Feature maps must carry their images,
        and pydensecrf2 must be installed (extra ``crf``).
    whiten : bool, default=False
        If True, ``fit`` learns the mean and standard deviation of every
        feature, and features are standardised with them first.
    random_state : int, RandomState instance or None, default=0
        Seed of k-means. With an integer, results are the same on every call.
    device : {"cpu", "cuda", "cuda:N"}, default=None
        Where PyTorch makes affinities, eigenvectors, k-means and cuts, for as
        many images at once as fit; superpixels of the image are found on the
        CPU all the same. None does it where the features are: on the GPU that
        tensors are on, and with numpy on the CPU. "cpu" is PyTorch on the CPU,
        which is slower and good for trying what a GPU would do.
    memory : str or joblib.Memory, default=None
        Where graphs of superpixels are cached, so that a search over the gates
        builds them once. The code of skuhas and the versions of the packages
        that it is made with are part of the key, and of a function as
        `superpixels` its own code; the code of what it calls is not.
    n_jobs : int, default=None
        Images segmented in parallel, by joblib's rules, with one thread of
        linear algebra each. With a device, images whose superpixels are found
        in parallel.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    Attributes
    ----------
    n_features_in_ : int
        Width of the feature maps seen by ``fit``.
    mean_ : ndarray of shape (`n_features_in_`,), dtype float32
        Mean of every feature over all cells. Only with `whiten`.
    scale_ : ndarray of shape (`n_features_in_`,), dtype float32
        Standard deviation, 1 for constant features. Only with `whiten`.

    See Also
    --------
    DenseCRF : Refines the boundaries of trees.
    LiteFeatures : Makes feature maps from images.
    RecursiveSpectralClustering : The same recursion on the rows of a table.
    RegionTree : What ``predict`` returns.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from sklearn.pipeline import Pipeline
    >>> from skuhas import HierarchicalSpectralSegmenter, LiteFeatures
    >>> pipe = Pipeline(
    ...     [("feat", LiteFeatures()), ("seg", HierarchicalSpectralSegmenter())]
    ... )
    >>> tree = pipe.predict([coffee()])[0]
    >>> tree.labels(n_regions=8).shape
    (400, 600)
    """

    def __init__(
        self,
        *,
        superpixels="auto",
        superpixel_parameters=None,
        n_superpixels=200,
        leaf_size=640,
        max_leaves=4000,
        affinity="exponential",
        temperature=0.1,
        color_scale=30.0,
        position_scale=None,
        locality=1.0,
        max_branching=2,
        max_ncut=None,
        max_perturbation=None,
        max_depth=None,
        min_size=1,
        assign_labels="kmeans",
        refine=None,
        whiten=False,
        random_state=0,
        device=None,
        memory=None,
        n_jobs=None,
        verbose=0,
    ):
        self.superpixels = superpixels
        self.superpixel_parameters = superpixel_parameters
        self.n_superpixels = n_superpixels
        self.leaf_size = leaf_size
        self.max_leaves = max_leaves
        self.affinity = affinity
        self.temperature = temperature
        self.color_scale = color_scale
        self.position_scale = position_scale
        self.locality = locality
        self.max_branching = max_branching
        self.max_ncut = max_ncut
        self.max_perturbation = max_perturbation
        self.max_depth = max_depth
        self.min_size = min_size
        self.assign_labels = assign_labels
        self.refine = refine
        self.whiten = whiten
        self.random_state = random_state
        self.device = device
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X, y=None):
        """Check parameters and maps; learn feature statistics with `whiten`.

        Nothing is segmented, so that a search over thresholds pays once.

        Parameters
        ----------
        X : list of FeatureMap, of arrays or of torch tensors, or one 4-D array
            Each of shape (rows, columns, n_features).
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._check_parameters()
        maps = as_feature_maps(X)
        self.n_features_in_ = maps[0].shape[2]
        if self.whiten:
            n_cells = sum(item.shape[0] * item.shape[1] for item in maps)
            total = sum(_flat(item).sum(axis=0) for item in maps)
            self.mean_ = (total / n_cells).astype(np.float32)
            square = sum(((_flat(item) - self.mean_) ** 2).sum(axis=0) for item in maps)
            deviation = np.sqrt(square / n_cells)
            # A constant feature leaves rounding behind, which is not to be
            # blown up.
            constant = deviation <= 1e-6 * (np.abs(self.mean_) + 1e-30)
            self.scale_ = np.where(constant, 1.0, deviation).astype(np.float32)
        return self

    def predict(self, X):
        """Segment every image into a tree.

        Parameters
        ----------
        X : list of FeatureMap, of arrays or of torch tensors, or one 4-D array
            Each of shape (rows, columns, n_features).

        Returns
        -------
        list of RegionTree
            In the order of `X`, each at its map's ``image_shape``.

        Raises
        ------
        TypeError, ValueError
            A parameter or a map is wrong; the message names it. All maps are
            checked before the first is segmented. Should one fail later, the
            trees made before it are in the exception's ``partial_results``.
        sklearn.exceptions.NotFittedError
            With `whiten`, before ``fit``.
        """
        self._check_parameters()
        if self.whiten:
            check_is_fitted(self)
        maps = as_feature_maps(X)
        self._check_width(maps[0])
        refiner = self._refiner()
        if refiner is not None:
            check_images(maps, self.refine)
        seed = base_seed(self.random_state)
        graph_settings = {name: getattr(self, name) for name in _GRAPH_PARAMETERS}
        growth = {
            "gates": self._gates(),
            "self_affinity": self.affinity == "exponential",
            "assign_labels": self.assign_labels,
            "seed": seed,
        }
        statistics = (self.mean_, self.scale_) if self.whiten else None
        build_graph = cached_graphs(self.memory, self.superpixels)
        device = device_of(maps) if self.device is None else self.device
        settings = {**graph_settings, "seed": seed, "device": device}
        named = [(item, f"X[{position}]") for position, item in enumerate(maps)]
        if device is None:
            results = Parallel(n_jobs=self.n_jobs, return_as="generator")(
                delayed(segment)(
                    *entry,
                    statistics,
                    build_graph,
                    settings,
                    self.locality,
                    growth,
                    refiner,
                )
                for entry in named
            )
        else:
            # One process has the device; its threads find the superpixels.
            graphs = build_all(named, statistics, build_graph, settings, self.n_jobs)
            results = segment_together(graphs, self.locality, growth)
            results = refine_each(results, named, statistics, refiner)
        trees = []
        try:
            # Here too, since OpenBLAS may not listen to other threads.
            with single_threaded_blas(), single_threaded_torch(device):
                trees.extend(
                    progress(
                        results,
                        total=len(maps),
                        description="Segmentation",
                        verbose=self.verbose,
                    )
                )
        except Exception as error:
            error.partial_results = trees
            raise
        return trees

    def fit_predict(self, X, y=None):
        """Call ``fit`` and ``predict`` on the same maps.

        Parameters
        ----------
        X : list of FeatureMap, of arrays or of torch tensors, or one 4-D array
            Each of shape (rows, columns, n_features).
        y : None
            Ignored.

        Returns
        -------
        list of RegionTree
        """
        return self.fit(X).predict(X)

    def score(self, X, y, sample_weight=None):
        """Return the mean NMCovering of the trees.

        Parameters
        ----------
        X : list of FeatureMap, of arrays or of torch tensors, or one 4-D array
            Each of shape (rows, columns, n_features).
        y : list of label maps, of trees, or of lists of label maps
            Ground truth, see `nm_covering_score`.
        sample_weight : array-like of shape (n_images,), default=None
            Weights of the images.

        Returns
        -------
        float
            In [0, 1].
        """
        return nm_covering_score(y, self.predict(X), sample_weight=sample_weight)

    def _check_width(self, first):
        expected = getattr(self, "n_features_in_", first.shape[2])
        if first.shape[2] != expected:
            raise ValueError(
                f"X has {first.shape[2]} features, but {type(self).__name__} is "
                f"expecting {expected} features as input."
            )

    def _check_parameters(self):
        if not callable(self.superpixels):
            check_choice(
                self.superpixels,
                "superpixels",
                ["auto", *IMAGE_METHODS, *TOKEN_METHODS],
            )
        if self.superpixel_parameters is not None and not isinstance(
            self.superpixel_parameters, dict
        ):
            raise TypeError(
                "superpixel_parameters must be a dict or None, got "
                f"{self.superpixel_parameters!r}."
            )
        check_integer(self.n_superpixels, "n_superpixels", low=1)
        check_integer(self.leaf_size, "leaf_size", low=1, none=True)
        check_integer(self.max_leaves, "max_leaves", low=1)
        check_choice(self.affinity, "affinity", ["exponential", "cosine"])
        check_real(self.temperature, "temperature", low=0.0, low_open=True)
        for name in ("color_scale", "position_scale"):
            check_real(getattr(self, name), name, low=0.0, low_open=True, none=True)
        check_real(self.locality, "locality", low=0.0, finite=True)
        check_choice(self.assign_labels, "assign_labels", ASSIGN_LABELS)
        self._gates()
        refiner = self._refiner()
        if refiner is not None:
            refiner.check()
        check_device(self.device)
        if not isinstance(self.whiten, (bool, np.bool_)):
            raise TypeError(f"whiten must be True or False, got {self.whiten!r}.")

    def _refiner(self):
        if self.refine is None or isinstance(self.refine, DenseCRF):
            return self.refine
        if isinstance(self.refine, str) and self.refine == "crf":
            return DenseCRF()
        raise ValueError(
            f"refine must be None, 'crf' or a DenseCRF, got {self.refine!r}."
        )

    def _gates(self):
        return Gates(**{name: getattr(self, name) for name in _GATES})

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = bool(self.whiten)
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def __sklearn_is_fitted__(self):
        return not self.whiten or hasattr(self, "mean_")


def _flat(feature_map):
    return np.asarray(feature_map, np.float64).reshape(-1, feature_map.shape[2])
