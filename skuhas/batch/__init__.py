"""Whole data sets: many images to trees on disk, in parallel and resumable."""

from skuhas.batch._files import output_folder
from skuhas.batch._images import find_images, unique_names
from skuhas.batch._locks import FolderLock
from skuhas.batch._manifest import BatchError, ImageRecord, Manifest, read_manifest
from skuhas.batch._parameters import describe, differences, versions
from skuhas.batch._pictures import write_pictures
from skuhas.batch._report import Report
from skuhas.batch._run import segment_images
from skuhas.batch._work import FATAL, Job, Outcome, portable, reason, worker_threads
from skuhas.batch._workers import local_workers

__all__ = [
    "FATAL",
    "BatchError",
    "FolderLock",
    "ImageRecord",
    "Job",
    "Manifest",
    "Outcome",
    "Report",
    "describe",
    "differences",
    "find_images",
    "local_workers",
    "output_folder",
    "portable",
    "read_manifest",
    "reason",
    "segment_images",
    "unique_names",
    "versions",
    "worker_threads",
    "write_pictures",
]
