"""Pictures to try things on, from scikit-image's own package."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Sample(StrEnum):
    """Colour photographs that come with scikit-image, none to download."""

    astronaut = "astronaut"
    cat = "cat"
    coffee = "coffee"
    rocket = "rocket"


def read_sample(sample: Sample) -> NDArray[np.uint8]:
    """Return a sample as an RGB image."""
    from skimage import data

    return getattr(data, sample.value)()
