"""``refine=`` of the segmenter."""

import numpy as np
import pytest
from sklearn.base import clone

pytest.importorskip("pydensecrf", reason="needs pydensecrf2 (extra crf)")

from skuhas import DenseCRF, HierarchicalSpectralSegmenter
from tests.refine._toys import blocky, diagonal, errors

# Blocks of the grid as leaves, and few of them.
PARAMETERS = {"superpixels": "spectral", "n_superpixels": 3}


@pytest.fixture(scope="module")
def maps():
    truth = diagonal()
    return [blocky(np.roll(truth, shift, axis=1), 8)[0] for shift in (0, 20, 40)]


def test_trees_are_those_of_the_segmenter_refined(maps):
    plain = HierarchicalSpectralSegmenter(**PARAMETERS).predict(maps)
    refined = HierarchicalSpectralSegmenter(refine="crf", **PARAMETERS).predict(maps)
    expected = [
        DenseCRF().refine(tree, item) for tree, item in zip(plain, maps, strict=True)
    ]
    assert refined == expected
    assert errors(refined[0], diagonal()) < errors(plain[0], diagonal()) / 5
    jobs = HierarchicalSpectralSegmenter(refine="crf", n_jobs=2, **PARAMETERS)
    assert jobs.predict(maps) == expected
    assert jobs.predict(maps[1:2]) == expected[1:2]


def test_whitened_features_are_those_compared(maps):
    segmenter = HierarchicalSpectralSegmenter(whiten=True, **PARAMETERS).fit(maps)
    (plain,) = segmenter.predict(maps[:1])
    (refined,) = segmenter.set_params(refine="crf").predict(maps[:1])
    features = (maps[0].features - segmenter.mean_) / segmenter.scale_
    assert refined == DenseCRF().refine(plain, features, maps[0].image)


def test_a_device_gives_the_trees_of_the_host(maps):
    pytest.importorskip("torch")
    refined = HierarchicalSpectralSegmenter(refine="crf", **PARAMETERS)
    expected = refined.predict(maps)
    for tree, same in zip(
        refined.set_params(device="cpu").predict(maps), expected, strict=True
    ):
        np.testing.assert_array_equal(tree.parents, same.parents)
        np.testing.assert_array_equal(tree.leaf_labels, same.leaf_labels)


def test_parameters_of_the_crf_are_those_of_the_segmenter(maps):
    segmenter = HierarchicalSpectralSegmenter(refine=DenseCRF(), **PARAMETERS)
    copy = clone(segmenter).set_params(refine__inertia=1e6)
    assert segmenter.refine.inertia == "auto"
    assert copy.predict(maps) == HierarchicalSpectralSegmenter(**PARAMETERS).predict(
        maps
    )
    assert segmenter.predict(maps) != copy.predict(maps)


def test_bad_input_is_named_before_anything_is_segmented(maps):
    without = maps[1].features
    segmenter = HierarchicalSpectralSegmenter(refine="crf", **PARAMETERS)
    with pytest.raises(ValueError, match=r"X\[1\]: refine='crf' needs the image"):
        segmenter.predict([maps[0], without])
    for wrong in ("CRF", 1, DenseCRF):
        with pytest.raises(ValueError, match="refine must be None, 'crf' or a Dense"):
            HierarchicalSpectralSegmenter(refine=wrong).fit(maps)
    with pytest.raises(ValueError, match="color_sigma must be"):
        HierarchicalSpectralSegmenter(refine=DenseCRF(color_sigma=0)).fit(maps)
