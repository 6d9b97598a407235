"""The paper's own figures, which come with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


def published_rows(settings: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    """Return the published rows that stand beside those of a run.

    Parameters
    ----------
    settings : mapping
        Of the run: "dataset", its name for `load_dataset`, and "hierarchy", the name
        of the class tree, since other classes have other figures.
    table : {"nodes", "classes"}
        Figures for the whole class tree, or for the classes alone.

    Returns
    -------
    list of dict
        "method", and "figures" by the names of `FIGURES`.
    """
    data, name = _read(), settings["dataset"]
    if settings.get("hierarchy") != data["hierarchies"].get(name):
        return []
    rows = data["rows"]
    return [row for row in rows if (row["dataset"], row["table"]) == (name, table)]


def paper_figures(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of the paper's main tables for the data set of a run."""
    found: dict[str, float] = {}
    for table in ("nodes", "classes"):
        for row in published_rows(settings, table):
            if row["method"] == "the paper":
                found |= row["figures"]
    return found


def source() -> str:
    """Return where the figures were published."""
    return str(_read()["source"])


@cache
def _read() -> dict[str, Any]:
    file = resources.files("skuhas.evaluation") / "_data" / "published.json"
    return json.loads(file.read_text(encoding="utf-8"))
