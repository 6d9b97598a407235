"""Settings of the documentation; `python -m sphinx -W docs OUT` builds it.

Nothing is fetched from the network, at build or in the reader's browser. With
SKUHAS_DOCS_INTERSPHINX=1 names of NumPy, SciPy and scikit-learn become links.
"""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
# Diagrams of estimators link to the pages of the same site. They are shown on
# pages one folder below its root.
os.environ["SKUHAS_DOCUMENTATION"] = ".."

import skuhas  # noqa: E402 - the documentation's address is read on import

project = "skuhas"
author = copyright = "the skuhas developers"  # noqa: A001 - Sphinx's own word
release = version = skuhas.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "commands",
    "live_example",
    "mathml",
    "public_names",
]
exclude_patterns = ["_build", "figures", "images", "tutorial"]
templates_path = ["_templates"]
# Links between the pages that name nothing are mistakes.
nitpicky = True
# Templates get functions, which Sphinx cannot keep between builds.
suppress_warnings = ["config.cache"]
default_role = "name"

# ------------------------------------------------------------------ reference

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

if os.environ.get("SKUHAS_DOCS_INTERSPHINX") == "1":
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

# -------------------------------------------------------------------- gallery

warnings.filterwarnings("ignore", message=".*non-interactive.*", category=UserWarning)
sphinx_gallery_conf = {
    "examples_dirs": ["../examples", "tutorial"],
    "gallery_dirs": ["auto_examples", "auto_tutorial"],
    "filename_pattern": r"plot_",
    "ignore_pattern": r"__init__\.py",
    "nested_sections": False,
    "backreferences_dir": "api/backreferences",
    "doc_module": ("skuhas",),
    "reference_url": {"skuhas": None},
    "within_subsection_order": "examples_order.ExamplesOrder",
    "image_scrapers": ("matplotlib",),
    "capture_repr": ("_repr_html_", "__repr__"),
    "matplotlib_animations": False,
    "min_reported_time": 5,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "download_all_examples": False,
    "plot_gallery": "True",
    "abort_on_example_error": False,
    "remove_config_comments": True,
}

# ---------------------------------------------------------------------- pages

html_theme = "pydata_sphinx_theme"
html_title = "skuhas"
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["skuhas.css"]
html_js_files = ["skuhas.js"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "skuhas", "alt_text": "skuhas, start page"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# The start page and pages without children have nothing to list on the left.
ALONE = ("index", "installation", "auto_tutorial/*", "contributing", "changelog")
html_sidebars = {page: [] for page in (*ALONE, "references")}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def _tidy(app, exception):
    # A template of the theme's, no page.
    (Path(app.outdir) / "_static" / "webpack-macros.html").unlink(missing_ok=True)


def setup(app):
    """Connect what has no extension of its own."""
    app.connect("build-finished", _tidy)
