"""Pixels on their way from the root of a tree to its leaves."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from skuhas._common import progress
from skuhas.refine._interpolation import interpolation_matrix
from skuhas.refine._mean_field import mean_field
from skuhas.refine._parts import Hierarchy
from skuhas.tree import token_weights


def moved_labels(tree, labels, tokens, image, settings):
    """Return the leaf that every pixel comes to.

    Parameters
    ----------
    tree : RegionTree
    labels : ndarray of shape (height, width), dtype int32
        Its leaves at the size worked at, -1 for none.
    tokens : ndarray of shape (rows, columns, n_features), dtype float32
        Unit features on a grid that covers the image.
    image : ndarray of shape (height, width, 3), dtype uint8
    settings : DenseCRF
        Its parameters, with a number as `inertia`.

    Returns
    -------
    ndarray of shape (height, width), dtype int32
    """
    hierarchy = Hierarchy(tree, settings.n_regions)
    places = hierarchy.leaf_positions(labels)
    descent = _Descent(tree, tokens, image, hierarchy, places.ravel(), settings)
    region = np.full(labels.size, -1, dtype=np.intp)
    level, number = [([tree.root], np.flatnonzero(labels >= 0))], 0
    while level:
        parts = []
        for nodes, pixels in progress(
            level,
            total=len(level),
            description=f"Boundaries, level {number}",
            verbose=settings.verbose,
        ):
            if hierarchy.is_closed(nodes):
                region[pixels] = nodes[0]
            else:
                parts += descent.divide(nodes, pixels)
        level, number = parts, number + 1
    return _within_regions(hierarchy, labels, places, region.reshape(labels.shape))


class _Descent:
    """What stays the same from one division of pixels among parts to the next."""

    def __init__(self, tree, tokens, image, hierarchy, places, settings):
        height, width = image.shape[:2]
        grid = tokens.shape[:2]
        self.settings = settings
        self.hierarchy = hierarchy
        self.places = places
        self.tokens = tokens.reshape(-1, tokens.shape[2])
        self.weights = interpolation_matrix((height, width), grid)
        sums = token_weights(tree.leaf_labels, grid, tree.n_leaves) @ self.tokens
        self.sums = tree.accumulate(sums.astype(np.float64))
        row, column = np.indices((height, width), dtype=np.float32)
        self.positions = np.stack([column.ravel(), row.ravel()])
        self.colors = image.reshape(-1, 3).T.astype(np.float32)

    def divide(self, nodes, pixels):
        """Return the parts of a list of nodes, each with the pixels it gets."""
        parts = self.hierarchy.divided(nodes, self.settings.max_labels)
        if len(parts) == 1:
            return [(parts[0], pixels)]
        winners = mean_field(
            self._energies(parts, pixels),
            self._kernels(pixels),
            self.settings.iterations,
        ).argmax(axis=0)
        shares = [pixels[winners == label] for label in range(len(parts))]
        return [
            (part, share)
            for part, share in zip(parts, shares, strict=True)
            if share.size
        ]

    def _energies(self, parts, pixels):
        means = np.stack([self.sums[part].sum(axis=0) for part in parts])
        length = np.linalg.norm(means, axis=1, keepdims=True)
        means = (means / np.where(length > 0, length, 1.0)).astype(np.float32)
        weights = self.weights[pixels]
        is_near = np.zeros(len(self.tokens), dtype=bool)
        is_near[weights.indices] = True
        similarity = np.zeros((is_near.size, len(parts)), dtype=np.float32)
        similarity[is_near] = self.tokens[is_near] @ means.T
        similarity = weights @ similarity
        energies = similarity.T / np.float32(-self.settings.temperature)
        if self.settings.inertia:
            for energy, part in zip(energies, parts, strict=True):
                start, stop = self.hierarchy.interval(part)
                places = self.places[pixels]
                energy[(places >= start) & (places < stop)] -= self.settings.inertia
        return energies

    def _kernels(self, pixels):
        settings = self.settings
        positions = self.positions[:, pixels]
        colors = self.colors[:, pixels]
        both = [positions / settings.position_sigma, colors / settings.color_sigma]
        return [
            (positions / settings.gaussian_sigma, settings.gaussian_compatibility),
            (np.concatenate(both), settings.bilateral_compatibility),
        ]


def _within_regions(hierarchy, labels, places, region):
    """Return the leaf of every pixel, given the closed node that it came to.

    Where that is no leaf, a pixel that was inside before keeps its own; others
    get that of the nearest such pixel, or the first leaf where there is none.
    """
    is_leaf = region < hierarchy.n_leaves
    moved = np.where(is_leaf, region, labels).astype(np.int32)
    for node in np.unique(region[~is_leaf]):
        start, stop = hierarchy.interval([node])
        inside = region == node
        stays = inside & (places >= start) & (places < stop)
        comes = inside & ~stays
        if not stays.any():
            moved[comes] = hierarchy.first_leaf(node)
        elif comes.any():
            window = tuple(
                slice(index.min(), index.max() + 1) for index in np.nonzero(inside)
            )
            _, origin = distance_transform_edt(~stays[window], return_indices=True)
            moved[comes] = labels[window][tuple(origin)][comes[window]]
    return moved
