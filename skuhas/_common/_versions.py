"""Which versions of packages are there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version


def package_versions(packages: Iterable[str]) -> dict[str, str | None]:
    """Return the versions of skuhas and of other packages; None where one is not."""
    found = {"skuhas": sys.modules[__name__.partition(".")[0]].__version__}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
