"""RegionTreeDisplay: levels of a tree side by side."""

from collections.abc import Iterable
from math import ceil

import numpy as np

from skuhas._common import check_integer, check_real
from skuhas.plotting._axes import (
    check_axes,
    check_many_axes,
    clear_frame,
    divide,
    is_many,
    merged,
    new_axes,
    require_matplotlib,
)
from skuhas.plotting._boundaries import boundary_lines, first_levels
from skuhas.plotting._inputs import (
    as_shown,
    check_image_tree,
    colored,
    count,
    gray,
    predict_tree,
)

WIDEST, NARROWEST = 1.7, 0.6
PANEL = 2.4


class RegionTreeDisplay:
    """Levels of a tree side by side, near regions in near colours.

    Use `from_estimator` or `from_predictions`. All parameters are stored as
    attributes.

    Parameters
    ----------
    label_maps : list of ndarray of shape (height, width), dtype int32
        Regions of the cuts, from coarse to fine, -1 outside every region.
    colors : list of ndarray of shape (n_regions, 3), dtype uint8
        Colours of the regions of each cut.
    image : ndarray of shape (height, width, 3), dtype uint8, default=None
        The picture itself.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that the panels divide among them; the first panel where
        `plot` was given a sequence of axes.
    axes_ : ndarray of shape (n_panels,) of matplotlib Axes
        The panels, the image first.
    figure_ : matplotlib Figure
    images_ : ndarray of shape (n_panels,) of matplotlib AxesImage
    boundaries_ : list of matplotlib LineCollection, one a level
        Empty without boundaries.

    See Also
    --------
    DendrogramDisplay : The tree itself.
    SaliencyDisplay : All levels in one picture.
    region_colors : The colours.

    Examples
    --------
    >>> from skuhas import RegionTreeDisplay, make_nested_scene
    >>> scene = make_nested_scene(random_state=0)
    >>> display = RegionTreeDisplay.from_predictions(
    ...     scene.tree, scene.image, levels=(2, 4, 8)
    ... )
    >>> len(display.axes_)
    4
    """

    def __init__(self, *, label_maps, colors, image=None):
        self.label_maps = label_maps
        self.colors = colors
        self.image = image

    @classmethod
    def from_estimator(
        cls, estimator, image, *, levels=(2, 4, 8, 16), ax=None, **kwargs
    ):
        """Segment an image and draw levels of its tree.

        Parameters
        ----------
        estimator : object with predict
            Maps a list of one image to a list of one RegionTree: a pipeline of
            features and a segmenter.
        image : path, PIL image or array
            What the estimator takes; a FeatureMap is shown by its own image.
        levels : iterable of int, default=(2, 4, 8, 16)
            Numbers of regions, increasing, a panel each.
        ax : matplotlib Axes or sequence of these, default=None
            See `plot`.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        RegionTreeDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_estimator", ax)
        tree = predict_tree(estimator, image)
        return cls.from_predictions(tree, image, levels=levels, ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls, tree, image=None, *, levels=(2, 4, 8, 16), ax=None, **kwargs
    ):
        """Draw levels of a tree.

        Parameters
        ----------
        tree : RegionTree
            A tree over an image.
        image : path, PIL image or array, default=None
            Shown first and under the colours, of the tree's size. Without it
            the panels show the colours alone.
        levels : iterable of int, default=(2, 4, 8, 16)
            Numbers of regions, increasing, a panel each. A panel may show
            fewer, see `RegionTree.cut`.
        ax : matplotlib Axes or sequence of these, default=None
            See `plot`.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        RegionTreeDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_predictions", ax)
        check_image_tree(tree, cls.__name__)
        numbers = _check_levels(levels)
        image = as_shown(image, tree)
        cuts = [colored(tree).cut(n_regions=number) for number in numbers]
        display = cls(
            label_maps=[cut.leaf_labels for cut in cuts],
            colors=[cut.node_data["color"][: cut.n_leaves] for cut in cuts],
            image=image,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        alpha=0.65,
        boundaries=True,
        columns=None,
        titles=True,
        boundary_kwargs=None,
    ):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of these, default=None
            One Axes is divided in place; a sequence has one for each panel,
            the image's included. By default a new figure is made.
        alpha : float, default=0.65
            Strength of the colours over the image in grey, in [0, 1].
        boundaries : bool, default=True
            Whether to draw the regions' boundaries, the wider the coarser the
            level of the display at which they appear.
        columns : int, default=None
            Panels in a row; by default all in a new figure, and in `ax` as many as
            make them largest. Not used where `ax` is a sequence.
        titles : bool, default=True
            Whether to write the number of regions above each panel.
        boundary_kwargs : dict, default=None
            Keyword arguments of the boundaries' LineCollection, such as
            ``{"color": "black"}``.

        Returns
        -------
        RegionTreeDisplay
            The display itself.

        Raises
        ------
        TypeError, ValueError
            A parameter is out of its range; the message names it.
        """
        caller = f"{type(self).__name__}.plot"
        require_matplotlib(caller)
        alpha = check_real(alpha, "alpha", low=0.0, high=1.0)
        columns = check_integer(columns, "columns", low=1, none=True)
        panels = [] if self.image is None else [("image", self.image)]
        for labels, colors in zip(self.label_maps, self.colors, strict=True):
            title = count(len(colors), "region")
            panels.append((title, self._tinted(labels, colors, alpha)))
        self._prepare_axes(ax, len(panels), columns, caller)

        self.images_ = np.empty(len(panels), dtype=object)
        for position, (title, pixels) in enumerate(panels):
            panel = self.axes_[position]
            self.images_[position] = panel.imshow(pixels, interpolation="antialiased")
            clear_frame(panel)
            if titles:
                panel.set_title(title, fontsize="medium")
        self.boundaries_ = []
        if boundaries:
            first = len(panels) - len(self.label_maps)
            self._draw_boundaries(self.axes_[first:], boundary_kwargs)
        return self

    def _prepare_axes(self, ax, n_panels, columns, caller):
        if is_many(ax):
            self.axes_ = check_many_axes(ax, n_panels)
            self.ax_ = self.axes_[0]
            self.figure_ = self.ax_.figure
            return
        height, width = self.label_maps[0].shape
        aspect = min(max(height / width, 0.2), 5.0)
        if columns is None:
            columns = (
                n_panels if ax is None else _columns(check_axes(ax), n_panels, aspect)
            )
        columns = min(columns, n_panels)
        rows = ceil(n_panels / columns)
        if ax is None:
            size = (PANEL * columns, (PANEL * aspect + 0.3) * rows)
            ax = new_axes(caller, size)
        self.ax_ = check_axes(ax)
        self.figure_ = ax.figure
        self.axes_ = divide(ax, rows, columns, n_panels)

    def _tinted(self, labels, colors, alpha):
        """Return the colours of the regions over the image in grey."""
        inside = labels >= 0
        tint = colors[np.where(inside, labels, 0)].astype(np.float32)
        if self.image is None:
            under = np.float32(255)
            tint[~inside] = under
            return np.rint(tint).astype(np.uint8)
        under = gray(self.image).astype(np.float32)
        strength = np.where(inside, np.float32(alpha), np.float32(0))[..., None]
        return np.rint(under + strength * (tint - under)).astype(np.uint8)

    def _draw_boundaries(self, axes, boundary_kwargs):
        from matplotlib.collections import LineCollection

        n_levels = len(self.label_maps)
        # Widths are those of the level where a boundary appears, in all panels.
        steps = np.linspace(NARROWEST, WIDEST, n_levels) if n_levels > 1 else [1.0]
        for position, panel in enumerate(axes):
            shown = self.label_maps[: position + 1]
            lines, strength = boundary_lines(*first_levels(shown))
            missing = n_levels - len(shown)
            defaults = {
                "color": "white",
                "linewidth": np.asarray(steps)[strength - 1 + missing],
                "capstyle": "round",
            }
            keywords = merged(defaults, boundary_kwargs, "boundary_kwargs")
            collection = LineCollection(list(lines), **keywords)
            panel.add_collection(collection, autolim=False)
            self.boundaries_.append(collection)


def _columns(ax, n_panels, aspect):
    """Return with how many columns panels in the axes are largest."""
    place = ax.get_window_extent()
    sizes = [
        min(place.width / columns, place.height / ceil(n_panels / columns) / aspect)
        for columns in range(1, n_panels + 1)
    ]
    return 1 + int(np.argmax(sizes))


def _check_levels(levels):
    if not isinstance(levels, Iterable):
        raise TypeError(
            "levels must be an iterable of numbers of regions, got "
            f"{type(levels).__name__}; for one level give a list of it."
        )
    numbers = [check_integer(level, "levels", low=1) for level in levels]
    if not numbers or any(np.diff(numbers) <= 0):
        raise ValueError(
            f"levels must hold increasing numbers of regions, got {numbers}."
        )
    return numbers
