import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from skuhas import ContourMapReader, FeatureMap, RegionTree

SHARED = Path(
    os.environ.get("SKUHAS_SHARED", Path(__file__).parents[2].parent / "shared")
)
PUBLISHED = SHARED / "data" / "BSDS500" / "ucm2" / "val"


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
    expected = RegionTree.from_ucm(contours)
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
