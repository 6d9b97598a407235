"""Class trees as nested mappings, the form in which people write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYS = ("name", "index", "role", "children")


def flatten(tree: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return names, parents, labels and roles of a nested mapping.

    Classes come first, in depth-first order, then the categories, each after
    those inside it, then the root.
    """
    classes: list[tuple[Mapping[str, Any], int]] = []
    categories: list[tuple[Mapping[str, Any], int]] = []
    # Categories are counted as met, parents before children, and turned round.
    waiting = [(tree, -1, "tree")]
    while waiting:
        node, parent, place = waiting.pop()
        children = _check_node(node, place, is_root=parent == -1)
        if not children:
            classes.append((node, parent))
            continue
        number = len(categories)
        categories.append((node, parent))
        waiting += [
            (child, number, f"{place}['children'][{rank}]")
            for rank, child in reversed(list(enumerate(children)))
        ]
    last = len(classes) + len(categories) - 1
    nodes = [*classes, *reversed(categories)]
    return {
        "names": [node["name"] for node, _ in nodes],
        "parents": [-1 if parent == -1 else last - parent for _, parent in nodes],
        "labels": [node["index"] for node, _ in classes],
        "roles": [node.get("role", "foreground") for node, _ in classes],
    }


def _check_node(node: Any, place: str, *, is_root: bool) -> list[Any]:
    """Return the children of a node, or raise naming its place."""
    if not isinstance(node, Mapping):
        raise TypeError(
            f"{place} must be a mapping with the keys {list(KEYS)}, got "
            f"{type(node).__name__}."
        )
    unknown = [key for key in node if key not in KEYS]
    if unknown or "name" not in node:
        raise ValueError(
            f"{place} must have a 'name' and no keys but {list(KEYS)}, got "
            f"{list(node)}."
        )
    children = node.get("children") or []
    if not isinstance(children, (list, tuple)):
        raise TypeError(
            f"{place}['children'] must be a list, got {type(children).__name__}."
        )
    if is_root and not children:
        raise ValueError(f"{place} must have at least one child.")
    forbidden = [key for key in ("index", "role") if key in node]
    if children and forbidden:
        raise ValueError(
            f"{place} is a category, as it has children; it takes no {forbidden}. "
            "Pixels are labelled with classes only."
        )
    if not children and "index" not in node:
        raise ValueError(
            f"{place} is a class, as it has no children, and needs an 'index'."
        )
    return list(children)


def nest(
    names: list[str],
    labels: list[int],
    roles: list[str],
    children: list[list[int]],
) -> dict[str, Any]:
    """Return the nested mapping of a tree given by its lists of children."""
    nodes: list[dict[str, Any]] = []
    for node, name in enumerate(names):
        if node < len(labels):
            nodes.append({"name": name, "index": labels[node], "role": roles[node]})
        else:
            inside = [nodes[child] for child in children[node]]
            nodes.append({"name": name, "children": inside})
    return nodes[-1]
