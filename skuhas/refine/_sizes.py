"""Label maps at other sizes, and on the cells of a grid."""

import numpy as np


def nearest(values, shape):
    """Return a map at another size, by nearest neighbour."""
    if values.shape == tuple(shape):
        return values
    index = [
        ((np.arange(new) + 0.5) * old / new).astype(np.intp)
        for old, new in zip(values.shape, shape, strict=True)
    ]
    return values[np.ix_(*index)]


def is_of_whole_cells(labels, grid):
    """Return whether no boundary of a label map runs through a cell of a grid."""
    if any(side < 2 * cells for side, cells in zip(labels.shape, grid, strict=True)):
        return False
    blocks = nearest(nearest(labels, grid), labels.shape)
    return bool(np.all((blocks == labels) | (labels < 0) | (blocks < 0)))
