"""Boundaries of label maps as lines, which stay sharp at any size."""

import numpy as np


def boundary_lines(strength_right, strength_down):
    """Return the lines between pixels, straight runs of one strength in one piece.

    Parameters
    ----------
    strength_right : ndarray of shape (height, width - 1)
        Strength of the boundary between a pixel and the one to its right, 0
        for none.
    strength_down : ndarray of shape (height - 1, width)
        Likewise between a pixel and the one below.

    Returns
    -------
    lines : ndarray of shape (n_lines, 2, 2), dtype float64
        (x, y) of both ends, pixel centres being whole numbers.
    strength : ndarray of shape (n_lines,)
    """
    across, begin, end, right = _runs(strength_right.T)
    vertical = _ends(across + 0.5, begin - 0.5, across + 0.5, end - 0.5)
    across, begin, end, down = _runs(strength_down)
    horizontal = _ends(begin - 0.5, across + 0.5, end - 0.5, across + 0.5)
    return np.concatenate([vertical, horizontal]), np.concatenate([right, down])


def _runs(strength):
    """Return the row, the begin, the end and the value of runs along the rows."""
    rows, columns = strength.shape
    change = np.ones((rows, columns + 1), dtype=bool)
    change[:, 1:-1] = strength[:, 1:] != strength[:, :-1]
    row, edge = np.nonzero(change)
    # The last edge of a row ends its last run and begins none.
    begins = edge < columns
    position = np.flatnonzero(begins)
    value = strength[row[begins], edge[begins]]
    kept = value > 0
    position = position[kept]
    return row[position], edge[position], edge[position + 1], value[kept]


def _ends(x_begin, y_begin, x_end, y_end):
    begin = np.stack([x_begin, y_begin], axis=-1)
    end = np.stack([x_end, y_end], axis=-1)
    return np.stack([begin, end], axis=1).astype(np.float64)


def first_levels(label_maps):
    """Return at which of some nested label maps two neighbours come apart.

    Parameters
    ----------
    label_maps : list of ndarray of shape (height, width), dtype int
        From coarse to fine.

    Returns
    -------
    right, down : ndarray of shape (height, width - 1) and (height - 1, width)
        len(label_maps) where the first map parts them, 1 where only the last
        one does, 0 where none does.
    """
    height, width = label_maps[0].shape
    right = np.zeros((height, max(width - 1, 0)), dtype=np.int32)
    down = np.zeros((max(height - 1, 0), width), dtype=np.int32)
    for labels in label_maps:
        right += labels[:, 1:] != labels[:, :-1]
        down += labels[1:] != labels[:-1]
    return right, down
