"""Means of a feature grid over regions, without a per-pixel feature volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# Pixels whose runs are held at once.
BLOCK_PIXELS = 2**20


def _axis_weights(length: int, cells: int) -> tuple[NDArray, NDArray]:
    """Return, for every pixel on an axis, its lower cell and the upper's weight.

    Cells are centred over the axis: pixel p lies at (p + 0.5) * cells / length
    - 0.5 in units of cells. Beyond the outermost centres the nearest cell
    holds.
    """
    position = (np.arange(length) + 0.5) * (cells / length) - 0.5
    position = np.clip(position, 0, cells - 1)
    lower = np.minimum(position.astype(np.intp), max(cells - 2, 0))
    return lower, position - lower


def token_weights(
    leaf_labels: NDArray, grid_shape: tuple[int, int], n_leaves: int
) -> sparse.csr_array:
    """Return how much every leaf draws on every token of a feature grid.

    Bilinear interpolation of the grid to the pixels followed by a sum over
    each leaf's pixels is one linear map; this is its matrix. Along a row,
    pixels of one leaf between the same two tokens form a run whose weights add
    up in closed form, so the cost follows the runs and not the pixels.

    Parameters
    ----------
    leaf_labels : ndarray of shape (height, width)
        Leaf of each pixel, -1 for none.
    grid_shape : (int, int)
        Rows and columns of the feature grid, which covers the whole image.
    n_leaves : int
        Number of leaves.

    Returns
    -------
    csr_array of shape (n_leaves, rows * columns), dtype float64
        Row i sums to the area of leaf i in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import token_weights
    >>> token_weights(np.array([[0, 0, 1, 1]]), (1, 2), 2).toarray()
    array([[1.75, 0.25],
           [0.25, 1.75]])
    """
    height, width = leaf_labels.shape
    rows, columns = grid_shape
    row_cell, row_fraction = _axis_weights(height, rows)
    column_cell, column_fraction = _axis_weights(width, columns)
    column_sum = np.concatenate([[0.0], np.cumsum(column_fraction)])
    step_right = 1 if columns > 1 else 0
    step_down = columns if rows > 1 else 0
    leaves, tokens, weights = [], [], []
    step = max(1, BLOCK_PIXELS // width)
    for top in range(0, height, step):
        block = leaf_labels[top : top + step]
        y, x, length, leaf = _runs(block, column_cell)
        y += top
        cell = row_cell[y] * columns + column_cell[x]
        # Runs of one leaf between the same four tokens add up.
        pair = leaf.astype(np.int64) * (rows * columns) + cell
        pair, position = np.unique(pair, return_inverse=True)
        right = column_sum[x + length] - column_sum[x]
        left = length - right
        lower = row_fraction[y]
        upper = 1 - lower
        leaf, cell = np.divmod(pair, rows * columns)
        for share, token in (
            (left * upper, cell),
            (right * upper, cell + step_right),
            (left * lower, cell + step_down),
            (right * lower, cell + step_right + step_down),
        ):
            leaves.append(leaf)
            tokens.append(token)
            weights.append(np.bincount(position, share, minlength=pair.size))
    place = np.concatenate(leaves), np.concatenate(tokens)
    matrix = sparse.coo_array(
        (np.concatenate(weights), place), shape=(n_leaves, rows * columns)
    ).tocsr()
    matrix.eliminate_zeros()
    return matrix


def _runs(labels: NDArray, column_cell: NDArray) -> tuple[NDArray, ...]:
    """Return row, column, length and leaf of pixels alike along a row.

    A run ends where the leaf does, or the cell that its columns lie in.
    """
    height, width = labels.shape
    change = np.ones((height, width), dtype=bool)
    change[:, 1:] = labels[:, 1:] != labels[:, :-1]
    change[:, 1:] |= column_cell[1:] != column_cell[:-1]
    start = np.flatnonzero(change)
    y, x = np.divmod(start, width)
    # Runs never cross a row, so a run ends where the next begins.
    length = np.diff(start, append=height * width)
    leaf = labels.ravel()[start]
    inside = leaf >= 0
    return y[inside], x[inside], length[inside], leaf[inside]


def pool_features(weights: sparse.csr_array, tokens: NDArray) -> NDArray:
    """Return the weighted mean of the tokens for every row of `weights`.

    Parameters
    ----------
    weights : csr_array of shape (n_leaves, n_tokens)
        As `token_weights` gives them.
    tokens : ndarray of shape (n_tokens, n_features)

    Returns
    -------
    ndarray of shape (n_leaves, n_features)
        Zero where a row of `weights` is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.tree import pool_features, token_weights
    >>> weights = token_weights(np.array([[0, 0, 1, 1]]), (1, 2), 2)
    >>> pool_features(weights, np.array([[0.0], [8.0]]))
    array([[1.],
           [7.]])
    """
    total = np.asarray(weights.sum(axis=1)).ravel()
    sums = weights.astype(tokens.dtype) @ tokens
    return sums / np.where(total > 0, total, 1.0)[:, None].astype(tokens.dtype)
