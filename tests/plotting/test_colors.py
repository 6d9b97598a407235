"""Colours of nodes: distinct where it matters, the same on every call."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from skuhas import RegionTree
from skuhas.plotting import region_colors

quick = settings(max_examples=60, deadline=None)


@st.composite
def trees(draw):
    """Draw a tree of up to six levels with up to four children a node."""
    n_leaves = draw(st.integers(1, 12))
    alive, parents = list(range(n_leaves)), [-1] * n_leaves
    while len(alive) > 1:
        size = draw(st.integers(2, min(4, len(alive))))
        node = len(parents)
        parents.append(-1)
        for _ in range(size):
            parents[alive.pop(0)] = node
        alive.append(node)
    areas = draw(st.lists(st.integers(1, 50), min_size=n_leaves, max_size=n_leaves))
    return RegionTree.from_parents(parents, np.repeat(np.arange(n_leaves), areas))


@quick
@given(trees())
def test_a_colour_a_node_and_always_the_same(tree):
    colors = region_colors(tree)
    assert colors.shape == (tree.n_nodes, 3)
    assert colors.dtype == np.uint8
    np.testing.assert_array_equal(region_colors(tree), colors)


@quick
@given(trees())
def test_siblings_differ(tree):
    colors = region_colors(tree)
    for node in range(tree.n_leaves, tree.n_nodes):
        children = colors[tree.children(node)]
        assert len(np.unique(children, axis=0)) == len(children)


@quick
@given(trees())
def test_neighbouring_siblings_differ_in_lightness(tree):
    lightness = rgb2lab(region_colors(tree)[None])[0, :, 0]
    for node in range(tree.n_leaves, tree.n_nodes):
        children = tree.children(node)
        steps = np.abs(np.diff(lightness[children]))
        # 30 asked for; colours outside of sRGB are clipped and lose a part.
        assert (steps > 10).all()


def test_hues_are_handed_down():
    """The children of a root split its arc; their children lie within it."""
    parents = [8, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10]
    tree = RegionTree.from_parents(parents, np.arange(8))
    lab = rgb2lab(region_colors(tree)[None])[0]
    hue = np.arctan2(lab[:, 2], lab[:, 1]) % (2 * np.pi)
    # Turned so that the arc of the root begins at zero.
    hue = (hue - 0.4 + 0.15) % (2 * np.pi)
    assert hue[:4].max() < hue[4:8].min()
    assert hue[:4].min() < hue[8] < hue[:4].max()
    assert hue[4:8].min() < hue[9] < hue[4:8].max()


def test_a_single_region_has_a_colour():
    colors = region_colors(RegionTree.from_parents([0], [[0, 0]]))
    assert colors.shape == (1, 3)
    assert 0 < colors.sum() < 3 * 255
