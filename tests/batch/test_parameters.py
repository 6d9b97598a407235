"""Parameters as JSON, the same in every process and told apart by content."""

import json

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skuhas import ColorFeatures, HierarchicalSpectralSegmenter
from skuhas.batch._parameters import describe, differences, versions
from skuhas.superpixels import image_superpixels


class Plain:
    """An object that shows where it lies in memory."""


def test_values_become_json():
    value = {
        "a": (1, np.int64(2), np.float32(0.5), None, True),
        "b": float("inf"),
        "c": Plain(),
        "d": np.mean,
    }
    described = describe(value, "x")
    assert json.loads(json.dumps(described)) == described
    assert described["a"] == [1, 2, 0.5, None, True]
    assert described["b"] == "inf"
    assert "0x" not in described["c"]
    assert described["d"] == "numpy.mean"


def test_estimators_inside_estimators():
    pipe = Pipeline([("color", ColorFeatures(stride=8))])
    described = describe(pipe, "features")
    assert described["steps"][0][1]["stride"] == 8
    with pytest.raises(ValueError, match=r"x\.random_state must be an integer"):
        describe(HierarchicalSpectralSegmenter(random_state=None), "x")


def test_what_was_learned_counts():
    rng = np.random.default_rng(0)
    maps = [rng.random((4, 5, 3)) for _ in range(3)]
    one, same, other = (
        describe(HierarchicalSpectralSegmenter(whiten=True).fit(some), "s")
        for some in (maps[:2], maps[:2], maps[1:])
    )
    assert one == same
    assert one["fitted"] != other["fitted"]
    # Without `whiten` nothing is learned, and fitting makes no difference.
    fitted = HierarchicalSpectralSegmenter().fit(maps)
    assert describe(fitted, "s") == describe(HierarchicalSpectralSegmenter(), "s")


def test_weights_count_by_their_content(tmp_path):
    class Network(ColorFeatures):
        def __init__(self, *, weights=None, batch_size=1, verbose=0):
            self.weights = weights
            self.batch_size = batch_size
            self.verbose = verbose

    here, moved, other = (tmp_path / name for name in ("a.pth", "b.pth", "c.pth"))
    for path, content in ((here, b"1"), (moved, b"1"), (other, b"2")):
        path.write_bytes(content)
    first = describe(Network(weights=here), "f")
    assert differences(first, describe(Network(weights=str(moved)), "f")) == []
    (line,) = differences(first, describe(Network(weights=other), "f"))
    assert line.startswith("weights_content: ")


def test_classes_are_known_by_where_users_find_them():
    """Moving a private module of skuhas keeps no run from being resumed."""
    described = describe(HierarchicalSpectralSegmenter(superpixels=np.mean), "s")
    assert described["class"] == "skuhas.segmenter.HierarchicalSpectralSegmenter"
    assert describe(ColorFeatures(), "f")["class"] == "skuhas.features.ColorFeatures"
    assert describe(image_superpixels, "f") == "skuhas.superpixels.image_superpixels"
    # Of other packages nothing is known.
    scaler = describe(StandardScaler(), "f")["class"]
    assert scaler == "sklearn.preprocessing._data.StandardScaler"


def test_differences_name_both_values():
    before = {"a": {"b": 1, "c": [1, 2]}, "old": None}
    now = {"a": {"b": 2.5, "c": [1, 2]}, "new": "x"}
    assert differences(before, now) == [
        "a.b: 1 in the folder, 2.5 now",
        "old: None in the folder, absent now",
        "new: absent in the folder, 'x' now",
    ]
    assert differences({"a": 1}, {"a": 1.0}) == []


def test_versions():
    found = versions()
    assert found["numpy"] == np.__version__
    assert {"python", "skuhas", "scipy", "scikit-learn", "torch", "timm"} <= set(found)
