"""What displays are made of: trees, images to show, label maps of cuts."""

import numpy as np

from skuhas._common import as_rgb_image
from skuhas.features import FeatureMap
from skuhas.plotting._colors import region_colors
from skuhas.tree import RegionTree


def predict_tree(estimator, image):
    """Return the tree that an estimator predicts for one image."""
    if not hasattr(estimator, "predict"):
        raise TypeError(
            "estimator must have a method predict that maps [image] to [tree], got "
            f"{type(estimator).__name__}."
        )
    trees = estimator.predict([image])
    if not isinstance(trees, (list, tuple)) or len(trees) != 1:
        raise TypeError(
            "estimator.predict must return a list of one RegionTree for [image], got "
            f"{type(trees).__name__}."
        )
    return check_tree(trees[0], "estimator.predict([image])[0]")


def check_tree(tree, name="tree"):
    """Return `tree` where it is a RegionTree, or raise."""
    if not isinstance(tree, RegionTree):
        raise TypeError(f"{name} must be a RegionTree, got {type(tree).__name__}.")
    return tree


def check_image_tree(tree, caller, name="tree"):
    """Return `tree` where it is one over an image, or raise."""
    check_tree(tree, name)
    if len(tree.shape) != 2:
        raise ValueError(
            f"{caller} needs a tree over an image, got one over {tree.shape[0]} "
            "samples. DendrogramDisplay draws such trees."
        )
    return tree


def as_shown(image, tree):
    """Return an image in RGB to show with a tree; None where there is none."""
    if isinstance(image, FeatureMap):
        image = image.image
    if image is None:
        return None
    pixels = as_rgb_image(image)
    if pixels.shape[:2] != tree.shape:
        raise ValueError(
            "image must have the tree's height and width "
            f"{tuple(tree.shape)}, got {pixels.shape[:2]}. Trees change their size "
            "by tree.resize((height, width))."
        )
    return pixels


def colored(tree):
    """Return the tree with the color and the number of each node as node data."""
    return RegionTree.from_parents(
        tree.parents,
        tree.leaf_labels,
        ncut=tree.ncut,
        altitude=tree.altitude,
        node_data={"color": region_colors(tree), "node": np.arange(tree.n_nodes)},
    )


def gray(image):
    """Return the luma of an image, shape (height, width, 1), float in [0, 255]."""
    return (image @ np.array([0.299, 0.587, 0.114]))[..., None]


def count(number, word):
    """Return a number and its noun: 1 region, 2 regions."""
    return f"{number} {word}{'' if number == 1 else 's'}"
