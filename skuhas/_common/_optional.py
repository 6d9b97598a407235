"""Imports of packages that the core does not need."""

from __future__ import annotations

import importlib
from types import ModuleType


def optional_import(module: str, *, package: str, purpose: str) -> ModuleType:
    """Import `module`, or raise an ImportError with the pip command that helps.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    package : str
        What to hand to ``pip install``.
    purpose : str
        What needs it, as the start of the message.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {module!r}, which could not be imported ({error}). "
            f'Install it with: pip install "{package}"'
        ) from error
