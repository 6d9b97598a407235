"""Pictures of label maps: overlays, indexed images, contact sheets."""

from math import ceil

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage.segmentation import find_boundaries

from skuhas._common import check_integer, check_real, fit_within
from skuhas.plotting._colors import region_colors
from skuhas.tree import RegionTree

GAP = 8
CAPTION = 24
INK = (40, 40, 40)


def label_image(labels, colors):
    """Return a label map as an indexed image.

    Parameters
    ----------
    labels : ndarray of shape (height, width), dtype int
        Labels from 0; -1 for none.
    colors : ndarray of shape (n_labels, 3), dtype uint8

    Returns
    -------
    PIL.Image.Image
        Pixel values are the labels. Up to 255 labels the image is indexed with
        `colors`, 255 standing for none; above it is 16-bit grey, 65535 for
        none.

    Raises
    ------
    ValueError
        A label has no colour, or there are more than 65535.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.plotting import label_image
    >>> label_image(np.array([[0, 1]]), np.zeros((2, 3), dtype=np.uint8)).mode
    'P'
    """
    _check_colors(labels, colors)
    if len(colors) > 65535:
        raise ValueError(
            f"labels must be at most 65535 to fit 16 bits, got {len(colors)}."
        )
    if len(colors) > 255:
        return Image.fromarray(np.where(labels < 0, 65535, labels).astype(np.uint16))
    image = Image.fromarray(np.where(labels < 0, 255, labels).astype(np.uint8))
    palette = np.full((256, 3), 255, dtype=np.uint8)
    palette[: len(colors)] = colors
    image.putpalette(palette.tobytes())
    return image


def overlay(image, labels, colors, *, alpha=0.35):
    """Tint the regions of an image and draw their boundaries.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    labels : ndarray of shape (height, width), dtype int
        Labels from 0; -1 for none, which stays as it is.
    colors : ndarray of shape (n_labels, 3), dtype uint8
    alpha : float, default=0.35
        Strength of the tint, in [0, 1]. Boundaries are drawn in full.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Raises
    ------
    TypeError, ValueError
        The arrays do not fit together, or `alpha` is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from skuhas.plotting import overlay
    >>> image = np.zeros((2, 2, 3), dtype=np.uint8)
    >>> labels = np.zeros((2, 2), dtype=int)
    >>> overlay(image, labels, np.full((1, 3), 200, dtype=np.uint8), alpha=0.5)[0, 0]
    array([100, 100, 100], dtype=uint8)
    """
    check_real(alpha, "alpha", low=0.0, high=1.0)
    if labels.shape != image.shape[:2]:
        raise ValueError(
            f"labels must have the image's shape {image.shape[:2]}, got {labels.shape}."
        )
    _check_colors(labels, colors)
    inside = labels >= 0
    tint = colors[np.where(inside, labels, 0)].astype(np.float32)
    strength = np.full(labels.shape, alpha, dtype=np.float32)
    # By default region 0 would count as background and get no boundary.
    strength[find_boundaries(labels, mode="inner", background=-1)] = 1.0
    strength[~inside] = 0.0
    mixed = image + strength[..., None] * (tint - image)
    return np.rint(mixed).astype(np.uint8)


def contact_sheet(image, tree, levels, *, panel_size=360, columns=5):
    """Draw an image and cuts of its tree side by side.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    tree : RegionTree
        A tree over the image.
    levels : sequence of int
        Numbers of regions, a panel each.
    panel_size : int, default=360
        Longer side of a panel in pixels.
    columns : int, default=5
        Panels in a row.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    TypeError, ValueError
        A parameter is out of its range; the message names it.

    Examples
    --------
    >>> from skuhas import make_nested_scene
    >>> from skuhas.plotting import contact_sheet
    >>> scene = make_nested_scene(random_state=0)
    >>> contact_sheet(scene.image, scene.tree, [4, 16]).size
    (1112, 310)
    """
    check_integer(panel_size, "panel_size", low=1)
    check_integer(columns, "columns", low=1)
    height, width = fit_within(image.shape[:2], panel_size)
    # Drawn at panel size, so that boundaries stay one pixel wide.
    small = np.asarray(
        Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS)
    )
    colored = RegionTree.from_parents(
        tree.parents,
        tree.leaf_labels,
        ncut=tree.ncut,
        perturbation=tree.perturbation,
        eigengap=tree.eigengap,
        altitude=tree.altitude,
        node_data={"color": region_colors(tree)},
    )
    panels = [("image", small)]
    for level in levels:
        cut = colored.cut(n_regions=level)
        caption = f"{cut.n_leaves} region{'' if cut.n_leaves == 1 else 's'}"
        cut = cut.resize((height, width))
        colors = cut.node_data["color"][: cut.n_leaves]
        panels.append((caption, overlay(small, cut.leaf_labels, colors)))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    font = ImageFont.load_default(size=15)
    # A tall image's panel may be narrower than its caption.
    cell = max(width, *(ceil(font.getlength(caption)) + 4 for caption, _ in panels))
    sheet = Image.new(
        "RGB",
        (
            columns * (cell + GAP) + GAP,
            rows * (height + CAPTION + GAP) + GAP,
        ),
        "white",
    )
    draw = ImageDraw.Draw(sheet)
    for position, (caption, panel) in enumerate(panels):
        row, column = divmod(position, columns)
        x = GAP + column * (cell + GAP)
        y = GAP + row * (height + CAPTION + GAP)
        draw.text((x + 2, y), caption, fill=INK, font=font)
        sheet.paste(Image.fromarray(panel), (x, y + CAPTION))
    return sheet


def _check_colors(labels, colors):
    if labels.max() >= len(colors):
        raise ValueError(
            f"colors must have a row for each label up to {labels.max()}, got "
            f"{len(colors)}."
        )
