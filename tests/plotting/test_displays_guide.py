"""The page about displays runs, from top to bottom."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "displays.rst"

pytest.importorskip("matplotlib")
pytest.importorskip("torch")


@pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not at hand")
def test_the_page_runs(capsys):
    import matplotlib.pyplot as plt

    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text, re.MULTILINE
    )
    names = {}
    for block in found:
        exec(re.sub(r"^ {4}", "", block, flags=re.MULTILINE), names)
    # One figure each but for the truth, which joins the methods, and one's own.
    assert len(plt.get_fignums()) == 6
    texts = [text.get_text() for text in names["display"].ax_.get_legend().get_texts()]
    assert [text.split(" (")[0] for text in texts] == [
        "normalised cuts",
        "average linkage",
        "Felzenszwalb",
        "the truth",
    ]
    expected = names["region_colors"](names["tree"])[names["tree"].root]
    assert capsys.readouterr().out == f"{expected}\n"
    assert (expected > 0).all()
    assert expected.dtype == np.uint8
    # Pictures are those that the documentation's build makes of the examples.
    examples = PAGE.parents[2] / "examples"
    for example in re.findall(r"image:: \S+/sphx_glr_(\w+)_\d{3}\.png", text):
        assert not examples.is_dir() or (examples / f"{example}.py").is_file()
    assert text.count("image::") == 5
