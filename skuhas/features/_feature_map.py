"""FeatureMap: what every transformer gives and the segmenter takes."""

import os

import numpy as np

from skuhas._common import check_integer, check_list


class FeatureMap:
    """Features of one image on a grid that covers it.

    Parameters
    ----------
    features : array-like or tensor of shape (rows, columns, n_features)
        One vector a grid cell; cells are centred over the image. Stored as
        float32, finite; a torch tensor stays one, on its device.
    image : ndarray of shape (height, width, 3), dtype uint8, default=None
        The image that they come from. With it, superpixels follow the image's
        edges.
    image_shape : (int, int), default=None
        Height and width in pixels of the trees made from this map. By default
        the image's, and the grid's where there is no image.
    valid : array-like of shape (height, width), dtype bool, default=None
        False marks pixels without data, which belong to no region.
    source : path-like, default=None
        File that the image was read from.

    Attributes
    ----------
    features : ndarray or tensor of shape (rows, columns, n_features), dtype float32
    image : ndarray of shape (height, width, 3), dtype uint8, or None
    image_shape : (int, int)
    valid : ndarray of shape (height, width), dtype bool, or None
    source : str or None

    Raises
    ------
    TypeError, ValueError
        An array breaks the contract above; the message names it.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import FeatureMap
    >>> feature_map = FeatureMap(np.zeros((4, 6, 3)), image_shape=(40, 60))
    >>> feature_map
    FeatureMap(shape=(4, 6, 3), image_shape=(40, 60))
    >>> np.asarray(feature_map).dtype
    dtype('float32')
    """

    def __init__(
        self, features, *, image=None, image_shape=None, valid=None, source=None
    ):
        self.features = _as_features(features, "features")
        self.image = None if image is None else _as_image(image)
        self.image_shape = self._resolve_shape(image_shape)
        self.valid = None if valid is None else self._as_valid(valid)
        self.source = None if source is None else _as_source(source)

    def _resolve_shape(self, image_shape):
        if image_shape is None:
            from_what = self.features if self.image is None else self.image
            return tuple(from_what.shape[:2])
        shape = tuple(image_shape) if hasattr(image_shape, "__iter__") else ()
        if len(shape) != 2:
            raise ValueError(
                f"image_shape must be (height, width), got {image_shape!r}."
            )
        shape = tuple(check_integer(side, "image_shape", low=1) for side in shape)
        if self.image is not None and shape != self.image.shape[:2]:
            raise ValueError(
                f"image_shape is {shape}, but image has shape {self.image.shape}."
            )
        return shape

    def _as_valid(self, valid):
        array = np.asarray(valid)
        if array.dtype != bool or array.shape != self.image_shape:
            raise ValueError(
                f"valid must be a bool array of shape {self.image_shape}, got dtype "
                f"{array.dtype} and shape {array.shape}."
            )
        if not array.any():
            raise ValueError("valid must have at least one True pixel, got none.")
        return array

    @property
    def shape(self):
        """Shape of `features`: (rows, columns, n_features)."""
        return tuple(self.features.shape)

    @property
    def dtype(self):
        """Dtype of the array that this map becomes."""
        return np.dtype(np.float32)

    @property
    def ndim(self):
        """Number of dimensions of `features`, 3."""
        return self.features.ndim

    def __array__(self, dtype=None, copy=None):
        features = self.features
        is_elsewhere = _is_tensor(features) and features.device.type != "cpu"
        if copy is False and (is_elsewhere or dtype not in (None, np.float32)):
            raise ValueError(
                f"features cannot become {dtype or 'an array'} without a copy."
            )
        if _is_tensor(features):
            features = features.cpu().numpy()
        return features.astype(dtype or features.dtype, copy=bool(copy))

    def __repr__(self):
        extra = "".join(
            f", {name}"
            for name, present in (
                ("with image", self.image is not None),
                ("with valid", self.valid is not None),
            )
            if present
        )
        source = "" if self.source is None else f", source={self.source!r}"
        return (
            f"FeatureMap(shape={self.shape}, image_shape={self.image_shape}"
            f"{extra}{source})"
        )


def as_feature_maps(X, name="X"):
    """Return a list of FeatureMap from everything that a segmenter takes.

    Parameters
    ----------
    X : list of FeatureMap, of arrays or of torch tensors, or one 4-D array
        Arrays and tensors have shape (rows, columns, n_features), a 4-D one
        (n_images, rows, columns, n_features). Tensors may be on any device.
    name : str, default="X"
        How messages call the list.

    Returns
    -------
    list of FeatureMap

    Raises
    ------
    TypeError, ValueError
        Something else, an empty list, or maps of different widths; the message
        names the position.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.features import as_feature_maps
    >>> as_feature_maps(np.ones((1, 4, 6, 3)))
    [FeatureMap(shape=(4, 6, 3), image_shape=(4, 6))]
    """
    if isinstance(X, FeatureMap):
        raise TypeError(f"{name} must be a list of feature maps; pass [{name}].")
    n_dimensions = getattr(X, "ndim", None)
    if n_dimensions is not None and n_dimensions != 4 and not _is_object_array(X):
        raise ValueError(
            f"{name} must be a list of feature maps of shape (rows, columns, "
            "n_features) or one 4-D array (n_images, rows, columns, n_features), got "
            f"a single array of shape {tuple(X.shape)}. Reshape your data, or pass "
            f"[{name}] for a single 3-D map."
        )
    maps = []
    for position, item in enumerate(check_list(X, name, "feature maps")):
        if isinstance(item, FeatureMap):
            # Its arrays are open to change, so what the constructor saw may not hold.
            _as_features(item.features, f"{name}[{position}]")
            maps.append(item)
        else:
            maps.append(FeatureMap(_as_features(item, f"{name}[{position}]")))
    widths = [item.shape[2] for item in maps]
    for position, width in enumerate(widths):
        if width != widths[0]:
            raise ValueError(
                f"{name}[{position}] has {width} features, but {name}[0] has "
                f"{widths[0]}; all maps must come from the same transformer."
            )
    return maps


def _is_object_array(X):
    return getattr(X, "dtype", None) is np.dtype(object)


def _is_tensor(values):
    return hasattr(values, "detach")


def _as_features(values, name):
    if _is_tensor(values):
        return _as_tensor(values, name)
    if not hasattr(values, "__array__") and not isinstance(values, (list, tuple)):
        raise TypeError(
            f"{name} must be a FeatureMap, an array or a torch tensor of shape (rows, "
            f"columns, n_features), got {type(values).__name__}. Images go through a "
            "transformer such as LiteFeatures first."
        )
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}.")
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            f"{name} must have shape (rows, columns, n_features) with at least one "
            f"cell and one feature, got {array.shape}. Reshape your data."
        )
    # What float32 cannot hold becomes infinite, which the next line reports.
    with np.errstate(over="ignore"):
        features = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(features).all():
        raise ValueError(f"{name} must be finite in float32, got NaN or infinity.")
    return features


def _as_tensor(tensor, name):
    if tensor.is_complex():
        raise ValueError(f"{name} must hold real numbers, got dtype {tensor.dtype}.")
    if tensor.ndim != 3 or 0 in tensor.shape:
        raise ValueError(
            f"{name} must have shape (rows, columns, n_features) with at least one "
            f"cell and one feature, got {tuple(tensor.shape)}. Reshape your data."
        )
    features = tensor.detach().float().contiguous()
    if not bool(features.isfinite().all()):
        raise ValueError(f"{name} must be finite in float32, got NaN or infinity.")
    return features


def _as_image(image):
    array = np.asarray(image)
    pixels = array.ndim == 3 and array.shape[2] == 3 and array.size > 0
    if array.dtype != np.uint8 or not pixels:
        raise ValueError(
            "image must be a uint8 array of shape (height, width, 3), got dtype "
            f"{array.dtype} and shape {array.shape}."
        )
    return array


def _as_source(source):
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"source must be a path or None, got {type(source).__name__}.")
    return os.fspath(source)
