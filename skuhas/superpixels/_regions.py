"""From one feature map to its superpixels and what is known of them."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import sparse

from skuhas._common import beside, fit_within
from skuhas.spectral import largest_cosine_distance
from skuhas.superpixels._boundaries import conductance
from skuhas.superpixels._describe import LeafDescription, describe_leaves
from skuhas.superpixels._image import image_superpixels
from skuhas.superpixels._resample import resample_labels
from skuhas.superpixels._rows import GradientRows, LabRows, UnitRows
from skuhas.superpixels._tensors import UnitTensor
from skuhas.superpixels._tokens import TOKEN_METHODS, token_superpixels
from skuhas.tree import canonical_labels


@dataclass(frozen=True, slots=True)
class RegionDescription:
    """An image's superpixels and all that their graph is made of.

    Parameters
    ----------
    leaf_labels : ndarray of shape (height, width), dtype int32
        Leaf of each pixel at image size, -1 where not valid.
    leaves : LeafDescription
        Features, areas, colours and places of the leaves.
    conductance : csr_array of shape (n_leaves, n_leaves), or None
        See `boundary_conductance`. None with the cosine affinity.
    largest_cosine_distance : float or None
        Between any two feature vectors. None with the exponential affinity.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import describe_regions
    >>> regions = describe_regions(np.ones((1, 3, 1)), superpixels="grid")
    >>> regions.conductance.toarray()
    array([[0., 1., 0.],
           [1., 0., 1.],
           [0., 1., 0.]])
    """

    leaf_labels: np.ndarray
    leaves: LeafDescription
    conductance: sparse.csr_array | None
    largest_cosine_distance: float | None


def describe_regions(
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
    seed=0,
):
    """Partition an image into superpixels and describe them.

    What is derived from a large image or feature grid is made by blocks of
    rows: beside the label maps, memory grows with the leaves and not with the
    pixels.

    Parameters
    ----------
    features : ndarray or tensor of shape (rows, columns, n_features)
        Scaled to unit length here; zero vectors stay. A tensor stays on its
        device.
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
        Which graph the description is for.
    seed : int, default=0
        Seed of k-means.

    Returns
    -------
    RegionDescription

    Raises
    ------
    ValueError
        A method on the image without an image, or parameters that the method
        does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import describe_regions
    >>> describe_regions(np.eye(2)[None], superpixels="grid").leaves.areas
    array([1., 1.])
    """
    if image_shape is None:
        image_shape = (features if image is None else image).shape[:2]
    tokens = (UnitTensor if hasattr(features, "detach") else UnitRows)(features)
    if superpixels == "auto":
        superpixels = "spectral" if image is None else "felzenszwalb"
    gradient = None
    if callable(superpixels) or superpixels not in TOKEN_METHODS:
        if image is None:
            raise ValueError(
                f"superpixels={superpixels!r} needs the image, which this feature map "
                f"does not carry; use one of {list(TOKEN_METHODS)}."
            )
        if leaf_size is not None and max(image.shape[:2]) > leaf_size:
            image = _scaled(image, fit_within(image.shape[:2], leaf_size))
        gradient = GradientRows(LabRows(image))
        with beside() as start:
            # Superpixels leave a second core idle for half of their time.
            if gradient.is_small:
                start(gradient.__getitem__, slice(None))
            if affinity == "cosine" and tokens.is_small:
                start(tokens.whole)
            elif isinstance(tokens, UnitRows):
                start(tokens.lengths)
            working = image_superpixels(
                image,
                superpixels,
                leaf_size=None,
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
            tokens.whole(),
            superpixels,
            n_leaves=n_superpixels,
            max_leaves=max_leaves,
            seed=seed,
        )
        if image is not None:
            gradient = GradientRows(LabRows(_scaled(image, working.shape)))
    leaf_labels, working = _at_image_size(working, image_shape, valid)
    lab = None if gradient is None else gradient.source
    if affinity == "cosine":
        leaves = describe_leaves(working, tokens, lab)
        flat = tokens.whole().reshape(-1, tokens.shape[2])
        return RegionDescription(
            leaf_labels, leaves, None, largest_cosine_distance(flat)
        )
    with beside() as start:
        between = start(conductance, working, gradient)
        leaves = describe_leaves(working, tokens, lab)
        return RegionDescription(leaf_labels, leaves, between.result(), None)


def _at_image_size(working, image_shape, valid):
    """Return the leaf map at image size, and the working map with its numbers.

    Leaves that keep no valid pixel at image size are dropped from both. A leaf
    whose valid pixels all fall between the working map's keeps the others
    there, so that it can be described.
    """
    full = resample_labels(working, image_shape)
    if valid is None and full is working:
        return full, working
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
