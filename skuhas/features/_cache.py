"""Feature maps on disk, found by what they were made from."""

import hashlib
import json
import operator
import warnings
from pathlib import Path

import numpy as np

from skuhas._common import atomic_write, optional_import

# Part of every key: a change of meaning must not find old files.
FORMAT = 1
HALF_LARGEST = float(np.finfo(np.float16).max)
DTYPES = ("float16", "float32")


class FeatureCache:
    """A folder of feature arrays, one safetensors file each.

    Files are written under a temporary name and renamed, so that processes may
    share the folder; one that is damaged counts as absent.

    Parameters
    ----------
    folder : path-like
        Made if need be.
    dtype : {"float16", "float32"}
        Of the files. Float16 falls back to float32 for values beyond its range.
    settings : dict
        Everything beside the image that features depend on; JSON can hold it.
    """

    def __init__(self, folder, dtype, settings):
        self._format = optional_import(
            "safetensors.numpy", package="safetensors", purpose="cache_dir"
        )
        self._folder = Path(folder)
        self._dtype = dtype
        # Until it is seen that it does not; one warning is enough.
        self._writes = True
        settings = settings | {"format": FORMAT, "cache_dtype": dtype}
        self._settings = json.dumps(settings, sort_keys=True, default=operator.index)

    def key(self, image):
        """Return the name under which the features of an RGB image are kept."""
        digest = hashlib.blake2b(digest_size=20)
        digest.update(self._settings.encode())
        digest.update(repr((image.shape, image.dtype.str)).encode())
        digest.update(np.ascontiguousarray(image))
        return digest.hexdigest()

    def path(self, key):
        """Return the file of a key, whether it is there or not."""
        return self._folder / key[:2] / f"{key}.safetensors"

    def load(self, key):
        """Return the array of a key, as float32, or None where there is none."""
        safetensors = optional_import(
            "safetensors", package="safetensors", purpose="cache_dir"
        )
        try:
            with safetensors.safe_open(self.path(key), framework="numpy") as file:
                array = file.get_tensor("features")
                checksum = (file.metadata() or {}).get("checksum")
        # A damaged header shows in several ways; each means computing again.
        except (OSError, ValueError, KeyError, safetensors.SafetensorError):
            return None
        if array.ndim != 3 or checksum != _checksum(array):
            return None
        return array.astype(np.float32)

    def store(self, key, array):
        """Keep an array and return it as it will be found, rounded alike.

        Warns
        -----
        RuntimeWarning
            The folder cannot be written to; the array is returned all the same.
        """
        kept = array
        if self._dtype == "float16" and np.abs(array).max() <= HALF_LARGEST:
            kept = array.astype(np.float16)
        content = self._format.save(
            {"features": np.ascontiguousarray(kept)},
            metadata={"settings": self._settings, "checksum": _checksum(kept)},
        )
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as handle:
                handle.write(content)
        except OSError as error:
            if self._writes:
                warnings.warn(
                    f"cache_dir={str(self._folder)!r} cannot be written to, so that "
                    f"features are not kept: {error}.",
                    RuntimeWarning,
                    stacklevel=2,
                )
            self._writes = False
        return kept.astype(np.float32)


def _checksum(array):
    header = repr((array.shape, array.dtype.str)).encode()
    digest = hashlib.blake2b(header, digest_size=16)
    digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()
