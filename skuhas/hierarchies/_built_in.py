"""The class trees that come with the package."""

from __future__ import annotations

import difflib
import json
from importlib import resources
from typing import Any

# The trees of COCO-Stuff differ in their roles only and share one file.
FILE_OF = {
    "camvid": "camvid",
    "cityscapes": "cityscapes",
    "cocostuff": "coco",
    "cocostuffthing": "coco",
    "cocothing": "coco",
    "kittistep": "kittistep",
    "mapillaryvistas": "mapillaryvistas",
    "partimagenet": "partimagenet",
    "partimagenet158": "partimagenet158",
    "pascalpart": "pascalpart",
    "potsdam": "potsdam",
    "voc12": "voc12",
}


def read(name: str) -> dict[str, list[Any]]:
    """Return names, parents, labels and roles of a built-in tree.

    A file lists the classes first, in depth-first order, then the categories;
    the root, named after the tree, is implied. Classes that ``roles`` does not
    mention are foreground.

    Raises
    ------
    ValueError
        There is no such tree.
    """
    if not isinstance(name, str) or name not in FILE_OF:
        word = name.lower() if isinstance(name, str) else ""
        near = difflib.get_close_matches(word, FILE_OF, n=3)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ValueError(f"name must be one of {list(FILE_OF)}, got {name!r}.{hint}")
    file = resources.files("skuhas.hierarchies") / "_data" / f"{FILE_OF[name]}.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    role_of = {
        label: role for role, labels in data["roles"][name].items() for label in labels
    }
    return {
        "names": [*data["names"], name],
        "parents": [*data["parents"], -1],
        "labels": data["labels"],
        "roles": [role_of.get(label, "foreground") for label in data["labels"]],
    }
