"""The guide's page on data sets runs, and says what the package says."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from skuhas import dataset_names
from skuhas.datasets._load import DESCRIPTIONS
from tests.datasets._folder import SIZE

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "benchmarks_data.rst"
pytestmark = pytest.mark.skipif(
    not PAGE.is_file(), reason="the documentation is not beside the tests"
)


def blocks(language):
    """Return the blocks of the page in a language."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(
        rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", text, re.MULTILINE
    )
    return [textwrap.dedent(block).strip("\n") for block in found]


def test_the_table_and_the_layouts_are_those_of_the_package():
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^``([\w-]+)`` +(none|``\w+``) ", text, re.MULTILINE)
    assert [name for name, _ in rows] == dataset_names()
    for name, hierarchy in rows:
        expected = DESCRIPTIONS[name].hierarchy
        assert hierarchy == (f"``{expected}``" if expected else "none")
    titles = re.findall(r"^([\w -]+)\n~+$", text, re.MULTILINE)
    assert titles == [each.title for each in DESCRIPTIONS.values()]
    layouts = [each.layout.strip("\n") for each in DESCRIPTIONS.values()]
    assert blocks("text") == layouts


def test_the_page_runs(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder.root)
    for number in range(2):
        shape = (24, 32)
        folder.image(f"data/CamVid/val/{number}.png", shape, seed=number)
        labels = np.zeros(shape)
        labels[:, 16:] = 5
        folder.labels(f"data/CamVid/valannot/{number}.png", labels)
    folder.image("own/a.png")
    np.save(folder("own/a.npy"), np.ones(SIZE, dtype=int))
    names = {}
    load, search, tiles, own = blocks("python")
    exec(load, names)
    out = capsys.readouterr().out
    assert out.endswith("0 data/CamVid/val/0.png (24, 32)\n")
    exec(search, names)
    assert names["search"].best_params_["seg__max_ncut"] in (0.1, 0.2)
    exec(tiles.replace("240", "16"), names)
    assert capsys.readouterr().out == ("8 0_y0_x0 data/CamVid/val/0.png[0:12, 0:16]\n")
    exec(own, names)
    assert (names["own"].targets[0] == 1).all()
