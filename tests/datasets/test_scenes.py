"""Synthetic scenes: their trees are exact, their parameters do what they say."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from skuhas import (
    ColorFeatures,
    HierarchicalSpectralSegmenter,
    RegionTree,
    make_nested_scene,
    nh_covering_score,
    nm_covering_score,
)

scenes = st.builds(
    make_nested_scene,
    st.tuples(st.integers(16, 60), st.integers(16, 60)),
    depth=st.integers(0, 4),
    n_shapes=st.integers(1, 5),
    texture=st.sampled_from([0, 0.05, 0.5]),
    noise=st.sampled_from([0, 0.01, 0.5]),
    random_state=st.integers(0, 10**6),
)
quick = settings(max_examples=40, deadline=None)


def internal_nodes(tree):
    return range(tree.n_leaves, tree.n_nodes)


def grown(mask):
    """Return the pixels of a mask and their eight neighbours."""
    return binary_dilation(mask, np.ones((3, 3), dtype=bool))


def rest_of(tree, node):
    """Return the child that surrounds the others, a leaf, and the others."""
    children = tree.children(node).tolist()
    outside = grown(np.pad(~tree.mask(node), 1, constant_values=True))[1:-1, 1:-1]
    rest = [child for child in children if (tree.mask(child) & outside).any()]
    assert len(rest) == 1
    children.remove(rest[0])
    return rest[0], children


@quick
@given(scenes)
def test_contract(scene):
    image, label_map, tree = scene
    assert image.dtype == np.uint8
    assert image.shape == (*label_map.shape, 3)
    assert label_map.dtype == np.int32
    assert isinstance(tree, RegionTree)
    np.testing.assert_array_equal(tree.leaf_labels, label_map)
    np.testing.assert_array_equal(np.unique(label_map), np.arange(tree.n_leaves))


@quick
@given(scenes)
def test_numbering_is_canonical(scene):
    _, first = np.unique(scene.label_map, return_index=True)
    assert (np.diff(first) > 0).all()
    tree = scene.tree
    # Internal nodes from the deepest up, within a depth by their smallest leaf.
    keys = [
        (-tree.depth[node], tree.leaves(node).min()) for node in internal_nodes(tree)
    ]
    assert keys == sorted(keys)


@quick
@given(scenes)
def test_shapes_lie_inside_their_parent_and_touch_no_sibling(scene):
    tree = scene.tree
    for node in internal_nodes(tree):
        rest, shapes = rest_of(tree, node)
        assert rest < tree.n_leaves
        assert shapes
        for shape in shapes:
            ring = grown(tree.mask(shape)) & ~tree.mask(shape)
            assert (scene.label_map[ring] == rest).all()
            assert tree.area[shape] >= 4


@quick
@given(scenes)
def test_every_region_lies_strictly_inside_its_parent(scene):
    tree = scene.tree
    masks = list(tree.masks())
    for node in range(tree.n_nodes - 1):
        parent = tree.parents[node]
        assert (masks[parent] | ~masks[node]).all()
        assert masks[node].sum() < masks[parent].sum()
    assert masks[tree.root].all()


@quick
@given(st.integers(0, 4), st.integers(1, 5), st.integers(0, 10**6))
def test_depth_and_n_shapes_bound_the_tree(depth, n_shapes, seed):
    tree = make_nested_scene(
        (50, 60), depth=depth, n_shapes=n_shapes, random_state=seed
    ).tree
    assert tree.height <= depth
    # The first shape always finds room in the frame.
    assert (tree.height == 0) == (depth == 0)
    for node in internal_nodes(tree):
        assert 2 <= len(tree.children(node)) <= n_shapes + 1


def test_defaults_use_their_depth():
    heights = [make_nested_scene(random_state=seed).tree.height for seed in range(5)]
    assert heights == [3] * 5


@given(st.integers(0, 10**6))
@quick
def test_depth_zero_is_one_region(seed):
    image, label_map, tree = make_nested_scene(
        (20, 30), depth=0, texture=0, noise=0, random_state=seed
    )
    assert tree.n_nodes == 1
    assert (label_map == 0).all()
    assert (image == image[0, 0]).all()


@quick
@given(st.integers(0, 4), st.integers(0, 10**6))
def test_without_noise_and_texture_a_leaf_has_one_colour(depth, seed):
    image, label_map, tree = make_nested_scene(
        (50, 60), depth=depth, texture=0, noise=0, random_state=seed
    )
    colors = []
    for leaf in range(tree.n_leaves):
        pixels = image[label_map == leaf].astype(int)
        assert (pixels == pixels[0]).all()
        colors.append(pixels[0])
    for node in internal_nodes(tree):
        rest, shapes = rest_of(tree, node)
        for shape in shapes:
            inner = shape
            while inner >= tree.n_leaves:
                inner, _ = rest_of(tree, inner)
            # Moved by a fixed distance, unless the range of colours ends there.
            limit = 255 * 0.35 * 0.6 ** int(tree.depth[node])
            moved = np.linalg.norm(colors[inner] - colors[rest])
            assert 0 < moved <= limit + 2


def test_noise_and_texture_have_the_amplitudes_given():
    plain = make_nested_scene((80, 90), texture=0, noise=0, random_state=4)
    noisy = make_nested_scene((80, 90), texture=0, noise=0.02, random_state=4)
    woven = make_nested_scene((80, 90), texture=0.05, noise=0, random_state=4)
    assert noisy.tree == woven.tree == plain.tree
    difference = (noisy.image.astype(float) - plain.image) / 255
    assert difference.std() == pytest.approx(0.02, rel=0.05)
    assert abs(difference.mean()) < 0.001
    grating = (woven.image.astype(float) - plain.image) / 255
    assert np.abs(grating).max() == pytest.approx(0.05, abs=0.005)
    # Of one sine for all three channels.
    assert np.ptp(grating, axis=2).max() <= 0.005
    assert grating.std() == pytest.approx(0.05 / np.sqrt(2), rel=0.1)


def test_seeds_determine_the_scene():
    first, again = (make_nested_scene((40, 50), random_state=3) for _ in range(2))
    other = make_nested_scene((40, 50), random_state=4)
    instance = make_nested_scene((40, 50), random_state=np.random.RandomState(3))
    for scene in (again, instance):
        np.testing.assert_array_equal(scene.image, first.image)
        assert scene.tree == first.tree
    assert other.tree != first.tree
    assert make_nested_scene((40, 50)).tree != make_nested_scene((40, 50)).tree


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_nested_scene((40, 50), random_state=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"shape": 40}, ValueError, "shape must be (height, width), got 40."),
        ({"shape": (40, 40, 3)}, ValueError, "shape must be (height, width), got (40"),
        ({"shape": (40, 15)}, ValueError, "shape must be an integer in [16, inf), got"),
        ({"shape": (40.0, 40)}, TypeError, "shape must be an integer in [16, inf), go"),
        ({"depth": -1}, ValueError, "depth must be an integer in [0, inf), got -1."),
        ({"depth": 1.5}, TypeError, "depth must be an integer in [0, inf), got 1.5."),
        ({"n_shapes": 0}, ValueError, "n_shapes must be an integer in [1, inf), got 0"),
        ({"texture": 0.6}, ValueError, "texture must be a number in [0.0, 0.5], got 0"),
        ({"texture": "a"}, TypeError, "texture must be a number in [0.0, 0.5], got 'a"),
        ({"noise": -0.1}, ValueError, "noise must be a number in [0.0, 0.5], got -0.1"),
        ({"noise": np.nan}, ValueError, "noise must be a number in [0.0, 0.5], got na"),
    ],
)
def test_parameters_are_checked(arguments, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        make_nested_scene(**arguments)


def test_a_scene_scores_one_against_itself():
    scene = make_nested_scene((60, 80), random_state=0)
    for truth in (scene.tree, scene.label_map):
        assert nm_covering_score([truth], [scene.tree]) == 1
    assert nh_covering_score([scene.tree], [scene.tree]) == 1


def test_the_segmenter_finds_the_scene():
    made = [
        make_nested_scene((96, 128), depth=2, random_state=seed) for seed in range(3)
    ]
    truth = [scene.tree for scene in made]
    maps = ColorFeatures(image_size=128).transform([scene.image for scene in made])
    trees = HierarchicalSpectralSegmenter().predict(maps)
    # Blocks of a quarter of each side, in a tree of halves.
    rows, columns = np.indices((96, 128))
    blocks = (rows // 24) * 4 + columns // 32
    halves = np.repeat(np.arange(16, 24), 2).tolist()
    quarters = np.repeat(np.arange(24, 28), 2).tolist()
    trivial = RegionTree.from_parents(
        [*halves, *quarters, 28, 28, 29, 29, 30, 30, 30], blocks
    )
    ours = nm_covering_score(truth, trees)
    baseline = nm_covering_score(truth, [trivial] * 3)
    whole = nm_covering_score(truth, [RegionTree.from_parents([0], 0 * blocks)] * 3)
    assert ours > 0.8
    assert ours > max(baseline, whole) + 0.4
