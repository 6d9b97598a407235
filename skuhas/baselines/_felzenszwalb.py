"""FelzenszwalbPyramid: one segmentation at several scales, made a tree."""

import numpy as np

from skuhas._common import check_choice, check_integer, check_real
from skuhas.baselines._base import BaseBaseline, check_image
from skuhas.baselines._kway import check_numbers
from skuhas.baselines._nesting import NESTINGS, nested, tree_of_partitions
from skuhas.superpixels import image_superpixels, resample_labels


class FelzenszwalbPyramid(BaseBaseline):
    """Segment the image by Felzenszwalb's method at several scales, and nest them.

    The method is greedy, so that what it finds at a larger scale need not be a
    union of what it finds at a smaller one. `nesting` says how a tree is made of
    them. Features play no part; a feature map must carry its image.

    Parameters
    ----------
    scales : tuple of float, default=(10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
        The larger, the larger the regions; see `skimage.segmentation.felzenszwalb`.
    nesting : {"majority", "intersection"}, default="majority"
        From fine to coarse: each region goes whole to the region of the next
        larger scale that holds most of its pixels, so that the finest
        segmentation is kept as it is. Or from coarse to fine: each region is
        divided by the segmentation of the next smaller scale, so that the
        coarsest is kept, and slivers appear where borders differ by pixels.
    sigma : float, default=0.5
        Width of the Gaussian that smooths the image before, in pixels.
    min_size : int, default=20
        Pixels of a region at least, at the smallest scale; at others it grows
        with the scale's root.
    leaf_size : int, default=640
        Longer side, in pixels, at which the image is segmented. None works at
        full size.
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
    P. Felzenszwalb and D. Huttenlocher. "Efficient Graph-Based Image
    Segmentation". IJCV 59(2), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import ColorFeatures, FelzenszwalbPyramid
    >>> image = np.zeros((40, 60, 3), dtype=np.uint8)
    >>> image[:, 20:] = 90
    >>> image[:, 40:] = 255
    >>> maps = ColorFeatures().transform([image])
    >>> FelzenszwalbPyramid(sigma=0.0).predict(maps)[0].n_leaves
    3
    """

    def __init__(
        self,
        *,
        scales=(10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0),
        nesting="majority",
        sigma=0.5,
        min_size=20,
        leaf_size=640,
        n_jobs=None,
        verbose=0,
    ):
        self.scales = scales
        self.nesting = nesting
        self.sigma = sigma
        self.min_size = min_size
        self.leaf_size = leaf_size
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _check_parameters(self):
        limits = {"low": 0.0, "low_open": True, "finite": True}
        check_numbers(self.scales, "scales", check_real, **limits)
        check_choice(self.nesting, "nesting", NESTINGS)
        check_real(self.sigma, "sigma", low=0.0, finite=True)
        check_integer(self.min_size, "min_size", low=1)
        check_integer(self.leaf_size, "leaf_size", low=1, none=True)

    def _check_map(self, feature_map):
        check_image(feature_map, type(self).__name__)

    def _tree(self, feature_map):
        image = feature_map.image
        scales = sorted(set(map(float, self.scales)), reverse=True)
        maps = [
            image_superpixels(
                image,
                "felzenszwalb",
                leaf_size=self.leaf_size,
                max_leaves=image[..., 0].size,
                parameters={
                    "scale": scale,
                    "sigma": self.sigma,
                    "min_size": round(self.min_size * (scale / scales[-1]) ** 0.5),
                },
            )
            for scale in scales
        ]
        levels = [labels.ravel().astype(np.int64) for labels in maps]
        levels = nested(levels, np.ones(levels[0].size), self.nesting)
        shape = maps[0].shape
        items = np.arange(levels[0].size).reshape(shape)
        items = resample_labels(items, feature_map.image_shape)
        return tree_of_partitions(levels, items, feature_map.valid)
