"""What all transformers from images to feature maps share."""

import os
from pathlib import Path

from sklearn.base import BaseEstimator, TransformerMixin

from skuhas._common import as_rgb_image, check_integer, check_list, progress
from skuhas.features._feature_map import FeatureMap


class BaseFeatures(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Base of transformers from a list of images to a list of FeatureMap.

    A subclass has the parameters `batch_size` and `verbose`, checks the others
    in ``_check_parameters``, and computes in ``_prepare`` (one decoded image to
    whatever a batch is made of) and ``_compute`` (a list of these, all of one
    shape, to a list of feature arrays).

    Examples
    --------
    >>> from skuhas.features import BaseFeatures, ColorFeatures
    >>> issubclass(ColorFeatures, BaseFeatures)
    True
    """

    def fit(self, X, y=None):
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : list of images
            Not looked at beyond being a list.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._check_common()
        _check_images(X)
        return self

    def transform(self, X):
        """Compute the features of images.

        Parameters
        ----------
        X : list of images
            Each a path, a PIL image, or an array of shape (height, width),
            (height, width, 3) or (height, width, 4) that is uint8, uint16, or
            float in [0, 1]. Sizes may differ.

        Returns
        -------
        list of FeatureMap
            In the order of `X`; each carries its image.

        Raises
        ------
        TypeError, ValueError, OSError
            An element is no image; the message names its position. The maps
            made before it are in the exception's ``partial_results``.
        """
        self._check_common()
        items = _check_images(X)
        maps = []
        batch = []
        try:
            # Files are decoded as the batches go, so a damaged one shows late.
            for position, item in enumerate(items):
                if _is_missing(item):
                    raise FileNotFoundError(
                        f"X[{position}]: no such file: {os.fspath(item)!r}."
                    )
            for position, item in enumerate(
                progress(
                    items,
                    total=len(items),
                    description="Features",
                    verbose=self.verbose,
                )
            ):
                image = as_rgb_image(item, f"X[{position}]")
                source = item if isinstance(item, (str, os.PathLike)) else None
                prepared = self._prepare(image)
                if batch and batch[0][0].shape != prepared.shape:
                    maps += self._finish(batch)
                    batch = []
                batch.append((prepared, image, source))
                if len(batch) == self.batch_size:
                    maps += self._finish(batch)
                    batch = []
            if batch:
                maps += self._finish(batch)
        except Exception as error:
            # What waits for its batch to fill is whole already.
            if batch and len(batch) < self.batch_size:
                maps += self._finish(batch)
            error.partial_results = maps
            raise
        return maps

    def _finish(self, batch):
        features = self._compute([prepared for prepared, _, _ in batch])
        return [
            FeatureMap(array, image=image, source=source)
            for array, (_, image, source) in zip(features, batch, strict=True)
        ]

    def _check_common(self):
        check_integer(self.batch_size, "batch_size", low=1)
        self._check_parameters()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def __sklearn_is_fitted__(self):
        return True


def _check_images(X):
    # Iterating over one image would give its rows, narrow grey images.
    if getattr(X, "ndim", None) in (2, 3):
        raise ValueError(
            "X must be a list of images or one 4-D array (n_images, height, width, "
            f"channels), got a single array of shape {tuple(X.shape)}. Reshape your "
            "data: for a single image, pass [X], for a stack of grey ones list(X)."
        )
    return check_list(X, "X", "images")


def _is_missing(item):
    return isinstance(item, (str, os.PathLike)) and not Path(item).exists()
