"""From one feature map to the graph of its superpixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skuhas.spectral import (
    CosineKernel,
    DenseSource,
    ExponentialKernel,
    LargeSource,
    Locality,
    coarsen,
    diffusion_nearness,
    landmark_graph,
    like,
    to_numpy,
)
from skuhas.superpixels._regions import describe_regions

# Superpixels at most whose affinity is written down as one matrix.
DENSE = 4000
# Superpixels at most of the nodes of larger graphs that are split exactly, and
# groups that stand for those of nodes with more.
GROUPS = 1000
# Share of the affinity's trace that landmarks may leave out.
MISSING = 0.05


@dataclass(frozen=True, slots=True)
class RegionGraph:
    """The graph of an image's superpixels.

    Parameters
    ----------
    leaf_labels : ndarray of shape (height, width), dtype int32
        Leaf of each pixel at image size, -1 where not valid.
    affinity : array of shape (n_leaves, n_leaves), dtype float32 or float64
    weights : array of shape (n_leaves,), dtype float64
        The affinity of leaves with similarity 1 is the product of theirs.
    shares : ndarray of shape (n_leaves,), dtype float64
        Areas, adding up to 1.
    conductance : csr_array of shape (n_leaves, n_leaves), or None
        See `boundary_conductance`. None with the cosine affinity.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import region_graph
    >>> graph = region_graph(np.ones((2, 2, 1)), superpixels="grid")
    >>> graph.shares
    array([0.25, 0.25, 0.25, 0.25])
    """

    leaf_labels: np.ndarray
    affinity: Any
    weights: Any
    shares: np.ndarray
    conductance: Any

    def source(self, strength, start=None):
        """Return where the recursion takes its nodes from.

        Parameters
        ----------
        strength : float
            See `skuhas.spectral.Locality`.
        start : callable, default=None
            Takes a function and its arguments and returns a future. The whole
            picture is split without nearness, which may be made meanwhile.

        Returns
        -------
        skuhas.spectral.DenseSource
        """
        locality = None
        if self.conductance is not None and strength > 0:
            arguments = self.conductance, self.affinity
            near = start(_nearness, *arguments) if start else _nearness(*arguments)
            locality = Locality(near, self.shares, strength)
        return DenseSource(self.affinity, self.weights, locality)


def _nearness(between, reference):
    single = between.astype(np.float32)
    if not isinstance(reference, np.ndarray):
        single = like(single.toarray(), reference)
    return diffusion_nearness(single)


@dataclass(frozen=True, slots=True)
class LargeRegionGraph:
    """The graph of more superpixels than a matrix could hold.

    Parameters
    ----------
    leaf_labels : ndarray of shape (height, width), dtype int32
        Leaf of each pixel at image size, -1 where not valid.
    kernel : skuhas.spectral.ExponentialKernel or CosineKernel
    weights : array of shape (n_leaves,), dtype float64
    shares : ndarray of shape (n_leaves,), dtype float64
    conductance : csr_array of shape (n_leaves, n_leaves), or None
        See `boundary_conductance`. None with the cosine affinity.
    rounds : tuple of ndarray of shape (n_leaves,), dtype int32
        Groups of superpixels that stand for them in large nodes, see
        `skuhas.spectral.coarsen`. Empty with the cosine affinity.
    reference : array
        On whose device nodes are split.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import region_graph
    >>> features = np.random.default_rng(0).normal(size=(70, 70, 4))
    >>> graph = region_graph(
    ...     features, superpixels="grid", max_leaves=10_000, affinity="cosine"
    ... )
    >>> type(graph).__name__, graph.shares.size
    ('LargeRegionGraph', 4900)
    """

    leaf_labels: np.ndarray
    kernel: Any
    weights: np.ndarray
    shares: np.ndarray
    conductance: Any
    rounds: tuple
    reference: Any

    def source(self, strength, start=None):
        """Return where the recursion takes its nodes from.

        The cosine affinity has a factor. The exponential one gets landmarks
        where `strength` is 0 and they leave little enough out, and groups of
        neighbouring superpixels otherwise.

        Parameters
        ----------
        strength : float
            See `skuhas.spectral.Locality`.
        start : callable, default=None
            Not needed: nearness is made node by node.

        Returns
        -------
        skuhas.spectral.LargeSource
        """
        graph = None
        if self.conductance is None:
            graph = self.kernel.moved(self.reference).graph()
        elif strength == 0:
            graph, missing = landmark_graph(self.kernel.moved(self.reference))
            if missing > MISSING:
                graph = None
        return LargeSource(
            self.kernel,
            self.weights,
            self.shares,
            graph=graph,
            conductance=self.conductance,
            strength=strength,
            rounds=self.rounds,
            limit=GROUPS,
            reference=self.reference,
        )


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
    device=None,
):
    """Return the graph of an image's superpixels and the map of their pixels.

    Parameters
    ----------
    features : ndarray or tensor of shape (rows, columns, n_features)
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
    device : str, default=None
        Of torch, where the features go and the matrices are made. None leaves
        them where the features are.

    Returns
    -------
    RegionGraph or LargeRegionGraph
        The second of more than 4000 superpixels.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.superpixels import region_graph
    >>> graph = region_graph(np.eye(2)[None], superpixels="grid", affinity="cosine")
    >>> graph.affinity
    array([[0., 0.],
           [0., 0.]])
    """
    if device is not None:
        import torch

        features = torch.as_tensor(features, device=device)
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
    cosine = affinity == "cosine"
    features = leaves.means if cosine else leaves.descriptors
    is_large = shares.size > DENSE
    if is_large:
        # What large graphs are divided by is made on the host.
        reference, features = features[:0], to_numpy(features)
    weights = like(leaves.areas if cosine else np.sqrt(leaves.areas), features)
    if cosine:
        counts = like(leaves.areas, features)
        kernel = CosineKernel(features, counts, regions.largest_cosine_distance)
    else:
        kernel = ExponentialKernel.of_regions(
            features,
            leaves.areas,
            temperature=temperature,
            colors=leaves.colors,
            color_scale=color_scale,
            positions=leaves.positions,
            position_scale=position_scale,
        )
    if is_large:
        rounds = () if cosine else tuple(coarsen(kernel, regions.conductance, GROUPS))
        return LargeRegionGraph(
            regions.leaf_labels,
            kernel,
            weights,
            shares,
            regions.conductance,
            rounds,
            reference,
        )
    return RegionGraph(
        regions.leaf_labels, kernel.matrix(), weights, shares, regions.conductance
    )
