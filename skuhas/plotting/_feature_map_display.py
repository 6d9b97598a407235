"""FeatureMapDisplay: the first principal components of features as colour."""

import numpy as np

from skuhas.features import FeatureMap, as_feature_maps
from skuhas.plotting._axes import (
    check_axes,
    clear_frame,
    merged,
    new_axes,
    require_matplotlib,
)

N_COLORS = 3
LONGER_SIDE = 5.0
# Percentiles of a component that become the darkest and the brightest value.
DARKEST, BRIGHTEST = 1, 99


class FeatureMapDisplay:
    r"""First three principal components of a feature map as red, green and blue.

    Near colours are near features. Use `from_estimator` or
    `from_predictions`. All parameters are stored as attributes.

    Parameters
    ----------
    colors : ndarray of shape (rows, columns, 3), dtype float32
        Components scaled to [0, 1], nan in cells without data.
    explained_variance_ratio : ndarray of shape (3,), dtype float64
        Parts of the variance that the components hold; 0 where there are fewer
        components.
    image_shape : (int, int), default=None
        Height and width of the image that the grid covers; the grid's by
        default.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Its coordinates are pixels of the image.
    figure_ : matplotlib Figure
    image_ : matplotlib AxesImage

    See Also
    --------
    FeatureMap : What is drawn.

    Notes
    -----
    With the centred features :math:`X` of all cells with data, the components
    are :math:`X v_i` with the eigenvectors :math:`v_1, v_2, v_3` of
    :math:`X^T X` of largest eigenvalues. The entry of largest magnitude of
    each is positive, as in scikit-learn, so that the same map always gets the
    same colours. Each component is scaled so that its first percentile is 0
    and its last is 1; what lies outside is clipped. A missing component is 0.5,
    and a single one is shown in grey.

    Examples
    --------
    >>> from skuhas import ColorFeatures, FeatureMapDisplay, make_nested_scene
    >>> image = make_nested_scene(random_state=0).image
    >>> display = FeatureMapDisplay.from_estimator(ColorFeatures(), image)
    >>> display.colors.shape
    (60, 80, 3)
    """

    def __init__(self, *, colors, explained_variance_ratio, image_shape=None):
        self.colors = colors
        self.explained_variance_ratio = explained_variance_ratio
        self.image_shape = image_shape

    @classmethod
    def from_estimator(cls, transformer, image, *, ax=None, **kwargs):
        """Compute the features of an image and draw them.

        Parameters
        ----------
        transformer : object with transform
            Maps a list of one image to a list of one FeatureMap, as
            `LiteFeatures` does.
        image : path, PIL image or array
            What the transformer takes.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        FeatureMapDisplay
        """
        require_matplotlib(f"{cls.__name__}.from_estimator", ax)
        if not hasattr(transformer, "transform"):
            raise TypeError(
                "transformer must have a method transform that maps [image] to "
                f"[feature map], got {type(transformer).__name__}. Of a pipeline of "
                "features and a segmenter, give pipe[:-1]."
            )
        maps = transformer.transform([image])
        if len(maps) != 1:
            raise ValueError(
                "transformer.transform must return one feature map for [image], got "
                f"{len(maps)}."
            )
        return cls.from_predictions(maps[0], ax=ax, **kwargs)

    @classmethod
    def from_predictions(cls, feature_map, *, ax=None, **kwargs):
        """Draw a feature map.

        Parameters
        ----------
        feature_map : FeatureMap, array or tensor of shape (rows, columns, n_features)
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        **kwargs : dict
            Further arguments of `plot`.

        Returns
        -------
        FeatureMapDisplay

        Raises
        ------
        TypeError, ValueError
            `feature_map` is malformed; the message says how.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions", ax)
        feature_map = _as_feature_map(feature_map)
        colors, ratio = _components(feature_map)
        display = cls(
            colors=colors,
            explained_variance_ratio=ratio,
            image_shape=feature_map.image_shape,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, title=True, image_kwargs=None):
        """Draw the components.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure by default.
        title : bool, default=True
            Whether to write above how much of the variance the components hold.
        image_kwargs : dict, default=None
            Keyword arguments of `matplotlib.axes.Axes.imshow`, such as
            ``{"interpolation": "bilinear"}``.

        Returns
        -------
        FeatureMapDisplay
            The display itself.
        """
        height, width = self.image_shape or self.colors.shape[:2]
        defaults = {
            "extent": (-0.5, width - 0.5, height - 0.5, -0.5),
            "interpolation": "nearest",
        }
        keywords = merged(defaults, image_kwargs, "image_kwargs")
        if ax is None:
            scale = LONGER_SIDE / max(height, width)
            size = (max(1.5, scale * width), max(1.5, scale * height + 0.3 * title))
            ax = new_axes(f"{type(self).__name__}.plot", size)
        self.ax_ = check_axes(ax)
        self.figure_ = ax.figure
        self.image_ = ax.imshow(self._shown(), **keywords)
        clear_frame(ax)
        if title:
            names = ("red", "green", "blue")
            ratio = self.explained_variance_ratio
            if np.count_nonzero(ratio) == 1:
                names = ("grey",)
            parts = zip(names, ratio, strict=False)
            text = ", ".join(f"{name} {part:.0%}" for name, part in parts if part)
            ax.set_title(text and f"{text} of the variance", fontsize="medium")
        return self

    def _shown(self):
        """Return the colours with full transparency where there are no data."""
        has_data = ~np.isnan(self.colors[..., :1])
        return np.where(has_data, np.concatenate([self.colors, has_data], axis=2), 0)


def _as_feature_map(feature_map):
    if isinstance(feature_map, (list, tuple)):
        raise TypeError(
            "feature_map must be a FeatureMap, an array or a tensor, got "
            f"{type(feature_map).__name__}; draw its maps one by one."
        )
    checked = as_feature_maps([feature_map], "feature_map")[0]
    assert isinstance(checked, FeatureMap)
    return checked


def _components(feature_map):
    """Return the components as colours, and their parts of the variance."""
    values = np.asarray(feature_map).astype(np.float64)
    rows, columns, n_features = values.shape
    has_data = _cells_with_data(feature_map, rows, columns)
    cells = values[has_data]
    cells = cells - cells.mean(axis=0)
    variance, vectors = np.linalg.eigh(cells.T @ cells)
    total = float((cells**2).sum())
    n_components = min(N_COLORS, n_features)
    vectors = vectors[:, ::-1][:, :n_components]
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.where(vectors[largest, np.arange(n_components)] < 0, -1, 1)
    variance = np.maximum(variance[::-1][:n_components], 0)
    # Rounding alone leaves a little of the variance to components that there are not.
    is_there = variance > 1e-9 * max(total, np.finfo(float).tiny)
    ratio = np.zeros(N_COLORS)
    ratio[:n_components][is_there] = variance[is_there] / total

    shades = np.full((len(cells), N_COLORS), 0.5)
    for position in np.flatnonzero(is_there):
        component = cells @ vectors[:, position]
        low, high = np.percentile(component, [DARKEST, BRIGHTEST])
        # A component that few cells have is constant between the percentiles.
        if high <= low:
            low, high = component.min(), component.max()
        shades[:, position] = np.clip((component - low) / (high - low), 0, 1)
    if is_there.sum() == 1:
        shades[:] = shades[:, :1]
    colors = np.full((rows, columns, N_COLORS), np.nan, dtype=np.float32)
    colors[has_data] = shades
    return colors, ratio


def _cells_with_data(feature_map, rows, columns):
    """Return which cells have a valid pixel at their centre."""
    if feature_map.valid is None:
        return np.ones((rows, columns), dtype=bool)
    height, width = feature_map.image_shape
    row = ((np.arange(rows) + 0.5) * height / rows).astype(np.intp)
    column = ((np.arange(columns) + 0.5) * width / columns).astype(np.intp)
    has_data = feature_map.valid[np.ix_(row, column)]
    # Narrow strips of data may miss every centre.
    return has_data if has_data.any() else np.ones((rows, columns), dtype=bool)
