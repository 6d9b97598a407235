"""Synthetic scenes of shapes within shapes, with their exact trees."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.draw import polygon2mask
from sklearn.utils import check_random_state

from skuhas._common import check_integer, check_real
from skuhas.tree import RegionTree, canonical_labels, canonical_parents

SMALLEST_RADIUS = 5.0


class NestedScene(NamedTuple):
    """An image made of shapes within shapes.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    label_map : ndarray of shape (height, width), dtype int32
        Leaf region of each pixel, numbered by first pixel.
    tree : RegionTree
        The regions and how they nest; its leaves are those of `label_map`.

    Examples
    --------
    >>> from skuhas import make_nested_scene
    >>> image, label_map, tree = make_nested_scene(depth=1, random_state=0)
    >>> label_map.max() + 1 == tree.n_leaves
    np.True_
    """

    image: np.ndarray
    label_map: np.ndarray
    tree: RegionTree


def make_nested_scene(
    shape=(240, 320),
    *,
    depth=3,
    n_shapes=3,
    texture=0.05,
    noise=0.01,
    random_state=None,
):
    """Draw a scene of shapes within shapes and return it with its exact tree.

    A region holds ellipses, boxes and hexagons that do not touch, and the rest
    around them; each shape holds smaller ones in turn. A shape's colour is its
    parent's, moved by less at every level, so that appearance tells the tree.
    A perfect segmentation has every node of the tree among its own and scores
    1 in `nm_covering_score`.

    Parameters
    ----------
    shape : (int, int), default=(240, 320)
        Height and width in pixels, at least 16 each.
    depth : int, default=3
        Levels of nesting under the root; 0 gives one region.
    n_shapes : int, default=3
        Shapes looked for room for in each region, at least 1.
    texture : float, default=0.05
        Amplitude, in [0, 0.5], of a grating of each leaf's own direction and
        period; the image's range is [0, 1].
    noise : float, default=0.01
        Standard deviation, in [0, 0.5], of Gaussian noise on every pixel.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same scene on every call.

    Returns
    -------
    NestedScene
        The tuple (image, label_map, tree).

    Raises
    ------
    TypeError, ValueError
        A parameter is out of its range; the message names it.

    Examples
    --------
    >>> from skuhas import make_nested_scene, nm_covering_score
    >>> scene = make_nested_scene(random_state=0)
    >>> scene.image.shape
    (240, 320, 3)
    >>> nm_covering_score([scene.tree], [scene.tree])
    1.0
    """
    height, width = _check_shape(shape)
    check_integer(depth, "depth", low=0)
    check_integer(n_shapes, "n_shapes", low=1)
    check_real(texture, "texture", low=0.0, high=0.5)
    check_real(noise, "noise", low=0.0, high=0.5)
    rng = check_random_state(random_state)

    parents, level = [0], [0]
    colors = [rng.uniform(0.3, 0.7, 3)]
    owner = np.zeros((height, width), dtype=np.intp)
    # Parents come first here; nodes made later are appended, so the list grows.
    for node in _growing(parents):
        if level[node] == depth:
            continue
        region = owner == node
        shapes = _place_shapes(region, n_shapes, rng)
        if not shapes:
            continue
        spread = 0.35 * 0.6 ** level[node]
        # The region's own number goes to the node, its rest to a child.
        for mask in [region, *shapes]:
            parents.append(node)
            level.append(level[node] + 1 if mask is not region else depth)
            shift = rng.uniform(-1, 1, 3)
            shift *= spread / max(np.linalg.norm(shift), 1e-12)
            own = colors[node] + (shift if mask is not region else 0.0)
            colors.append(np.clip(own, 0.05, 0.95))
            owner[mask] = len(parents) - 1

    image = np.array(colors)[owner]
    image += _gratings(owner, texture, rng)[..., None]
    image += rng.normal(0, noise, image.shape) if noise else 0.0
    last = len(parents) - 1
    reversed_parents = (last - np.array(parents)[::-1]).astype(np.int32)
    label_map, tops = canonical_labels(last - owner, last + 1)
    numbered, _ = canonical_parents(reversed_parents, tops)
    return NestedScene(
        np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8),
        label_map,
        RegionTree(numbered, label_map),
    )


def _growing(items):
    """Yield the indices of a list that grows on the way."""
    index = 0
    while index < len(items):
        yield index
        index += 1


def _check_shape(shape):
    size = tuple(shape) if hasattr(shape, "__iter__") else (shape,)
    if len(size) != 2:
        raise ValueError(f"shape must be (height, width), got {shape!r}.")
    for side in size:
        check_integer(side, "shape", low=16)
    return size


def _place_shapes(region, n_shapes, rng):
    """Return masks of disjoint shapes inside `region`, with a margin between."""
    free = region.copy()
    largest = None
    masks = []
    for _ in range(n_shapes):
        # The frame bounds regions too, hence the ring of zeros.
        distance = distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1]
        radius = distance.max()
        largest = radius if largest is None else largest
        # What is left between the shapes is too narrow for a region of its own.
        if radius < max(SMALLEST_RADIUS, 0.2 * largest):
            break
        choices = np.flatnonzero(distance >= 0.7 * radius)
        row, column = divmod(int(rng.choice(choices)), region.shape[1])
        room = distance[row, column]
        # One and a half pixels keep even small shapes off their parent's border.
        reach = min(rng.uniform(0.65, 0.85) * min(room, 0.75 * largest), room - 1.5)
        mask = _shape_mask(region.shape, row, column, reach, rng) & free
        if mask.sum() < 4:
            continue
        masks.append(mask)
        margin = max(2.0, 0.1 * reach)
        free &= distance_transform_edt(~mask) > margin
    return masks


def _shape_mask(shape, row, column, reach, rng):
    """Return an ellipse, a box or a hexagon within `reach` of its centre."""
    kind = rng.randint(3)
    turn = rng.uniform(0, np.pi)
    corners = {0: 48, 1: 4, 2: 6}[kind]
    angle = 2 * np.pi * np.arange(corners) / corners
    along, across = np.cos(angle), np.sin(angle) * rng.uniform(0.65, 1.0)
    rows = row + reach * (along * np.sin(turn) + across * np.cos(turn))
    columns = column + reach * (along * np.cos(turn) - across * np.sin(turn))
    return polygon2mask(shape, np.stack([rows, columns], axis=1))


def _gratings(owner, amplitude, rng):
    rows, columns = np.indices(owner.shape)
    n_nodes = int(owner.max()) + 1
    direction = rng.uniform(0, np.pi, n_nodes)[owner]
    period = rng.uniform(4, 12, n_nodes)[owner]
    phase = (rows * np.sin(direction) + columns * np.cos(direction)) / period
    return amplitude * np.sin(2 * np.pi * phase)
