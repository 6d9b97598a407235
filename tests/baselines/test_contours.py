import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.io import loadmat, savemat
from skimage.measure import label
from skimage.metrics import adapted_rand_error

from skuhas import ContourMapReader, FeatureMap, make_nested_scene
from skuhas.baselines import tree_from_contours

SHARED = Path(
    os.environ.get("SKUHAS_SHARED", Path(__file__).parents[2].parent / "shared")
)
PUBLISHED = SHARED / "data" / "BSDS500" / "ucm2" / "val"


def parts_under(contours, threshold):
    """Return the parts that contours above a threshold leave, as a label map."""
    free = contours <= threshold
    free[1::2, 1::2] = True
    free[::2, ::2] = False
    return label(free, connectivity=1)[1::2, 1::2]


def regions_under(tree, threshold):
    """Return the topmost nodes of at most a threshold, as a label map."""
    top = np.arange(tree.n_nodes)
    for node in range(tree.n_nodes - 2, -1, -1):
        above = top[tree.parents[node]]
        if tree.altitude[above] <= threshold:
            top[node] = above
    return top[tree.leaf_labels]


def same_partition(first, second):
    pairs = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1).shape[1]
    return pairs == np.unique(first).size == np.unique(second).size


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**32 - 1)
)
def test_regions_are_what_thresholded_contours_leave(height, width, steps, seed):
    # Of any map, ultrametric or not.
    rng = np.random.default_rng(seed)
    contours = rng.integers(0, steps + 1, (2 * height + 1, 2 * width + 1)) / steps
    contours[1::2, 1::2] = 0
    tree = tree_from_contours(contours)
    assert tree == tree.cut()
    levels = np.unique(contours)
    for threshold in levels:
        expected = parts_under(contours, threshold)
        assert same_partition(regions_under(tree, threshold), expected)
    # Nodes of one child, or as high as their parent, would be seen at no threshold.
    inner = np.arange(tree.n_leaves, tree.n_nodes - 1)
    assert (tree.altitude[inner] < tree.altitude[tree.parents[inner]]).all()
    assert (tree.n_children[tree.n_leaves :] >= 2).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_trees_saliency_gives_the_tree_back(seed):
    scene = make_nested_scene((48, 64), random_state=seed)
    contours = scene.tree.saliency(double=True)
    tree = tree_from_contours(contours)
    np.testing.assert_array_equal(tree.saliency(double=True), contours)
    with_shape = tree_from_contours(contours, (48, 64))
    assert tree == with_shape
    # Parts of a region that do not touch are leaves of their own.
    assert tree.n_leaves >= scene.tree.n_leaves


def test_contours_on_pixels():
    contours = np.zeros((5, 7))
    contours[:, 2] = 0.2
    contours[:, 5] = 0.7
    contours[2, :2] = 0.1
    tree = tree_from_contours(contours, (5, 7))
    assert tree.n_leaves == 4
    np.testing.assert_allclose(tree.altitude[4:], [0.1, 0.2, 0.7])
    labels = tree.leaf_labels
    assert len({labels[0, 0], labels[4, 0], labels[0, 3], labels[0, 6]}) == 4
    # Contour pixels belong to a neighbour of theirs.
    assert (labels >= 0).all()
    assert labels[0, 2] in (labels[0, 1], labels[0, 3])
    assert labels[0, 5] in (labels[0, 4], labels[0, 6])


def test_both_sizes_tell_the_same_tree():
    scene = make_nested_scene((96, 128), depth=2, random_state=1)
    double = tree_from_contours(scene.tree.saliency(double=True))
    single = tree_from_contours(scene.tree.saliency(), (96, 128))
    assert single.n_leaves == double.n_leaves
    assert adapted_rand_error(double.leaf_labels + 1, single.leaf_labels + 1)[0] < 0.05
    heights = (np.unique(tree.altitude) for tree in (single, double))
    np.testing.assert_array_equal(*heights)


def test_equal_strengths_are_one_node():
    contours = np.zeros((3, 9))
    contours[:, [2, 4, 6]] = 0.5
    tree = tree_from_contours(contours)
    assert (tree.n_leaves, tree.n_nodes) == (4, 5)


def test_regions_without_valid_pixel_go():
    contours = np.zeros((3, 7))
    contours[:, 2], contours[:, 4] = 0.3, 0.8
    tree = tree_from_contours(contours, valid=np.array([[True, False, True]]))
    np.testing.assert_array_equal(tree.leaf_labels, [[0, -1, 1]])
    np.testing.assert_allclose(tree.altitude, [0, 0, 0.8])
    alone = tree_from_contours(contours, valid=np.array([[False, True, False]]))
    assert alone.n_nodes == 1


@pytest.mark.parametrize(
    ("contours", "shape", "message"),
    [
        (np.zeros((4, 5)), None, r"twice the image's size plus one, got \(4, 5\)"),
        (
            np.zeros((7, 9)),
            (4, 4),
            r"4 x 4 must have shape \(9, 9\) or \(4, 4\), got \(7, 9\)",
        ),
        (np.zeros((3, 3, 3)), None, "one map of numbers"),
        (np.full((3, 3), "a"), None, "one map of numbers"),
        (np.full((3, 3), np.nan), None, "finite and at least 0"),
        (np.array([[0, -1.0, 0]]), (1, 3), "finite and at least 0"),
        (np.full((3, 3), 0.1), None, "no ultrametric contour map"),
    ],
)
def test_maps_that_are_none(contours, shape, message):
    with pytest.raises(ValueError, match=message):
        tree_from_contours(contours, shape)


@pytest.fixture
def contours():
    strengths = np.zeros((5, 9))
    strengths[2, 5:] = 0.2
    strengths[:, 4] = 0.6
    return strengths


@pytest.fixture
def item():
    return FeatureMap(np.ones((2, 4, 1)), source="somewhere/cat.jpg")


def save(path, contours, variable="ucm2"):
    if path.suffix == ".mat":
        savemat(path, {variable: contours, "text": "by gPb"})
    elif path.suffix == ".npy":
        np.save(path, contours)
    elif path.suffix == ".png":
        Image.fromarray(np.rint(contours * 255).astype(np.uint8)).save(path)
    else:
        Image.fromarray(contours.astype(np.float32)).save(path)


@pytest.mark.parametrize("suffix", [".mat", ".npy", ".png", ".tif", ".tiff"])
def test_formats(suffix, tmp_path, contours, item):
    save(tmp_path / f"cat{suffix}", contours)
    (tree,) = ContourMapReader(root=tmp_path).predict([item])
    expected = tree_from_contours(contours)
    np.testing.assert_array_equal(tree.parents, expected.parents)
    np.testing.assert_array_equal(tree.leaf_labels, expected.leaf_labels)
    np.testing.assert_allclose(tree.altitude, expected.altitude, atol=1e-7)


def test_pictures_of_sixteen_bits(tmp_path, contours, item):
    wide = np.rint(contours * 65535).astype(np.uint16)
    Image.fromarray(wide).save(tmp_path / "cat.png")
    (tree,) = ContourMapReader(root=tmp_path).predict([item])
    np.testing.assert_allclose(tree.altitude[-2:], [0.2, 0.6])


def test_variables(tmp_path, contours, item):
    path = tmp_path / "cat.mat"
    savemat(path, {"ucm2": contours, "other": np.ones((3, 3))})
    reader = ContourMapReader(root=tmp_path)
    expected = reader.predict([item])
    save(path, contours, "mine")
    assert reader.predict([item]) == expected
    savemat(path, {"mine": contours, "other": np.ones((3, 3))})
    with pytest.raises(ValueError, match=r"X\[0\]: .*\['mine', 'other'\].*variable="):
        reader.predict([item])
    assert reader.set_params(variable="mine").predict([item]) == expected
    with pytest.raises(ValueError, match=r"variable='ucm3' is no matrix of"):
        reader.set_params(variable="ucm3").predict([item])


def test_files_that_are_not_there(tmp_path, contours, item):
    reader = ContourMapReader(root=tmp_path)
    save(tmp_path / "cats.npy", contours)
    with pytest.raises(
        FileNotFoundError, match=r"X\[0\]: .*'somewhere/cat.jpg'.*Near it: \['cats'\]"
    ):
        reader.predict([item])
    save(tmp_path / "cat.npy", contours)
    without = FeatureMap(item.features)
    # All maps are looked for before the first is read.
    (tmp_path / "cat.npy").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"X\[1\]: the feature map has no source"):
        reader.predict([item, without])
    save(tmp_path / "cat.mat", contours)
    with pytest.raises(ValueError, match=r"several contour maps.*cat\.mat.*cat\.npy"):
        reader.predict([item])
    with pytest.raises(FileNotFoundError, match="root must be a folder"):
        reader.set_params(root=tmp_path / "nowhere").predict([item])


@pytest.mark.parametrize("suffix", [".mat", ".npy", ".png"])
def test_damaged_files(suffix, tmp_path, item):
    path = tmp_path / f"cat{suffix}"
    for content in (b"", b"nothing of this kind" * 20):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"X\[0\]: .*cat\{suffix} .*read"):
            ContourMapReader(root=tmp_path).predict([item])


def test_what_cannot_be_a_map(tmp_path, contours, item):
    reader = ContourMapReader(root=tmp_path)
    np.save(tmp_path / "cat.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="no array that can be read"):
        reader.predict([item])
    save(tmp_path / "cat.npy", contours[:, :7])
    with pytest.raises(ValueError, match=r"cat\.npy: .*2 x 4 .*got \(5, 7\)"):
        reader.predict([item])
    (tmp_path / "cat.npy").unlink()
    Image.fromarray(np.zeros((5, 9, 3), dtype=np.uint8)).save(tmp_path / "cat.png")
    with pytest.raises(ValueError, match=r"must be a grey picture.*got mode 'RGB'"):
        reader.predict([item])


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published maps are not here")
def test_a_published_map_is_told_without_loss():
    path = PUBLISHED / "3096.mat"
    contours = loadmat(path)["ucm2"]
    shape = tuple(side // 2 for side in contours.shape)
    item = FeatureMap(np.ones((2, 2, 1)), image_shape=shape, source="3096.jpg")
    (tree,) = ContourMapReader(root=PUBLISHED).predict([item])
    assert tree.n_leaves > 100
    np.testing.assert_array_equal(
        tree.saliency(double=True), contours.astype(np.float32)
    )
