"""The reference is complete, drawings and pages are true, faulty sites are caught."""

import importlib
import importlib.util
import pkgutil
import re
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import skuhas
from tests.test_layers import LAYERS

DOCS = Path(__file__).parent.parent / "docs"
pytestmark = pytest.mark.skipif(
    not DOCS.is_dir(), reason="the documentation is not beside the tests"
)


def module(path):
    """Return a script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


# ----------------------------------------------------------------- reference


def reference():
    """Yield the full name of every entry of the reference."""
    for page in sorted((DOCS / "api").glob("*.rst")):
        place, inside = "", False
        for line in page.read_text(encoding="utf-8").splitlines():
            directive = re.match(r"\.\. ([\w:]+):: *(\S*)", line)
            if directive:
                kind, argument = directive.groups()
                if kind == "currentmodule":
                    place = argument
                if kind.startswith("py:"):
                    whole = argument.startswith("skuhas.")
                    yield argument if whole else f"{place}.{argument}"
                inside = kind == "autosummary"
            elif line.startswith("    ") and inside and line.strip()[0] != ":":
                yield f"{place}.{line.strip()}"
            elif line and not line.startswith(" "):
                inside = False


def public_names():
    """Yield the full name of everything public, where users import it from."""
    yield "skuhas.__version__"
    for part in pkgutil.iter_modules(skuhas.__path__):
        if not part.name.startswith("_"):
            for name in importlib.import_module(f"skuhas.{part.name}").__all__:
                short = name in skuhas.__all__
                yield f"skuhas.{name}" if short else f"skuhas.{part.name}.{name}"


def test_every_public_name_is_in_the_reference_once():
    entries = Counter(reference())
    assert [name for name, times in entries.items() if times > 1] == []
    assert set(public_names()) - set(entries) == set()
    assert set(entries) - set(public_names()) == set()


# ------------------------------------------------------------------ drawings


def test_the_drawing_of_the_layers_is_what_the_tests_enforce():
    drawing = (DOCS / "figures" / "architecture.html").read_text(encoding="utf-8")
    words = re.search(r"<desc[^>]*>(.*?)</desc>", drawing)[1]
    told = {
        name: int(layer)
        for layer, names in re.findall(r"(\d): ([\w, ]+)", words)
        for name in names.split(", ")
    }
    assert told == LAYERS
    drawn = {
        name: int(layer)
        for layer, name in re.findall(
            r'class="level-(\d)"[^>]*/>\s*<text class="part[^>]*>(\w+)<', drawing
        )
    }
    assert drawn == LAYERS


# --------------------------------------------------------------------- pages


def blocks(page):
    text = (DOCS / "guide" / page).read_text(encoding="utf-8")
    found = re.findall(
        r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text, re.MULTILINE
    )
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in found]


def run(page, names=None, only=slice(None)):
    names = {} if names is None else names
    for block in blocks(page)[only]:
        exec(block, names)
    return names


def test_the_page_on_leaves(capsys):
    names = run("leaves.rst")
    printed = capsys.readouterr().out.splitlines()
    # 64 x 96 pixels in squares of eight.
    assert printed[0] == "96"
    assert printed[1:3] == ["(12, 16)", "(120, 160)"]
    leaves = names["leaves"]
    assert printed[3] == f"(64, 96) {leaves.max() + 1}"
    labels = names["squares"](names["scene"].image)
    assert len(np.unique(labels)) == 96


def test_the_page_on_reading_a_tree(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run("reading.rst")
    printed = capsys.readouterr().out.splitlines()
    tree, coarse = names["tree"], names["coarse"]
    assert printed[0] == repr(tree)
    assert printed[1].split()[0] == "8"
    assert printed[2] == "(120, 160) 8"
    # Of the walk: a line for each node, the root first.
    walk = printed[4 : 4 + coarse.n_nodes]
    assert walk[0].split() == [str(coarse.root), "100%"]
    assert sorted(int(line.split()[0]) for line in walk) == list(range(coarse.n_nodes))
    assert printed[4 + coarse.n_nodes :] == [
        "True",
        f"({coarse.n_nodes}, 10)",
        "True",
        "[0 0 1 1]",
    ]
    text = (DOCS / "guide" / "reading.rst").read_text(encoding="utf-8")
    for name in re.findall(r"``tree\.(\w+)``", text):
        assert hasattr(tree, name)


def test_the_changelog_has_the_version_and_the_commands():
    text = (DOCS / "changelog.rst").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(skuhas.__version__)}\n-+$", text, re.MULTILINE)
    from skuhas.cli import app

    for command in app.registered_commands:
        assert f"``{command.name or command.callback.__name__}``" in text


def test_the_page_on_exports(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, needed = {}, {"pycocotools.coco", "networkx", "higra", "napari"}
    ran = 0
    for block in blocks("exports.rst"):
        found = re.findall(r"^(?:from|import) ([\w.]+)", block, re.MULTILINE)
        if all(importlib.util.find_spec(name.split(".")[0]) for name in found):
            if "napari" in found:
                continue
            with warnings.catch_warnings():
                # pycocotools 2.0.7 and 2.0.8 use what NumPy 2 warns of.
                warnings.simplefilter("ignore", DeprecationWarning)
                exec(block, names)
            ran += 1
        else:
            assert needed & set(found)
    printed = capsys.readouterr().out.splitlines()
    assert ran >= 5
    told = [line for line in printed if line in ("True", "False")]
    assert len(told) >= 5
    assert set(told) == {"True"}
    text = (DOCS / "guide" / "exports.rst").read_text(encoding="utf-8")
    methods = {
        name for name in dir(skuhas.RegionTree) if re.match("(to|from)_[a-z]+$", name)
    }
    shown = set(re.findall(r"``((?:to|from)_\w+)``", text))
    assert methods - {"from_parents", "to_html"} <= shown
    assert shown <= methods | {"from_label_maps"}


def test_settings_on_the_page_on_the_method():
    names = run("method.rst")
    assert names["pipe"].named_steps["seg"].max_branching == 10
    assert names["pipe"].named_steps["feat"].image_size == (840, 840)


def test_the_page_on_many_machines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scene = skuhas.make_nested_scene((32, 40), depth=1, random_state=0)
    for share in range(16):
        skuhas.segment_images(
            {f"{share}": scene.image},
            f"trees-{share}",
            features=skuhas.ColorFeatures(),
        )
    (together,) = (text for text in blocks("machines.rst") if "trees-" in text)
    names = {}
    exec(together, names)
    assert [record.name for record in names["records"]] == [str(i) for i in range(16)]


# ----------------------------------------------------------------- the checker


@pytest.fixture
def checker():
    return module(DOCS / "check_links.py")


def site(folder, **pages):
    for name, content in pages.items():
        (folder / f"{name}.html").write_text(content, encoding="utf-8")
    return folder


def test_a_site_without_faults(checker, tmp_path, capsys):
    site(
        tmp_path,
        index='<a href="other.html#here">o</a><a href="https://example.org">e</a>'
        '<img src="data:image/gif;base64,AAAA"><link rel="canonical" '
        'href="https://example.org/"><a href="#top">t</a><h1 id="top">T</h1>'
        '<div style="background: url(back%20ground.svg)"></div>',
        other='<p id="here">h</p><a href="index.html?q=1#top">i</a><a href="#">u</a>'
        '<a href="index.html#:~:text=size,-int">s</a>',
    )
    (tmp_path / "back ground.svg").write_text("<svg/>")
    (tmp_path / "style.css").write_text("/* url(http://x) */ a {b: url('index.html')}")
    assert list(checker.problems(tmp_path)) == []
    assert checker.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "2 pages, 0 faults\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('<a href="none.html">n</a>', "none.html: there is no such file"),
        ('<a href="#none">n</a>', "#none: the page has no place 'none'"),
        ('<a href="../out.html">n</a>', "../out.html: leads out of the site"),
        ('<img src="a.png">', "a.png: there is no such file"),
        ('<script src="https://cdn.example/x.js">', "loads https://cdn.example/x.js"),
        ('<script src="//cdn.example/x.js">', "loads //cdn.example/x.js"),
        ('<link rel="stylesheet" href="http://a/b.css">', "loads http://a/b.css"),
        ('<img srcset="https://a/b.png 2x">', "loads https://a/b.png"),
        ('<iframe src="https://a/b.html">', "loads https://a/b.html"),
        ('<p style="background:url(https://a/b.png)">', "loads https://a/b.png"),
        ("<style>@import 'https://a/b.css';</style>", "loads https://a/b.css"),
    ],
)
def test_faults_are_found(checker, tmp_path, content, fault):
    (found,) = checker.problems(site(tmp_path, index=content))
    assert fault in found
    assert found.startswith("index.html: ")
    assert checker.main([str(tmp_path)]) == 1


def test_style_sheets_and_empty_folders(checker, tmp_path):
    assert "there are no pages" in next(checker.problems(tmp_path))
    site(tmp_path, index="")
    (tmp_path / "style.css").write_text(
        "@font-face {src: url(https://fonts.example/a.woff2)} b {c: url(none.png)}"
    )
    assert list(checker.problems(tmp_path)) == [
        "style.css: loads https://fonts.example/a.woff2 from outside",
        "style.css: none.png: there is no such file",
    ]


# -------------------------------------------------------------------- formulas


@pytest.fixture
def convert(monkeypatch):
    for name in ("sphinx", "fontTools", "ziamath"):
        pytest.importorskip(name)
    monkeypatch.syspath_prepend(str(DOCS / "_extensions"))
    monkeypatch.delitem(sys.modules, "mathml", raising=False)
    return importlib.import_module("mathml").convert


def test_formulas(convert):
    assert convert("x", display=False) == (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>x</mi>'
        '</mrow><annotation encoding="application/x-tex">x</annotation></semantics>'
        "</math>"
    )
    assert 'display="block"' in convert("x", display=True)
    # Primes are superscripts, and an accent keeps its index at the side.
    assert "<msup><mi>R</mi><mi>′</mi></msup>" in convert("R'", display=False)
    assert re.search(
        r"<msub><mover.*</mover><mrow><mi>i", convert(r"\bar g_{ij}", display=False)
    )
    assert r"a &amp;= b \\ c &amp;&lt; d" in convert(r"a &= b \\ c &< d", display=True)
    with pytest.raises(ValueError, match="nonsense"):
        convert(r"\nonsense", display=False)
