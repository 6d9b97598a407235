"""DendrogramDisplay draws the cut tree; nothing lies on anything else."""

import itertools

import numpy as np
import pytest

from skuhas import DendrogramDisplay, RecursiveSpectralClustering, RegionTree
from skuhas.plotting import region_colors
from skuhas.plotting._thumbnails import Thumbnails

pytest.importorskip("matplotlib")


def random_tree(n_leaves, seed, most_children=2):
    """Return a tree over a picture of 40 x 60 with altitudes close together."""
    rng = np.random.default_rng(seed)
    alive, parents = list(range(n_leaves)), [-1] * n_leaves
    while len(alive) > 1:
        node = len(parents)
        parents.append(-1)
        for _ in range(min(most_children, len(alive))):
            parents[alive.pop(rng.integers(len(alive)))] = node
        alive.append(node)
    altitude = np.zeros(len(parents))
    for node in range(n_leaves, len(parents)):
        below = [n for n in range(node) if parents[n] == node]
        altitude[node] = altitude[below].max() + rng.choice([0, 0.001, 0.05, 0.3])
    labels = rng.permutation(np.arange(2400) % n_leaves).reshape(40, 60)
    return RegionTree.from_parents(parents, labels, altitude=altitude)


def test_branches_are_those_of_the_cut(scene):
    display = DendrogramDisplay.from_predictions(scene.tree, scene.image, n_regions=6)
    node = np.arange(scene.tree.n_nodes)
    expected = RegionTree.from_parents(
        scene.tree.parents, scene.tree.leaf_labels, node_data={"node": node}
    ).cut(n_regions=6)
    tree = display.tree
    np.testing.assert_array_equal(tree.parents, expected.parents)
    np.testing.assert_array_equal(tree.leaf_labels, expected.leaf_labels)
    colors = region_colors(scene.tree)[expected.node_data["node"]]
    np.testing.assert_array_equal(display.colors, colors)
    x, y = display.positions_.T
    # Leaves stand side by side in the order of the tree, parents over their middle.
    leaves = [node for node in tree.preorder() if node < tree.n_leaves]
    assert x[leaves].tolist() == list(range(tree.n_leaves))
    assert len(set(y[: tree.n_leaves])) == 1
    internal = slice(tree.n_leaves, None)
    np.testing.assert_array_equal(y[internal], tree.altitude[internal])
    for node in range(tree.n_leaves, tree.n_nodes):
        assert x[node] == pytest.approx(x[tree.children(node)].mean())
    segments = display.branches_.get_segments()
    assert len(segments) == tree.n_nodes - 1
    for node, line in enumerate(segments):
        above = tree.parents[node]
        corners = [(x[above], y[above]), (x[node], y[above]), (x[node], y[node])]
        np.testing.assert_allclose(line, corners)
    drawn = display.branches_.get_edgecolor()[:, :3]
    np.testing.assert_allclose(drawn, colors[:-1] / 255)


def test_the_scale_tells_the_height(scene):
    display = DendrogramDisplay.from_predictions(scene.tree, scene.image, n_regions=6)
    y = display.positions_[:, 1]
    inner = y[display.tree.n_leaves :]
    for text, tick in zip(
        display.ax_.get_yticklabels(), display.ax_.get_yticks(), strict=True
    ):
        assert float(text.get_text()) == pytest.approx(tick, rel=1e-3)
        assert inner.min() <= tick <= inner.max()
    display.plot(height="depth")
    tree = display.tree
    internal = slice(tree.n_leaves, None)
    np.testing.assert_array_equal(
        display.positions_[internal, 1], -tree.depth[internal]
    )
    assert display.ax_.get_ylabel() == "depth"
    for text, tick in zip(
        display.ax_.get_yticklabels(), display.ax_.get_yticks(), strict=True
    ):
        assert float(text.get_text()) == -tick
    with pytest.raises(ValueError, match="height must be"):
        display.plot(height="ncut")


@pytest.mark.parametrize("height", ["altitude", "depth"])
@pytest.mark.parametrize(
    ("n_leaves", "most", "size"),
    [(2, 2, None), (12, 2, None), (12, 2, (4, 3)), (15, 4, (9, 3)), (25, 2, (3, 8))],
)
def test_nothing_lies_on_anything_else(height, n_leaves, most, size):
    import matplotlib.pyplot as plt

    tree = random_tree(n_leaves, seed=n_leaves, most_children=most)
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    ax = None if size is None else plt.figure(figsize=size).add_subplot()
    display = DendrogramDisplay.from_predictions(
        tree, image, n_regions=n_leaves, ax=ax, height=height
    )
    tree = display.tree
    display.figure_.canvas.draw()
    renderer = display.figure_.canvas.get_renderer()
    pictures = {
        node: axes.get_window_extent(renderer)
        for node, axes in display.thumbnails_.items()
    }
    texts = [text.get_window_extent(renderer) for text in display.ax_.texts]
    boxes = [*pictures.values(), *texts]
    for first, second in itertools.combinations(boxes, 2):
        overlap = type(first).intersection(first, second)
        assert overlap is None or min(overlap.width, overlap.height) < 0.5
    # A branch goes through a picture only where it begins or ends there.
    segments = display.branches_.get_segments()
    for node, line in enumerate(segments):
        parent = tree.parents[node]
        (x0, y0), _, (x1, y1) = display.ax_.transData.transform(line)
        for other, box in pictures.items():
            through_bar = min(x0, x1) < box.x1 and max(x0, x1) > box.x0
            through_bar &= box.y0 < y0 < box.y1
            through_stem = box.x0 < x1 < box.x1
            through_stem &= min(y0, y1) < box.y1 - 0.5 and max(y0, y1) > box.y0 + 0.5
            assert not through_bar or other == parent
            assert not through_stem or other in (node, parent)
    assert set(range(tree.n_leaves)) <= set(pictures)
    if height == "depth" and size is None:
        assert set(pictures) == set(range(tree.n_nodes))
    # All inside of the axes, across.
    outer = display.ax_.get_window_extent(renderer)
    assert all(outer.x0 - 1 < box.x0 and box.x1 < outer.x1 + 1 for box in boxes)


def test_nodes_without_picture_are_dots():
    tree = random_tree(12, seed=3)
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    display = DendrogramDisplay.from_predictions(tree, image)
    (dots,) = [c for c in display.ax_.collections if c is not display.branches_]
    without = sorted(set(range(display.tree.n_nodes)) - set(display.thumbnails_))
    np.testing.assert_array_equal(dots.get_offsets(), display.positions_[without])
    display = DendrogramDisplay.from_predictions(tree, image, thumbnails=False)
    assert display.thumbnails_ == {}
    (dots,) = [c for c in display.ax_.collections if c is not display.branches_]
    assert len(dots.get_offsets()) == display.tree.n_nodes


def test_pictures_show_the_region_and_fade_the_rest():
    labels = np.zeros((20, 30), dtype=int)
    labels[:, 20:] = 1
    labels[5:9, 24:28] = 2
    tree = RegionTree.from_parents([4, 3, 3, 4, 4], labels)
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    colors = region_colors(tree)
    pictures = Thumbnails(tree, colors, image)
    # The small region is 4 x 4; with a tenth of room around it 5 x 5.
    picture = pictures.draw(2)
    window = (slice(4, 9), slice(23, 28))
    assert picture.shape == (5, 5, 3)
    inside = labels[window] == 2
    np.testing.assert_array_equal(picture[inside], image[window][inside])
    outside = image[window][~inside].astype(float)
    faded = 255 + 0.16 * (outside - 255)
    np.testing.assert_allclose(picture[~inside], faded, atol=0.51)
    np.testing.assert_array_equal(pictures.draw(tree.root), image)
    # An inner node shows all of its leaves.
    np.testing.assert_array_equal(pictures.boxes[3], [0, 20, 20, 30])
    # Without an image it is a silhouette.
    silhouette = Thumbnails(tree, colors, None).draw(2)
    assert (silhouette[inside] == colors[2]).all()
    assert (silhouette[~inside] == 232).all()


def test_large_pictures_are_made_small():
    tree = RegionTree.from_parents([2, 2, 2], np.repeat([[0, 1]], 500, axis=1))
    picture = Thumbnails(tree, region_colors(tree), None).draw(tree.root)
    assert picture.shape == (1, 160, 3)


def test_captions_are_parts_of_the_image():
    labels = np.zeros((10, 100), dtype=int)
    labels[:, 30:] = 1
    labels[0, 99] = 2
    display = DendrogramDisplay.from_predictions(
        RegionTree.from_parents([3, 3, 3, 3], labels)
    )
    assert [text.get_text() for text in display.ax_.texts] == ["30%", "70%", "<1%"]
    assert not display.plot(captions=False).ax_.texts


def test_trees_over_samples():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(20, 2)) + shift for shift in (0, 20, 50)])
    clusterer = RecursiveSpectralClustering(n_clusters=3).fit(X)
    display = DendrogramDisplay.from_predictions(clusterer.tree_, n_regions=3)
    assert display.thumbnails_ == {}
    assert display.image is None
    assert [text.get_text() for text in display.ax_.texts] == ["20", "20", "20"]
    np.testing.assert_array_equal(display.positions_[:, 1], display.tree.altitude)
    with pytest.raises(ValueError, match="image must be None for a tree over 60"):
        DendrogramDisplay.from_predictions(clusterer.tree_, X)
    with pytest.raises(ValueError, match="thumbnails must be None or False"):
        DendrogramDisplay.from_predictions(clusterer.tree_, thumbnails=True)


def test_many_leaves_have_no_pictures():
    labels = np.arange(2400).reshape(40, 60)
    inner = np.arange(2400, 4799)
    parents = np.concatenate([[2400], inner, inner[1:], inner[-1:]])
    tree = RegionTree.from_parents(parents, labels)
    display = DendrogramDisplay.from_predictions(tree, n_regions=2400)
    assert display.thumbnails_ == {}
    assert len(display.branches_.get_segments()) == 4798
    assert not display.ax_.texts


@pytest.mark.parametrize("n_regions", [0, 1.5, "all"])
def test_numbers_of_regions(scene, n_regions):
    with pytest.raises((TypeError, ValueError), match="n_regions must be"):
        DendrogramDisplay.from_predictions(scene.tree, n_regions=n_regions)
