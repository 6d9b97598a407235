"""Superpixels that follow the edges of an image, by scikit-image."""

import inspect
import math
import numbers
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image
from skimage import segmentation
from skimage.color import rgb2gray
from skimage.filters import sobel

from skuhas._common import fit_within
from skuhas.superpixels._tiles import WHOLE, tiled_superpixels
from skuhas.tree import canonical_labels


def _felzenszwalb(image, *, scale=30.0, sigma=0.5, min_size=25):
    return segmentation.felzenszwalb(image, scale=scale, sigma=sigma, min_size=min_size)


def _slic(image, *, n_segments=1000, compactness=10.0, sigma=0.0):
    return segmentation.slic(
        image,
        n_segments=n_segments,
        compactness=compactness,
        sigma=sigma,
        start_label=0,
    )


def _watershed(image, *, markers=1000, compactness=0.001):
    return segmentation.watershed(
        sobel(rgb2gray(image)), markers=markers, compactness=compactness
    )


def _quickshift(image, *, ratio=1.0, kernel_size=3.0, max_dist=6.0, sigma=0.0):
    return segmentation.quickshift(
        image,
        ratio=ratio,
        kernel_size=kernel_size,
        max_dist=max_dist,
        sigma=sigma,
        rng=0,
    )


@dataclass(frozen=True, slots=True)
class _Method:
    """A function, and the parameter that makes its regions fewer.

    Parameters
    ----------
    function : callable
    coarser : str
        Name of the parameter.
    factor : float
        What it is multiplied by until regions are few enough.
    power : float
        Regions go with the parameter to this power, roughly.
    counts : bool
        Whether the parameter is a number of regions in the whole image.
    """

    function: Callable
    coarser: str
    factor: float
    power: float
    counts: bool = False

    def steps(self, n_leaves, max_leaves):
        """Return how many steps, or what part of one, should be enough."""
        needed = math.log(AIM * max_leaves / n_leaves)
        return needed / (self.power * math.log(self.factor))


_METHODS = {
    "felzenszwalb": _Method(_felzenszwalb, "min_size", 1.5, -0.9),
    "slic": _Method(_slic, "n_segments", 0.8, 1.0, counts=True),
    "watershed": _Method(_watershed, "markers", 0.8, 1.0, counts=True),
    "quickshift": _Method(_quickshift, "max_dist", 1.4, -2.0),
}
IMAGE_METHODS = tuple(_METHODS)
# Steps without effect after which more of them are not tried.
PATIENCE = 5
# Of the limit, what is aimed at where there are more.
AIM = 0.85


def image_superpixels(
    image, method="felzenszwalb", *, leaf_size=640, max_leaves=4000, parameters=None
):
    """Partition an image into superpixels.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    method : {"felzenszwalb", "slic", "watershed", "quickshift"} or callable, \
            default="felzenszwalb"
        A function of scikit-image, or one of your own that takes the image and
        returns an integer label map of its shape.
    leaf_size : int, default=640
        Longer side that larger images are scaled down to before, in pixels.
        None works at full size: what has more than two megapixels is
        partitioned in overlapping windows, some at a time, and superpixels
        that the windows agree on are joined across borders. A function of
        your own always gets the whole image.
    max_leaves : int, default=4000
        Superpixels at most. Where the method gives more, its size parameter is
        made coarser step by step and it runs again; a try in windows may end
        early. A map of your own with more is an error.
    parameters : dict, default=None
        Keyword arguments of the method: scale (30 by default), sigma (0.5) and
        min_size (25 pixels) of felzenszwalb; n_segments, compactness, sigma of
        slic; markers, compactness of watershed; ratio, kernel_size, max_dist,
        sigma of quickshift.

    Returns
    -------
    ndarray of shape (height', width'), dtype int32
        At the size worked at. Superpixels are numbered by their first pixel.

    Raises
    ------
    ValueError
        An unknown parameter, or a map of the wrong shape or dtype.

    References
    ----------
    P. Felzenszwalb and D. Huttenlocher. "Efficient Graph-Based Image
    Segmentation". IJCV 59(2), 2004.
    R. Achanta et al. "SLIC Superpixels Compared to State-of-the-art Superpixel
    Methods". IEEE TPAMI 34(11), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import image_superpixels
    >>> image = np.zeros((20, 30, 3), dtype=np.uint8)
    >>> image[:, 15:] = 255
    >>> image_superpixels(image, parameters={"sigma": 0.0}).max()
    np.int32(1)
    """
    size = image.shape[:2]
    if leaf_size is not None and max(size) > leaf_size:
        size = fit_within(size, leaf_size)
        # Box filtering: every pixel of the large image counts once.
        image = np.asarray(
            Image.fromarray(image).resize(size[::-1], Image.Resampling.BOX)
        )
    if callable(method):
        labels = _checked(method(image, **(parameters or {})), size)
        n_leaves = int(labels.max()) + 1
        if n_leaves > max_leaves:
            raise ValueError(
                f"superpixels: the function gave {n_leaves} superpixels, more than "
                f"max_leaves={max_leaves}. Raise max_leaves or merge some."
            )
        return labels
    plan = _METHODS[method]
    arguments = _arguments(plan.function, method, parameters)
    # Markers of watershed may be a map, which cannot be cut to windows here.
    tiled = math.prod(size) > WHOLE and np.ndim(arguments[plan.coarser]) == 0
    if tiled:
        return _in_windows(plan, image, arguments, max_leaves, method)
    idle, previous = 0, None
    while idle < PATIENCE:
        with _quiet():
            labels = _checked(plan.function(image, **arguments), size)
        n_leaves = int(labels.max()) + 1
        if n_leaves <= max_leaves:
            return labels
        idle = idle + 1 if n_leaves == previous else 0
        previous = n_leaves
        if not _make_coarser(arguments, plan.coarser, plan.factor):
            break
    raise _too_many(method, n_leaves, max_leaves)


def _in_windows(plan, image, arguments, max_leaves, method):
    """Return superpixels of a large image, computed window by window."""

    def compute(window, share):
        own = dict(arguments)
        if plan.counts:
            own[plan.coarser] = max(1, round(own[plan.coarser] * share))
        return plan.function(window, **own)

    idle, limit, last_count, last_estimate = 0, max_leaves, None, None
    while idle < PATIENCE:
        with _quiet():
            labels, n_leaves = tiled_superpixels(
                compute, image, arguments.get("min_size"), limit
            )
        if n_leaves <= max_leaves:
            return labels
        if labels is not None:
            idle = idle + 1 if n_leaves == last_count else 0
            last_count = n_leaves
        elif n_leaves == last_estimate:
            # To some windows coarser makes no difference: all are counted.
            limit = math.inf
        else:
            last_estimate = n_leaves
        factor = plan.factor ** plan.steps(n_leaves, max_leaves)
        if not _make_coarser(arguments, plan.coarser, factor):
            break
    raise _too_many(method, round(n_leaves), max_leaves)


@contextmanager
def _quiet():
    with warnings.catch_warnings():
        # Quickshift and felzenszwalb comment on inputs that are fine here.
        warnings.simplefilter("ignore", UserWarning)
        yield


def _too_many(method, n_leaves, max_leaves):
    return ValueError(
        f"superpixels={method!r} gives {n_leaves} superpixels whatever its "
        f"{_METHODS[method].coarser}, more than max_leaves={max_leaves}. Raise "
        "max_leaves or use another method."
    )


def _arguments(function, method, parameters):
    allowed = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "image"
    }
    unknown = set(parameters or {}) - set(allowed)
    if unknown:
        raise ValueError(
            f"superpixel_parameters of {method!r} may be {sorted(allowed)}, got "
            f"{sorted(unknown)}."
        )
    return allowed | (parameters or {})


def _make_coarser(arguments, name, factor):
    """Change a method's parameter, and return whether it could be changed."""
    value = arguments[name]
    if np.ndim(value):
        # Markers of one's own.
        return False
    if not isinstance(value, numbers.Integral):
        changed = (value or 1.0) * factor
    elif factor > 1:
        changed = max(int(value) + 1, math.ceil(value * factor))
    else:
        changed = max(1, math.floor(value * factor))
    arguments[name] = changed
    return changed != value


def _checked(labels, shape):
    labels = np.asarray(labels)
    if labels.shape != tuple(shape) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"superpixels must give an integer label map of shape {tuple(shape)}, got "
            f"dtype {labels.dtype} and shape {labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= labels.size:
        labels = np.unique(labels, return_inverse=True)[1].reshape(shape)
    labels = labels.astype(np.intp, copy=False)
    return canonical_labels(labels, int(labels.max()) + 1)[0]
