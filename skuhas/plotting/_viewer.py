"""One self-contained page to look around in a tree."""

import base64
import hashlib
import html
import json
from importlib.resources import files

from skuhas._common import check_integer
from skuhas.plotting._viewer_data import contents

# In this order they are one script; the last one starts it.
SCRIPTS = ("model", "stage", "dendrogram", "outline", "png", "viewer")


def viewer_page(tree, image=None, *, title=None, max_size=1280, note=None):
    """Return a page that shows a tree of regions and lets one walk about in it.

    The page holds everything in itself and forbids the browser any request.
    Whatever text comes with the tree is shown as text.

    Parameters
    ----------
    tree : RegionTree
        A tree over an image.
    image : path, PIL image or array, default=None
        The picture, of the tree's size: shape (height, width),
        (height, width, 3) or (height, width, 4), dtype uint8, uint16 or float
        in [0, 1]. Without it the regions lie on plain ground.
    title : str, default=None
        Heading; by default the image's file name, or "Region tree".
    max_size : int, default=1280
        Longer side in pixels at which regions and image are stored. Numbers,
        areas and cuts are those of the tree, whatever the size.
    note : str, default=None
        A sentence under the heading.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    TypeError, ValueError
        The tree is not one of an image, the image has another size or cannot
        be read as one, or a parameter is out of its range.

    Examples
    --------
    >>> from skuhas import make_nested_scene
    >>> from skuhas.plotting import viewer_page
    >>> scene = make_nested_scene((48, 64), random_state=0)
    >>> page = viewer_page(scene.tree, scene.image, title="<A scene>")
    >>> "<title>&lt;A scene&gt;</title>" in page
    True
    """
    if len(tree.shape) != 2:
        raise ValueError(
            "the viewer needs a tree over an image, got leaf_labels of shape "
            f"{tree.shape}: a tree over rows of a table has no picture."
        )
    check_integer(max_size, "max_size", low=1)
    for name, text in (("title", title), ("note", note)):
        if text is not None and not isinstance(text, str):
            raise TypeError(f"{name} must be a string, got {type(text).__name__}.")
    return _page(contents(tree, image, title, max_size, note))


def _page(data):
    folder = files("skuhas.plotting") / "viewer"

    def source(name):
        return (folder / name).read_text(encoding="utf-8")

    parts = "\n".join(source(f"{name}.js") for name in SCRIPTS)
    script = f'"use strict";\n{{\n{parts}}}\n'
    style = source("style.css")
    policy = (
        "default-src 'none'; "
        f"script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    values = {
        "policy": policy,
        "title": html.escape(data["title"]),
        "style": style,
        "data": _embedded(data),
        "script": script,
    }
    # Split once, so that no value is searched for the name of another.
    pieces = source("index.html").split("{{")
    page = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        page += [values[name], rest]
    return "".join(page)


def _digest(text):
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _embedded(data):
    """Return JSON that cannot end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
