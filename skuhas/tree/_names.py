"""Names of the nodes in formats that have a place for them."""

from __future__ import annotations

from collections.abc import Sequence

from skuhas.tree._structure import Structure


def node_names(tree: Structure, names: str | Sequence[str] | None) -> list[str]:
    """Return a string for every node: from its data, as given, or its number."""
    if names is None:
        return [str(node) for node in range(tree.n_nodes)]
    if isinstance(names, str):
        values = tree.node_data.get(names)
        if values is None or values.ndim != 1:
            known = [name for name, data in tree.node_data.items() if data.ndim == 1]
            raise ValueError(
                f"names must be that of one-dimensional node_data, one of {known}, or "
                f"a list of strings, got {names!r}."
            )
        return [str(value) for value in values.tolist()]
    found = list(names)
    if len(found) != tree.n_nodes or not all(isinstance(name, str) for name in found):
        raise ValueError(
            f"names must hold a string for each of the {tree.n_nodes} nodes, got "
            f"{len(found)} items."
        )
    return [str(name) for name in found]
