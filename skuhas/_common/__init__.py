"""What every other part may use: validation, files, images, seeds, progress."""

from skuhas._common._documented import Documented
from skuhas._common._files import atomic_write
from skuhas._common._images import ImageLike, as_rgb_image, fit_within
from skuhas._common._optional import optional_import
from skuhas._common._progress import progress
from skuhas._common._seeds import base_seed, node_seed
from skuhas._common._sources import sources_digest
from skuhas._common._threads import beside, single_threaded_blas, thread_controller
from skuhas._common._validation import (
    check_choice,
    check_integer,
    check_list,
    check_real,
)
from skuhas._common._versions import package_versions

__all__ = [
    "Documented",
    "ImageLike",
    "as_rgb_image",
    "atomic_write",
    "base_seed",
    "beside",
    "check_choice",
    "check_integer",
    "check_list",
    "check_real",
    "fit_within",
    "node_seed",
    "optional_import",
    "package_versions",
    "progress",
    "single_threaded_blas",
    "sources_digest",
    "thread_controller",
]
