"""One colour a node, so that regions of one parent look akin."""

import numpy as np

# Of the hue circle in OKLCh, in radians. A little less than the whole, so that the
# first and the last region differ.
TURN = 0.9 * 2 * np.pi
# Hue of the root's first child, an orange. A second child then lies opposite, in blue,
# the pair that every kind of colour vision tells apart.
FIRST_HUE = np.deg2rad(60)
# Of siblings, those towards this yellowish green are the lighter ones. It lies across
# the line of hues that red-green blindness mixes up: lightness tells them apart.
LIGHT_HUE = np.deg2rad(135)
# Part of the narrower of two neighbouring siblings' arcs that stays empty between them.
GAP = 0.15
CHROMA = 0.145
LIGHTNESS = (0.46, 0.90)
# A child keeps at least this part of its parent's range of lightness.
KEPT = 0.6
# Siblings differ by so much more in lightness, which they do not hand down: deep in the
# tree, and in large families, little else tells them apart for every reader.
STEP = 0.08

# B. Ottosson, "A perceptual color space for image processing", 2020.
LAB_TO_CONE = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
CONE_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def region_colors(tree):
    r"""Return a colour for every node of a tree.

    Regions near in the tree get near colours, and cuts at different levels
    keep theirs. Colours are laid out in OKLCh, where equal distances look
    about equal, and are all within sRGB.

    A node owns an arc of the hue circle and a range of lightness. It shares
    the arc out among its children by the square roots of their areas, with
    gaps between them, and its hue is the middle of the arc. Siblings take
    different parts of the range, so that they differ in lightness too, for
    readers who do not see every hue. Chroma grows as arcs narrow: a node that
    still holds most of the image is greyish, as the mean of its parts is.

    Parameters
    ----------
    tree : RegionTree

    Returns
    -------
    ndarray of shape (n_nodes, 3), dtype uint8

    Notes
    -----
    A node with an arc of width :math:`w` has the chroma
    :math:`C \sqrt{\sin(w/2)/(w/2)}`, less where sRGB ends before. Nesting arcs
    of hue in the tree follows Tennekes and de Jonge [1]_, OKLCh is the polar
    form of Ottosson's OKLab [2]_.

    References
    ----------
    .. [1] M. Tennekes and E. de Jonge. "Tree Colors: Color Schemes for
       Tree-Structured Data". IEEE TVCG 20(12), 2014.
    .. [2] B. Ottosson. "A perceptual color space for image processing", 2020.
       https://bottosson.github.io/posts/oklab/

    Examples
    --------
    >>> from skuhas import RegionTree
    >>> from skuhas.plotting import region_colors
    >>> region_colors(RegionTree.from_parents([2, 2, 2], [0, 1])).shape
    (3, 3)
    """
    parents = np.asarray(tree.parents)
    siblings = _Siblings(parents)
    hue, width, share = _arcs(tree, parents, siblings)
    lightness = _lightness(parents, siblings, hue, share)
    chroma = CHROMA * np.sqrt(np.sinc(width / (2 * np.pi)))
    return _in_gamut(lightness, chroma, hue)


class _Siblings:
    """All nodes but the root, those of one parent side by side."""

    def __init__(self, parents):
        self.order = np.argsort(parents[:-1], kind="stable")
        self.parent = parents[self.order]
        size = self.parent.size
        is_first = np.ones(size, dtype=bool)
        is_first[1:] = self.parent[1:] != self.parent[:-1]
        # Where the family of each node begins, and how many it has.
        self.begin = np.maximum.accumulate(np.where(is_first, np.arange(size), 0))
        self.count = np.bincount(self.parent, minlength=parents.size)[self.parent]
        self.rank = np.arange(size) - self.begin
        self.follows = np.flatnonzero(~is_first)

    def before(self, values):
        """Return the sums of the elder siblings' values."""
        total = np.cumsum(values) - values
        return total - total[self.begin]

    def total(self, values):
        """Return the sums over all siblings."""
        sums = np.bincount(self.parent, weights=values)
        return sums[self.parent]


def _arcs(tree, parents, siblings):
    """Return the middle and the width of every node's arc, and its part of it."""
    order = siblings.order
    if order.size == 0:
        return np.array([FIRST_HUE]), np.array([TURN]), np.ones(1)
    share = np.sqrt(tree.area[order])
    share = share / siblings.total(share)
    gap = np.zeros(order.size)
    elder = siblings.follows - 1
    gap[siblings.follows] = GAP * np.minimum(share[siblings.follows], share[elder])
    part = share * (1 - siblings.total(gap))
    # In parts of the parent's arc.
    offset = siblings.before(part + gap) + gap

    every_share = np.ones(parents.size)
    every_share[order] = part
    width = TURN * _products_from_root(parents, every_share)
    start = np.zeros(parents.size)
    start[order] = offset * width[siblings.parent]
    hue = _sums_from_root(parents, start) + width / 2
    # The root's first child comes first of the root's family, which comes last.
    first = order[siblings.begin[-1]]
    return hue + FIRST_HUE - hue[first], width, every_share


def _lightness(parents, siblings, hue, share):
    """Return the lightness of every node, the middle of its range."""
    order = siblings.order
    kept = np.maximum(share, KEPT)
    place = np.full(parents.size, 0.5)
    place[order] = _spread(siblings)
    if order.size:
        towards = (place[order] - 0.5) * np.cos(hue[order] - LIGHT_HUE)
        wrong = siblings.total(towards) < 0
        place[order] = np.where(wrong, 1 - place[order], place[order])
    extent = (LIGHTNESS[1] - LIGHTNESS[0]) * _products_from_root(parents, kept)
    shift = np.zeros(parents.size)
    shift[order] = (place[order] - 0.5) * (1 - kept[order]) * extent[siblings.parent]
    middle = (LIGHTNESS[0] + LIGHTNESS[1]) / 2
    # An only child looks like its parent.
    owner = np.arange(parents.size)
    only = order[siblings.count == 1]
    owner[only] = parents[only]
    while (owner[owner] != owner).any():
        owner = owner[owner]
    return middle + _sums_from_root(parents, shift) + (place[owner] - 0.5) * STEP


def _spread(siblings):
    """Return places in [0, 1], evenly spaced, neighbours far from each other."""
    golden = (siblings.rank * ((np.sqrt(5) - 1) / 2)) % 1
    by_place = np.lexsort((golden, siblings.parent))
    place = np.empty(by_place.size)
    place[by_place] = siblings.rank / np.maximum(siblings.count - 1, 1)
    return np.where(siblings.count == 1, 0.5, place)


def _sums_from_root(parents, values):
    """Return, for every node, the sum over its path from the root."""
    # Doubling pointers: after step s a node knows the sum of 2**s nodes.
    total, ancestor = values.copy(), parents.copy()
    root = parents.size - 1
    total[root] = 0
    while (ancestor != root).any():
        total += total[ancestor]
        ancestor = ancestor[ancestor]
    return total + values[root]


def _products_from_root(parents, values):
    return np.exp(_sums_from_root(parents, np.log(values)))


def _in_gamut(lightness, chroma, hue):
    """Return OKLCh as sRGB, with as much of the chroma as sRGB has."""
    direction = np.stack([np.cos(hue), np.sin(hue)], axis=-1)
    # What a unit of chroma adds to each of the cones' responses.
    slope = direction @ LAB_TO_CONE[:, 1:].T
    lightness = lightness[:, None]
    rgb = _linear_rgb(lightness, chroma, slope)
    outside = np.flatnonzero(((rgb < 0) | (rgb > 1)).any(axis=1))
    if outside.size:
        chroma = chroma.copy()
        low, high = np.zeros(outside.size), chroma[outside]
        for _ in range(10):
            middle = (low + high) / 2
            trial = _linear_rgb(lightness[outside], middle, slope[outside])
            fits = ((trial >= 0) & (trial <= 1)).all(axis=1)
            low = np.where(fits, middle, low)
            high = np.where(fits, high, middle)
        chroma[outside] = low
        rgb[outside] = _linear_rgb(lightness[outside], low, slope[outside])
    rgb = np.clip(rgb, 0, 1)
    srgb = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return np.rint(255 * srgb).astype(np.uint8)


def _linear_rgb(lightness, chroma, slope):
    cone = lightness + chroma[:, None] * slope
    # The power is far slower.
    return (cone * cone * cone) @ CONE_TO_RGB.T
