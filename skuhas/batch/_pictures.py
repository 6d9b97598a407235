"""Pictures of a tree, as files."""

from pathlib import Path

from skuhas._common import atomic_write
from skuhas.plotting import contact_sheet, label_image, region_colors
from skuhas.tree import RegionTree


def write_pictures(image, tree, levels, stem):
    """Write the label maps of some cuts of a tree, and a contact sheet.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
        What the tree is of; None leaves the contact sheet out.
    tree : RegionTree
    levels : sequence of int
        Numbers of regions.
    stem : path-like
        Start of the paths: ``cup`` gives ``cup_4.png`` and so on, indexed PNG
        files whose pixel values are the labels, and ``cup_sheet.png``.

    Raises
    ------
    OSError
        A file cannot be written. Those there are are whole.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skuhas import make_nested_scene
    >>> from skuhas.batch import write_pictures
    >>> scene = make_nested_scene((32, 32), random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_pictures(scene.image, scene.tree, [2], Path(folder, "scene"))
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['scene_2.png', 'scene_sheet.png']
    """
    stem = Path(stem)
    colored = RegionTree.from_parents(
        tree.parents,
        tree.leaf_labels,
        altitude=tree.altitude,
        node_data={"color": region_colors(tree)},
    )
    for level in levels:
        cut = colored.cut(n_regions=level)
        picture = label_image(cut.leaf_labels, cut.node_data["color"][: cut.n_leaves])
        _save(picture, picture_path(stem, level))
    if image is not None:
        _save(contact_sheet(image, tree, levels), picture_path(stem, "sheet"))


def picture_path(stem, ending):
    """Return the file of a level, or of the "sheet"."""
    return stem.with_name(f"{stem.name}_{ending}.png")


def _save(picture, path):
    with atomic_write(path) as handle:
        picture.save(handle, format="PNG")
