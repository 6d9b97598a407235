"""Settings of the documentation; `python -m sphinx -W docs OUT` builds it."""

import skuhas

project = "skuhas"
author = copyright = "the skuhas developers"  # noqa: A001 - Sphinx's own word
release = version = skuhas.__version__
extensions = []
exclude_patterns = ["images"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Images parsed into trees of nested regions, without labels",
    "fixed_sidebar": True,
    # Lines of code are up to 88 letters long.
    "page_width": "1100px",
    "body_max_width": "860px",
    "body_min_width": 0,
}
# Links between the pages that name nothing are mistakes.
nitpicky = True
