"""A tree in a browser and in notebooks."""

from __future__ import annotations

import html
import io
import os
from typing import TYPE_CHECKING, cast

from skuhas._common import atomic_write

if TYPE_CHECKING:
    from skuhas._common import ImageLike
    from skuhas.tree._region_tree import RegionTree

# A notebook keeps its pages in its file: they are smaller than those on disk.
NOTEBOOK_REGIONS = 2000
NOTEBOOK_SIZE = 640
NOTEBOOK_HEIGHT = 640


class Shown:
    """What of RegionTree draws."""

    def to_html(
        self,
        image: ImageLike | None = None,
        path: str | os.PathLike[str] | None = None,
        *,
        title: str | None = None,
        max_size: int = 1280,
    ) -> str:
        """Return a page in which one can look around in the tree.

        The page is one file that needs nothing else and asks no network: a
        slider for the number of regions and for the threshold of the
        normalised cut, the picture, the tree and its dendrogram.

        Parameters
        ----------
        image : path, PIL image or array, default=None
            The picture, of the tree's size: shape (height, width),
            (height, width, 3) or (height, width, 4), dtype uint8, uint16 or
            float in [0, 1]. Without it the regions lie on plain ground.
        path : path-like, default=None
            File to write as well, whole or not at all.
        title : str, default=None
            Heading; by default the image's file name, or "Region tree".
        max_size : int, default=1280
            Longer side in pixels at which regions and image are stored.
            Numbers, areas and cuts are those of the tree, whatever the size.

        Returns
        -------
        str
            The page.

        Raises
        ------
        TypeError, ValueError
            The tree is not one of an image, the image has another size, or a
            parameter is out of its range.

        Examples
        --------
        >>> from skuhas import make_nested_scene
        >>> scene = make_nested_scene((48, 64), random_state=0)
        >>> scene.tree.to_html(scene.image)[:15]
        '<!doctype html>'
        """
        from skuhas.plotting import viewer_page

        page = viewer_page(
            cast("RegionTree", self), image, title=title, max_size=max_size
        )
        if path is not None:
            with atomic_write(path, "w") as handle:
                handle.write(page)
        return page

    def _repr_html_(self) -> str:
        tree = cast("RegionTree", self)
        if len(tree.shape) != 2:
            return f"<pre>{html.escape(repr(tree))}</pre>"
        from skuhas.plotting import viewer_page

        note = None
        if tree.n_leaves > NOTEBOOK_REGIONS:
            note = (
                f"Cut to the {NOTEBOOK_REGIONS} regions that open first, of "
                f"{tree.n_leaves}. tree.to_html shows all of them."
            )
            tree = tree.cut(n_regions=NOTEBOOK_REGIONS)
        page = viewer_page(tree, max_size=NOTEBOOK_SIZE, note=note)
        # Without allow-same-origin the page cannot reach into the notebook.
        return (
            f'<iframe srcdoc="{html.escape(page)}" '
            'sandbox="allow-scripts allow-downloads" title="Region tree" '
            'loading="lazy" '
            f'style="width: 100%; height: {NOTEBOOK_HEIGHT}px; border: 0"></iframe>'
        )

    def _repr_png_(self) -> bytes | None:
        tree = cast("RegionTree", self)
        if len(tree.shape) != 2:
            return None
        from skuhas.plotting import levels_image

        buffer = io.BytesIO()
        levels_image(tree).save(buffer, format="PNG")
        return buffer.getvalue()
