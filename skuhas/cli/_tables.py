"""Tables of figures on the terminal."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GAP, INDENT = 2, 2
# Words of heads that are longer than this, such as paths, are broken.
LONGEST_WORD = 14


def print_table(console: Any, table: Any) -> None:
    """Print a table of `skuhas.evaluation`, intervals under their figures.

    Names and figures are never cut nor broken: what is too wide for the terminal is
    printed in parts, each with the names.
    """
    console.print()
    console.print(Text(table.title, style="bold"))
    if table.note:
        console.print(Text(table.note, style="dim"))
    for place, columns in enumerate(_parts(table, console.width - INDENT)):
        if place:
            console.print()
        shown = _part(table, columns)
        console.print(Padding(shown, (0, 0, 0, INDENT)), soft_wrap=False)


def _part(table: Any, widths: dict[int, int]) -> Table:
    """Return some columns, at their widths, beside the names."""
    shown = Table(box=None, pad_edge=False, header_style="dim", padding=(0, GAP, 0, 0))
    for place, width in widths.items():
        shown.add_column(
            Text(table.head[place]),
            justify="right" if place else "left",
            min_width=width,
            max_width=width,
            overflow="fold",
        )
    for row in table.rows:
        style = "italic dim" if row.published else ""
        cells = [Text(row.name, style=style)]
        for place in list(widths)[1:]:
            cell = row.cells[place - 1]
            text = Text(cell.text, style="bold" if cell.strong else style)
            if cell.aside:
                text.append(f"\n{cell.aside}", style="dim not bold")
            cells.append(text)
        shown.add_row(*cells)
    return shown


def _parts(table: Any, available: int) -> list[dict[int, int]]:
    """Return the columns of each part with their widths, the names first."""
    places = range(1, len(table.head))
    bodies = [
        max((cell_len(row.name) for row in table.rows), default=0),
        *(
            max(
                cell_len(text)
                for row in table.rows
                for text in (row.cells[place - 1].text, row.cells[place - 1].aside)
            )
            for place in places
        ),
    ]
    whole = [
        max(body, cell_len(head)) for body, head in zip(bodies, table.head, strict=True)
    ]
    if sum(whole) + GAP * (len(whole) - 1) <= available:
        return [dict(enumerate(whole))]
    # Heads take several lines.
    widths = [
        max(body, min(LONGEST_WORD, max(map(cell_len, head.split()), default=0)))
        for body, head in zip(bodies, table.head, strict=True)
    ]
    parts: list[dict[int, int]] = []
    used = available + 1
    for place in places:
        used += GAP + widths[place]
        if used > available:
            parts.append({0: widths[0]})
            used = widths[0] + GAP + widths[place]
        parts[-1][place] = widths[place]
    return parts
