"""Overlapping windows over a large image, and how their maps become one."""

import numpy as np

from skuhas._common import check_integer


def check_tile(tile, overlap, least=1):
    """Raise unless `tile` and `overlap` describe windows.

    Parameters
    ----------
    tile : int or None
    overlap : int or None
    least : int, default=1
        The smallest window in pixels that the network can take.
    """
    check_integer(tile, "tile", low=least, none=True)
    check_integer(overlap, "overlap", low=0, none=True)
    if tile is not None and overlap is not None and overlap >= tile:
        raise ValueError(
            f"overlap must be smaller than tile={tile}, got {overlap!r}: windows "
            "would not move on."
        )


def window_starts(length, tile, overlap):
    """Return where windows begin so that they cover a side evenly.

    Parameters
    ----------
    length, tile, overlap : int
        Of the side, of a window, and that neighbouring windows share at least,
        in one unit, with overlap < tile.

    Returns
    -------
    ndarray of shape (n_windows,), dtype int
        The first is 0, the last ends where the side does. [0] where one window
        is enough.
    """
    if length <= tile:
        return np.zeros(1, dtype=int)
    count = 1 + -(-(length - tile) // (tile - overlap))
    return (np.arange(count) * (length - tile)) // (count - 1)


def window_weights(starts, tile, length):
    r"""Return how much each window counts at each of its cells, along one side.

    In an overlap of :math:`o` cells, the weight at distance :math:`t` from the
    window's end is

    .. math:: \tfrac12 - \tfrac12 \cos\left(\pi\,
        \mathrm{clip}\left(\frac{t - o/4}{o/2}, 0, 1\right)\right),

    so that the outer quarter, where a network sees the window's end rather
    than the picture, counts nothing, and the weights of two neighbours sum to
    one. Ends of the side itself count in full.

    Parameters
    ----------
    starts : ndarray of shape (n_windows,)
    tile, length : int
        Of a window and of the side.

    Returns
    -------
    ndarray of shape (n_windows, min(tile, length)), dtype float64
    """
    tile = min(tile, length)
    weights = np.ones((len(starts), tile))
    centres = np.arange(tile) + 0.5
    for index, shared in enumerate(starts[:-1] + tile - starts[1:]):
        if shared > 0:
            place = np.clip((centres - shared / 4) / (shared / 2), 0, 1)
            ramp = 0.5 - 0.5 * np.cos(np.pi * place)
            weights[index] *= ramp[::-1]
            weights[index + 1] *= ramp
    return weights


class Tiling:
    """Windows over one image size, on the coarsest grid that a network has.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the scaled image in pixels, multiples of `stride`.
    tile, overlap : int
        In pixels; brought to multiples of `stride`, the overlap upwards.
    stride : int
        The network's coarsest stride. Windows begin at multiples of it, so
        that every layer's cells lie where they would in the whole image.
    """

    def __init__(self, shape, tile, overlap, stride):
        rows, columns = (side // stride for side in shape)
        size = max(1, tile // stride)
        shared = min(-(-overlap // stride), size - 1)
        self.stride = stride
        self.shape = rows, columns
        self.starts = [window_starts(side, size, shared) for side in (rows, columns)]
        self.size = min(size, rows), min(size, columns)

    def windows(self):
        """Yield the (rows, columns) slices of every window, in pixels."""
        height, width = (side * self.stride for side in self.size)
        for top in self.starts[0] * self.stride:
            for left in self.starts[1] * self.stride:
                yield slice(top, top + height), slice(left, left + width)

    def join(self, parts):
        """Blend the maps of all windows into one.

        Parameters
        ----------
        parts : iterable of tensor of shape (n_features, rows, columns)
            In the order of `windows`, all of one shape and device.

        Returns
        -------
        tensor of shape (n_features, rows, columns), dtype float32
        """
        joined = total = None
        for (i, j), part in zip(self._grid(), parts, strict=True):
            if joined is None:
                # Cells of this layer to one of the coarsest.
                scale = [
                    side // cells
                    for side, cells in zip(part.shape[1:], self.size, strict=True)
                ]
                if any(
                    side != cells * by
                    for side, cells, by in zip(
                        part.shape[1:], self.size, scale, strict=True
                    )
                ):
                    raise ValueError(
                        "windows cannot be joined: the network gives maps of "
                        f"{tuple(part.shape[1:])} cells for windows of {self.size} "
                        f"times {self.stride} pixels. Use tile=None."
                    )
                rows, columns = (
                    cells * by for cells, by in zip(self.shape, scale, strict=True)
                )
                joined = part.new_zeros((part.shape[0], rows, columns)).float()
                total = joined.new_zeros((rows, columns))
                weights = [
                    window_weights(begin * by, side, length)
                    for begin, by, side, length in zip(
                        self.starts, scale, part.shape[1:], (rows, columns), strict=True
                    )
                ]
            weight = joined.new_tensor(np.outer(weights[0][i], weights[1][j]))
            top, left = self.starts[0][i] * scale[0], self.starts[1][j] * scale[1]
            place = (
                slice(top, top + part.shape[1]),
                slice(left, left + part.shape[2]),
            )
            joined[:, *place] += part.float() * weight
            total[place] += weight
        return joined / total

    def _grid(self):
        return np.ndindex(len(self.starts[0]), len(self.starts[1]))
