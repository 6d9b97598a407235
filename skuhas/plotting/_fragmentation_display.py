"""FragmentationDisplay: how well few regions do, for several methods."""

from collections.abc import Mapping

import numpy as np

from skuhas.metrics import fragmentation_curve, mean_over_log
from skuhas.plotting._axes import check_axes, merged, new_axes, require_matplotlib

SIZE = (5.2, 3.8)
TICKS = (1, 2, 5)
STYLES = ("-", "--", "-.", ":")


class FragmentationDisplay:
    r"""NMCovering of cuts against their numbers of regions, for several methods.

    Use `from_estimator` or `from_predictions`; for more methods in one picture
    call them again with ``ax=display.ax_``, or hand over a dict of predictions.
    All parameters are stored as attributes.

    Parameters
    ----------
    n_regions : ndarray of shape (n_values,), dtype int
        Numbers of regions, increasing.
    curves : list of ndarray of shape (n_values,), dtype float64
        NMCovering of each method's cuts.
    names : list of str or None, default=None
        Names of the methods.

    Attributes
    ----------
    scores : list of float
        Mean of each curve over :math:`\log n`, see `fragmentation_score`.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D, one a method

    See Also
    --------
    fragmentation_curve : The figures.
    fragmentation_score : The score in the legend.

    Examples
    --------
    >>> from skuhas import FragmentationDisplay, make_nested_scene
    >>> scene = make_nested_scene(random_state=0)
    >>> display = FragmentationDisplay.from_predictions(
    ...     [scene.label_map], [scene.tree], name="true tree"
    ... )
    >>> display.lines_[0].get_label()
    'true tree (score = 0.49)'
    """

    def __init__(self, *, n_regions, curves, names=None):
        self.n_regions = n_regions
        self.curves = curves
        self.names = names

    @property
    def scores(self):
        """Mean of each curve over the logarithm of the number of regions."""
        return [mean_over_log(curve, self.n_regions) for curve in self.curves]

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        n_regions=range(1, 101),
        ignore_index=-1,
        sample_weight=None,
        name=None,
        ax=None,
        **kwargs,
    ):
        """Segment images and draw the curve of their trees.

        Parameters
        ----------
        estimator : object with predict
            Maps a list of images to a list of RegionTree.
        X : list
            Images, as the estimator takes them.
        y : list, one element an image
            Ground truth as in `fragmentation_curve`.
        n_regions : iterable of int, default=range(1, 101)
            Numbers of regions, at least 1 and increasing.
        ignore_index : int, iterable of int or None, default=-1
            Labels of ground truth that take no part.
        sample_weight : array-like of shape (n_images,), default=None
            Weights of the images in the mean.
        name : str, default=None
            Name in the legend; by default that of the estimator's class, or of
            the last step's of a pipeline.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        FragmentationDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_estimator", ax)
        if not hasattr(estimator, "predict"):
            raise TypeError(
                "estimator must have a method predict that maps images to trees, got "
                f"{type(estimator).__name__}."
            )
        if name is None:
            steps = getattr(estimator, "steps", None)
            name = type(steps[-1][1] if steps else estimator).__name__
        return cls.from_predictions(
            y,
            estimator.predict(X),
            n_regions=n_regions,
            ignore_index=ignore_index,
            sample_weight=sample_weight,
            name=name,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        n_regions=range(1, 101),
        ignore_index=-1,
        sample_weight=None,
        name=None,
        ax=None,
        **kwargs,
    ):
        """Draw the curves of trees.

        Parameters
        ----------
        y_true : list, one element an image
            Ground truth as in `fragmentation_curve`.
        y_pred : list of RegionTree, or dict of str to such lists
            Trees of the images; a dict has those of several methods by name.
        n_regions : iterable of int, default=range(1, 101)
            Numbers of regions, at least 1 and increasing.
        ignore_index : int, iterable of int or None, default=-1
            Labels of ground truth that take no part.
        sample_weight : array-like of shape (n_images,), default=None
            Weights of the images in the mean.
        name : str, default=None
            Name in the legend. A dict has its own.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        FragmentationDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_predictions", ax)
        methods = _as_methods(y_pred, name)
        # Iterators would be used up by the first method.
        y_true = y_true if hasattr(y_true, "__len__") else list(y_true)
        numbers = n_regions if hasattr(n_regions, "__len__") else list(n_regions)
        curves = [
            fragmentation_curve(
                y_true,
                trees,
                n_regions=numbers,
                ignore_index=ignore_index,
                sample_weight=sample_weight,
            )
            for trees in methods.values()
        ]
        display = cls(n_regions=np.array(numbers), curves=curves, names=list(methods))
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, name=None, curve_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default. Curves that it has already
            stay.
        name : str or list of str, default=None
            Names in the legend; by default those stored.
        curve_kwargs : dict or list of dict, default=None
            Keyword arguments of the curves' Line2D, such as
            ``{"color": "black"}``; a list has one dict for each curve.

        Returns
        -------
        FragmentationDisplay
            The display itself.

        Raises
        ------
        TypeError, ValueError
            A parameter is out of its range; the message names it.
        """
        names = _one_each(name, self.names, len(self.curves), "name")
        keywords = _one_each(curve_kwargs, None, len(self.curves), "curve_kwargs")
        if ax is None:
            ax = new_axes(f"{type(self).__name__}.plot", SIZE)
        self.ax_ = check_axes(ax)
        self.figure_ = ax.figure
        self.lines_ = []
        parts = zip(self.curves, self.scores, names, keywords, strict=True)
        for curve, score, label, own in parts:
            style = STYLES[len(ax.lines) % len(STYLES)]
            about = f"score = {score:.2f}"
            defaults = {
                "label": about if label is None else f"{label} ({about})",
                "linestyle": style,
            }
            self.lines_ += ax.plot(
                self.n_regions, curve, **merged(defaults, own, "curve_kwargs")
            )
        self._draw_axes()
        return self

    def _draw_axes(self):
        from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

        ax = self.ax_
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=TICKS))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        # Curves of earlier calls count too.
        ax.autoscale(axis="y")
        ax.set_ylim(bottom=0)
        ax.set(xlabel="number of regions", ylabel="NMCovering")
        ax.grid(visible=True, linewidth=0.5, alpha=0.4)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="best", edgecolor="none", framealpha=0.85)


def _as_methods(y_pred, name):
    """Return a dict of names to lists of trees."""
    if not isinstance(y_pred, Mapping):
        return {name: y_pred}
    if name is not None:
        raise ValueError(
            f"name must be None where y_pred is a dict, which has names, got {name!r}."
        )
    if not y_pred:
        raise ValueError("y_pred must have at least one method, got an empty dict.")
    return dict(y_pred)


def _one_each(given, stored, number, what):
    """Return a list with one of `given`, or else of `stored`, for each curve."""
    if given is None:
        return list(stored) if stored is not None else [None] * number
    if isinstance(given, (str, Mapping)):
        given = [given] * number if what == "curve_kwargs" else [given]
    if not isinstance(given, (list, tuple)) or len(given) != number:
        raise ValueError(f"{what} must have one for each of the {number} curves.")
    return list(given)
