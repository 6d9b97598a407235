"""Tables of figures on the terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


def print_table(console: Any, table: Any) -> None:
    """Print a table of `skuhas.evaluation`, intervals under their figures."""
    shown = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for place, name in enumerate(table.head):
        shown.add_column(
            escape(name),
            justify="left" if place == 0 else "right",
        )
    for row in table.rows:
        style = "italic dim" if row.published else ""
        cells = [Text(row.name, style=style)]
        for cell in row.cells:
            text = Text(cell.text, style="bold" if cell.strong else style)
            if cell.aside:
                text.append(f"\n{cell.aside}", style="dim not bold")
            cells.append(text)
        shown.add_row(*cells)
    console.print()
    console.print(Text(table.title, style="bold"))
    if table.note:
        console.print(Text(table.note, style="dim"))
    console.print(Padding(shown, (0, 0, 0, 2)))
