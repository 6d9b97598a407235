"""Every public name is documented, exported once, and its docstring is true."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import skuhas

PARTS = sorted(
    name
    for _, name, _ in pkgutil.iter_modules(skuhas.__path__)
    if not name.startswith("_")
)


def _public():
    """Yield (part, name, object) for everything that a part exports."""
    for part in PARTS:
        module = importlib.import_module(f"skuhas.{part}")
        names = getattr(module, "__all__", None)
        if names is None:
            names = [
                name
                for name, value in vars(module).items()
                if not name.startswith("_")
                and getattr(value, "__module__", None) == module.__name__
            ]
        for name in names:
            yield part, name, getattr(module, name)


PUBLIC = list(_public())
DOCUMENTED = [entry for entry in PUBLIC if callable(entry[2])]


def _ids(entries):
    return [f"{part}.{name}" for part, name, _ in entries]


def _parameters(function):
    signature = inspect.signature(function)
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [
        name
        for name, parameter in signature.parameters.items()
        if name not in ("self", "cls") and parameter.kind not in kinds
    ]


def _documented_parameters(text):
    """Return the names in the Parameters section of a numpydoc docstring."""
    text = inspect.cleandoc(text)
    match = re.search(
        r"^Parameters\n-{10}\n(.*?)(?=^\S[^\n]*\n-{3,}\n|\Z)", text, re.M | re.S
    )
    if match is None:
        return []
    names = []
    for line in match.group(1).splitlines():
        entry = re.match(r"([\w, ]+?)( :|$)", line)
        if line and not line.startswith(" ") and entry:
            names += [name.strip() for name in entry.group(1).split(",")]
    return names


@pytest.mark.parametrize(("part", "name", "value"), PUBLIC, ids=_ids(PUBLIC))
def test_names_are_exported_by_one_part(part, name, value):
    others = [other for other, same, _ in PUBLIC if same == name and other != part]
    assert not others


def test_the_top_level_names_what_the_parts_export():
    exported = {name for _, name, _ in PUBLIC}
    assert set(skuhas.__all__) <= exported | {"__version__"}
    assert len(set(skuhas.__all__)) == len(skuhas.__all__)
    for name in skuhas.__all__:
        assert getattr(skuhas, name) is not None
    assert set(dir(skuhas)) == set(skuhas.__all__)
    with pytest.raises(AttributeError, match="'skuhas' has no attribute 'nothing'"):
        _ = skuhas.nothing


@pytest.mark.parametrize(("part", "name", "value"), DOCUMENTED, ids=_ids(DOCUMENTED))
def test_docstrings_are_complete_and_true(part, name, value):
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        # Scorers are objects; scikit-learn documents their class.
        return
    text = inspect.getdoc(value)
    assert text, "no docstring"
    if not (inspect.isclass(value) and issubclass(value, (BaseException,))):
        expected = _parameters(value)
        if name == "BaseFeatures":
            expected = []
        assert _documented_parameters(value.__doc__) == expected
    if part != "cli" or name == "main":
        assert re.search(r"^Examples\n-{8}$", text, re.M), "no example"


def _methods():
    for part, name, value in DOCUMENTED:
        if not inspect.isclass(value) or issubclass(value, BaseException):
            continue
        # A class may be put together from several of its part.
        members = {
            method: member
            for base in reversed(value.__mro__)
            if base.__module__.startswith(f"skuhas.{part}")
            for method, member in vars(base).items()
        }
        for method, member in members.items():
            if method.startswith("_"):
                continue
            function = getattr(member, "__func__", member)
            if isinstance(function, property) or hasattr(function, "func"):
                function = getattr(function, "fget", None) or function.func
            if callable(function):
                yield f"{part}.{name}.{method}", function


@pytest.mark.parametrize(
    ("name", "method"), list(_methods()), ids=[name for name, _ in _methods()]
)
def test_methods_are_documented(name, method):
    assert method.__doc__, "no docstring"
    assert _documented_parameters(method.__doc__) == _parameters(method)


def _run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_is_light():
    code = (
        "import sys, time; begin = time.perf_counter(); import skuhas; "
        "print(time.perf_counter() - begin); "
        "print([m for m in ('torch', 'timm', 'matplotlib', 'skimage', 'sklearn') "
        "if m in sys.modules])"
    )
    seconds, heavy = _run(code).splitlines()
    assert heavy == "[]"
    assert float(seconds) < 0.3


def test_trees_and_scores_need_no_torch():
    code = (
        "import sys; import skuhas; skuhas.RegionTree; skuhas.nm_covering_score; "
        "skuhas.LabelHierarchy.load('camvid'); skuhas.HierarchicalSpectralSegmenter; "
        "print([m for m in ('torch', 'timm', 'matplotlib') if m in sys.modules])"
    )
    assert _run(code).strip() == "[]"
