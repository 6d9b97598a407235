"""The tree of nested regions: arrays, traversal, cuts, pooling, files."""

from skuhas.tree._files import TreeFormatError
from skuhas.tree._nested import nested_parents
from skuhas.tree._pooling import pool_features, token_weights
from skuhas.tree._region_tree import RegionTree
from skuhas.tree._topology import (
    accumulate_to_ancestors,
    canonical_labels,
    canonical_parents,
    contract_parents,
    prune_nodes,
)

__all__ = [
    "RegionTree",
    "TreeFormatError",
    "accumulate_to_ancestors",
    "canonical_labels",
    "canonical_parents",
    "contract_parents",
    "nested_parents",
    "pool_features",
    "prune_nodes",
    "token_weights",
]
