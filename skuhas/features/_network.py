"""What transformers with a network inside share: sizes, tiles, batches, the cache."""

import os
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from PIL import Image

from skuhas._common import as_rgb_image, check_choice, check_integer
from skuhas.features._base import check_images
from skuhas.features._cache import DTYPES as CACHE_DTYPES
from skuhas.features._cache import FeatureCache
from skuhas.features._devices import (
    check_device,
    check_dtype,
    import_torch,
    resolve_device,
)
from skuhas.features._reduction import ReducingFeatures
from skuhas.features._sizes import check_image_size, scaled_shape
from skuhas.features._tiling import Tiling, check_tile

OUTPUTS = ("numpy", "torch")
# Share of a window that its neighbour sees too, where nothing is said.
OVERLAP = 4
# Pixels of a scaled image at most; they take twelve bytes each, before features.
MOST_PIXELS = 2**28
# Pixels that a CPU is given at once: larger batches leave its caches, and cost
# more than they save.
CPU_PIXELS = 2**18


class NetworkFeatures(ReducingFeatures, ABC):
    """Base of transformers that run a network of timm.

    A subclass has the parameters read here, names its network in
    ``_backbone``, what it reads in ``_readout``, and what its
    features depend on in ``_identity``.
    """

    # Networks whose strides differ by layer need sides that all divide.
    _round_up = False
    _resample = Image.Resampling.BICUBIC

    # ---------------------------------------------------------------- subclasses

    @abstractmethod
    def _stride(self):
        """Return the multiple, in pixels, that input sides have."""

    @abstractmethod
    def _backbone(self, device):
        """Return the network on a device."""

    @abstractmethod
    def _readout(self):
        """Return a dict: layers, facet, norm, center, normalize, grid_stride."""

    @abstractmethod
    def _identity(self):
        """Return a dict of JSON values that says which network this is."""

    # ---------------------------------------------------------------- parameters

    def _check_parameters(self):
        purpose = type(self).__name__
        check_device(self.device, purpose)
        check_dtype(self.dtype, self.device, purpose)
        check_choice(self.output, "output", OUTPUTS)
        check_choice(self.cache_dtype, "cache_dtype", CACHE_DTYPES)
        check_integer(self.reduce, "reduce", low=1, none=True)
        check_tile(self.tile, self.overlap)
        check_image_size(self.image_size, self.side)
        if self.cache_dir is not None:
            _check_folder(self.cache_dir)
        stride = self._stride()
        check_image_size(self.image_size, self.side, 1 if self._round_up else stride)
        check_tile(self.tile, self.overlap, stride)
        self._check_network()

    def _check_network(self):
        """Check what a subclass adds."""

    # -------------------------------------------------------------------- images

    def _scaled(self, shape):
        stride = self._stride()
        if self.image_size is None and not self._round_up and min(shape) < stride:
            raise ValueError(
                f"the image has {shape[0]} x {shape[1]} pixels (height x width), and "
                f"a patch of the network {stride} x {stride}. Scale it up with "
                "image_size."
            )
        height, width = scaled_shape(
            shape, self.image_size, self.side, stride, round_up=self._round_up
        )
        if height * width > MOST_PIXELS:
            raise ValueError(
                f"an image of {shape[0]} x {shape[1]} pixels (height x width) would "
                f"be scaled to {height} x {width}, more than {MOST_PIXELS:,} pixels. "
                "Choose another image_size, or side='longer'."
            )
        return height, width

    def _prepare(self, image):
        height, width = self._scaled(image.shape[:2])
        if (height, width) == image.shape[:2]:
            return image
        picture = Image.fromarray(image).resize((width, height), self._resample)
        return np.asarray(picture)

    # --------------------------------------------------------------------- cache

    def _open_cache(self):
        if self.cache_dir is None:
            return None
        settings = self._identity() | {
            "readout": self._readout(),
            "image_size": self.image_size,
            "side": self.side,
            "tile": None if self.tile is None else [self.tile, self._overlap()],
            "dtype": self.dtype,
        }
        return FeatureCache(self.cache_dir, self.cache_dtype, settings)

    def cached(self, X):
        """Return which images have their features in the cache.

        Parameters
        ----------
        X : list of images
            As `transform` takes them.

        Returns
        -------
        list of bool
            All False without `cache_dir`.

        Raises
        ------
        TypeError, ValueError, OSError
            An element is no image; the message names its position.
        """
        self._check_common()
        cache = self._open_cache()
        found = []
        for position, item in enumerate(check_images(X)):
            image = as_rgb_image(item, f"X[{position}]")
            found.append(cache is not None and cache.load(cache.key(image)) is not None)
        return found

    # ------------------------------------------------------------------- compute

    def _overlap(self):
        return self.tile // OVERLAP if self.overlap is None else self.overlap

    def _compute(self, batch):
        torch = import_torch(type(self).__name__)
        device = resolve_device(self.device, type(self).__name__)
        backbone = self._backbone(device)
        step = self._step(batch[0].shape[:2], device)
        results = []
        with torch.inference_mode():
            for start in range(0, len(batch), step):
                features = self._features(backbone, batch[start : start + step], device)
                if self.output == "torch" and self.cache_dir is None:
                    results.extend(features)
                else:
                    results.extend(features.cpu().numpy())
        # Outside inference mode, so that users may compute gradients on it.
        return [
            item if isinstance(item, np.ndarray) else item.clone() for item in results
        ]

    def _step(self, shape, device):
        """Return how many inputs of a shape go through the network at once."""
        if device != "cpu":
            return self.batch_size
        return min(self.batch_size, max(1, CPU_PIXELS // (shape[0] * shape[1])))

    def _features(self, backbone, batch, device):
        """Return the features of some images of one size, as one tensor."""
        import torch

        from skuhas.features._readout import read_out, run

        settings = self._readout()
        keywords = {
            "indices": settings["layers"],
            "facet": settings["facet"],
            "norm": settings["norm"],
            "device": device,
            "dtype": self.dtype,
        }
        if self.tile is None or max(batch[0].shape[:2]) <= self.tile:
            layers = run(backbone, np.stack(batch), **keywords)
        else:
            joined = [self._tiled(backbone, item, keywords) for item in batch]
            layers = [torch.stack(parts) for parts in zip(*joined, strict=True)]
        return read_out(
            layers,
            # Some networks state other strides than they have.
            [batch[0].shape[0] / layer.shape[2] for layer in layers],
            grid_stride=settings["grid_stride"],
            center=settings["center"],
            normalize=settings["normalize"],
        )

    def _finished(self, features):
        if self.output == "torch" and isinstance(features, np.ndarray):
            torch = import_torch(type(self).__name__)
            device = resolve_device(self.device, type(self).__name__)
            features = torch.from_numpy(features).to(device)
        return super()._finished(features)

    def _tiled(self, backbone, image, keywords):
        from skuhas.features._readout import run

        tiling = Tiling(image.shape[:2], self.tile, self._overlap(), backbone.stride)
        windows = list(tiling.windows())
        step = self._step(image[windows[0]].shape[:2], keywords["device"])
        parts = []
        for start in range(0, len(windows), step):
            some = np.stack([image[place] for place in windows[start : start + step]])
            # One window after the other again: batches of each layer to windows.
            parts += zip(*run(backbone, some, **keywords), strict=True)
        return [tiling.join(layer) for layer in zip(*parts, strict=True)]


def _check_folder(folder):
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"cache_dir must be a path or None, got {folder!r}.")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"cache_dir={os.fspath(folder)!r} is no folder that can be made: {error}."
        ) from error
