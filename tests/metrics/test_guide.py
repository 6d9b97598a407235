"""What the pages on scores and thresholds say runs, and so does the example."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
GUIDE = REPOSITORY / "docs" / "guide"
EXAMPLE = REPOSITORY / "examples" / "plot_choosing_thresholds.py"


def blocks(page):
    """Return the Python blocks of a page."""
    path = GUIDE / page
    if not path.is_file():
        pytest.skip("the documentation is not beside the tests")
    found = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)",
        path.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in found]


def test_scores(capsys):
    names = {}
    shown = []
    for block in blocks("scores.rst"):
        exec(block, names)
        shown.append(capsys.readouterr().out.split())
    first, report, fragmentation, counts, best = shown
    assert [float(value) for value in first] == [1]
    assert "construction/Building" in report
    assert float(fragmentation[-1]) == pytest.approx(0.9101, abs=1e-4)
    assert float(counts[0]) == 1
    assert counts[1:6] == ["class", "iou", "accuracy", "n_images", "pixels"]
    # Of the two leaves that make half of the image the others lie higher.
    assert [float(value) for value in best] == [1, 0, 1]


def test_thresholds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    search, priced, whole = blocks("thresholds.rst")
    exec(search, names)
    exec(priced, names)
    capsys.readouterr()
    exec(whole, names)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    results = names["search"].cv_results_
    for max_ncut, score in lines:
        row = results["params"].index(
            {"max_ncut": float(max_ncut), "max_perturbation": None}
        )
        # Folds are of equal size, so that their mean is that of the images.
        assert float(score) == pytest.approx(results["mean_test_score"][row], abs=6e-4)
    best = names["search"].best_estimator_
    trees = best.predict(names["maps"])
    plain = names["nm_covering_score"](names["truths"], trees)
    assert names["priced_scorer"](best, names["maps"], names["truths"]) < plain


@pytest.mark.skipif(not EXAMPLE.is_file(), reason="the examples are not here")
@pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="needs matplotlib"
)
def test_the_example_shows_what_its_text_says(tmp_path):
    figure = tmp_path / "figure.png"
    output = subprocess.run(
        [sys.executable, EXAMPLE, "--limit", "4", "--figure", figure],
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert figure.stat().st_size > 1000
    tables = output.strip().split("\n\n")
    rows = [line.split()[1:] for line in tables[0].splitlines()[1:]]
    assert len(rows) == 7
    # NMCovering takes no gate at all; a price stops inside the grid.
    nm, fragmentation, _, priced, covering, leaves = zip(*rows, strict=True)
    assert nm[-1].endswith("*")
    assert not priced[-1].endswith("*")
    assert not covering[-1].endswith("*")
    assert float(fragmentation[-1].strip("*")) == pytest.approx(
        float(fragmentation[-2].strip("*")), abs=0.005
    )
    counts = [int(each) for each in leaves]
    assert counts == sorted(counts)
    assert len(tables[1].splitlines()) == 6
