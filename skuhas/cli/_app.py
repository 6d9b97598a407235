"""The program `skuhas` and its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from skuhas import __version__
from skuhas.cli._evaluate import compare, evaluate
from skuhas.cli._export import export
from skuhas.cli._features import features
from skuhas.cli._segment import segment
from skuhas.cli._view import view

app = typer.Typer(
    name="skuhas",
    help="Parse images into trees of nested regions, without labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"skuhas {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Parse images into trees of nested regions, without labels."""


app.command()(segment)
app.command()(view)
app.command()(features)
app.command()(export)
app.command()(evaluate)
app.command()(compare)


def main() -> None:
    """Run the command line.

    Examples
    --------
    >>> from skuhas.cli import main
    >>> callable(main)
    True
    """
    app(prog_name="skuhas")
