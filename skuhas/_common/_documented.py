"""Links from scikit-learn's diagrams of estimators to our reference."""

from __future__ import annotations

import os
from functools import cache
from importlib import metadata

VARIABLE = "SKUHAS_DOCUMENTATION"


class Documented:
    """An estimator whose diagram links to its page of the reference.

    scikit-learn reads the three attributes, as its developers' guide says. The
    site is the one that the environment variable ``SKUHAS_DOCUMENTATION``
    names, else the one of the installed package's metadata; without either
    there is no link. Classes of other packages have none.
    """

    _doc_link_module = "skuhas"
    # The whole address, so that braces in it are no fields.
    _doc_link_template = "{address}"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        site = os.environ.get(VARIABLE) or _site()
        page = f"api/generated/skuhas.{type(self).__name__}.html"
        return {"address": f"{site.rstrip('/')}/{page}" if site else ""}


@cache
def _site() -> str:
    try:
        entries = metadata.metadata("skuhas").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    for entry in entries:
        label, _, address = entry.partition(", ")
        if label == "Documentation":
            return str(address)
    return ""
