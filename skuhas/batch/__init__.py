"""Whole data sets: many images to trees on disk, in parallel and resumable."""

from skuhas.batch._images import find_images, unique_names
from skuhas.batch._manifest import BatchError, ImageRecord, Manifest, read_manifest
from skuhas.batch._pictures import write_pictures
from skuhas.batch._run import segment_images

__all__ = [
    "BatchError",
    "ImageRecord",
    "Manifest",
    "find_images",
    "read_manifest",
    "segment_images",
    "unique_names",
    "write_pictures",
]
