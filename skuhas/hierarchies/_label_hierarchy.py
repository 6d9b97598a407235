"""LabelHierarchy: the class tree of a data set, and trees of images from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skuhas._common import check_integer, check_list
from skuhas.hierarchies import _built_in, _nested
from skuhas.tree import RegionTree, canonical_labels, canonical_parents

if TYPE_CHECKING:
    from typing import Self

ROLES = ("foreground", "background", "ignore")


class LabelHierarchy:
    """The class tree of a data set's labels.

    Nodes are numbered as in `RegionTree`: first the classes, which are what
    pixels are labelled with, then the categories, children before parents;
    the root, which stands for the whole image, is last.

    Parameters
    ----------
    names : sequence of str, length n_nodes
        Names of the nodes. The root's is the name of the hierarchy; a name may
        occur more than once.
    parents : array-like of shape (n_nodes,), dtype int
        Parent of every node, ``parents[i] > i``; that of the root is itself
        or -1.
    labels : sequence of int, length n_classes
        Value of each class in label maps, each once. Negative ones are for
        classes to ignore only.
    roles : sequence of {"foreground", "background", "ignore"}, length n_classes
        What each class counts as. All classes of the background form one
        region; pixels of ignored classes take no part in anything.

    Attributes
    ----------
    name : str
        Name of the root.
    class_names, category_names : list of str
        Names of the classes, and of the categories without the root.
    node_names, labels, roles : list
        As given, except that the categories may be in another order.
    parents : ndarray of shape (n_nodes,), dtype int32
    n_nodes, n_classes : int

    Raises
    ------
    TypeError, ValueError
        The arrays contradict each other; the message names the one.

    Notes
    -----
    Categories are renumbered by depth, deepest first, and then by their first
    class, so that hierarchies compare by value. Siblings are in the order of
    their first class.

    Examples
    --------
    >>> from skuhas import LabelHierarchy
    >>> hierarchy = LabelHierarchy.load("camvid")
    >>> hierarchy
    LabelHierarchy('camvid', n_classes=12, n_nodes=20, height=2)
    >>> tree = hierarchy.tree([[0, 0, 1], [3, 4, 11]])
    >>> tree.node_data["name"].tolist()
    ['Sky', 'Building', 'Road', 'Pavement', 'sky', 'construction', 'flat', 'camvid']
    >>> tree.leaf_labels
    array([[ 0,  0,  1],
           [ 2,  3, -1]], dtype=int32)
    """

    def __init__(
        self,
        names: Sequence[str],
        parents: ArrayLike,
        labels: Sequence[int],
        roles: Sequence[str],
    ) -> None:
        self._classes = _class_tree(parents)
        n_nodes, n_classes = self._classes.n_nodes, self._classes.n_leaves
        given_names = _check_length(names, "names", n_nodes, "nodes")
        self.labels = _check_labels(_check_length(labels, "labels", n_classes))
        self.roles = _check_roles(_check_length(roles, "roles", n_classes))
        for position, name in enumerate(given_names):
            if not isinstance(name, str) or not name:
                raise ValueError(
                    f"names must be non-empty strings, got names[{position}] = "
                    f"{name!r}."
                )
        for label, role in zip(self.labels, self.roles, strict=True):
            if label < 0 and role != "ignore":
                raise ValueError(
                    f"labels must be at least 0 where the role is not 'ignore', got "
                    f"{label} with the role {role!r}."
                )
        order = np.arange(n_classes)
        parents, kept = canonical_parents(self._classes.parents, order)
        self._classes = RegionTree(parents, order)
        self.node_names = [given_names[node] for node in kept]

    # ---------------------------------------------------------- construction

    @classmethod
    def load(cls, name: str) -> Self:
        """Return a built-in class tree.

        Parameters
        ----------
        name : str
            One of ``LabelHierarchy.names()``.

        Returns
        -------
        LabelHierarchy

        Raises
        ------
        ValueError
            There is none of that name; the message lists them.

        Examples
        --------
        >>> from skuhas import LabelHierarchy
        >>> LabelHierarchy.load("voc12").class_names[:3]
        ['background', 'airplane', 'bicycle']
        """
        return cls(**_built_in.read(name))

    @staticmethod
    def names() -> list[str]:
        """Return the names of the built-in class trees, which `load` knows.

        Returns
        -------
        list of str
        """
        return list(_built_in.FILE_OF)

    @classmethod
    def from_nested(cls, tree: Mapping[str, Any]) -> Self:
        """Build a hierarchy from nested mappings.

        Parameters
        ----------
        tree : mapping
            A category is ``{"name": ..., "children": [...]}``, a class
            ``{"name": ..., "index": ..., "role": ...}`` with its value in
            label maps and its role, "foreground" where left out.

        Returns
        -------
        LabelHierarchy

        Raises
        ------
        TypeError, ValueError
            A node is malformed; the message says where it is.

        Examples
        --------
        >>> from skuhas import LabelHierarchy
        >>> LabelHierarchy.from_nested({
        ...     "name": "yard",
        ...     "children": [
        ...         {"name": "ground", "index": 0, "role": "background"},
        ...         {"name": "animal", "children": [
        ...             {"name": "cat", "index": 1},
        ...             {"name": "dog", "index": 2},
        ...         ]},
        ...     ],
        ... })
        LabelHierarchy('yard', n_classes=3, n_nodes=5, height=2)
        """
        return cls(**_nested.flatten(tree))

    def to_nested(self) -> dict[str, Any]:
        """Return the hierarchy as the nested mappings that `from_nested` takes.

        Returns
        -------
        dict
        """
        start = _first_class(self._classes)
        children = [
            sorted(self._classes.children(node).tolist(), key=start.__getitem__)
            for node in range(self.n_nodes)
        ]
        return _nested.nest(self.node_names, self.labels, self.roles, children)

    # -------------------------------------------------------------- structure

    @property
    def name(self) -> str:
        """Name of the root."""
        return self.node_names[-1]

    @property
    def parents(self) -> NDArray[np.int32]:
        """Parent of every node, shape (n_nodes,)."""
        return self._classes.parents

    @property
    def n_nodes(self) -> int:
        """Number of classes and categories, the root among them."""
        return self._classes.n_nodes

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self._classes.n_leaves

    @property
    def class_names(self) -> list[str]:
        """Names of the classes, in the order of `labels`."""
        return self.node_names[: self.n_classes]

    @property
    def category_names(self) -> list[str]:
        """Names of the categories, the root left out."""
        return self.node_names[self.n_classes : -1]

    # ------------------------------------------------------------ ground truth

    def tree(
        self,
        label_map: ArrayLike,
        *,
        ignore_index: int | Iterable[int] | None = None,
    ) -> RegionTree:
        """Return the ground-truth tree of an image.

        Its nodes are the root, the categories present and the classes present.
        A category of which one class is present stays a node of its own, with
        the same pixels. All classes of the background form one leaf under the
        root, wherever they stand in the hierarchy; pixels to ignore have the
        leaf label -1.

        Parameters
        ----------
        label_map : array-like of int, shape (height, width)
        ignore_index : int or iterable of int, default=None
            Further labels to ignore, beside the classes of that role.

        Returns
        -------
        RegionTree
            Numbered canonically. Its ``node_data`` has ``"name"``; ``"label"``,
            -1 at categories and at the background; and ``"background"``, True
            at the background's leaf.

        Raises
        ------
        ValueError
            The map is no 2-D array of integers, holds labels that the hierarchy
            does not know, or has no pixel that counts. `trees` lets such an
            image through.

        Examples
        --------
        >>> from skuhas import LabelHierarchy
        >>> tree = LabelHierarchy.load("voc12").tree([[0, 0, 8], [255, 0, 8]])
        >>> tree.node_data["name"].tolist()
        ['background', 'cat', 'voc12']
        """
        tree = self._tree(label_map, "label_map", _as_labels(ignore_index))
        if tree is None:
            raise ValueError(
                f"label_map: every pixel is to be ignored under {self!r}, so there "
                "is no tree. LabelHierarchy.trees gives None for such an image, and "
                "the scores leave it out."
            )
        return tree

    def trees(
        self,
        label_maps: Iterable[ArrayLike],
        *,
        ignore_index: int | Iterable[int] | None = None,
    ) -> list[RegionTree | None]:
        """Return the ground-truth trees of a data set, ready to score against.

        Parameters
        ----------
        label_maps : iterable of array-like of int, shape (height, width)
        ignore_index : int or iterable of int, default=None
            Further labels to ignore, beside the classes of that role.

        Returns
        -------
        list of RegionTree or None
            As `tree` gives them; None where all pixels of an image are to be
            ignored. The scores leave such an image out.

        Raises
        ------
        ValueError
            A map is malformed or holds unknown labels; the message names it.

        Examples
        --------
        >>> from skuhas import LabelHierarchy
        >>> LabelHierarchy.load("voc12").trees([[[0, 8]], [[255, 255]]])
        [RegionTree(n_leaves=2, n_nodes=3, height=1, shape=(1, 2)), None]
        """
        ignored = _as_labels(ignore_index)
        maps = check_list(label_maps, "label_maps", "label maps")
        return [
            self._tree(label_map, f"label_maps[{position}]", ignored)
            for position, label_map in enumerate(maps)
        ]

    def _tree(
        self, label_map: ArrayLike, name: str, ignored: NDArray[np.int64]
    ) -> RegionTree | None:
        array = np.asarray(label_map)
        if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "iu":
            raise ValueError(
                f"{name} must be a non-empty integer array of shape (height, width), "
                f"got shape {array.shape} and dtype {array.dtype}."
            )
        # One leaf more than classes: the background, a child of the root.
        background = self.n_classes
        values, leaves = self._leaf_of_label(ignored)
        position = np.searchsorted(values, array).clip(max=values.size - 1)
        unknown = values[position] != array
        if unknown.any():
            raise ValueError(
                f"{name} has labels that {self!r} does not know: "
                f"{np.unique(array[unknown]).tolist()}. Pass those to leave out as "
                "ignore_index."
            )
        labels, kept_leaves = canonical_labels(leaves[position], background + 1)
        if kept_leaves.size == 0:
            return None
        # The new leaf takes the number after the classes; categories move up.
        parents = np.insert(self.parents + 1, background, self.n_nodes)
        parents, kept = canonical_parents(parents.astype(np.int32), kept_leaves)
        names = [*self.class_names, "background", *self.node_names[background:]]
        label_of_node = np.full(self.n_nodes + 1, -1, dtype=np.int64)
        label_of_node[:background] = self.labels
        return RegionTree(
            parents,
            labels,
            node_data={
                "name": [names[node] for node in kept],
                "label": label_of_node[kept],
                "background": kept == background,
            },
        )

    def _leaf_of_label(
        self, ignored: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return all labels in increasing order and the leaf that each means."""
        leaf_of_role = {"background": self.n_classes, "ignore": -1}
        leaves = [leaf_of_role.get(role, leaf) for leaf, role in enumerate(self.roles)]
        table = dict(zip(self.labels, leaves, strict=True))
        table.update(dict.fromkeys(ignored.tolist(), -1))
        values = np.array(sorted(table), dtype=np.int64)
        return values, np.array([table[value] for value in sorted(table)], np.int32)

    # --------------------------------------------------------------- protocol

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelHierarchy):
            return NotImplemented
        return (
            self.node_names == other.node_names
            and self.labels == other.labels
            and self.roles == other.roles
            and np.array_equal(self.parents, other.parents)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"LabelHierarchy({self.name!r}, n_classes={self.n_classes}, "
            f"n_nodes={self.n_nodes}, height={self._classes.height})"
        )


def _class_tree(parents: ArrayLike) -> RegionTree:
    """Return the tree over the classes themselves, each its own sample."""
    array = np.asarray(parents)
    if array.ndim != 1 or array.size < 2 or array.dtype.kind not in "iu":
        raise ValueError(
            "parents must be a 1-D integer array of at least 2 nodes, got shape "
            f"{array.shape} and dtype {array.dtype}."
        )
    n_leaves = array.size - np.unique(array[:-1]).size
    return RegionTree(array, np.arange(max(n_leaves, 1)))


def _first_class(classes: RegionTree) -> list[int]:
    """Return the smallest class under every node."""
    first = np.arange(classes.n_nodes)
    first[classes.n_leaves :] = classes.n_leaves
    # Children come before parents, so that one pass in order is enough.
    for node in range(classes.n_nodes - 1):
        parent = classes.parents[node]
        first[parent] = min(first[parent], first[node])
    return first.tolist()


def _check_length(
    values: Sequence[Any], name: str, length: int, what: str = "classes"
) -> list[Any]:
    items = check_list(values, name, "one entry a node")
    if len(items) != length:
        raise ValueError(
            f"{name} must have one entry for each of the {length} {what} that "
            f"parents describes, got {len(items)}."
        )
    return items


def _check_labels(labels: list[Any]) -> list[int]:
    checked: list[int] = []
    for position, label in enumerate(labels):
        value = check_integer(label, f"labels[{position}]")
        assert value is not None
        checked.append(value)
    twice = sorted({label for label in checked if checked.count(label) > 1})
    if twice:
        raise ValueError(f"labels must each occur once, got several of {twice}.")
    return checked


def _check_roles(roles: list[Any]) -> list[str]:
    for position, role in enumerate(roles):
        if role not in ROLES:
            raise ValueError(
                f"roles must be among {list(ROLES)}, got roles[{position}] = {role!r}."
            )
    return roles


def _as_labels(ignore_index: int | Iterable[int] | None) -> NDArray[np.int64]:
    if ignore_index is None:
        return np.empty(0, dtype=np.int64)
    items = list(ignore_index) if isinstance(ignore_index, Iterable) else [ignore_index]
    if not all(
        isinstance(item, Integral) and not isinstance(item, bool) for item in items
    ):
        raise TypeError(
            "ignore_index must be an integer, an iterable of integers or None, got "
            f"{ignore_index!r}."
        )
    return np.array(items, dtype=np.int64)
