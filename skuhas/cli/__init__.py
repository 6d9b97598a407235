"""The command line."""

from skuhas.cli._app import app, main

__all__ = ["app", "main"]
