"""The paper's own figures, which come with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


def published_rows(dataset: str, table: str) -> list[dict[str, Any]]:
    """Return the published rows of a data set.

    Parameters
    ----------
    dataset : str
        Its name for `load_dataset`.
    table : {"nodes", "classes"}
        Figures for the whole class tree, or for the classes alone.

    Returns
    -------
    list of dict
        "method", and "figures" by the names of `FIGURES`.
    """
    rows = _read()["rows"]
    return [row for row in rows if (row["dataset"], row["table"]) == (dataset, table)]


def paper_figures(dataset: str) -> dict[str, float]:
    """Return the figures of the paper's main tables for a data set."""
    found: dict[str, float] = {}
    for table in ("nodes", "classes"):
        for row in published_rows(dataset, table):
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
