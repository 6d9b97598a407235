"""SaliencyDisplay draws the ultrametric contours, and its bar says what they are."""

import numpy as np
import pytest

from skuhas import RegionTree, SaliencyDisplay

pytest.importorskip("matplotlib")


def strengths(display, shape):
    """Return what the lines say about the edges to the right and below."""
    right = np.zeros((shape[0], shape[1] - 1))
    down = np.zeros((shape[0] - 1, shape[1]))
    lines = display.contours_
    for ((x0, y0), (x1, y1)), value in zip(
        lines.get_segments(), lines.get_array(), strict=True
    ):
        if x0 == x1:
            right[int(y0 + 0.5) : int(y1 + 0.5), int(x0 - 0.5)] += value
        else:
            down[int(y0 - 0.5), int(x0 + 0.5) : int(x1 + 0.5)] += value
    return right, down


def with_altitudes(tree, seed=0):
    """Return the tree with random altitudes that never fall on the way up."""
    rng = np.random.default_rng(seed)
    altitude = np.zeros(tree.n_nodes)
    altitude[tree.root] = 1
    for node in range(tree.root - 1, tree.n_leaves - 1, -1):
        altitude[node] = altitude[tree.parents[node]] * rng.uniform(0.5, 1)
    return RegionTree.from_parents(tree.parents, tree.leaf_labels, altitude=altitude)


def test_contours_are_those_of_the_tree(scene):
    tree = with_altitudes(scene.tree)
    display = SaliencyDisplay.from_predictions(tree, scene.image)
    double = tree.saliency(double=True)
    np.testing.assert_array_equal(display.saliency, double)
    right, down = strengths(display, tree.shape)
    np.testing.assert_array_equal(right, double[1::2, 2:-1:2])
    np.testing.assert_array_equal(down, double[2:-1:2, 1::2])


def test_stronger_contours_are_wider_darker_and_on_top(scene):
    tree = with_altitudes(scene.tree)
    display = SaliencyDisplay.from_predictions(tree, scene.image)
    display.figure_.canvas.draw()
    values = display.contours_.get_array()
    assert (np.diff(values) >= 0).all()
    assert (np.diff(display.contours_.get_linewidth()) >= 0).all()
    ramp = display.contours_.get_cmap()(np.linspace(0, 1, 64))
    # Over white.
    light = (1 - ramp[:, 3:]) + ramp[:, 3:] * ramp[:, :3]
    assert (np.diff(light @ [0.2126, 0.7152, 0.0722]) < 0).all()
    assert ramp[0, 3] == 0


def test_the_bar_tells_altitudes_and_numbers_of_regions():
    """A strength and all above it enclose as many regions as the bar says."""
    tree = RegionTree.from_parents(
        [5, 5, 6, 7, 8, 6, 7, 8, 8],
        [[0, 0, 1, 2, 3, 4]],
        altitude=[0, 0, 0, 0, 0, 0.2, 0.4, 0.6, 1.0],
    )
    display = SaliencyDisplay.from_predictions(tree)
    np.testing.assert_array_equal(display.altitudes, [1.0, 0.6, 0.4, 0.2])
    np.testing.assert_array_equal(display.n_regions, [2, 3, 4, 5])
    for altitude, number in zip(display.altitudes, display.n_regions, strict=True):
        right, _ = strengths(display, tree.shape)
        assert 1 + (right >= altitude).sum() == number
        assert tree.cut(n_regions=number).n_leaves == number
    display.figure_.canvas.draw()
    bar = display.colorbar_
    assert bar.ax.get_ylabel() == "altitude"
    assert (bar.vmin, bar.vmax) == (0, 1)
    (other,) = bar.ax.child_axes
    marks = [label.get_text() for label in other.get_yticklabels()]
    assert dict(zip(marks, other.get_yticks(), strict=True)) == {"2": 1.0, "4": 0.4}
    assert other.get_ylabel() == "regions"


def test_the_bar_counts_nodes_of_one_altitude_together():
    tree = RegionTree.from_parents(
        [5, 5, 6, 6, 7, 7, 7, 7],
        [[0, 1, 2, 3, 4]],
        altitude=[0, 0, 0, 0, 0, 0.5, 0.5, 1.0],
    )
    display = SaliencyDisplay.from_predictions(tree)
    assert display._marks() == (["3", "5"], [1.0, 0.5])


def test_the_bar_is_as_high_as_the_picture(scene):
    display = SaliencyDisplay.from_predictions(scene.tree, scene.image)
    display.figure_.canvas.draw()
    picture = display.ax_.get_window_extent()
    bar = display.colorbar_.ax.get_window_extent()
    np.testing.assert_allclose([bar.y0, bar.y1], [picture.y0, picture.y1], atol=1)
    assert bar.x0 > picture.x1
    whole = display.figure_.bbox
    drawn = display.figure_.get_tightbbox().transformed(display.figure_.dpi_scale_trans)
    assert whole.x0 <= drawn.x0
    assert drawn.x1 <= whole.x1
    assert (
        SaliencyDisplay.from_predictions(scene.tree, colorbar=False).colorbar_ is None
    )


def test_the_image_is_faded(scene):
    image = np.full((60, 80, 3), 100, dtype=np.uint8)
    display = SaliencyDisplay.from_predictions(scene.tree, image, fade=0.2)
    assert set(np.unique(display.image_.get_array())) == {131}
    display = SaliencyDisplay.from_predictions(scene.tree)
    assert set(np.unique(display.image_.get_array())) == {255}
    with pytest.raises(ValueError, match="fade"):
        display.plot(fade=1.5)


@pytest.mark.parametrize("slot", [0, 1])
def test_the_bar_stays_in_the_place_of_the_axes(scene, slot):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)
    place = axes[slot].get_window_extent()
    display = SaliencyDisplay.from_predictions(scene.tree, scene.image, ax=axes[slot])
    figure.canvas.draw()
    bar = display.colorbar_.ax.get_tightbbox()
    assert place.x0 <= bar.x0
    # What is written right of it may use the gap to the next axes.
    assert bar.x1 <= (axes[1].get_window_extent().x0 if slot == 0 else figure.bbox.x1)
