"""Newick: trees as the text of nested parentheses, with lengths of the branches."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas.tree._files import TreeFormatError
from skuhas.tree._nodes import ordered
from skuhas.tree._structure import Structure

# Other names are quoted; in bare ones an underscore would be read as a space.
BARE = re.compile(r"[A-Za-z0-9.+-]+")
TOKENS = re.compile(
    r"\s+|\[[^\]]*\]|(?P<mark>[(),:;])|'(?P<quoted>(?:[^']|'')*)'"
    r"|(?P<bare>[^\s\[\](),:;']+)"
)


def text(tree: Structure, names: list[str]) -> str:
    """Return a tree as Newick; an empty name stays out."""
    labels = [
        name
        if not name or BARE.fullmatch(name)
        else "'" + name.replace("'", "''") + "'"
        for name in names
    ]
    lengths = (tree.altitude[tree.parents] - tree.altitude).tolist()
    lines: list[str] = []
    order = tree.preorder().tolist()
    depth = tree.depth.tolist()
    open_nodes: list[int] = []
    for place, node in enumerate(order):
        # Close what is done, up to the parent.
        while len(open_nodes) > depth[node]:
            lines.append(_closed(open_nodes.pop(), labels, lengths))
        if place and lines[-1] != "(":
            lines.append(",")
        if node >= tree.n_leaves:
            lines.append("(")
            open_nodes.append(node)
        elif node == tree.root:
            lines.append(labels[node])
        else:
            lines.append(f"{labels[node]}:{lengths[node]!r}")
    while len(open_nodes) > 1:
        lines.append(_closed(open_nodes.pop(), labels, lengths))
    if open_nodes:
        lines.append(")" + labels[tree.root])
    return "".join(lines) + ";"


def _closed(node: int, labels: list[str], lengths: list[float]) -> str:
    return f"){labels[node]}:{lengths[node]!r}"


def fields(text: str) -> dict[str, Any]:
    """Return parents, altitudes, names and the places of the leaves among them."""
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, got {type(text).__name__}.")
    above, names, lengths = _parsed(text)
    order, parents = ordered(range(len(above)), [None, *above[1:]], "text")
    labels = np.array([names[place] for place in order])
    length = np.array([lengths[place] for place in order], dtype=np.float64)
    altitude = None
    if not np.isnan(length[:-1]).all():
        altitude = _altitudes(parents, np.nan_to_num(length))
    return {"parents": parents, "altitude": altitude, "names": labels}


def _altitudes(parents: NDArray, length: NDArray) -> NDArray[np.float64]:
    distance = np.zeros(parents.size)
    # Parents come before children from the back.
    for node in range(parents.size - 2, -1, -1):
        distance[node] = distance[parents[node]] + length[node]
    return distance.max() - distance


def _parsed(text: str) -> tuple[list[int], list[str], list[float]]:
    """Return parents, names and lengths of the nodes, the root first."""
    above, names, lengths = [-1], [""], [math.nan]
    node = place = 0
    # What may come next: a node's start, its name, its length, or its end.
    state = "start"
    done = False
    while place < len(text):
        match = TOKENS.match(text, place)
        if match is None or (done and match.lastgroup):
            raise TreeFormatError(_unexpected(text, place))
        place, kind = match.end(), match.lastgroup
        if kind is None:
            continue
        mark = match["mark"]
        if mark == "(" and state == "start":
            above.append(node)
            node = len(names)
        elif mark == "," and node > 0 and state != "colon":
            above.append(above[node])
            node = len(names)
        elif mark == ")" and node > 0 and state != "colon":
            node, state = above[node], "name"
            continue
        elif mark == ":" and state in ("start", "name", "length"):
            state = "colon"
            continue
        elif mark == ";" and node == 0 and state != "colon":
            done = True
            continue
        elif kind in ("quoted", "bare") and state in ("start", "name"):
            quoted = match["quoted"]
            found = match["bare"].replace("_", " ") if quoted is None else quoted
            names[node] = found.replace("''", "'") if quoted is not None else found
            state = "length"
            continue
        elif kind == "bare" and state == "colon":
            lengths[node] = _length(match["bare"], text, match.start())
            state = "end"
            continue
        else:
            raise TreeFormatError(_unexpected(text, match.start()))
        names.append("")
        lengths.append(math.nan)
        state = "start"
    if not done:
        raise TreeFormatError("text: not a Newick tree: it breaks off without ';'.")
    return above, names, lengths


def _length(word: str, text: str, place: int) -> float:
    try:
        value = float(word)
    except ValueError:
        raise TreeFormatError(_unexpected(text, place)) from None
    if not value >= 0 or math.isinf(value):
        raise TreeFormatError(
            f"text: not a Newick tree with heights: the length {word} at character "
            f"{place} is no finite number of at least 0."
        )
    return value


def _unexpected(text: str, place: int) -> str:
    return (
        f"text: not a Newick tree: {text[place : place + 12]!r} at character {place} "
        "is not expected."
    )
