"""Small square pictures of the regions of a tree."""

import numpy as np
from PIL import Image
from scipy.ndimage import find_objects

SIDE = 160
# Room around a region, as a part of its larger side.
MARGIN = 0.1
# What is left of the picture's contrast outside of the region.
OUTSIDE = 0.16
BLANK = 232


class Thumbnails:
    """Pictures of the nodes of a tree over an image.

    A region is shown in a square around it, the rest faded; without an image
    it is a silhouette in its colour.

    Parameters
    ----------
    tree : RegionTree
    colors : ndarray of shape (n_nodes, 3), dtype uint8
    image : ndarray of shape (height, width, 3), dtype uint8, or None
    """

    def __init__(self, tree, colors, image):
        self.tree = tree
        self.colors = colors
        self.image = image
        self.boxes = _boxes(tree)

    def draw(self, node):
        """Return the picture of a node, (rows, columns, 3) uint8, at most SIDE."""
        window = self._window(node)
        belongs = np.zeros(self.tree.n_leaves + 1, dtype=bool)
        belongs[self.tree.leaves(node)] = True
        # Label -1 takes the last place, which no leaf has.
        inside = 255 * belongs[self.tree.leaf_labels[window]].astype(np.uint8)
        size = _fitting(inside.shape)
        share = _resized(inside, size)[..., None] / np.float32(255)
        if self.image is None:
            shown = self.colors[node].astype(np.float32)
            faded = np.float32(BLANK)
        else:
            shown = _resized(self.image[window], size).astype(np.float32)
            faded = 255 + OUTSIDE * (shown - 255)
        return np.rint(faded + share * (shown - faded)).astype(np.uint8)

    def _window(self, node):
        """Return a square of the image around a region, as far as there is one."""
        top, bottom, left, right = self.boxes[node]
        height, width = self.tree.shape
        side = int(np.ceil((1 + 2 * MARGIN) * max(bottom - top, right - left)))
        return _span(top, bottom, side, height), _span(left, right, side, width)


def _boxes(tree):
    """Return first row, last, first column, last, ends excluded, of every node."""
    boxes = np.empty((tree.n_nodes, 4), dtype=np.intp)
    boxes[:, ::2] = max(tree.shape)
    boxes[:, 1::2] = 0
    for leaf, (rows, columns) in enumerate(find_objects(tree.leaf_labels + 1)):
        boxes[leaf] = rows.start, rows.stop, columns.start, columns.stop
    for node in range(tree.root):
        above, below = boxes[tree.parents[node]], boxes[node]
        above[::2] = np.minimum(above[::2], below[::2])
        above[1::2] = np.maximum(above[1::2], below[1::2])
    return boxes


def _span(begin, end, side, length):
    side = min(side, length)
    start = (begin + end - side) // 2
    start = min(max(start, 0), length - side)
    return slice(start, start + side)


def _fitting(shape):
    scale = min(1.0, SIDE / max(shape))
    height, width = (max(1, round(side * scale)) for side in shape)
    return width, height


def _resized(pixels, size):
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
