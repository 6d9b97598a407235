"""One colour a node, so that regions of one parent look akin."""

import numpy as np
from skimage.color import lab2rgb

# Of the hue circle, in CIELAB. A little less than the whole, so that the first
# and the last region differ.
TURN = 0.9 * 2 * np.pi
CHROMA = 55.0
LIGHTNESS = (52.0, 82.0)


def region_colors(tree):
    """Return a colour for every node of a tree.

    A node owns an arc of the hue circle and shares it out among its children
    by the square roots of their areas; its colour is the middle of the arc.
    Siblings alternate in lightness. Cuts at different levels keep their hues.

    Parameters
    ----------
    tree : RegionTree

    Returns
    -------
    ndarray of shape (n_nodes, 3), dtype uint8

    Examples
    --------
    >>> from skuhas import RegionTree
    >>> from skuhas.plotting import region_colors
    >>> region_colors(RegionTree.from_parents([2, 2, 2], [0, 1])).shape
    (3, 3)
    """
    start = np.zeros(tree.n_nodes)
    width = np.full(tree.n_nodes, TURN)
    rank = np.zeros(tree.n_nodes, dtype=int)
    share = np.sqrt(tree.area)
    # Parents come before children from the back.
    for node in range(tree.root, tree.n_leaves - 1, -1):
        children = tree.children(node)
        if not children.size:
            continue
        parts = share[children] / share[children].sum() * width[node]
        start[children] = start[node] + np.cumsum(parts) - parts
        width[children] = parts
        rank[children] = np.arange(children.size)
    hue = start + width / 2 + 0.4
    lightness = np.where(rank % 2, *LIGHTNESS)
    lab = np.stack([lightness, CHROMA * np.cos(hue), CHROMA * np.sin(hue)], axis=-1)
    rgb = lab2rgb(lab[None])[0]
    return np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)
