"""A progress bar for loops over images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(
    items: Iterable[T], *, total: int, description: str, verbose: int
) -> Iterator[T]:
    """Yield from `items`, drawing a bar on standard error when `verbose` > 0."""
    if not verbose:
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        items,
        total=total,
        description=description,
        console=Console(stderr=True),
    )
