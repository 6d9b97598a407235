"""A small table of named rows, for reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


class ScoreTable:
    """Named rows of figures, printable as text.

    Parameters
    ----------
    title : str
        What a row is, the head of the first column.
    names : sequence of str
        One for each row.
    columns : mapping of str to array-like of shape (n_rows,)
        Figures by the name of their column.

    Attributes
    ----------
    title : str
    names : list of str
    columns : dict of str to ndarray

    Raises
    ------
    ValueError
        A column has another length than there are names.

    Examples
    --------
    >>> from skuhas.metrics import ScoreTable
    >>> table = ScoreTable("class", ["cat", "dog"], {"iou": [0.5, 0.25], "n": [3, 4]})
    >>> print(table)
    class     iou  n
    cat    0.5000  3
    dog    0.2500  4
    >>> table["iou"]
    array([0.5 , 0.25])
    >>> table.to_dict()["dog"]
    {'iou': 0.25, 'n': 4}
    """

    def __init__(
        self, title: str, names: Sequence[str], columns: Mapping[str, ArrayLike]
    ) -> None:
        self.title = title
        self.names = [str(name) for name in names]
        self.columns = {name: np.asarray(values) for name, values in columns.items()}
        for name, values in self.columns.items():
            if values.shape != (len(self.names),):
                raise ValueError(
                    f"columns[{name!r}] must have one figure for each of the "
                    f"{len(self.names)} rows, got shape {values.shape}."
                )

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, column: str) -> NDArray:
        return self.columns[column]

    def __repr__(self) -> str:
        return (
            f"ScoreTable({self.title!r}, n_rows={len(self)}, "
            f"columns={list(self.columns)})"
        )

    def __str__(self) -> str:
        cells = [[self.title, *self.names]]
        for name, values in self.columns.items():
            is_real = values.dtype.kind == "f"
            cells.append([name, *(f"{v:.4f}" if is_real else str(v) for v in values)])
        widths = [max(map(len, column)) for column in cells]
        lines = []
        for row in zip(*cells, strict=True):
            first = row[0].ljust(widths[0])
            rest = [
                text.rjust(width)
                for text, width in zip(row[1:], widths[1:], strict=True)
            ]
            lines.append("  ".join([first, *rest]).rstrip())
        return "\n".join(lines)

    def to_dict(self) -> dict[str, dict[str, int | float]]:
        """Return the rows as plain dictionaries, ready for JSON.

        Returns
        -------
        dict
            Name of the row to name of the column to figure. Of rows of equal
            names the last is kept.
        """
        return {
            name: {key: values[row].item() for key, values in self.columns.items()}
            for row, name in enumerate(self.names)
        }
