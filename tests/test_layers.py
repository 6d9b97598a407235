"""Imports point downwards: a part uses lower layers and never a sibling."""

import ast
from pathlib import Path

import pytest

import skuhas

ROOT = Path(skuhas.__file__).parent
LAYERS = {
    "_common": 0,
    "tree": 1,
    "hierarchies": 2,
    "spectral": 2,
    "superpixels": 3,
    "features": 3,
    "refine": 3,
    "metrics": 3,
    "datasets": 3,
    "segmenter": 4,
    "clustering": 4,
    "baselines": 5,
    "plotting": 6,
    "batch": 7,
    "evaluation": 8,
    "cli": 9,
}
# The package itself names everything lazily; __main__ starts the command line.
TOP = {"__init__", "__main__"}
# (module, what it imports): inside functions of RegionTree that draw.
EXCEPTIONS = {("skuhas.tree._shown", "skuhas.plotting")}
# What a layer may import from outside, beside the standard library.
OUTSIDE = {
    "_common": {"numpy", "sklearn", "threadpoolctl", "PIL", "rich"},
    "tree": {"numpy", "scipy", "sklearn"},
    "hierarchies": {"numpy", "scipy", "sklearn"},
    "spectral": {"numpy", "scipy", "sklearn", "array_api_compat"},
}
# What functions of a layer import by optional_import, beside what it may import: the
# libraries whose formats trees are turned into.
OPTIONAL = {
    "tree": {"PIL", "higra", "networkx", "skimage", "tifffile"},
}
MODULES = sorted(ROOT.rglob("*.py"))


def _name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _part(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _imports(path):
    """Yield the dotted names that a module imports, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # Imports for the type checker alone never run.
    unrun = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in unrun:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in NAMES else node.module


NAMES = {_name(path) for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_to_lower_layers(path):
    part = _part(path)
    if part in TOP:
        return
    assert part in LAYERS, f"{part} has no layer in tests/test_layers.py"
    for name in _imports(path):
        if not name.startswith("skuhas"):
            continue
        target = name.split(".")[1] if "." in name else "__init__"
        if target == part or (_name(path), name) in EXCEPTIONS:
            continue
        if target == "__init__":
            assert part == "cli", f"{_name(path)} imports the package itself"
            continue
        assert LAYERS[target] < LAYERS[part], f"{_name(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_other_parts_are_used_through_their_public_names(path):
    for name in _imports(path):
        if not name.startswith("skuhas."):
            continue
        target = name.split(".")[1]
        if target != _part(path) and _part(path) not in TOP:
            private = [word for word in name.split(".")[2:] if word.startswith("_")]
            assert not private, f"{_name(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_low_layers_need_little(path):
    allowed = OUTSIDE.get(_part(path))
    if allowed is None:
        return
    import sys

    for name in _imports(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or top in allowed | {"skuhas"}, name


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_low_layers_name_their_optional_libraries(path):
    part = _part(path)
    if part not in OUTSIDE or part == "_common":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "optional_import":
            assert id(node) in inside, "an optional library is imported on use"
            top = ast.literal_eval(node.args[0]).split(".")[0]
            assert top in OPTIONAL.get(part, set()), f"{_name(path)} imports {top}"


def test_no_circle_among_modules():
    graph = {}
    for path in MODULES:
        if _part(path) in TOP:
            continue
        uses = {
            name
            for name in _imports(path)
            if name in NAMES
            and name != "skuhas"
            and (_name(path), name) not in EXCEPTIONS
        }
        # A part's __init__ re-exports; its modules may not go through it.
        graph[_name(path)] = uses - {_name(path)}
    state = {}

    def visit(name, trail):
        if state.get(name) == "done":
            return
        assert state.get(name) != "open", " -> ".join([*trail, name])
        state[name] = "open"
        for used in graph.get(name, ()):
            visit(used, [*trail, name])
        state[name] = "done"

    for name in graph:
        visit(name, [])


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_hold_one_idea(path):
    parts = path.relative_to(ROOT).parts
    if path.name == "__init__.py" and len(parts) > 1:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = (ast.Expr, ast.ImportFrom, ast.Assign)
        assert all(isinstance(node, kinds) for node in tree.body), "only re-exports"
        names = [n.targets[0].id for n in tree.body if isinstance(n, ast.Assign)]
        assert names == ["__all__"]
    elif len(parts) > 1:
        assert path.name.startswith("_"), "modules inside a part are private"
