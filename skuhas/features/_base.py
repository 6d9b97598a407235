"""What all transformers from images to feature maps share."""

import os
import threading
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skuhas._common import (
    Documented,
    as_rgb_image,
    check_integer,
    check_list,
    progress,
)
from skuhas.features._feature_map import FeatureMap
from skuhas.features._loading import load_ahead

# Images of sizes that have not filled a batch wait, up to so many batches of them.
WAITING = 4
_decoding = threading.Lock()


class BaseFeatures(
    Documented, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Base of transformers from a list of images to a list of FeatureMap.

    A subclass has the parameters `batch_size` and `verbose`, checks the others
    in ``_check_parameters``, and computes in ``_prepare`` (one decoded image to
    whatever a batch is made of, in a background thread) and ``_compute`` (a
    list of these, all of one shape, to a list of feature arrays).

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
        check_images(X)
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
        items = check_images(X)
        maps = [None] * len(items)
        try:
            for position, feature_map in self._stream(items, self._finished):
                maps[position] = feature_map
        except Exception as error:
            first = next(i for i, item in enumerate(maps) if item is None)
            error.partial_results = maps[:first]
            raise
        return maps

    def _stream(self, items, finish):
        """Yield (position, FeatureMap) as batches of equal sizes fill.

        `finish` makes the features that a map holds of those computed. On an
        error all maps before it have been yielded.
        """
        for position, item in enumerate(items):
            if _is_missing(item):
                raise FileNotFoundError(
                    f"X[{position}]: no such file: {os.fspath(item)!r}."
                )
        cache = self._open_cache()
        loaded = load_ahead(
            list(enumerate(items)),
            lambda pair: self._load(*pair, cache),
            ahead=2 * self.batch_size,
        )
        waiting = {}
        # Files are decoded as the batches go, so a damaged one shows late.
        try:
            for entry in progress(
                loaded, total=len(items), description="Features", verbose=self.verbose
            ):
                position, image, source, prepared, key, features = entry
                if features is not None:
                    yield position, _feature_map(finish(features), image, source)
                    continue
                batch = waiting.setdefault(prepared.shape, [])
                batch.append((position, image, source, prepared, key))
                if len(batch) == self.batch_size:
                    del waiting[prepared.shape]
                elif sum(map(len, waiting.values())) >= WAITING * self.batch_size:
                    fullest = max(waiting, key=lambda shape: len(waiting[shape]))
                    batch = waiting.pop(fullest)
                else:
                    continue
                yield from self._computed(batch, cache, finish)
        except _LoadingError as error:
            # What waits for its batch to fill is whole already.
            for batch in waiting.values():
                yield from self._computed(batch, cache, finish)
            raise error.__cause__ from None
        for batch in waiting.values():
            yield from self._computed(batch, cache, finish)

    def _load(self, position, item, cache):
        """Decode an image, and look it up or prepare it."""
        name = f"X[{position}]"
        try:
            if hasattr(item, "getbands"):
                # Two threads must not decode one lazily opened PIL image.
                with _decoding:
                    item.load()
            image = as_rgb_image(item, name)
            source = item if isinstance(item, (str, os.PathLike)) else None
            key = None if cache is None else cache.key(image)
            features = None if cache is None else cache.load(key)
            prepared = None
            if features is None:
                try:
                    prepared = self._prepare(image)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error
        except Exception as error:
            raise _LoadingError from error
        return position, image, source, prepared, key, features

    def _computed(self, batch, cache, finish):
        computed = self._compute([prepared for *_, prepared, _ in batch])
        for entry, features in zip(batch, computed, strict=True):
            position, image, source, _, key = entry
            if not _is_finite(features):
                raise ValueError(
                    f"X[{position}]: features came out as NaN or infinity. Broken "
                    "weights make them, and float16 where values grow too large."
                )
            if cache is not None:
                features = cache.store(key, features)
            yield position, _feature_map(finish(features), image, source)

    def _finished(self, features):
        return features

    def _open_cache(self):
        return None

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


class _LoadingError(Exception):
    """Carries what was wrong with an image out of its thread, as its cause."""


def _is_finite(features):
    if hasattr(features, "detach"):
        return bool(features.isfinite().all())
    return bool(np.isfinite(features).all())


def _feature_map(features, image, source):
    return FeatureMap(features, image=image, source=source)


def check_images(X):
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
