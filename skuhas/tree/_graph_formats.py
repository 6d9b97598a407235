"""Conversion to and from formats that hold the topology and heights of a tree."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas.tree import _graphs, _newick
from skuhas.tree._cuts import Cuts
from skuhas.tree._files import TreeFormatError, text_of
from skuhas.tree._names import node_names
from skuhas.tree._topology import as_array

if TYPE_CHECKING:
    from typing import Self


class GraphFormats(Cuts):
    """Newick, networkx, scipy's linkage and Higra."""

    def to_newick(self, *, names: str | Sequence[str] | None = None) -> str:
        """Return the tree as Newick text.

        The length of a branch is the altitude of the parent less that of the
        node, so that all leaves of altitude 0 are at the same distance from the
        root.

        Parameters
        ----------
        names : str or sequence of str, default=None
            Names of the nodes: that of an array of `node_data`, or one string a
            node; the empty name stays out. By default leaves have their numbers
            and other nodes no names. Names that need it are quoted.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            There are no such names.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [0, 1, 2])
        >>> tree.to_newick()
        '(2:1.0,(0:0.5,1:0.5):0.5);'
        >>> tree.to_newick(names=["cup", "cup's rim", "table", "", ""])
        "(table:1.0,(cup:0.5,'cup''s rim':0.5):0.5);"
        """
        found = node_names(self, names)
        if names is None:
            found[self.n_leaves :] = [""] * (self.n_nodes - self.n_leaves)
        return _newick.text(self, found)

    @classmethod
    def from_newick(
        cls, text: str | os.PathLike[str], leaf_labels: ArrayLike | None = None
    ) -> Self:
        """Build a tree from Newick text.

        Parameters
        ----------
        text : str or Path
            One tree, ended by a semicolon, or a Path of a file that holds it.
            Comments in brackets are passed over.
        leaf_labels : array-like of int, default=None
            Leaf of each pixel, -1 for none. Where the names of the leaves are the
            numbers from 0 on, as `to_newick` writes them, labels are those;
            otherwise leaves are counted in the order of the text. By default leaf
            i is sample i.

        Returns
        -------
        RegionTree
            Numbered canonically. Altitudes are heights above the leaf that is
            farthest from the root, where the text has lengths; a missing one is
            0. Names other than numbers of leaves are the `node_data` "name".

        Raises
        ------
        TreeFormatError
            The text is no tree in Newick, or the labels do not fit it.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_newick("((cat:1,dog:1)pet:1,'a tree':2);")
        >>> tree.altitude
        array([0., 0., 0., 1., 2.])
        >>> tree.node_data["name"].tolist()
        ['cat', 'dog', 'a tree', 'pet', '']
        """
        found = _newick.fields(text_of(text))
        names = found.pop("names")
        n_leaves = _leaf_count(found["parents"])
        numbers = _numbers(names[:n_leaves].tolist())
        data = (
            {} if numbers is not None and not any(names[n_leaves:]) else {"name": names}
        )
        return cls._of_nodes(
            found["parents"],
            leaf_labels,
            numbers,
            "text",
            altitude=found["altitude"],
            node_data=data,
        )

    def to_networkx(self) -> Any:
        """Return the tree as a networkx graph.

        Returns
        -------
        networkx.DiGraph
            Nodes are numbered as here, edges lead from parents to children. Nodes
            carry ``area``, ``depth``, ``altitude``, ``ncut``, ``perturbation``,
            ``eigengap`` and, as ``data.NAME``, each array of `node_data`; the
            graph carries ``leaf_labels``.

        Raises
        ------
        ImportError
            networkx is missing; the message says how to install it.
        """
        return _graphs.networkx_graph(self)

    @classmethod
    def from_networkx(cls, graph: Any, leaf_labels: ArrayLike | None = None) -> Self:
        """Build a tree from a networkx graph.

        Parameters
        ----------
        graph : networkx.DiGraph
            A tree with edges from parents to children. Attributes of the names
            that `to_networkx` writes are read.
        leaf_labels : array-like of int, default=None
            Leaf of each pixel, -1 for none, by the numbers of the nodes; leaves
            that are not numbered from 0 on are counted in the order of the graph.
            By default what the graph carries, else leaf i is sample i.

        Returns
        -------
        RegionTree
            Numbered canonically. Where nodes are not numbered from 0 on, the
            `node_data` "name" holds what they were called.

        Raises
        ------
        ImportError
            networkx is missing; the message says how to install it.
        TreeFormatError
            The graph is no tree, or its attributes do not fit.
        TypeError
            It is no directed graph.
        """
        found = _graphs.networkx_fields(graph)
        names, carried = found.pop("names"), found.pop("leaf_labels")
        parents = found.pop("parents")
        n_leaves = _leaf_count(parents)
        numbers = _numbers(names[:n_leaves])
        if sorted(map(str, names)) != sorted(map(str, range(len(names)))):
            found["node_data"] = {"name": np.array([str(name) for name in names])} | (
                found["node_data"]
            )
        labels = carried if leaf_labels is None else leaf_labels
        return cls._of_nodes(parents, labels, numbers, "graph", **found)

    def to_linkage(self) -> NDArray[np.float64]:
        """Return a binary tree as scipy's linkage matrix.

        Returns
        -------
        ndarray of shape (n_leaves - 1, 4)
            Rows are merges from the lowest altitude up: the two merged, the
            altitude, and how many leaves are below. Leaf i is item i.

        Raises
        ------
        ValueError
            A node has not two children, there is one leaf only, or altitudes are
            negative.

        See Also
        --------
        from_linkage : The way back.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> RegionTree.from_parents([3, 3, 4, 4, 4], [0, 1, 2]).to_linkage()
        array([[0. , 1. , 0.5, 2. ],
               [2. , 3. , 1. , 3. ]])
        """
        return _graphs.linkage(self)

    def to_higra(self) -> tuple[Any, NDArray[np.float64]]:
        """Return the tree as Higra's.

        Returns
        -------
        tree : higra.Tree
            With the same numbers of nodes.
        altitudes : ndarray of shape (n_nodes,)

        Raises
        ------
        ImportError
            Higra is missing; the message says how to install it.
        """
        return _graphs.higra_tree(self)

    @classmethod
    def from_higra(
        cls,
        tree: Any,
        altitudes: ArrayLike | None = None,
        leaf_labels: ArrayLike | None = None,
    ) -> Self:
        """Build a tree from one of Higra's.

        Parameters
        ----------
        tree : higra.Tree
        altitudes : array-like of shape (n_nodes,), default=None
            A height that never falls on the way up.
        leaf_labels : array-like of int, default=None
            Leaf of each pixel, -1 for none. By default leaf i is pixel i of the
            image that Higra made the tree of, or sample i of anything else.

        Returns
        -------
        RegionTree
            Numbered canonically.

        Raises
        ------
        ImportError
            Higra is missing; the message says how to install it.
        TypeError, ValueError
            It is no tree of Higra's, or the arrays do not fit it.
        """
        parents, leaves = _graphs.higra_fields(tree)
        labels = leaves if leaf_labels is None else leaf_labels
        return cls(parents, labels, altitude=altitudes).cut()

    @classmethod
    def _of_nodes(
        cls,
        parents: NDArray,
        leaf_labels: ArrayLike | None,
        numbers: NDArray | None,
        source: str,
        **fields: Any,
    ) -> Self:
        """Return the tree over labels that count the leaves by `numbers`."""
        n_leaves = _leaf_count(parents)
        own = np.arange(n_leaves) if numbers is None else numbers
        labels = np.arange(n_leaves) if leaf_labels is None else leaf_labels
        try:
            array = as_array(labels, "leaf_labels")
            if array.dtype.kind in "iu" and array.size and array.max() < n_leaves:
                position = np.full(n_leaves + 1, -1)
                position[own] = np.arange(n_leaves)
                # Less than -1 stays what the constructor refuses.
                array = np.where(array >= 0, position[np.maximum(array, -1)], array)
            return cls(parents, array, **fields).cut()
        except (TypeError, ValueError) as error:
            raise TreeFormatError(f"{source}: {error}") from error


def _leaf_count(parents: NDArray) -> int:
    return max(1, int((np.bincount(parents[:-1], minlength=parents.size) == 0).sum()))


def _numbers(names: list[Any]) -> NDArray[np.intp] | None:
    """Return the names of leaves as numbers where they are those from 0 on."""
    expected = {str(number): number for number in range(len(names))}
    found = [expected.get(str(name)) for name in names]
    if None in found or len(set(found)) < len(found):
        return None
    return np.array(found, dtype=np.intp)
