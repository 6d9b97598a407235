"""A small picture of a tree alone: a few of its cuts side by side."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from skuhas._common import check_integer, fit_within
from skuhas.plotting._colors import region_colors

GAP = 12
CAPTION = 22
INK = (90, 90, 88)
LINE = 0.72


def levels_image(tree, levels=(4, 12, 36), *, panel_size=260):
    """Draw cuts of a tree side by side, in the colours of the hierarchy.

    Parameters
    ----------
    tree : RegionTree
        A tree over an image.
    levels : sequence of int, default=(4, 12, 36)
        Numbers of regions, a panel each. Levels that show the same cut are
        drawn once.
    panel_size : int, default=260
        Longer side of a panel in pixels.

    Returns
    -------
    PIL.Image.Image
        RGBA on clear ground, so that it suits light and dark pages.

    Raises
    ------
    TypeError, ValueError
        The tree is not one of an image, or a parameter is out of its range.

    Examples
    --------
    >>> from skuhas import make_nested_scene
    >>> from skuhas.plotting import levels_image
    >>> levels_image(make_nested_scene((48, 64), random_state=0).tree).size
    (532, 217)
    """
    if len(tree.shape) != 2:
        raise ValueError(
            "levels_image needs a tree over an image, got leaf_labels of shape "
            f"{tree.shape}."
        )
    check_integer(panel_size, "panel_size", low=1)
    for level in levels:
        check_integer(level, "levels", low=1)
    size = fit_within(tree.shape, panel_size)
    colored = type(tree).from_parents(
        tree.parents,
        tree.leaf_labels,
        ncut=tree.ncut,
        altitude=tree.altitude,
        node_data={"color": region_colors(tree)},
    )
    panels = {}
    for level in levels:
        cut = colored.cut(n_regions=level)
        caption = f"{cut.n_leaves} region{'' if cut.n_leaves == 1 else 's'}"
        if caption not in panels:
            panels[caption] = _panel(cut.resize(size))
    font = ImageFont.load_default(size=13)
    height, width = size
    cell = max(width, *(int(font.getlength(text)) + 2 for text in panels))
    sheet = Image.new(
        "RGBA", (len(panels) * (cell + GAP) - GAP, CAPTION + height), (0, 0, 0, 0)
    )
    draw = ImageDraw.Draw(sheet)
    for position, (text, panel) in enumerate(panels.items()):
        x = position * (cell + GAP)
        draw.text((x, 1), text, fill=INK, font=font)
        sheet.paste(Image.fromarray(panel), (x, CAPTION))
    return sheet


def _panel(cut):
    labels = cut.leaf_labels
    inside = labels >= 0
    colors = cut.node_data["color"][np.where(inside, labels, 0)].astype(np.float32)
    seam = np.zeros(labels.shape, dtype=bool)
    seam[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    seam[:-1] |= labels[:-1] != labels[1:]
    colors[seam] += LINE * (255 - colors[seam])
    alpha = np.where(inside, 255, 0)[:, :, None]
    return np.concatenate([np.rint(colors), alpha], axis=2).astype(np.uint8)
