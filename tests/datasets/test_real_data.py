"""BSDS500 and CamVid as they are distributed."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat

from skuhas import load_dataset

REPOSITORY = Path(__file__).parents[2]
DATA = Path(os.environ.get("SKUHAS_SHARED", REPOSITORY.parent / "shared")) / "data"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the BSDS500 and CamVid images are not here"
)


def test_bsds500():
    dataset = load_dataset("bsds500", DATA / "BSDS500")
    assert len(dataset) == 100
    assert "100, 100 of them with ground truth" in dataset.describe()
    for sample in dataset[::11]:
        maps = sample.target()
        assert 4 <= len(maps) <= 9
        file = DATA / "BSDS500/data/groundTruth/val" / f"{sample.id}.mat"
        entries = loadmat(file)["groundTruth"][0]
        for labels, entry in zip(maps, entries, strict=True):
            np.testing.assert_array_equal(labels, entry["Segmentation"][0, 0])
        with Image.open(sample.image) as image:
            assert maps[0].shape == image.size[::-1] == sample.shape


def test_camvid():
    dataset = load_dataset("camvid", DATA / "CamVid")
    assert len(dataset) == 101
    seen = set()
    for sample in dataset[::10]:
        labels = sample.label_map()
        expected = np.asarray(Image.open(DATA / "CamVid/valannot" / f"{sample.id}.png"))
        np.testing.assert_array_equal(labels, expected)
        tree = sample.target()
        np.testing.assert_array_equal(tree.leaf_labels == -1, labels == 11)
        seen |= set(tree.node_data["name"])
    assert {"Road", "Sky", "flat", "camvid"} <= seen


@pytest.mark.parametrize("wrong", ["", "BSDS500/data", "BSDS500/data/images/val"])
def test_a_wrong_root_is_put_right(wrong):
    with pytest.raises(ValueError, match=r"Did you mean root='.*/BSDS500'\?"):
        load_dataset("bsds500", DATA / wrong)
