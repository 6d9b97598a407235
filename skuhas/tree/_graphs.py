"""Trees of other libraries: networkx's graphs, Higra's trees, scipy's linkages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import optional_import
from skuhas.tree import _nodes
from skuhas.tree._arrays import FIGURES
from skuhas.tree._files import TreeFormatError
from skuhas.tree._structure import Structure


def linkage(tree: Structure) -> NDArray[np.float64]:
    """Return the merge table of a binary tree."""
    n_leaves = tree.n_leaves
    wrong = np.flatnonzero(tree.n_children[n_leaves:] != 2)
    if wrong.size or n_leaves == 1:
        node = n_leaves + int(wrong[0]) if wrong.size else tree.root
        raise ValueError(
            "to_linkage needs a binary tree of at least two leaves, got a tree whose "
            f"node {node} has {tree.n_children[node]} children."
        )
    altitude = tree.altitude[n_leaves:]
    if altitude.min() < 0:
        raise ValueError(
            "to_linkage needs altitudes of at least 0, which are distances there, got "
            f"{altitude.min()}."
        )
    # A node comes after its children: its number is larger and its altitude no less.
    order = np.argsort(altitude, kind="stable")
    number = np.arange(tree.n_nodes)
    number[n_leaves + order] = np.arange(n_leaves, tree.n_nodes)
    pairs = number[tree._children[0].reshape(-1, 2)][order]
    size = tree.accumulate(np.ones(n_leaves, dtype=np.int64))[n_leaves:][order]
    table = np.empty((n_leaves - 1, 4))
    table[:, :2] = np.sort(pairs, axis=1)
    table[:, 2] = altitude[order]
    table[:, 3] = size
    return table


def networkx_graph(tree: Structure) -> Any:
    """Return a directed graph with an edge from every node to each of its children."""
    networkx = optional_import(
        "networkx", package="skuhas[export]", purpose="to_networkx"
    )
    graph = networkx.DiGraph()
    columns: dict[str, list] = {"area": tree.area.tolist()}
    columns["depth"] = tree.depth.tolist()
    columns["altitude"] = tree.altitude.tolist()
    columns |= {name: getattr(tree, name).tolist() for name in FIGURES}
    columns |= {
        _nodes.PREFIX + name: values.tolist() for name, values in tree.node_data.items()
    }
    rows = zip(*columns.values(), strict=True)
    graph.add_nodes_from(
        (node, dict(zip(columns, row, strict=True))) for node, row in enumerate(rows)
    )
    parents = tree.parents[:-1].tolist()
    graph.add_edges_from((above, node) for node, above in enumerate(parents))
    graph.graph |= {"leaf_labels": tree.leaf_labels, "skuhas": _nodes.header(tree)}
    return graph


def networkx_fields(graph: Any) -> dict[str, Any]:
    """Return what a tree is made of, and the names of its leaves."""
    networkx = optional_import(
        "networkx", package="skuhas[export]", purpose="from_networkx"
    )
    if not isinstance(graph, networkx.DiGraph):
        raise TypeError(
            f"graph must be a networkx.DiGraph, got {type(graph).__name__}."
        )
    if graph.number_of_nodes() == 0 or not networkx.is_arborescence(graph):
        raise TreeFormatError(
            "graph must be a tree with its edges from parents to children: one node "
            "without parent, one parent for every other, all connected."
        )
    names = list(graph)
    if all(isinstance(name, int) for name in names):
        names.sort()
    above = [next(iter(graph.predecessors(name)), None) for name in names]
    index = {name: place for place, name in enumerate(names)}
    places = [None if name is None else index[name] for name in above]
    order, parents = _nodes.ordered(range(len(names)), places, "graph")
    names = [names[place] for place in order]
    entries = [graph.nodes[name] for name in names]
    found = _nodes.fields(entries, graph.graph.get("skuhas"), "graph")
    labels = graph.graph.get("leaf_labels")
    return {"parents": parents, **found, "names": names, "leaf_labels": labels}


def higra_tree(tree: Structure) -> tuple[Any, NDArray[np.float64]]:
    """Return Higra's tree and altitudes."""
    higra = optional_import("higra", package="skuhas[higra]", purpose="to_higra")
    return higra.Tree(tree.parents.astype(np.int64)), tree.altitude.copy()


def higra_fields(tree: Any) -> tuple[NDArray, NDArray]:
    """Return the parents of Higra's tree and the leaf of every pixel."""
    higra = optional_import("higra", package="skuhas[higra]", purpose="from_higra")
    if not isinstance(tree, higra.Tree):
        raise TypeError(f"tree must be a higra.Tree, got {type(tree).__name__}.")
    parents = np.array(tree.parents())
    leaves = np.arange(tree.num_leaves())
    # Trees of an image's pixels know the image's graph.
    graph = getattr(tree, "leaf_graph", None)
    shape = () if graph is None else tuple(higra.CptGridGraph.get_shape(graph) or ())
    if len(shape) == 2 and np.prod(shape) == leaves.size:
        leaves = leaves.reshape(shape)
    return parents, leaves
