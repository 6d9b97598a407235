"""RecursiveSpectralClustering: the recursion on the rows of any table."""

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import normalize
from sklearn.utils.validation import validate_data

from skuhas._common import (
    Documented,
    base_seed,
    check_choice,
    check_integer,
    check_real,
)
from skuhas.spectral import (
    ASSIGN_LABELS,
    Gates,
    cosine_affinity,
    exponential_affinity,
    grow_tree,
    largest_cosine_distance,
)

__all__ = ["RecursiveSpectralClustering"]

AFFINITIES = ("rbf", "exponential", "cosine", "precomputed")


class RecursiveSpectralClustering(Documented, ClusterMixin, BaseEstimator):
    """Cluster by recursive spectral cuts into a tree of nested clusters.

    The graph of all samples is split by its spectrum, then its parts, until a
    gate closes or single samples are left. `n_clusters` then cuts the tree, the
    splits of the smallest normalised cut first.

    Memory is 8 * n_samples ** 2 bytes and a few times that while splitting.

    Parameters
    ----------
    n_clusters : int or None, default=8
        Clusters at most, fewer where gates leave fewer. None takes the leaves
        that the gates leave, every sample its own without gates.
    affinity : {"rbf", "exponential", "cosine", "precomputed"}, default="rbf"
        Affinity of two samples. "rbf" is ``exp(-gamma * squared distance)``;
        "exponential" is ``exp((c - 1) / temperature)`` with c their cosine;
        "cosine" is ``1 - d / d_max`` with d = 1 - c, its diagonal zero;
        "precomputed" takes a symmetric matrix of affinities, at least 0, as X.
    gamma : "scale" or float, default="scale"
        Coefficient of "rbf"; "scale" is ``1 / (n_features * X.var())``.
    temperature : float, default=0.1
        Cosine difference at which "exponential" falls to 1/e.
    max_branching : int, default=2
        2 splits every node in two. Above, the largest eigengap among this many
        eigenvalues chooses between 2 and ``max_branching - 1`` parts.
    max_ncut : float, default=None
        A split stands only when its mean normalised cut, in [0, 1], is below
        this; otherwise fewer parts are tried. None switches the gate off.
    max_perturbation : float, default=None
        A node is split only when its perturbation bound is at most this. None
        switches the gate off.
    max_depth : int, default=None
        Nodes at this depth are not split; the root has depth 0. None switches
        the gate off.
    min_size : int, default=1
        Nodes of at most this many samples are not split.
    assign_labels : {"kmeans", "cluster_qr"}, default="kmeans"
        How eigenvectors become more than two parts.
    random_state : int, RandomState instance or None, default=0
        Seed of k-means.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), dtype int32
        Cluster of each sample, numbered by their first sample.
    tree_ : RegionTree
        The whole tree, over samples.
    n_leaves_ : int
        Leaves of the tree.
    n_features_in_ : int
        Number of features seen during ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Only where X has string column names.

    See Also
    --------
    HierarchicalSpectralSegmenter : The same for images.

    References
    ----------
    S. Rossetti and F. Pirri. "Unsupervised Hierarchy-Agnostic Segmentation:
    Parsing Semantic Image Structure". NeurIPS 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import RecursiveSpectralClustering
    >>> X = np.array([[1, 1], [1, 2], [9, 8], [9, 9], [9, 1], [8, 1]])
    >>> model = RecursiveSpectralClustering(n_clusters=3).fit(X)
    >>> model.labels_
    array([0, 0, 1, 1, 2, 2], dtype=int32)
    >>> model.tree_.labels(n_regions=2)
    array([0, 0, 1, 1, 1, 1], dtype=int32)
    """

    def __init__(
        self,
        n_clusters=8,
        *,
        affinity="rbf",
        gamma="scale",
        temperature=0.1,
        max_branching=2,
        max_ncut=None,
        max_perturbation=None,
        max_depth=None,
        min_size=1,
        assign_labels="kmeans",
        random_state=0,
    ):
        self.n_clusters = n_clusters
        self.affinity = affinity
        self.gamma = gamma
        self.temperature = temperature
        self.max_branching = max_branching
        self.max_ncut = max_ncut
        self.max_perturbation = max_perturbation
        self.max_depth = max_depth
        self.min_size = min_size
        self.assign_labels = assign_labels
        self.random_state = random_state

    def fit(self, X, y=None):
        """Grow the tree and cut it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, or affinities of shape (n_samples, n_samples) with
            ``affinity="precomputed"``.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        gates = self._check_parameters()
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        n_samples = X.shape[0]
        if self.n_clusters is not None and self.n_clusters > n_samples:
            raise ValueError(
                f"n_clusters must be at most n_samples={n_samples} or None, got "
                f"{self.n_clusters}."
            )
        affinity = self._affinity(X)
        self.tree_ = grow_tree(
            affinity,
            np.ones(n_samples),
            np.arange(n_samples),
            gates,
            self_affinity=bool(np.diagonal(affinity).any()),
            assign_labels=self.assign_labels,
            seed=base_seed(self.random_state),
        )
        self.n_leaves_ = self.tree_.n_leaves
        self.labels_ = self.tree_.labels(n_regions=self.n_clusters)
        return self

    def _check_parameters(self):
        check_integer(self.n_clusters, "n_clusters", low=1, none=True)
        check_choice(self.affinity, "affinity", AFFINITIES)
        if not (isinstance(self.gamma, str) and self.gamma == "scale"):
            check_real(self.gamma, "gamma", low=0.0, low_open=True, finite=True)
        check_real(self.temperature, "temperature", low=0.0, low_open=True)
        check_choice(self.assign_labels, "assign_labels", ASSIGN_LABELS)
        return Gates(
            max_branching=self.max_branching,
            max_ncut=self.max_ncut,
            max_perturbation=self.max_perturbation,
            max_depth=self.max_depth,
            min_size=self.min_size,
        )

    def _affinity(self, X):
        n_samples = X.shape[0]
        if self.affinity == "precomputed":
            return _check_affinity(X)
        if self.affinity == "rbf":
            gamma = self.gamma
            if gamma == "scale":
                variance = X.var()
                gamma = 1.0 / (X.shape[1] * variance) if variance > 0 else 1.0
            return rbf_kernel(X, gamma=gamma)
        unit = normalize(X)
        if self.affinity == "exponential":
            return exponential_affinity(
                unit, np.ones(n_samples), temperature=self.temperature
            )
        return cosine_affinity(unit, np.ones(n_samples), largest_cosine_distance(unit))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        precomputed = self.affinity == "precomputed"
        tags.input_tags.pairwise = precomputed
        tags.input_tags.positive_only = precomputed
        return tags


def _check_affinity(X):
    if X.shape[0] != X.shape[1]:
        raise ValueError(
            "X must be a square matrix with affinity='precomputed', got shape "
            f"{X.shape}."
        )
    if X.min() < 0:
        raise ValueError(
            "Negative values in data: X must hold affinities of at least 0 with "
            f"affinity='precomputed', got {X.min():g}."
        )
    if not np.allclose(X, X.T, rtol=1e-7, atol=1e-10 * X.max()):
        raise ValueError("X must be symmetric with affinity='precomputed'.")
    return (X + X.T) / 2
