"""Links from docstrings to the pages of public names, and nothing from elsewhere.

In a docstring `name` in single backticks is a parameter, a method, or something
public. Only the last kind is linked: a name that skuhas or one of its parts
exports, with an attribute after it or not.
"""

import ast
import functools
import importlib
import pkgutil
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxRole

import skuhas

FOREIGN = (
    "dask", "distributed", "higra", "joblib", "matplotlib", "networkx", "numpy",
    "PIL", "scipy", "skimage", "sklearn", "torch", "typer",
)  # fmt: skip


def public_names():
    """Return every public name of the parts, with the place of its page."""
    found = {}
    for module in pkgutil.iter_modules(skuhas.__path__):
        if module.name.startswith("_"):
            continue
        part = importlib.import_module(f"skuhas.{module.name}")
        for name in part.__all__:
            top = name in skuhas.__all__
            found[name] = f"skuhas.{name}" if top else f"skuhas.{module.name}.{name}"
    return found


NAMES = public_names()


def resolve(written):
    """Return the full name that a reader means, or None if it is not public."""
    words = written.removeprefix("skuhas.").split(".")
    for place, word in enumerate(words[:2]):
        if word in NAMES:
            return ".".join([NAMES[word], *words[place + 1 :]])
    return None


class NameRole(SphinxRole):
    """The role of single backticks."""

    def run(self):
        literal = nodes.literal(self.rawtext, self.text, classes=["py", "py-obj"])
        target = resolve(self.text.removesuffix("()"))
        if target is None:
            return [nodes.literal(self.rawtext, self.text)], []
        reference = addnodes.pending_xref(
            self.rawtext, literal, refdomain="py", reftype="obj", reftarget=target,
            refdoc=self.env.docname, refexplicit=True,
        )  # fmt: skip
        return [reference], []


def _missing(app, env, node, content):
    """Find names that are written otherwise; show those of others as text."""
    if node.get("refdomain") != "py":
        return None
    written = node["reftarget"]
    target = resolve(written)
    if target is not None:
        # Attributes that are set in __init__ have no place of their own.
        for place in (target, target.rpartition(".")[0]):
            found = env.domains.python_domain.resolve_xref(
                env, node["refdoc"], app.builder, "obj", place, node, content
            )
            if found is not None:
                return found
    return content if written.split(".")[0] in FOREIGN else None


def documented(module, name):
    """Return a class's own public methods and properties, in the order written.

    What scikit-learn or Python adds to it is left out.
    """
    kind = getattr(importlib.import_module(module), name)
    members = {}
    for base in reversed(kind.__mro__):
        if base.__module__.split(".")[0] == "skuhas":
            members |= vars(base)
    shown = {"methods": [], "attributes": []}
    for member, value in members.items():
        if member.startswith("_") or (
            member.startswith("set_") and member.endswith("_request")
        ):
            continue
        value = getattr(value, "__func__", value)
        if isinstance(value, property) or hasattr(value, "attrname"):
            shown["attributes"].append(member)
        elif callable(value) or hasattr(value, "fn"):
            shown["methods"].append(member)
    return shown


@functools.cache
def _gallery():
    """Return what the examples import from skuhas."""
    root = Path(__file__).parents[2]
    scripts = [*root.glob("examples/plot_*.py"), *root.glob("docs/tutorial/plot_*.py")]
    found = set()
    for script in scripts:
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def uses(module, name):
    """Tell whether an example imports a name, so that a minigallery has a content."""
    return f"{module}.{name}" in _gallery()


def setup(app):
    app.add_role("name", NameRole())
    app.connect("missing-reference", _missing)
    app.config.autosummary_context |= {"documented": documented, "uses": uses}
    return {"parallel_read_safe": True, "parallel_write_safe": True}
