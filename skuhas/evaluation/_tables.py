"""Tables of figures, as Markdown and as the command line prints them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from skuhas.evaluation._bootstrap import FEWEST, TOO_FEW, Interval
from skuhas.evaluation._figures import FIGURES, full_title
from skuhas.evaluation._published import published_rows, source

HIERARCHY = (
    *("nm_covering", "nh_covering", "mean_iou_nodes", "pixel_accuracy_nodes"),
    "fragmentation",
)
CLASSES = (
    *("nm_covering_classes", "mean_iou", "pixel_accuracy", "mean_accuracy"),
    "frequency_weighted_iou",
)
REGIONS = ("nm_covering", "fragmentation")
FLAT = ("covering_ods", "covering_ois", "rand_index_ods", "rand_index_ois")
INFORMATION = ("variation_of_information_ods", "variation_of_information_ois")
COST = ("n_nodes", "n_leaves", "seconds_features", "seconds_tree")
TIME_NOTE = "Means over images, of times the median; one process at one image."
# What the reference is compared by.
COMPARED = ("nm_covering", "nh_covering", "nm_covering_classes")


@dataclass(frozen=True)
class Cell:
    """A figure as text, and what stands beside it.

    Parameters
    ----------
    text : str
    aside : str, default=""
        The interval, in fainter print.
    strong : bool, default=False
        Whether it is the best of its column.

    Examples
    --------
    >>> from skuhas.evaluation import Cell
    >>> Cell("57.5", "55.1–59.8").aside
    '55.1–59.8'
    """

    text: str
    aside: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Parameters
    ----------
    name : str
    cells : list of Cell
    published : bool, default=False
        Whether the figures are from a publication.

    Examples
    --------
    >>> from skuhas.evaluation import Cell, Row
    >>> Row("the paper", [Cell("51.1")], published=True).name
    'the paper'
    """

    name: str
    cells: list[Cell]
    published: bool = False


@dataclass(frozen=True)
class Table:
    """Figures of methods, a row each.

    Parameters
    ----------
    title : str
    head : list of str
        Of all columns, that of the names first.
    rows : list of Row
    note : str, default=""
        A sentence on what it shows.

    Examples
    --------
    >>> from skuhas.evaluation import Cell, Row, Table
    >>> row = Row("ours", [Cell("57.5", "55.1–59.8", strong=True)])
    >>> print(Table("Regions", ["method", "NMCovering"], [row]).to_markdown())
    ### Regions
    <BLANKLINE>
    | method |       NMCovering     |
    |:-------|---------------------:|
    | ours   | **57.5** (55.1–59.8) |
    """

    title: str
    head: list[str]
    rows: list[Row] = field(default_factory=list)
    note: str = ""

    def to_markdown(self):
        """Return the table with its title and its note.

        Returns
        -------
        str
        """
        lines = [self.head]
        for row in self.rows:
            name = f"*{row.name}*" if row.published else row.name
            lines.append([name.replace("|", r"\|"), *map(_markdown_cell, row.cells)])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        head, *body = [
            [
                text.ljust(width) if place == 0 else text.rjust(width)
                for place, (text, width) in enumerate(zip(line, widths, strict=True))
            ]
            for line in lines
        ]
        rule = [
            ":" + "-" * (width + 1) if place == 0 else "-" * (width + 1) + ":"
            for place, width in enumerate(widths)
        ]
        text = [f"### {self.title}", ""]
        if self.note:
            text += [self.note, ""]
        text += [f"| {' | '.join(head)} |", f"|{'|'.join(rule)}|"]
        text += [f"| {' | '.join(line)} |" for line in body]
        return "\n".join(text)


def _markdown_cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.strong else cell.text
    return f"{text} ({cell.aside})" if cell.aside else text


def tables_of(result: Any) -> list[Table]:
    """Return the tables of an evaluation."""
    summary = result.summary()
    if not any(summary.values()):
        return []
    tables = []
    if result.kind == "tree":
        tables += [
            _table(
                result,
                "Every class and category",
                HIERARCHY,
                "nodes",
                "Hierarchy-agnostic: the regions of a ground truth are all nodes of "
                "its class tree.",
            ),
        ]
    if result.kind in ("tree", "classes"):
        tables += [
            _table(
                result,
                "Classes alone",
                CLASSES,
                "classes",
                "Granularity-agnostic: the regions are the classes, without their "
                "categories.",
            )
        ]
    if result.kind == "regions":
        tables += [
            _table(
                result,
                "Regions",
                REGIONS,
                None,
                "Mean over the annotators of each image.",
            ),
            _table(
                result,
                "Flat cuts",
                FLAT,
                None,
                "The best single cut: at one threshold on the altitude for all images "
                "(ODS), or at the best one of each image (OIS).",
            ),
            _table(
                result,
                "Flat cuts, variation of information",
                INFORMATION,
                None,
                "In bits, less is better.",
            ),
        ]
    if len(result.methods) > 1:
        tables += _comparisons(result)
    tables += [_table(result, "Trees and time", COST, None, TIME_NOTE)]
    return [table for table in tables if table.rows]


def _table(
    result: Any, title: str, names: tuple[str, ...], published: str | None, note: str
) -> Table:
    summary = result.summary()
    present = [name for name in names if any(name in row for row in summary.values())]
    best = {name: _best(name, summary) for name in present}
    rows = []
    for method, figures in summary.items():
        cells = [
            _cell(name, figures[name], method in best[name])
            if name in figures
            else Cell("–")
            for name in present
        ]
        if figures:
            rows.append(Row(method, cells))
    for entry in published_rows(result.settings, published) if published else []:
        shown = entry["figures"]
        cells = [
            Cell(FIGURES[name].text(shown[name])) if name in shown else Cell("–")
            for name in present
        ]
        rows.append(Row(entry["method"], cells, published=True))
        if "note" in entry:
            note += f" {entry['note']}"
    return Table(
        title, ["method", *(FIGURES[name].title for name in present)], rows, note
    )


def _best(name: str, summary: dict[str, dict[str, Interval]]) -> set[str]:
    """Return the methods with the best value, where not all have the same."""
    figure = FIGURES[name]
    values = {
        method: figures[name].value
        for method, figures in summary.items()
        if name in figures and not math.isnan(figures[name].value)
    }
    if (
        len(set(values.values())) < 2
        or figure.larger_is_better is None
        or figure.unit == "s"
    ):
        return set()
    top = (max if figure.larger_is_better else min)(values.values())
    return {method for method, value in values.items() if value == top}


def _cell(name: str, interval: Interval, strong: bool) -> Cell:
    figure = FIGURES[name]
    if figure.unit in ("nodes", "s"):
        return Cell(figure.text(interval.value))
    return Cell(figure.text(interval.value), _range(name, interval), strong)


def _range(name: str, interval: Interval) -> str:
    if math.isnan(interval.low):
        return ""
    figure = FIGURES[name]
    return f"{figure.text(interval.low)}–{figure.text(interval.high)}"


def _comparisons(result: Any) -> list[Table]:
    """Return a table for each score that the reference is compared by."""
    names = COMPARED
    if result.kind == "classes":
        names = ("nm_covering_classes",)
    differences = result.differences()
    ours = result.methods[0]
    tables = []
    for name in names:
        rows = [
            _versus(name, method, figures)
            for method, figures in differences.items()
            if name in figures
        ]
        counts = [
            figures[name]["n_images"]
            for figures in differences.values()
            if name in figures
        ]
        note = (
            f"On every image the tree of {ours} is cut to at most as many nodes as the "
            "rival's has there; a rival with more nodes than the whole tree of "
            f"{ours} is first cut to no more. Paired bootstrap of the difference."
        )
        if counts and min(counts) < FEWEST:
            note += f" Fewer than {FEWEST} images decide nothing."
        title = FIGURES[name].title
        if name == "nm_covering_classes" and result.kind == "tree":
            title = full_title(name)
        tables.append(
            Table(
                f"{title}: {ours} at no more nodes than the rival",
                ["rival", "rival's", f"{ours}'s", "difference", f"{ours} is"],
                rows,
                note,
            )
        )
    return tables


def _versus(name: str, method: str, figures: dict[str, dict[str, Any]]) -> Row:
    row, figure, nodes = figures[name], FIGURES[name], figures["n_nodes"]
    difference = row["difference"]
    verdict, strong = "undecided", False
    if row["n_images"] < FEWEST:
        verdict = TOO_FEW
    elif difference.excludes_zero:
        verdict = "ahead" if difference.value > 0 else "behind"
        strong = True
    span = ""
    if not math.isnan(difference.low):
        span = f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}"
    return Row(
        method,
        [
            Cell(figure.text(row["method"]), f"{nodes['method']:.0f} nodes"),
            Cell(figure.text(row["reference"]), f"{nodes['reference']:.0f} nodes"),
            Cell(f"{100 * difference.value:+.1f}", span),
            Cell(verdict, strong=strong),
        ],
    )


def as_markdown(result: Any) -> str:
    """Return an evaluation as a page of Markdown."""
    lines = [f"# {result.title}", "", *_facts(result)]
    tables = tables_of(result)
    for table in tables:
        lines += ["", table.to_markdown()]
    if not tables:
        lines += ["", "No image could be scored."]
    for title, reasons in (
        ("Failed", result.failures()),
        ("Left out", result.left_out()),
    ):
        if reasons:
            lines += ["", f"### {title}", ""]
            lines += [f"- {name}: {reason}" for name, reason in reasons.items()]
    return "\n".join(lines) + "\n"


def _facts(result: Any) -> list[str]:
    features = result.settings["features"]
    described = str(features)
    if isinstance(features, dict):
        described = features["class"].rpartition(".")[2]
        if "model" in features:
            described += f" {features['model']}"
    counts = [f"{result.n_done} scored"]
    if result.n_failed:
        counts.append(f"{result.n_failed} failed")
    if result.n_left_out:
        counts.append(f"{result.n_left_out} left out")
    facts = [
        f"- features: {described}",
        f"- images: {', '.join(counts)}",
        "- figures in %, times in seconds, with 95 % bootstrap intervals over images",
    ]
    if result.versions:
        facts.append(f"- skuhas {result.versions['skuhas']}")
    if any(row.published for table in tables_of(result) for row in table.rows):
        facts.append(f"- *in italics*: published, {source()}")
    return facts
