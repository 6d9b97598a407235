"""Principal components of features, learned from images by `fit`."""

import numpy as np
from sklearn.decomposition import IncrementalPCA
from sklearn.exceptions import NotFittedError

from skuhas.features._base import BaseFeatures, check_images
from skuhas.features._feature_map import FeatureMap

# Cells learned from at once, at least.
ROWS = 4096


class ReducingFeatures(BaseFeatures):
    """What `reduce` adds to a transformer of images to feature maps.

    With the parameter `reduce` at None nothing is learned. Otherwise ``fit``
    finds that many principal components of the features of all cells of its
    images, and ``transform`` returns the coordinates along them, scaled to
    unit length where ``_unit_length`` says so.
    """

    def fit(self, X, y=None):
        """Check the parameters, and learn principal components for `reduce`.

        Parameters
        ----------
        X : list of images
            Looked at only where `reduce` is set.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._check_common()
        items = check_images(X)
        self._forget()
        if self.reduce is not None:
            self._learn(item for _, item in self._stream(items, _unchanged))
        return self

    def fit_transform(self, X, y=None):
        """Fit, and return the features of the same images, computed once.

        Parameters
        ----------
        X : list of images
            As `transform` takes them.
        y : None
            Ignored.

        Returns
        -------
        list of FeatureMap
            In the order of `X`; each carries its image.
        """
        self._check_common()
        items = check_images(X)
        self._forget()
        if self.reduce is None:
            return self.transform(items)
        maps = [None] * len(items)
        computed = []
        for position, item in self._stream(items, _unchanged):
            maps[position] = item
            computed.append(item)
        # As fit learns: in the order in which batches fill.
        self._learn(computed)
        return [
            FeatureMap(
                self._finished(item.features), image=item.image, source=item.source
            )
            for item in maps
        ]

    def _unit_length(self):
        return True

    def _forget(self):
        for name in ("components_", "mean_", "explained_variance_ratio_"):
            vars(self).pop(name, None)

    def _learn(self, maps):
        analysis = IncrementalPCA(n_components=self.reduce)
        least = max(ROWS, self.reduce)
        step, rows, waiting = [], [], 0
        for item in maps:
            rows.append(np.asarray(item).reshape(-1, item.shape[2]))
            waiting += len(rows[-1])
            if waiting >= least:
                # The last whole step is held back, and joined by what is left.
                if step:
                    _add(analysis, step)
                step, rows, waiting = rows, [], 0
        rows = step + rows
        n_rows = sum(map(len, rows))
        most = min(n_rows, rows[0].shape[1])
        if self.reduce > most:
            raise ValueError(
                "reduce must be at most the number of features and of grid cells to "
                f"learn from, here {most}, got {self.reduce!r}."
            )
        _add(analysis, rows)
        self.components_ = analysis.components_.astype(np.float32)
        self.mean_ = analysis.mean_.astype(np.float32)
        self.explained_variance_ratio_ = analysis.explained_variance_ratio_

    def _finished(self, features):
        if self.reduce is None:
            return features
        mean, components = self.mean_, self.components_
        if features.shape[2] != len(mean):
            raise ValueError(
                f"the images have {features.shape[2]} features a cell, those given "
                f"to fit had {len(mean)}. Call 'fit' again."
            )
        if not isinstance(features, np.ndarray):
            mean, components = map(features.new_tensor, (mean, components))
        reduced = (features - mean) @ components.T
        if self._unit_length():
            length = (reduced**2).sum(-1)[..., None] ** 0.5
            # A cell at the mean has no direction and stays zero.
            reduced = reduced / (length + (length == 0))
        return reduced

    def transform(self, X):
        self._check_common()
        if self.reduce is not None:
            if not hasattr(self, "components_"):
                raise NotFittedError(
                    f"This {type(self).__name__} instance is not fitted yet: with "
                    f"reduce={self.reduce!r}, call 'fit' before 'transform'."
                )
            if len(self.components_) != self.reduce:
                raise ValueError(
                    f"reduce is {self.reduce!r}, but fit was called with "
                    f"reduce={len(self.components_)}. Call 'fit' again."
                )
        return super().transform(X)

    transform.__doc__ = BaseFeatures.transform.__doc__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.reduce is not None
        return tags

    def __sklearn_is_fitted__(self):
        return self.reduce is None or hasattr(self, "components_")


def _add(analysis, rows):
    # Of constant features no share of the variance is any axis's.
    with np.errstate(invalid="ignore", divide="ignore"):
        analysis.partial_fit(np.concatenate(rows))


def _unchanged(features):
    return features
