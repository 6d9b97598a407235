"""Displays look as they did: small pictures without text, compared with tolerance.

``SKUHAS_NEW_PICTURES=1 python -m pytest tests/plotting/test_display_pictures.py``
draws the pictures in ``tests/plotting/pictures`` anew; look at them before they are
committed.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skuhas import (
    ColorFeatures,
    DendrogramDisplay,
    FeatureMapDisplay,
    FragmentationDisplay,
    RegionTree,
    RegionTreeDisplay,
    SaliencyDisplay,
)

pytest.importorskip("matplotlib")

PICTURES = Path(__file__).parent / "pictures"
DPI = 80
# Versions of matplotlib round coordinates and blend edges differently. A colour, a
# width or a region that is wrong changes far more.
MEAN_DIFFERENCE = 1.2
BLOCK_DIFFERENCE = 40.0


@pytest.fixture(scope="module")
def tree(scene):
    """Return the scene's tree with altitudes that differ."""
    true = scene.tree
    altitude = np.zeros(true.n_nodes)
    altitude[true.root] = 1.0
    for node in range(true.root - 1, true.n_leaves - 1, -1):
        altitude[node] = altitude[true.parents[node]] * (0.6 + 0.02 * (node % 5))
    return RegionTree.from_parents(true.parents, true.leaf_labels, altitude=altitude)


def bare(ax):
    """Remove everything that is written."""
    ax.set(xlabel="", ylabel="", title="")
    ax.tick_params(labelleft=False, labelbottom=False)
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()


def draw_regions(ax, scene, tree):
    RegionTreeDisplay.from_predictions(
        tree, scene.image, levels=(2, 4, 9), columns=2, titles=False, ax=ax
    )


def draw_regions_alone(ax, scene, tree):
    RegionTreeDisplay.from_predictions(
        tree, levels=(4,), titles=False, ax=ax, boundary_kwargs={"color": "black"}
    )


def draw_dendrogram(ax, scene, tree):
    DendrogramDisplay.from_predictions(
        tree, scene.image, n_regions=9, captions=False, ax=ax
    )


def draw_dendrogram_by_depth(ax, scene, tree):
    DendrogramDisplay.from_predictions(
        tree, n_regions=9, captions=False, height="depth", ax=ax
    )


def draw_dendrogram_of_samples(ax, scene, tree):
    samples = RegionTree.from_parents(
        tree.parents, np.arange(tree.n_leaves), altitude=tree.altitude
    )
    DendrogramDisplay.from_predictions(samples, captions=False, ax=ax)


def draw_saliency(ax, scene, tree):
    SaliencyDisplay.from_predictions(tree, scene.image, colorbar=False, ax=ax)


def draw_features(ax, scene, tree):
    values = ColorFeatures().transform([scene.image])[0]
    FeatureMapDisplay.from_predictions(values, title=False, ax=ax)


def draw_fragmentation(ax, scene, tree):
    flat = RegionTree.from_parents([2, 2, 2], (scene.label_map > 3).astype(int))
    FragmentationDisplay.from_predictions(
        [scene.label_map], {"true": [tree], "flat": [flat]}, ax=ax
    )


DRAWINGS = {
    name.removeprefix("draw_"): function
    for name, function in list(globals().items())
    if name.startswith("draw_")
}


def drawn(function, scene, tree):
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(3.2, 2.4), dpi=DPI)
    ax = figure.add_axes([0.04, 0.04, 0.92, 0.92])
    function(ax, scene, tree)
    bare(ax)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def blocks(picture, side=8):
    """Return the means over squares, which a line one pixel off hardly moves."""
    height, width = (length // side for length in picture.shape[:2])
    cropped = picture[: height * side, : width * side].astype(float)
    return cropped.reshape(height, side, width, side, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("name", DRAWINGS)
def test_pictures(name, scene, tree):
    picture = drawn(DRAWINGS[name], scene, tree)
    path = PICTURES / f"{name}.png"
    if os.environ.get("SKUHAS_NEW_PICTURES"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path, optimize=True)
    expected = np.asarray(Image.open(path).convert("RGB"))
    assert picture.shape == expected.shape
    difference = np.abs(blocks(picture) - blocks(expected))
    assert difference.mean() < MEAN_DIFFERENCE
    assert difference.max() < BLOCK_DIFFERENCE


def draw_one_region_too_few(ax, tree):
    RegionTreeDisplay.from_predictions(tree, levels=(3,), titles=False, ax=ax)


def draw_without_contours(ax, tree):
    RegionTreeDisplay.from_predictions(
        tree, levels=(4,), titles=False, ax=ax, boundaries=False
    )


@pytest.mark.parametrize("wrong", [draw_one_region_too_few, draw_without_contours])
def test_the_comparison_sees_mistakes(wrong, scene, tree):
    """The tolerance is narrow enough to fail where it should."""
    expected = np.asarray(Image.open(PICTURES / "regions_alone.png").convert("RGB"))
    picture = drawn(lambda ax, scene, tree: wrong(ax, tree), scene, tree)
    difference = np.abs(blocks(picture) - blocks(expected))
    assert difference.mean() > MEAN_DIFFERENCE or difference.max() > BLOCK_DIFFERENCE
