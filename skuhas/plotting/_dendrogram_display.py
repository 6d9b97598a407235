"""DendrogramDisplay: a tree drawn as one, with pictures of its regions."""

import numpy as np

from skuhas._common import check_choice, check_integer
from skuhas.plotting._axes import (
    check_axes,
    clear_frame,
    merged,
    new_axes,
    require_matplotlib,
)
from skuhas.plotting._dendrogram_layout import (
    LEAF_SIDE,
    NODE_SIDE,
    ROW,
    Box,
    columns_of_nodes,
    place_pictures,
)
from skuhas.plotting._inputs import as_shown, check_tree, colored, predict_tree
from skuhas.plotting._thumbnails import Thumbnails

# More regions than these get no pictures, which nobody could read.
MOST_PICTURES = 48
WIDEST, NARROWEST = 14.0, 3.2
COLUMN = 0.72
CAPTION = 0.2
# At least as many rows of pictures fit into a scale of altitudes.
LEAST_ROWS = 3
# Narrower columns, in inches, have no room for captions.
CAPTION_COLUMN = 0.33


class DendrogramDisplay:
    """A tree as a dendrogram, with pictures of the regions at its nodes.

    Use `from_estimator` or `from_predictions`. All parameters are stored as
    attributes.

    Parameters
    ----------
    tree : RegionTree
        What is drawn, over an image or over samples.
    colors : ndarray of shape (n_nodes, 3), dtype uint8
        Colours of its nodes.
    image : ndarray of shape (height, width, 3), dtype uint8, default=None
        What the pictures are cut out of.

    Attributes
    ----------
    positions_ : ndarray of shape (n_nodes, 2), dtype float64
        x and y of every node, in the axes' data.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    branches_ : matplotlib LineCollection
        A line from each node but the root to its parent, by node number.
    thumbnails_ : dict of int to matplotlib Axes
        Axes with the pictures, by node number; a node without room for one is
        a dot.

    See Also
    --------
    RegionTreeDisplay : The regions themselves.
    region_colors : The colours.

    Examples
    --------
    >>> from skuhas import DendrogramDisplay, make_nested_scene
    >>> scene = make_nested_scene(random_state=0)
    >>> display = DendrogramDisplay.from_predictions(
    ...     scene.tree, scene.image, n_regions=8
    ... )
    >>> display.tree.n_leaves <= 8
    True
    """

    def __init__(self, *, tree, colors, image=None):
        self.tree = tree
        self.colors = colors
        self.image = image

    @classmethod
    def from_estimator(cls, estimator, image, *, n_regions=12, ax=None, **kwargs):
        """Segment an image and draw the top of its tree.

        Parameters
        ----------
        estimator : object with predict
            Maps a list of one image to a list of one RegionTree: a pipeline of
            features and a segmenter.
        image : path, PIL image or array
            What the estimator takes; a FeatureMap is shown by its own image.
        n_regions : int, default=12
            Largest number of leaves, see `RegionTree.cut`.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        DendrogramDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_estimator", ax)
        tree = predict_tree(estimator, image)
        return cls.from_predictions(tree, image, n_regions=n_regions, ax=ax, **kwargs)

    @classmethod
    def from_predictions(cls, tree, image=None, *, n_regions=12, ax=None, **kwargs):
        """Draw the top of a tree.

        Parameters
        ----------
        tree : RegionTree
            A tree over an image or, then without pictures, over samples, such
            as `RecursiveSpectralClustering` makes.
        image : path, PIL image or array, default=None
            What the pictures are cut out of, of the tree's size. Without it
            they are silhouettes in the regions' colours.
        n_regions : int, default=12
            Largest number of leaves, see `RegionTree.cut`.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        DendrogramDisplay

        Raises
        ------
        TypeError, ValueError
            A parameter is malformed, or the image is of another size than the
            tree.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions", ax)
        check_tree(tree)
        n_regions = check_integer(n_regions, "n_regions", low=1)
        if image is not None and len(tree.shape) != 2:
            raise ValueError(
                f"image must be None for a tree over {tree.shape[0]} samples, got "
                f"{type(image).__name__}."
            )
        image = as_shown(image, tree)
        cut = colored(tree).cut(n_regions=n_regions)
        display = cls(tree=cut, colors=cut.node_data["color"], image=image)
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        ax=None,
        *,
        height="altitude",
        thumbnails=None,
        captions=True,
        line_kwargs=None,
    ):
        """Draw the dendrogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        height : {"altitude", "depth"}, default="altitude"
            What the height of a node shows: its altitude, or its number of
            edges from the root. Depth leaves room for a picture at every node;
            with altitude, nodes at nearly the same height share it, and those
            of the least altitude become dots.
        thumbnails : bool, default=None
            Whether to draw pictures of the regions. By default of trees over
            images that have at most 48 leaves here.
        captions : bool, default=True
            Whether to write below each leaf its part of the image, or its
            number of samples, where columns are wide enough.
        line_kwargs : dict, default=None
            Keyword arguments of the branches' LineCollection, such as
            ``{"linewidth": 1}``.

        Returns
        -------
        DendrogramDisplay
            The display itself.

        Raises
        ------
        TypeError, ValueError
            A parameter is out of its range; the message names it.
        """
        caller = f"{type(self).__name__}.plot"
        require_matplotlib(caller)
        check_choice(height, "height", ("altitude", "depth"))
        is_image = len(self.tree.shape) == 2
        if thumbnails is None:
            thumbnails = is_image and self.tree.n_leaves <= MOST_PICTURES
        elif thumbnails and not is_image:
            raise ValueError("thumbnails must be None or False for trees over samples.")
        if ax is None:
            ax = new_axes(caller, self._figure_size(height, thumbnails))
            ax.figure.draw_without_rendering()
        self.ax_ = check_axes(ax)
        self.figure_ = ax.figure
        scale = self._scale(height, thumbnails)
        self._draw_branches(line_kwargs)
        self.thumbnails_ = {}
        if thumbnails:
            self._draw_thumbnails(scale)
        self._draw_dots()
        if captions:
            self._draw_captions(scale)
        return self

    def _figure_size(self, height, thumbnails):
        n_leaves = self.tree.n_leaves
        column = min(COLUMN, WIDEST / n_leaves) if thumbnails else 0.3
        width = min(max(NARROWEST, column * n_leaves + 0.6), WIDEST)
        if not thumbnails:
            return width, 3.6
        rows = self.tree.height + 1
        if height == "altitude":
            return width, max(2.4, min(0.7 * width, column * rows + 1.6)) + 0.4
        return width, max(1.6, column * 0.98 * rows + 0.5)

    def _scale(self, height, thumbnails):
        """Set positions and limits; return the height of a column's width."""
        tree, ax = self.tree, self.ax_
        inches = ax.get_window_extent().transformed(
            ax.figure.dpi_scale_trans.inverted()
        )
        self._column = max(inches.width / tree.n_leaves, 1e-6)
        room = inches.height / self._column
        deep = height == "depth"
        up = np.array(-tree.depth if deep else tree.altitude, dtype=np.float64)
        internal = up[tree.n_leaves :] if tree.height else up
        low, high = internal.min(), internal.max()

        # All in widths of columns.
        self._size = 1.0
        caption = CAPTION / self._column
        above, side, gap, extent = 0.04 * room, 0.0, 0.0, high - low
        if deep:
            extent += 1
        elif not thumbnails:
            extent = high - up.min()
        if thumbnails:
            # As large as columns are wide; smaller where the axes are low.
            rows = extent if deep else LEAST_ROWS
            self._size = (room - caption) / (NODE_SIDE + LEAF_SIDE / 2 + rows * ROW)
            self._size = float(np.clip(self._size, 0.05, 1.0))
            above = (NODE_SIDE / 2 + 0.1) * self._size
            side = LEAF_SIDE * self._size
            gap = 0.0 if deep else ROW * self._size
        under = side / 2 + caption
        spare = max(room - above - under - gap, 0.2 * room)
        unit = (extent if extent > 0 else 1.0) / spare
        base = high - extent
        if thumbnails and not deep:
            # Leaves stand in a row under the scale, which need not begin at 0.
            base = low - gap * unit
        up[: tree.n_leaves] = base if deep or thumbnails else up[: tree.n_leaves]
        self.positions_ = np.column_stack([columns_of_nodes(tree), up])
        ax.set_xlim(-0.5, tree.n_leaves - 0.5)
        ax.set_ylim(base - under * unit, high + above * unit)
        self._draw_scale(low if deep or thumbnails else base, high, height)
        return unit

    def _draw_scale(self, low, high, height):
        from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

        ax = self.ax_
        clear_frame(ax)
        if self.tree.height == 0:
            return
        ticks = MaxNLocator(5, integer=height == "depth").tick_values(low, high)
        ticks = [tick for tick in ticks if low <= tick <= high] or [low]
        labels = [f"{abs(tick):.4g}" for tick in ticks]
        ax.yaxis.set_major_locator(FixedLocator(ticks))
        ax.yaxis.set_major_formatter(FixedFormatter(labels))
        ax.spines["left"].set_visible(True)
        ax.spines["left"].set_bounds(low, high)
        ax.tick_params(labelsize="small")
        bottom, top = ax.get_ylim()
        middle = ((low + high) / 2 - bottom) / (top - bottom)
        ax.set_ylabel(height, y=middle, horizontalalignment="center")

    def _draw_branches(self, line_kwargs):
        from matplotlib.collections import LineCollection

        x, y = self.positions_.T
        above = self.tree.parents[:-1]
        corners = [(x[above], y[above]), (x[:-1], y[above]), (x[:-1], y[:-1])]
        defaults = {
            "color": self.colors[:-1] / 255,
            "linewidth": np.clip(4 * self._column, 0.5, 2.2),
            "capstyle": "round",
            "joinstyle": "round",
        }
        keywords = merged(defaults, line_kwargs, "line_kwargs")
        lines = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
        self.branches_ = LineCollection(list(lines), **keywords)
        self.ax_.add_collection(self.branches_, autolim=False)

    def _draw_thumbnails(self, unit):
        tree = self.tree
        x, y = self.positions_.T
        half = LEAF_SIDE / 2 * self._size
        boxes = {
            leaf: Box(
                x[leaf] - half,
                x[leaf] + half,
                y[leaf] - half * unit,
                y[leaf] + half * unit,
            )
            for leaf in range(tree.n_leaves)
        }
        internal = np.arange(tree.n_leaves, tree.n_nodes)
        # Higher nodes first, which say more.
        order = internal[np.argsort(-y[internal], kind="stable")]
        boxes = place_pictures(
            tree, x, y, unit=unit, size=self._size, boxes=boxes, order=order
        )
        pictures = Thumbnails(tree, self.colors, self.image)
        for node, box in boxes.items():
            place = [box.left, box.low, box.right - box.left, box.high - box.low]
            inset = self.ax_.inset_axes(place, transform=self.ax_.transData)
            inset.imshow(pictures.draw(node), interpolation="antialiased")
            inset.set(xticks=[], yticks=[])
            inset.spines[:].set(color=self.colors[node] / 255, linewidth=1.6)
            self.thumbnails_[node] = inset

    def _draw_dots(self):
        without = [n for n in range(self.tree.n_nodes) if n not in self.thumbnails_]
        size = np.clip(14 * self._column, 2.0, 6.0) ** 2
        self.ax_.scatter(
            *self.positions_[without].T,
            s=size,
            color=self.colors[without] / 255,
            edgecolor="white",
            linewidth=0.5,
            zorder=3,
        )

    def _draw_captions(self, unit):
        if self._column < CAPTION_COLUMN:
            return
        area = self.tree.area
        drop = unit * (LEAF_SIDE / 2 * self._size if self.thumbnails_ else 0.0)
        for leaf in range(self.tree.n_leaves):
            self.ax_.annotate(
                self._caption(area[leaf], area[-1]),
                (self.positions_[leaf, 0], self.positions_[leaf, 1] - drop),
                (0, -3 if self.thumbnails_ else -6),
                textcoords="offset points",
                horizontalalignment="center",
                verticalalignment="top",
                fontsize="x-small",
            )

    def _caption(self, area, whole):
        if len(self.tree.shape) == 1:
            return str(area)
        return f"{area / whole:.0%}" if area >= 0.005 * whole else "<1%"
