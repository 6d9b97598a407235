"""Colours of nodes: distinct where it matters, the same on every call."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab

from skuhas import RegionTree
from skuhas.plotting import region_colors

quick = settings(max_examples=60, deadline=None)

# G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A Physiologically-based Model
# for Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009, severity 1.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


@st.composite
def trees(draw, most_children=4):
    """Draw a tree of up to six levels with up to four children a node."""
    n_leaves = draw(st.integers(1, 12))
    alive, parents = list(range(n_leaves)), [-1] * n_leaves
    while len(alive) > 1:
        size = draw(st.integers(2, min(most_children, len(alive))))
        node = len(parents)
        parents.append(-1)
        for _ in range(size):
            parents[alive.pop(0)] = node
        alive.append(node)
    areas = draw(st.lists(st.integers(1, 50), min_size=n_leaves, max_size=n_leaves))
    return RegionTree.from_parents(parents, np.repeat(np.arange(n_leaves), areas))


def linear(colors):
    """Undo the gamma of sRGB."""
    values = colors / 255
    return np.where(
        values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
    )


def seen(colors, vision):
    """Return CIELAB of colours as they look to a reader."""
    light = np.clip(linear(colors) @ VISION[vision].T, 0, 1)
    gamma = np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
    )
    return rgb2lab(gamma[None])[0]


def oklch(colors):
    """Return lightness, chroma and hue by the matrices in the author's own order.

    From B. Ottosson, "A perceptual color space for image processing", 2020.
    """
    to_cone = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab = np.cbrt(linear(colors) @ to_cone.T) @ to_lab.T
    hue = np.arctan2(lab[:, 2], lab[:, 1]) % (2 * np.pi)
    return lab[:, 0], np.hypot(lab[:, 1], lab[:, 2]), hue


@quick
@given(trees())
def test_a_colour_a_node_and_always_the_same(tree):
    colors = region_colors(tree)
    assert colors.shape == (tree.n_nodes, 3)
    assert colors.dtype == np.uint8
    np.testing.assert_array_equal(region_colors(tree), colors)


@quick
@given(trees())
def test_colours_are_what_was_asked_for_and_within_srgb(tree):
    """Clipping would move lightness or hue; only chroma may be given up."""
    lightness, chroma, _ = oklch(region_colors(tree))
    assert lightness.min() > 0.43
    assert lightness.max() < 0.92
    assert chroma.max() < 0.15


@quick
@given(trees())
def test_siblings_differ(tree):
    colors = region_colors(tree)
    for node in range(tree.n_leaves, tree.n_nodes):
        children = colors[tree.children(node)]
        assert len(np.unique(children, axis=0)) == len(children)


@pytest.mark.parametrize("vision", VISION)
@quick
@given(trees())
def test_top_levels_stay_apart_for_every_reader(vision, tree):
    """Differences under CIEDE2000, of which 1 is just visible."""
    lab = seen(region_colors(tree), vision)
    for node in range(tree.n_leaves, tree.n_nodes):
        depth, children = tree.depth[node], lab[tree.children(node)]
        if depth > 1:
            continue
        apart = deltaE_ciede2000(children[:, None], children[None])
        np.fill_diagonal(apart, np.inf)
        least = (30 if depth == 0 else 10) if len(children) == 2 else 1
        assert apart.min() > least


def test_the_root_of_two_is_parted_into_orange_and_blue():
    colors = region_colors(RegionTree.from_parents([2, 2, 2], [0, 1]))
    _, chroma, hue = oklch(colors)
    np.testing.assert_allclose(np.rad2deg(hue[0]), 60, atol=2)
    assert 225 < np.rad2deg(hue[1]) < 265
    assert chroma[2] < 0.06 < chroma[:2].min()


@quick
@given(trees())
def test_hues_are_handed_down(tree):
    """No hue of another leaf lies among those of a node's leaves."""
    hue = oklch(region_colors(tree))[2]
    for node in range(tree.n_leaves, tree.root):
        below = tree.leaves(node)
        others = np.setdiff1d(np.arange(tree.n_leaves), below)
        # Seen from the node's own hue, which is the middle of its arc.
        own = (hue[below] - hue[node] + np.pi) % (2 * np.pi) - np.pi
        rest = (hue[others] - hue[node] + np.pi) % (2 * np.pi) - np.pi
        # Colours of 8 bits have their hue to about a degree and a half.
        slack = np.deg2rad(3)
        assert not ((rest > own.min() + slack) & (rest < own.max() - slack)).any()


def test_a_single_region_has_a_colour():
    colors = region_colors(RegionTree.from_parents([0], [[0, 0]]))
    assert colors.shape == (1, 3)
    assert 0 < colors.sum() < 3 * 255


def test_a_node_with_one_child_and_a_chain():
    colors = region_colors(RegionTree.from_parents([1, 2, 2], [[0, 0]]))
    assert colors.shape == (3, 3)
    n_leaves = 3000
    inner = np.arange(n_leaves, 2 * n_leaves - 1)
    parents = np.concatenate([[n_leaves], inner, inner[1:], inner[-1:]])
    chain = RegionTree.from_parents(parents, np.arange(n_leaves))
    assert len(np.unique(region_colors(chain), axis=0)) > 20


def test_twenty_thousand_leaves_take_a_tenth_of_a_second():
    rng = np.random.default_rng(0)
    n_leaves = 20_000
    alive = list(range(n_leaves))
    parents = np.zeros(2 * n_leaves - 1, dtype=int)
    for node in range(n_leaves, 2 * n_leaves - 1):
        for _ in range(2):
            position = rng.integers(len(alive))
            parents[alive[position]] = node
            alive[position] = alive[-1]
            alive.pop()
        alive.append(node)
    parents[-1] = 2 * n_leaves - 2
    tree = RegionTree.from_parents(parents, np.arange(n_leaves))
    tree.area  # noqa: B018 - cached by the tree
    seconds = []
    for _ in range(8):
        begin = time.perf_counter()
        region_colors(tree)
        seconds.append(time.perf_counter() - begin)
    # The least, as other programs may run beside.
    assert min(seconds) < 0.1


def test_an_only_child_looks_like_its_parent():
    tree = RegionTree.from_parents([3, 4, 4, 5, 5, 5], [0, 1, 1, 2])
    colors = region_colors(tree)
    np.testing.assert_array_equal(colors[0], colors[3])
    assert np.ptp(colors[[3, 4]].astype(int), axis=0).max() > 50
