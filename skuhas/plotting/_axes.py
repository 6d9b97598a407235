"""Axes that displays draw on; matplotlib is imported on use."""

import numpy as np

from skuhas._common import optional_import

EXTRA = "skuhas[plot]"


def require_matplotlib(caller, ax=None):
    """Raise an ImportError with the pip command where matplotlib is absent.

    Axes that cannot be drawn on are refused too, before anything is computed.
    """
    optional_import("matplotlib", package=EXTRA, purpose=caller)
    if ax is not None and not is_many(ax):
        check_axes(ax)


def new_axes(caller, size):
    """Return the axes of a new figure of a size in inches."""
    pyplot = optional_import("matplotlib.pyplot", package=EXTRA, purpose=caller)
    return pyplot.subplots(figsize=size, layout="constrained")[1]


def check_axes(ax, name="ax"):
    """Return `ax` where it is rectilinear axes of a figure, or raise."""
    from matplotlib.axes import Axes

    wanted = f"{name} must be matplotlib Axes with straight x and y axes, or None"
    if not isinstance(ax, Axes):
        hint = ""
        if hasattr(ax, "add_subplot"):
            hint = "; pass axes of the figure, for example figure.add_subplot()"
        raise TypeError(f"{wanted}, got {type(ax).__name__}{hint}.")
    if ax.name != "rectilinear":
        raise ValueError(f"{wanted}, got {ax.name!r} axes.")
    if ax.figure is None:
        raise ValueError(f"{wanted}, got axes that were removed from their figure.")
    return ax


def check_many_axes(ax, count):
    """Return a flat array of `count` checked axes, or raise."""
    axes = np.empty(count, dtype=object)
    given = list(np.asarray(ax, dtype=object).ravel())
    if len(given) != count:
        raise ValueError(
            f"ax must hold one Axes for each of the {count} panels, got {len(given)}."
        )
    for position, one in enumerate(given):
        axes[position] = check_axes(one, f"ax[{position}]")
    return axes


def is_many(ax):
    """Tell a sequence or an array of axes from anything else."""
    return isinstance(ax, (list, tuple, np.ndarray))


def divide(ax, rows, columns, count, *, gap=0.03, title=0.1):
    """Return `count` axes inside `ax`, row by row, which is emptied itself.

    `gap` and the room for a `title` above each are parts of the width and the
    height of one cell.
    """
    ax.set_axis_off()
    cell = 1 / (columns + gap * (columns - 1))
    level = 1 / (rows * (1 + title) + gap * (rows - 1))
    axes = np.empty(count, dtype=object)
    for position in range(count):
        row, column = divmod(position, columns)
        left = column * cell * (1 + gap)
        top = 1 - row * level * (1 + title + gap) - level * title
        axes[position] = ax.inset_axes([left, top - level, cell, level])
    return axes


def clear_frame(ax):
    """Leave nothing of an axes' frame but its title."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def merged(defaults, own, name):
    """Return keyword arguments for an artist, the caller's own over the defaults."""
    if own is None:
        return defaults
    if not isinstance(own, dict):
        raise TypeError(f"{name} must be a dict or None, got {type(own).__name__}.")
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D

    kinds = dict.fromkeys(
        ("boundary_kwargs", "contour_kwargs", "line_kwargs"), Collection
    )
    kinds["curve_kwargs"] = Line2D
    kind = kinds.get(name)
    return defaults | (own if kind is None else normalize_kwargs(own, kind))
