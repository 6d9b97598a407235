"""RegionTreeDisplay shows the cuts of the tree."""

import numpy as np
import pytest

from skuhas import RegionTree, RegionTreeDisplay
from skuhas.plotting import region_colors

pytest.importorskip("matplotlib")


def drawn(panel_lines, shape):
    """Return masks of the edges to the right and below that lines cover."""
    right = np.zeros((shape[0], shape[1] - 1), dtype=int)
    down = np.zeros((shape[0] - 1, shape[1]), dtype=int)
    for (x0, y0), (x1, y1) in panel_lines.get_segments():
        if x0 == x1:
            rows = slice(int(y0 + 0.5), int(y1 + 0.5))
            right[rows, int(x0 - 0.5)] += 1
        else:
            columns = slice(int(x0 + 0.5), int(x1 + 0.5))
            down[int(y0 - 0.5), columns] += 1
    return right, down


def test_panels_show_the_cuts(scene):
    display = RegionTreeDisplay.from_predictions(
        scene.tree, scene.image, levels=(2, 3, 8), alpha=1.0
    )
    assert len(display.axes_) == 4
    np.testing.assert_array_equal(display.images_[0].get_array(), scene.image)
    node = np.arange(scene.tree.n_nodes)
    tree = RegionTree.from_parents(
        scene.tree.parents, scene.tree.leaf_labels, node_data={"node": node}
    )
    for position, number in enumerate((2, 3, 8)):
        cut = tree.cut(n_regions=number)
        nodes = cut.node_data["node"][: cut.n_leaves]
        labels = display.label_maps[position]
        np.testing.assert_array_equal(labels, cut.leaf_labels)
        # With full strength a panel is the colours of the nodes of the cut.
        expected = region_colors(tree)[nodes][cut.leaf_labels]
        panel = display.images_[position + 1].get_array()
        np.testing.assert_array_equal(panel, expected)
        word = "region" if cut.n_leaves == 1 else "regions"
        title = display.axes_[position + 1].get_title()
        assert title == f"{cut.n_leaves} {word}"


def test_boundaries_are_the_edges_between_regions(scene):
    display = RegionTreeDisplay.from_predictions(scene.tree, levels=(2, 5, 20))
    for labels, lines in zip(display.label_maps, display.boundaries_, strict=True):
        right, down = drawn(lines, labels.shape)
        np.testing.assert_array_equal(right, labels[:, 1:] != labels[:, :-1])
        np.testing.assert_array_equal(down, labels[1:] != labels[:-1])


def test_coarse_boundaries_are_wide_in_every_panel():
    tree = RegionTree.from_parents([4, 4, 5, 5, 6, 6, 6], [[0, 1, 2, 3]])
    display = RegionTreeDisplay.from_predictions(tree, levels=(2, 3, 4))
    widths = []
    for lines in display.boundaries_:
        places = np.array([segment[0][0] for segment in lines.get_segments()])
        width = np.broadcast_to(lines.get_linewidth(), places.shape)
        widths.append(dict(zip(places.tolist(), width.tolist(), strict=True)))
    assert list(widths[0]) == [1.5]
    assert widths[0][1.5] == widths[1][1.5] == widths[2][1.5]
    assert widths[2][1.5] > widths[2][2.5] > widths[2][0.5]
    assert widths[1][2.5] == widths[2][2.5]


def test_without_image_and_outside_of_regions():
    tree = RegionTree.from_parents([2, 2, 2], [[0, 1, -1]])
    display = RegionTreeDisplay.from_predictions(tree, levels=[2])
    (panel,) = display.images_
    colors = region_colors(tree)
    expected = [[colors[0], colors[1], [255, 255, 255]]]
    np.testing.assert_array_equal(panel.get_array(), expected)


def test_the_image_in_grey_shines_through():
    tree = RegionTree.from_parents([2, 2, 2], [[0, 1, -1]])
    image = np.array([[[100, 100, 100], [0, 0, 0], [10, 20, 30]]], dtype=np.uint8)
    display = RegionTreeDisplay.from_predictions(tree, image, levels=[2], alpha=0.25)
    shown = display.images_[1].get_array()[0].astype(float)
    colors = region_colors(tree).astype(float)
    np.testing.assert_allclose(shown[0], 75 + 0.25 * colors[0], atol=0.51)
    np.testing.assert_allclose(shown[1], 0.25 * colors[1], atol=0.51)
    np.testing.assert_allclose(shown[2], 18.15, atol=0.51)


def test_one_axes_is_divided_and_many_are_used(scene):
    from matplotlib.figure import Figure

    figure = Figure()
    ax = figure.add_subplot()
    display = RegionTreeDisplay.from_predictions(
        scene.tree, scene.image, levels=(2, 4), ax=ax, columns=2, titles=False
    )
    assert display.ax_ is ax
    assert figure.axes == [ax]
    assert list(display.axes_) == ax.child_axes
    figure.canvas.draw()
    outer = ax.get_window_extent()
    boxes = [panel.get_window_extent() for panel in display.axes_]
    for position, box in enumerate(boxes):
        assert outer.x0 - 1 <= box.x0 < box.x1 <= outer.x1 + 1
        assert outer.y0 - 1 <= box.y0 < box.y1 <= outer.y1 + 1
        assert not any(box.overlaps(other) for other in boxes[:position])
    # Two columns: the third panel is below the first.
    assert boxes[2].y1 < boxes[0].y0
    assert boxes[2].x0 == pytest.approx(boxes[0].x0)

    many = Figure().subplots(1, 3)
    display = RegionTreeDisplay.from_predictions(
        scene.tree, scene.image, levels=(2, 4), ax=many
    )
    assert list(display.axes_) == list(many)
    assert display.ax_ is many[0]
    with pytest.raises(ValueError, match="one Axes for each of the 3 panels, got 2"):
        display.plot(ax=many[:2])
    with pytest.raises(TypeError, match=r"ax\[1\] must be matplotlib Axes"):
        display.plot(ax=[many[0], None, many[2]])


@pytest.mark.parametrize("levels", [[], [4, 2], [2, 2]])
def test_levels_increase(scene, levels):
    with pytest.raises(ValueError, match="levels must hold increasing numbers"):
        RegionTreeDisplay.from_predictions(scene.tree, levels=levels)


def test_parameters_out_of_range(scene):
    for levels, error in ((3, TypeError), ([0, 2], ValueError), ([2.5], TypeError)):
        with pytest.raises(error, match="levels must"):
            RegionTreeDisplay.from_predictions(scene.tree, levels=levels)
    with pytest.raises(ValueError, match="alpha"):
        RegionTreeDisplay.from_predictions(scene.tree, alpha=2)
    with pytest.raises(ValueError, match="columns"):
        RegionTreeDisplay.from_predictions(scene.tree, columns=0)


def test_artists_of_the_caller(scene):
    display = RegionTreeDisplay.from_predictions(
        scene.tree, levels=[4], boundary_kwargs={"color": "black", "lw": 2}
    )
    assert display.boundaries_[0].get_linewidth() == [2]
    assert display.boundaries_[0].get_edgecolor().tolist() == [[0, 0, 0, 1]]
    assert display.plot(boundaries=False).boundaries_ == []


def test_panels_in_axes_are_as_large_as_they_can_be(scene):
    from matplotlib.figure import Figure

    for size, rows in (((12, 2), 1), ((4, 4), 3), ((2, 12), 5)):
        figure = Figure(figsize=size)
        ax = figure.add_axes([0, 0, 1, 1])
        display = RegionTreeDisplay.from_predictions(
            scene.tree, scene.image, levels=(2, 3, 4, 5), ax=ax
        )
        figure.canvas.draw()
        tops = {round(panel.get_window_extent().y1) for panel in display.axes_}
        assert len(tops) == rows
