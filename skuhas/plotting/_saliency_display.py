"""SaliencyDisplay: the ultrametric contours of a tree over its image."""

import numpy as np

from skuhas._common import check_real
from skuhas.plotting._axes import (
    check_axes,
    clear_frame,
    merged,
    new_axes,
    require_matplotlib,
)
from skuhas.plotting._boundaries import boundary_lines
from skuhas.plotting._inputs import as_shown, check_image_tree, gray, predict_tree

WIDEST, NARROWEST = 2.4, 0.25
LONGER_SIDE = 6.0
# In inches.
LEFT_OF_BAR = 0.62
# Inches from the picture to the end of what is written right of the bar.
ROOM = 1.35
# Least distance of two marks of the colour bar, as a part of its length.
APART = 0.045


class SaliencyDisplay:
    """Ultrametric contours of a tree over its image.

    The contour between two regions is as strong as the altitude of the
    smallest region that holds both. Use `from_estimator` or
    `from_predictions`. All parameters are stored as attributes.

    Parameters
    ----------
    saliency : ndarray of shape (2 height + 1, 2 width + 1), dtype float32
        Strengths, with a place of its own for the edge between any two pixels,
        see `RegionTree.saliency`.
    altitudes : ndarray of shape (n_splits,), dtype float64
        Altitudes of the nodes that have children, falling.
    n_regions : ndarray of shape (n_splits,), dtype int
        Into how many regions the contours at least as strong as each of the
        altitudes part the image.
    image : ndarray of shape (height, width, 3), dtype uint8, default=None
        The picture under the contours.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    image_ : matplotlib AxesImage
    contours_ : matplotlib LineCollection
        Its array holds the strengths.
    colorbar_ : matplotlib Colorbar or None

    See Also
    --------
    RegionTreeDisplay : Levels side by side.

    References
    ----------
    P. Arbeláez, M. Maire, C. Fowlkes and J. Malik. "Contour Detection and
    Hierarchical Image Segmentation". IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> from skuhas import SaliencyDisplay, make_nested_scene
    >>> scene = make_nested_scene(random_state=0)
    >>> display = SaliencyDisplay.from_predictions(scene.tree, scene.image)
    >>> bool(display.contours_.get_array().max() == scene.tree.altitude.max())
    True
    """

    def __init__(self, *, saliency, altitudes, n_regions, image=None):
        self.saliency = saliency
        self.altitudes = altitudes
        self.n_regions = n_regions
        self.image = image

    @classmethod
    def from_estimator(cls, estimator, image, *, ax=None, **kwargs):
        """Segment an image and draw the contours of its tree.

        Parameters
        ----------
        estimator : object with predict
            Maps a list of one image to a list of one RegionTree: a pipeline of
            features and a segmenter.
        image : path, PIL image or array
            What the estimator takes; a FeatureMap is shown by its own image.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        SaliencyDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_estimator", ax)
        tree = predict_tree(estimator, image)
        return cls.from_predictions(tree, image, ax=ax, **kwargs)

    @classmethod
    def from_predictions(cls, tree, image=None, *, ax=None, **kwargs):
        """Draw the contours of a tree.

        Parameters
        ----------
        tree : RegionTree
            A tree over an image.
        image : path, PIL image or array, default=None
            Shown in light grey under the contours, of the tree's size. Without
            it they are drawn on white.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        SaliencyDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_predictions", ax)
        check_image_tree(tree, cls.__name__)
        internal = np.arange(tree.n_leaves, tree.n_nodes)
        falling = internal[np.argsort(-tree.altitude[internal], kind="stable")]
        display = cls(
            saliency=tree.saliency(double=True),
            altitudes=tree.altitude[falling],
            n_regions=1 + np.cumsum(tree.n_children[falling] - 1),
            image=as_shown(image, tree),
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, cmap=None, fade=0.7, colorbar=True, contour_kwargs=None):
        """Draw the contours, the stronger the wider.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        cmap : str or matplotlib Colormap, default=None
            From altitude 0 to the root's. By default from a transparent orange
            to black.
        fade : float, default=0.7
            How far the image in grey is moved towards white, in [0, 1].
        colorbar : bool, default=True
            Whether to draw a colour bar, with altitudes on its right and on its
            left the numbers of regions that contours at least as strong enclose.
        contour_kwargs : dict, default=None
            Keyword arguments of the contours' LineCollection, such as
            ``{"linewidth": 1}``.

        Returns
        -------
        SaliencyDisplay
            The display itself.

        Raises
        ------
        TypeError, ValueError
            A parameter is out of its range; the message names it.
        """
        from matplotlib.collections import LineCollection
        from matplotlib.colors import Normalize

        caller = f"{type(self).__name__}.plot"
        fade = check_real(fade, "fade", low=0.0, high=1.0)
        height, width = (side // 2 for side in self.saliency.shape)
        if ax is None:
            ax = new_axes(caller, _figure_size(height, width, colorbar))
            ax.set_anchor("W")
        elif colorbar:
            _make_room(check_axes(ax))
        self.ax_ = check_axes(ax)
        self.figure_ = ax.figure
        pixels = np.full((height, width, 3), 255, dtype=np.uint8)
        if self.image is not None:
            under = gray(self.image)
            light = under + fade * (255 - under)
            pixels = np.rint(np.repeat(light, 3, axis=2)).astype(np.uint8)
        self.image_ = ax.imshow(pixels, interpolation="antialiased")
        clear_frame(ax)

        lines, strength = boundary_lines(
            self.saliency[1::2, 2:-1:2], self.saliency[2:-1:2, 1::2]
        )
        # The strongest last, on top.
        order = np.argsort(strength, kind="stable")
        lines, strength = lines[order], strength[order]
        top = self.altitudes[0] if self.altitudes.size else 1.0
        norm = Normalize(0, top if top > 0 else 1.0)
        defaults = {
            "cmap": _ramp() if cmap is None else cmap,
            "norm": norm,
            "linewidth": NARROWEST + (WIDEST - NARROWEST) * norm(strength) ** 2,
            "capstyle": "projecting",
        }
        keywords = merged(defaults, contour_kwargs, "contour_kwargs")
        self.contours_ = LineCollection(list(lines), **keywords)
        self.contours_.set_array(strength)
        ax.add_collection(self.contours_, autolim=False)
        self.colorbar_ = self._draw_colorbar() if colorbar else None
        return self

    def _draw_colorbar(self):
        from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
        from matplotlib.transforms import ScaledTranslation

        # Beside the picture and as high, whatever size that has; room for the marks
        # on its left does not grow with the picture.
        room = ScaledTranslation(LEFT_OF_BAR, 0, self.figure_.dpi_scale_trans)
        inset = self.ax_.inset_axes(
            [1, 0, 0.03, 1], transform=self.ax_.transAxes + room
        )
        bar = self.figure_.colorbar(self.contours_, cax=inset)
        bar.outline.set_linewidth(0.5)
        bar.set_label("altitude")
        numbers, places = self._marks()
        if numbers:
            other = inset.secondary_yaxis("left")
            other.yaxis.set_major_locator(FixedLocator(places))
            other.yaxis.set_major_formatter(FixedFormatter(numbers))
            other.yaxis.set_minor_locator(NullLocator())
            other.tick_params(length=2, labelsize="small", pad=1)
            other.set_ylabel("regions")
        bar.ax.tick_params(length=2, labelsize="small")
        return bar

    def _marks(self):
        """Return numbers of regions, about doubling, and the altitudes they need."""
        numbers, places = [], []
        if not self.altitudes.size or self.altitudes[0] <= 0:
            return numbers, places
        apart = APART * self.altitudes[0]
        wanted = 2
        while wanted <= self.n_regions[-1]:
            place = self.altitudes[np.searchsorted(self.n_regions, wanted)]
            # Nodes of more children, or of one altitude, add several at a time.
            last = np.searchsorted(-self.altitudes, -place, side="right") - 1
            if not places or places[-1] - place >= apart:
                numbers.append(str(self.n_regions[last]))
                places.append(place)
            wanted *= 2
        return numbers, places


def _make_room(ax):
    """Leave the bar a part of the axes' place, where no layout engine does."""
    if ax.figure.get_layout_engine() is not None:
        return
    place = ax.get_position(original=True)
    width = place.width * ax.figure.bbox.width / ax.figure.dpi
    part = max(width - ROOM, width / 2) / width if width > 0 else 1
    ax.set_position([place.x0, place.y0, part * place.width, place.height])
    ax.set_anchor("W")


def _figure_size(height, width, colorbar):
    scale = LONGER_SIDE / max(height, width)
    sides = [max(1.5, scale * width), max(1.5, scale * height)]
    return sides[0] + (1.3 if colorbar else 0.0), sides[1]


def _ramp():
    """Return a colour map from a clear orange to black, monotone in lightness."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = [
        (0.0, (0.99, 0.75, 0.44, 0.0)),
        (0.3, (0.96, 0.55, 0.24, 0.45)),
        (0.6, (0.80, 0.22, 0.28, 0.85)),
        (0.8, (0.45, 0.06, 0.42, 1.0)),
        (1.0, (0.05, 0.01, 0.15, 1.0)),
    ]
    return LinearSegmentedColormap.from_list("skuhas_contours", stops)
