"""Bilinear interpolation of a feature grid to pixels, as a matrix."""

import numpy as np
from scipy import sparse


def _axis(length, cells):
    """Return the cells below and above every pixel on an axis, and the weight above.

    Cells are centred over the axis; beyond the outermost centres the nearest
    holds.
    """
    position = (np.arange(length) + 0.5) * (cells / length) - 0.5
    position = np.clip(position, 0, cells - 1)
    below = position.astype(np.int32)
    above = np.minimum(below + 1, cells - 1)
    return below, above, (position - below).astype(np.float32)


def interpolation_matrix(shape, grid_shape):
    """Return the matrix that takes values on a grid to the pixels it covers.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    grid_shape : (int, int)
        Rows and columns.

    Returns
    -------
    csr_array of shape (height * width, rows * columns), dtype float32
        Four entries a row.
    """
    (height, width), (rows, columns) = shape, grid_shape
    upper, lower, down = _axis(height, rows)
    left, right, across = _axis(width, columns)
    cells = np.empty((height, width, 4), dtype=np.int32)
    weights = np.empty((height, width, 4), dtype=np.float32)
    corners = [
        (upper, left, 1 - down, 1 - across),
        (upper, right, 1 - down, across),
        (lower, left, down, 1 - across),
        (lower, right, down, across),
    ]
    for place, (row, column, vertical, horizontal) in enumerate(corners):
        cells[..., place] = row[:, None] * columns + column
        weights[..., place] = vertical[:, None] * horizontal
    start = np.arange(0, 4 * height * width + 1, 4)
    return sparse.csr_array(
        (weights.ravel(), cells.ravel(), start),
        shape=(height * width, rows * columns),
    )
