"""The gallery's examples: that they run, on small features, and how they are written.

The documentation's build runs them as they are, with warnings as errors. Here the
network's features are a quarter as fine, and the two slowest are left to the build.
"""

import ast
import inspect
import re
import runpy
import sys
from pathlib import Path

import pytest

import skuhas

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("plot_*.py"))
NAMES = [path.stem for path in EXAMPLES]
PICTURES = FOLDER.parent / "docs" / "images"
# What scikit-image carries in its wheel; everything else it would fetch.
SHIPPED = {
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "grass",
    "gravel",
    "immunohistochemistry",
    "stereo_motorcycle",
}
# Seconds, and what is slow in them, k-way clusterings and searches, has tests.
LEFT_TO_THE_BUILD = {"plot_choosing_thresholds", "plot_other_hierarchies"}

pytestmark = pytest.mark.skipif(not EXAMPLES, reason="the examples are not here")


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def test_there_is_a_gallery():
    assert len(EXAMPLES) >= 10


@pytest.fixture
def figures(monkeypatch):
    """Return what an example draws, with coarse features and nothing shown."""
    matplotlib = pytest.importorskip("matplotlib")
    pytest.importorskip("torch")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: None)
    monkeypatch.setitem(skuhas.LiteFeatures.__init__.__kwdefaults__, "image_size", 256)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def run(path):
        monkeypatch.setattr(sys, "argv", [path.name])
        names = runpy.run_path(str(path), run_name="__main__")
        return names, [plt.figure(number) for number in plt.get_fignums()]

    yield run
    plt.close("all")


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_it_runs_and_draws(path, figures):
    if path.stem in LEFT_TO_THE_BUILD:
        pytest.skip("left to the documentation's build")
    names, drawn = figures(path)
    assert drawn
    for figure in drawn:
        filled = [
            ax.has_data() or ax.images or ax.collections or ax.texts
            for outer in figure.axes
            for ax in (outer, *outer.child_axes)
        ]
        assert any(filled)
    for tree in names.values():
        if isinstance(tree, skuhas.RegionTree):
            assert tree.n_leaves > 1


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_pictures_come_with_scikit_image(path):
    used = {
        node.attr
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "data"
    }
    assert used <= SHIPPED


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_title_summary_and_sections(path):
    text = path.read_text(encoding="utf-8")
    title, line, _, *summary = ast.get_docstring(parsed(path)).splitlines()
    assert line == "=" * len(title)
    assert len(title) <= 30
    assert not title.endswith(".")
    assert " ".join(summary).strip().endswith(".")
    headings = re.findall(r"^# (.+)\n# (-+)$", text, re.MULTILINE)
    assert headings
    assert all(len(heading) == len(line) for heading, line in headings)


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_calls_fit_the_signatures(path):
    """Also of the examples, and the branches, that are not run here."""
    tree = parsed(path)
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "skuhas"
        for alias in node.names
    }
    assert imported <= set(skuhas.__all__)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        owner, _, method = ast.unparse(node.func).partition(".")
        if owner not in imported or "(" in method:
            continue
        called = getattr(skuhas, owner)
        called = getattr(called, method) if method else called
        parameters = inspect.signature(called).parameters
        if any(item.kind is item.VAR_KEYWORD for item in parameters.values()):
            continue
        given = {keyword.arg for keyword in node.keywords if keyword.arg}
        assert given <= set(parameters), ast.unparse(node)


@pytest.mark.skipif(not PICTURES.is_dir(), reason="the documentation is not here")
def test_pictures_of_the_readme_are_made_by_examples():
    pytest.importorskip("matplotlib")
    made = runpy.run_path(str(PICTURES / "make.py"))["PICTURES"]
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\(docs/images/(\w+)\.png\)", readme))
    assert shown == set(made)
    assert {example for example, _ in made.values()} <= {p.stem for p in EXAMPLES}
    for name in shown:
        assert (PICTURES / f"{name}.png").stat().st_size < 300_000
