"""What all baselines share: scikit-learn's methods around one tree an image."""

from abc import ABC, abstractmethod
from contextlib import contextmanager

from sklearn.base import BaseEstimator
from sklearn.utils.parallel import Parallel, delayed

from skuhas._common import (
    Documented,
    check_choice,
    check_integer,
    progress,
    single_threaded_blas,
)
from skuhas.features import as_feature_maps
from skuhas.metrics import nm_covering_score
from skuhas.superpixels import IMAGE_METHODS, TOKEN_METHODS


class BaseBaseline(Documented, BaseEstimator, ABC):
    """An estimator that needs no fit and makes a tree of every feature map.

    Subclasses have ``n_jobs`` and ``verbose``, check their parameters in
    ``_check_parameters``, all maps before the first is segmented in
    ``_check_map``, and segment one in ``_tree``.
    """

    def fit(self, X, y=None):
        """Check parameters and maps; nothing is learned.

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
            A parameter or a map is wrong; the message names it. Should an
            image fail after others, the trees made before it are in the
            exception's ``partial_results``.
        """
        self._check_parameters()
        maps = as_feature_maps(X)
        expected = getattr(self, "n_features_in_", maps[0].shape[2])
        if maps[0].shape[2] != expected:
            raise ValueError(
                f"X has {maps[0].shape[2]} features, but {type(self).__name__} is "
                f"expecting {expected} features as input."
            )
        named = [(item, f"X[{position}]") for position, item in enumerate(maps)]
        for item, name in named:
            with _naming(name):
                self._check_map(item)
        results = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(_segmented)(self, *entry) for entry in named
        )
        trees = []
        try:
            # Here too, since OpenBLAS may not listen to other threads.
            with single_threaded_blas():
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

    @abstractmethod
    def _check_parameters(self):
        """Raise unless the parameters are what the method can take."""

    def _check_map(self, feature_map):
        """Raise unless the map has what the method needs."""

    @abstractmethod
    def _tree(self, feature_map):
        """Return the tree of one map."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def __sklearn_is_fitted__(self):
        return True


@contextmanager
def _naming(name):
    """Say in exceptions which image they are about."""
    try:
        yield
    except Exception as error:
        if type(error) in (TypeError, ValueError, FileNotFoundError):
            raise type(error)(f"{name}: {error}") from error
        error.add_note(f"This happened at {name}.")
        raise


def _segmented(estimator, feature_map, name):
    with _naming(name), single_threaded_blas():
        return estimator._tree(feature_map)


# Parameters of the leaves, which mean what they mean to the segmenter.
LEAVES = (
    "superpixels",
    "superpixel_parameters",
    "n_superpixels",
    "leaf_size",
    "max_leaves",
)


def check_leaves(estimator, max_leaves=None):
    """Raise unless an estimator's parameters of the leaves are allowed.

    Parameters
    ----------
    estimator : object
        With the parameters named in `LEAVES`.
    max_leaves : int, default=None
        The largest value that ``max_leaves`` may have.
    """
    if not callable(estimator.superpixels):
        check_choice(
            estimator.superpixels,
            "superpixels",
            ["auto", *IMAGE_METHODS, *TOKEN_METHODS],
        )
    parameters = estimator.superpixel_parameters
    if parameters is not None and not isinstance(parameters, dict):
        raise TypeError(
            f"superpixel_parameters must be a dict or None, got {parameters!r}."
        )
    check_integer(estimator.n_superpixels, "n_superpixels", low=1)
    check_integer(estimator.leaf_size, "leaf_size", low=1, none=True)
    check_integer(estimator.max_leaves, "max_leaves", low=1, high=max_leaves)


def check_bool(value, name):
    """Raise unless a parameter is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}.")


def check_image(feature_map, method):
    """Raise unless a map carries its image."""
    if feature_map.image is None:
        raise ValueError(
            f"{method} works on the image, which this feature map does not carry; "
            "make maps with a transformer such as ColorFeatures, or give image= to "
            "FeatureMap."
        )
