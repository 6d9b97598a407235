"""From one feature map to the graph of its superpixels."""

from dataclasses import dataclass

import numpy as np

from skuhas.spectral import cosine_affinity, diffusion_nearness, exponential_affinity
from skuhas.superpixels._regions import describe_regions


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
    regions = describe_regions(
        features,
        image,
        image_shape,
        valid,
        superpixels=superpixels,
        superpixel_parameters=superpixel_parameters,
        n_superpixels=n_superpixels,
        leaf_size=leaf_size,
        max_leaves=max_leaves,
        affinity=affinity,
        seed=seed,
    )
    leaves = regions.leaves
    shares = leaves.areas / leaves.areas.sum()
    if affinity == "cosine":
        matrix = cosine_affinity(
            leaves.means, leaves.areas, regions.largest_cosine_distance
        )
        return RegionGraph(regions.leaf_labels, matrix, leaves.areas, shares, None)
    matrix = exponential_affinity(
        leaves.descriptors,
        leaves.areas,
        temperature=temperature,
        colors=leaves.colors,
        color_scale=color_scale,
        positions=leaves.positions,
        position_scale=position_scale,
    )
    nearness = diffusion_nearness(regions.conductance.toarray().astype(np.float32))
    return RegionGraph(
        regions.leaf_labels, matrix, np.sqrt(leaves.areas), shares, nearness
    )
