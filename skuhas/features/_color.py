"""Colour and position as features: nothing to load, nothing learned."""

import numpy as np
from PIL import Image
from skimage.color import rgb2lab

from skuhas._common import check_integer, check_real, fit_within
from skuhas.features._base import BaseFeatures


class ColorFeatures(BaseFeatures):
    r"""Colour and position of every grid cell, without a network.

    With t the three CIELAB coordinates over `color_scale` and the two of the
    cell's position over `position_scale`, the feature vector is

    .. math:: (\cos t_1, \sin t_1, \ldots, \cos t_5, \sin t_5) / \sqrt{5},

    a unit vector. The cosine of two of them is the mean of
    :math:`\cos(t_i - t_i')`: it depends on the differences alone, so that dark
    and bright pairs count alike and black is no zero vector.

    Parameters
    ----------
    image_size : int, default=320
        Longer side, in pixels, that images are scaled to.
    stride : int, default=4
        Pixels of the scaled image to a grid cell, in each direction.
    color_scale : float, default=60.0
        CIELAB difference that turns by one radian. The largest differences in
        practice, about 100, should stay under pi radians.
    position_scale : float, default=0.6
        The same for positions, in units of the longer image side. Larger is
        weaker.
    batch_size : int, default=1
        Images of equal size computed at once.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    See Also
    --------
    LiteFeatures : Features of a small network, the better default.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas import ColorFeatures
    >>> image = np.zeros((60, 80, 3), dtype=np.uint8)
    >>> ColorFeatures(image_size=80).fit_transform([image])
    [FeatureMap(shape=(15, 20, 10), image_shape=(60, 80), with image)]
    """

    def __init__(
        self,
        *,
        image_size=320,
        stride=4,
        color_scale=60.0,
        position_scale=0.6,
        batch_size=1,
        verbose=0,
    ):
        self.image_size = image_size
        self.stride = stride
        self.color_scale = color_scale
        self.position_scale = position_scale
        self.batch_size = batch_size
        self.verbose = verbose

    def _check_parameters(self):
        check_integer(self.image_size, "image_size", low=1)
        check_integer(self.stride, "stride", low=1)
        check_real(self.color_scale, "color_scale", low=0.0, low_open=True)
        check_real(self.position_scale, "position_scale", low=0.0, low_open=True)

    def _prepare(self, image):
        height, width = fit_within(image.shape[:2], self.image_size)
        rows, columns = -(-height // self.stride), -(-width // self.stride)
        # Pillow widens its filters when it shrinks: a cell gets its mean colour.
        small = Image.fromarray(image).resize((columns, rows), Image.Resampling.BOX)
        return np.asarray(small)

    def _compute(self, batch):
        colors = rgb2lab(np.stack(batch)) / self.color_scale
        rows, columns = colors.shape[1:3]
        longer = max(rows, columns)
        position = np.stack(
            np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1
        )
        position = position / (longer * self.position_scale)
        angles = np.concatenate(
            [colors, np.broadcast_to(position, (*colors.shape[:3], 2))], axis=-1
        )
        features = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        features = features.reshape(*angles.shape[:3], -1) / np.sqrt(5.0)
        return list(features.astype(np.float32))
