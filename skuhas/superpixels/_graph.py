"""From one feature map to the graph of its superpixels."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from skimage.color import rgb2lab

from skuhas.spectral import (
    cosine_affinity,
    diffusion_nearness,
    exponential_affinity,
    largest_cosine_distance,
)
from skuhas.superpixels._boundaries import boundary_conductance
from skuhas.superpixels._describe import describe_leaves
from skuhas.superpixels._image import image_superpixels
from skuhas.superpixels._resample import resample_labels
from skuhas.superpixels._tokens import TOKEN_METHODS, token_superpixels
from skuhas.tree import canonical_labels


@dataclass(frozen=True, slots=True)
class RegionGraph:
    """The graph of an image's superpixels.

    Parameters
    ----------
    leaf_labels : ndarray of shape (height, width), dtype int32
        Leaf of each pixel at image size, -1 where not valid.
    affinity : ndarray of shape (n_leaves, n_leaves), dtype float32 or float64
    weights : ndarray of shape (n_leaves,), dtype float64
        The affinity of leaves with similarity 1 is the product of theirs.
    shares : ndarray of shape (n_leaves,), dtype float64
        Areas, adding up to 1.
    log_nearness : ndarray of shape (n_leaves, n_leaves), dtype float32, or None
        See `skuhas.spectral.Locality`. None with the cosine affinity.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import region_graph
    >>> graph = region_graph(np.ones((2, 2, 1)), superpixels="grid")
    >>> graph.shares
    array([0.25, 0.25, 0.25, 0.25])
    """

    leaf_labels: np.ndarray
    affinity: np.ndarray
    weights: np.ndarray
    shares: np.ndarray
    log_nearness: np.ndarray | None


def region_graph(
    features,
    image=None,
    image_shape=None,
    valid=None,
    *,
    superpixels="auto",
    superpixel_parameters=None,
    n_superpixels=200,
    leaf_size=640,
    max_leaves=4000,
    affinity="exponential",
    temperature=0.1,
    color_scale=30.0,
    position_scale=None,
    seed=0,
):
    """Return the graph of an image's superpixels and the map of their pixels.

    Parameters
    ----------
    features : ndarray of shape (rows, columns, n_features)
        Scaled to unit length here; zero vectors stay.
    image : ndarray of shape (height, width, 3), dtype uint8, default=None
    image_shape : (int, int), default=None
        Size of the label map; by default the image's, else the grid's.
    valid : ndarray of shape `image_shape`, dtype bool, default=None
        False marks pixels without data.
    superpixels : str or callable, default="auto"
        As in `HierarchicalSpectralSegmenter`, like all that follow.
    superpixel_parameters : dict, default=None
    n_superpixels : int, default=200
    leaf_size : int, default=640
    max_leaves : int, default=4000
    affinity : {"exponential", "cosine"}, default="exponential"
    temperature : float, default=0.1
    color_scale : float, default=30.0
    position_scale : float, default=None
    seed : int, default=0
        Seed of k-means.

    Returns
    -------
    RegionGraph

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import region_graph
    >>> graph = region_graph(np.eye(2)[None], superpixels="grid", affinity="cosine")
    >>> graph.affinity
    array([[0., 0.],
           [0., 0.]])
    """
    if image_shape is None:
        image_shape = (features if image is None else image).shape[:2]
    tokens = _unit(features)
    if superpixels == "auto":
        superpixels = "spectral" if image is None else "felzenszwalb"
    if callable(superpixels) or superpixels not in TOKEN_METHODS:
        if image is None:
            raise ValueError(
                f"superpixels={superpixels!r} needs the image, which this feature map "
                f"does not carry; use one of {list(TOKEN_METHODS)}."
            )
        working = image_superpixels(
            image,
            superpixels,
            leaf_size=leaf_size,
            max_leaves=max_leaves,
            parameters=superpixel_parameters,
        )
    else:
        if superpixel_parameters:
            raise ValueError(
                f"superpixel_parameters={superpixel_parameters!r} has no meaning for "
                f"superpixels={superpixels!r}, which takes n_superpixels."
            )
        working = token_superpixels(
            tokens,
            superpixels,
            n_leaves=n_superpixels,
            max_leaves=max_leaves,
            seed=seed,
        )
    leaf_labels, working = _at_image_size(working, image_shape, valid)
    lab = None if image is None else rgb2lab(_scaled(image, working.shape))
    leaves = describe_leaves(working, tokens, lab)
    shares = leaves.areas / leaves.areas.sum()
    if affinity == "cosine":
        flat = tokens.reshape(-1, tokens.shape[2])
        matrix = cosine_affinity(
            leaves.means, leaves.areas, largest_cosine_distance(flat)
        )
        return RegionGraph(leaf_labels, matrix, leaves.areas, shares, None)
    matrix = exponential_affinity(
        leaves.descriptors,
        leaves.areas,
        temperature=temperature,
        colors=leaves.colors,
        color_scale=color_scale,
        positions=leaves.positions,
        position_scale=position_scale,
    )
    nearness = diffusion_nearness(boundary_conductance(working, lab).astype(np.float32))
    return RegionGraph(leaf_labels, matrix, np.sqrt(leaves.areas), shares, nearness)


def _unit(features):
    # Scaling by the largest entry first keeps huge and tiny vectors in range.
    largest = np.maximum(features.max(axis=2), -features.min(axis=2))[..., None]
    tokens = features / np.where(largest > 0, largest, 1.0)
    length = np.sqrt(np.einsum("ijk,ijk->ij", tokens, tokens))[..., None]
    tokens /= np.where(length > 0, length, 1.0)
    return tokens


def _at_image_size(working, image_shape, valid):
    """Return the leaf map at image size, and the working map with its numbers.

    Leaves that keep no valid pixel at image size are dropped from both. A leaf
    whose valid pixels all fall between the working map's keeps the others
    there, so that it can be described.
    """
    full = resample_labels(working, image_shape)
    if valid is not None:
        full = np.where(valid, full, np.int32(-1))
    n_leaves = int(working.max()) + 1
    full, kept = canonical_labels(full, n_leaves)
    new = np.full(n_leaves, -1, dtype=np.int32)
    new[kept] = np.arange(kept.size)
    working = new[working]
    if valid is not None:
        masked = np.where(resample_labels(valid, working.shape), working, np.int32(-1))
        described = np.bincount(masked[masked >= 0], minlength=kept.size) > 0
        working = np.where(described[working] & (masked < 0), np.int32(-1), working)
    return full, working


def _scaled(image, shape):
    if image.shape[:2] == shape:
        return image
    return np.asarray(Image.fromarray(image).resize(shape[::-1], Image.Resampling.BOX))
