"""Indexed images, overlays and contact sheets."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from skuhas import RegionTree, make_nested_scene
from skuhas.plotting import contact_sheet, label_image, overlay, region_colors

quick = settings(max_examples=40, deadline=None)


def palette(n_labels, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n_labels, 3), dtype=np.uint8)


def through_png(image):
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    with Image.open(io.BytesIO(buffer.getvalue())) as read:
        read.load()
        return read


def random_labels(seed, height, width, n_labels):
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, n_labels, (height, width), dtype=np.int32)
    labels.flat[-1] = n_labels - 1
    return labels


# ---------------------------------------------------------------- label_image

seeds = st.integers(0, 999)
sides = st.integers(1, 20)


@quick
@given(seeds, sides, sides, st.sampled_from([1, 2, 17, 254, 255]))
def test_few_labels_make_an_indexed_png_with_the_labels_as_values(
    seed, height, width, n_labels
):
    labels = random_labels(seed, height, width, n_labels)
    colors = palette(n_labels, seed)
    read = through_png(label_image(labels, colors))
    assert read.mode == "P"
    values = np.asarray(read)
    np.testing.assert_array_equal(values, np.where(labels < 0, 255, labels))
    shown = np.asarray(read.convert("RGB"))
    np.testing.assert_array_equal(shown[labels >= 0], colors[labels[labels >= 0]])
    assert (shown[labels < 0] == 255).all()


@quick
@given(seeds, sides, sides, st.sampled_from([256, 300, 65535]))
def test_many_labels_make_a_16_bit_png(seed, height, width, n_labels):
    labels = random_labels(seed, height, width, n_labels)
    read = through_png(label_image(labels, palette(n_labels)))
    # Pillow before 11 widens what it reads.
    assert read.mode in ("I;16", "I")
    values = np.asarray(read)
    np.testing.assert_array_equal(values, np.where(labels < 0, 65535, labels))


def test_labels_that_fit_no_file_are_refused():
    labels = np.array([[0, 65535]])
    with pytest.raises(ValueError, match="at most 65535 to fit 16 bits, got 65536"):
        label_image(labels, palette(65536))
    with pytest.raises(ValueError, match="a row for each label up to 65535, got 7"):
        label_image(labels, palette(7))


# -------------------------------------------------------------------- overlay


def literal_overlay(image, labels, colors, alpha):
    result = np.empty_like(image)
    height, width = labels.shape
    for row in range(height):
        for column in range(width):
            label = labels[row, column]
            around = [
                labels[r, c]
                for r, c in (
                    (row - 1, column),
                    (row + 1, column),
                    (row, column - 1),
                    (row, column + 1),
                )
                if 0 <= r < height and 0 <= c < width
            ]
            if label < 0:
                strength, tint = 0.0, image[row, column]
            else:
                is_boundary = any(other != label for other in around)
                strength, tint = (1.0 if is_boundary else alpha), colors[label]
            pixel = image[row, column] * (1.0 - strength) + tint * strength
            result[row, column] = np.rint(pixel)
    return result


@quick
@given(seeds, sides, sides, st.integers(1, 3), st.sampled_from([0, 0.25, 0.5, 1]))
def test_overlay_against_one_pixel_at_a_time(seed, height, width, n_labels, alpha):
    labels = random_labels(seed, height, width, n_labels)
    image = palette(height * width, seed).reshape(height, width, 3)
    colors = palette(n_labels, seed + 1)
    ours = overlay(image, labels, colors, alpha=alpha)
    assert ours.dtype == np.uint8
    literal = literal_overlay(image, labels, colors, alpha)
    # Halves may round either way.
    assert np.abs(ours.astype(int) - literal).max() <= 1


def test_the_first_region_has_its_boundary_too():
    labels = np.repeat([[0, 0, 0, 1, 1, 1]], 4, axis=0)
    colors = np.array([[10, 20, 30], [200, 210, 220]], dtype=np.uint8)
    shown = overlay(np.zeros((4, 6, 3), dtype=np.uint8), labels, colors, alpha=0)
    expected = np.zeros((4, 6, 3), dtype=np.uint8)
    expected[:, 2], expected[:, 3] = colors
    np.testing.assert_array_equal(shown, expected)


def test_the_image_is_left_alone():
    image = palette(12).reshape(3, 4, 3)
    before = image.copy()
    overlay(image, np.zeros((3, 4), dtype=int), palette(1))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("labels", "alpha", "kind", "message"),
    [
        (np.zeros((4, 3), int), 0.3, ValueError, "labels must have the image's shape"),
        (np.full((3, 4), 2), 0.3, ValueError, "colors must have a row for each label"),
        (np.zeros((3, 4), int), 1.5, ValueError, r"alpha must be a number in \[0.0, 1"),
        (np.zeros((3, 4), int), "a", TypeError, r"alpha must be a number in \[0.0, 1"),
    ],
)
def test_what_does_not_fit_is_named(labels, alpha, kind, message):
    image = palette(12).reshape(3, 4, 3)
    with pytest.raises(kind, match=message):
        overlay(image, labels, palette(2), alpha=alpha)


# -------------------------------------------------------------- contact_sheet

GAP, CAPTION = 8, 24


def panel(sheet, position, columns, width, height):
    row, column = divmod(position, columns)
    x = GAP + column * (width + GAP)
    y = GAP + row * (height + CAPTION + GAP)
    caption = sheet[y : y + CAPTION, x : x + width]
    return caption, sheet[y + CAPTION : y + CAPTION + height, x : x + width]


@pytest.mark.parametrize(
    ("levels", "columns", "grid"),
    [
        ([], 5, (1, 1)),
        ([2], 5, (1, 2)),
        ([2, 4, 8, 16], 5, (1, 5)),
        ([2, 4, 8, 16], 3, (2, 3)),
        ([2, 4, 8, 16, 32], 5, (2, 5)),
        ([2, 3], 1, (3, 1)),
    ],
)
def test_panels_wrap_into_rows(levels, columns, grid):
    scene = make_nested_scene((48, 64), random_state=0)
    sheet = contact_sheet(
        scene.image, scene.tree, levels, panel_size=128, columns=columns
    )
    rows, wide = grid
    assert sheet.mode == "RGB"
    assert sheet.size == (
        GAP + wide * (128 + GAP),
        GAP + rows * (96 + CAPTION + GAP),
    )
    pixels = np.asarray(sheet)
    for position in range(rows * wide):
        caption, shown = panel(pixels, position, wide, 128, 96)
        # Empty places at the end stay white.
        assert (caption.min() < 255) == (position <= len(levels))
        assert (shown.min() < 255) == (position <= len(levels))


def test_panels_show_the_image_and_its_cuts():
    scene = make_nested_scene((60, 80), random_state=0)
    tree = scene.tree
    sheet = np.asarray(contact_sheet(scene.image, tree, [4], panel_size=80))
    _, first = panel(sheet, 0, 2, 80, 60)
    np.testing.assert_array_equal(first, scene.image)
    _, second = panel(sheet, 1, 2, 80, 60)
    cut = RegionTree.from_parents(
        tree.parents, tree.leaf_labels, node_data={"color": region_colors(tree)}
    ).cut(n_regions=4)
    colors = cut.node_data["color"][: cut.n_leaves]
    expected = overlay(scene.image, tree.labels(n_regions=4), colors)
    np.testing.assert_array_equal(second, expected)


def test_captions_count_the_regions_there_are():
    scene = make_nested_scene((48, 64), depth=1, random_state=0)
    n_leaves = scene.tree.n_leaves
    sheets = [
        np.asarray(contact_sheet(scene.image, scene.tree, [level], panel_size=128))
        for level in (1, n_leaves, 1000)
    ]
    captions = [panel(sheet, 1, 2, 128, 96)[0] for sheet in sheets]
    assert not np.array_equal(captions[0], captions[1])
    np.testing.assert_array_equal(captions[1], captions[2])


@pytest.mark.parametrize("shape", [(400, 3), (3, 400), (1, 1), (16, 16)])
def test_captions_of_narrow_panels_do_not_run_into_each_other(shape):
    labels = np.arange(shape[0] * shape[1]).reshape(shape) % 2
    if labels.max() == 0:
        tree = RegionTree.from_parents([0], labels)
    else:
        tree = RegionTree.from_parents([2, 2, 2], labels)
    image = np.full((*shape, 3), 200, dtype=np.uint8)
    sheet = contact_sheet(image, tree, [2, 2], panel_size=40)
    pixels = np.asarray(sheet)
    cell = (pixels.shape[1] - GAP) // 3 - GAP
    for position in range(3):
        end = GAP + position * (cell + GAP) + cell
        # The gap behind a caption is empty.
        assert (pixels[GAP : GAP + CAPTION, end : end + GAP] == 255).all()
        assert pixels[GAP : GAP + CAPTION, end - cell : end].min() < 255


def test_a_large_image_is_drawn_small_and_keeps_no_data_clear():
    labels = np.zeros((300, 400), dtype=int)
    labels[:, 200:] = 1
    labels[200:] = -1
    image = np.full((300, 400, 3), 90, dtype=np.uint8)
    tree = RegionTree.from_parents([2, 2, 2], labels)
    sheet = np.asarray(contact_sheet(image, tree, [2], panel_size=80))
    _, cut = panel(sheet, 1, 2, 80, 60)
    assert (cut[40:] == 90).all()
    assert (cut[:40] != 90).any(axis=2).all()
    assert not np.array_equal(cut[20, 20], cut[20, 60])


@pytest.mark.parametrize("name", ["panel_size", "columns"])
def test_parameters_are_checked(name):
    scene = make_nested_scene((20, 20), depth=0, random_state=0)
    with pytest.raises(ValueError, match=rf"{name} must be an integer in \[1, inf\)"):
        contact_sheet(scene.image, scene.tree, [1], **{name: 0})
    with pytest.raises(TypeError, match=rf"{name} must be an integer.*got 2.5"):
        contact_sheet(scene.image, scene.tree, [1], **{name: 2.5})
