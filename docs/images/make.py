"""Make the README's pictures, which are figures of the examples.

``python docs/images/make.py`` runs those examples and writes this folder anew, but
for ``choosing_thresholds.png``, which the guide's page on thresholds has the command
of.
"""

import io
import runpy
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from PIL import Image

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
# Name of the picture: the example and which of its figures.
PICTURES = {
    "first_tree": ("plot_first_tree", 4),
    "search_by_region": ("plot_search_by_region", 1),
    "own_features": ("plot_own_features", 1),
}


def figure_of(example, number):
    """Return a figure of an example, counted from 1, as a picture."""
    plt.close("all")
    runpy.run_path(str(EXAMPLES / f"{example}.py"), run_name="__main__")
    page = io.BytesIO()
    plt.figure(number).savefig(page, dpi=100, facecolor="white")
    return Image.open(page).convert("RGB")


def main():
    """Write every picture."""
    mpl.use("Agg")
    # Nothing to wait for, and figures stay open until they are saved.
    plt.show = lambda: None
    for name, source in PICTURES.items():
        # A palette of 256 colours takes a third of the bytes.
        few = figure_of(*source).quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
        few.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
