"""What docs/guide/baselines.rst says runs."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from skuhas import baseline_names

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "baselines.rst"
pytestmark = pytest.mark.skipif(
    not PAGE.is_file(), reason="the documentation is not beside the tests"
)


def test_the_guides_examples_run(tmp_path, monkeypatch, capsys, scenes):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    first, second = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text, re.MULTILINE
    )
    names = {"images": [scenes[0].image]}
    exec(re.sub(r"^ {4}", "", first, flags=re.MULTILINE), names)
    assert len(capsys.readouterr().out.splitlines()) == 3
    (tmp_path / "images").mkdir()
    (tmp_path / "ucm2").mkdir()
    Image.fromarray(scenes[0].image).save("images/3096.jpg")
    contours = scenes[0].tree.saliency(double=True)
    savemat("ucm2/3096.mat", {"ucm2": contours})
    exec(re.sub(r"^ {4}", "", second, flags=re.MULTILINE), names)
    np.testing.assert_array_equal(names["tree"].saliency(double=True), contours)


def test_every_baseline_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    assert set(baseline_names()) <= set(re.findall(r"``([\w-]+)``", text))
