"""Graphs of regions, their spectra, one split, and the recursion."""

from skuhas.spectral._affinity import cosine_affinity, exponential_affinity
from skuhas.spectral._assign import ASSIGN_LABELS, cluster_rows
from skuhas.spectral._backend import like, to_numpy
from skuhas.spectral._coarsen import coarsen
from skuhas.spectral._eigen import smallest_eigenpairs
from skuhas.spectral._factored import FactoredGraph
from skuhas.spectral._farthest import largest_cosine_distance
from skuhas.spectral._gates import Gates
from skuhas.spectral._k_means import k_means
from skuhas.spectral._kernels import CosineKernel, ExponentialKernel
from skuhas.spectral._kway import k_way_cut
from skuhas.spectral._laplacian import NormalisedGraph, normalise
from skuhas.spectral._locality import Locality, diffusion_nearness
from skuhas.spectral._low_rank import cosine_k_way_cut, factored_eigenpairs
from skuhas.spectral._nystroem import landmark_graph
from skuhas.spectral._perturbation import perturbation
from skuhas.spectral._recursion import grow_tree, grow_trees
from skuhas.spectral._sources import DenseSource, LargeSource
from skuhas.spectral._split import Split, split_graph
from skuhas.spectral._sweep import mean_normalised_cut, sweep_cut

__all__ = [
    "ASSIGN_LABELS",
    "CosineKernel",
    "DenseSource",
    "ExponentialKernel",
    "FactoredGraph",
    "Gates",
    "LargeSource",
    "Locality",
    "NormalisedGraph",
    "Split",
    "cluster_rows",
    "coarsen",
    "cosine_affinity",
    "cosine_k_way_cut",
    "diffusion_nearness",
    "exponential_affinity",
    "factored_eigenpairs",
    "grow_tree",
    "grow_trees",
    "k_means",
    "k_way_cut",
    "landmark_graph",
    "largest_cosine_distance",
    "like",
    "mean_normalised_cut",
    "normalise",
    "perturbation",
    "smallest_eigenpairs",
    "split_graph",
    "sweep_cut",
    "to_numpy",
]
