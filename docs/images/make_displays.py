"""Make the pictures of guide/displays.rst by running the page's own code."""

import io
import re
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
from PIL import Image

HERE = Path(__file__).parent
NAMES = ("region_tree", "dendrogram", "saliency", "feature_map", "fragmentation")


def make() -> None:
    """Run the page and write one picture for each figure but its last."""
    page = (HERE.parent / "guide" / "displays.rst").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    blocks = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", page, re.MULTILINE
    )
    for block in blocks:
        exec(re.sub(r"^ {4}", "", block, flags=re.MULTILINE), names)  # noqa: S102
    for number, name in zip(plt.get_fignums(), NAMES, strict=False):
        buffer = io.BytesIO()
        plt.figure(number).savefig(buffer, dpi=110)
        picture = Image.open(buffer).convert("RGB")
        picture.save(HERE / f"display_{name}.png", optimize=True)


if __name__ == "__main__":
    make()
