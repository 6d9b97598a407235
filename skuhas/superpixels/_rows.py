"""Large maps in blocks of rows, converted as they are asked for."""

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2lab

# Values (pixels times channels, cells times features) worked on at once. Of larger
# maps nothing that is derived from them ever exists whole.
BLOCK_VALUES = 2**23
# Standard deviation in pixels of the derivative filter, and how far it reaches.
GRADIENT_SIGMA = 1.0
GRADIENT_REACH = 4
# Squared lengths of vectors that single precision holds, with their entries' squares.
SQUARES = 1e-24, 1e36


def row_blocks(shape):
    """Yield slices that partition the rows of a map into blocks.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels.
    """
    height, width, channels = shape
    step = max(1, BLOCK_VALUES // (width * channels))
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


class _Rows:
    """A conversion of a map, which may be sliced by rows.

    Small maps are converted once, large ones slice by slice.

    Parameters
    ----------
    source : array-like of shape (height, width, channels)
        An array, or another such conversion.
    """

    def __init__(self, source):
        self.shape = source.shape
        self.source = source
        self._whole = None
        self._lengths = False

    @property
    def is_small(self):
        return np.prod(self.shape) <= BLOCK_VALUES

    def __getitem__(self, rows):
        start, stop, _ = rows.indices(self.shape[0])
        if not self.is_small:
            return self._converted(start, stop)
        if self._whole is None:
            self._whole = self._converted(0, self.shape[0])
        return self._whole[start:stop]


class LabRows(_Rows):
    """The CIELAB colours, in float32, of an RGB image in uint8."""

    def _converted(self, start, stop):
        return rgb2lab(self.source[start:stop].astype(np.float32) / np.float32(255))


class GradientRows(_Rows):
    """The length of the colour gradient of an image in CIELAB."""

    def _converted(self, start, stop):
        first = max(0, start - GRADIENT_REACH)
        lab = self.source[first : min(stop + GRADIENT_REACH, self.shape[0])]
        square = np.zeros(lab.shape[:2], dtype=np.float32)
        for channel in np.moveaxis(lab, -1, 0):
            channel = np.ascontiguousarray(channel, dtype=np.float32)
            for order in ((0, 1), (1, 0)):
                derivative = gaussian_filter(
                    channel, GRADIENT_SIGMA, order=order, radius=GRADIENT_REACH
                )
                derivative *= derivative
                square += derivative
        return np.sqrt(square[start - first : stop - first])


class UnitRows(_Rows):
    """A feature grid with vectors of length 1; zero vectors stay."""

    @property
    def dtype(self):
        return np.result_type(self.source.dtype, np.float32)

    def lengths(self):
        """Return the lengths of the vectors as they are, shape (rows, columns).

        None where the square of one leaves the range of its dtype, so that
        vectors cannot simply be divided by them.
        """
        if self._lengths is False:
            square = np.empty(self.shape[:2], dtype=self.dtype)
            for rows in row_blocks(self.shape):
                block = self.source[rows].astype(self.dtype, copy=False)
                with np.errstate(over="ignore"):
                    square[rows] = np.einsum("ijk,ijk->ij", block, block)
            low, high = SQUARES
            inside = (square > low) & (square < high)
            if not inside.all():
                # Zero vectors have no direction; any length will do for them.
                inside |= ~self.source.any(axis=2)
            self._lengths = np.sqrt(square) if inside.all() else None
        return self._lengths

    def _converted(self, start, stop):
        features = self.source[start:stop]
        # Scaling by the largest entry first keeps huge and tiny vectors in range.
        largest = np.maximum(features.max(axis=2), -features.min(axis=2))[..., None]
        tokens = features / np.where(largest > 0, largest, 1.0)
        length = np.sqrt(np.einsum("ijk,ijk->ij", tokens, tokens))[..., None]
        tokens /= np.where(length > 0, length, 1.0)
        return tokens

    def whole(self):
        """Return all of it as one array, made block by block."""
        if self.is_small:
            return self[:]
        result = np.empty(self.shape, dtype=self.dtype)
        for rows in row_blocks(self.shape):
            result[rows] = self[rows]
        return result
