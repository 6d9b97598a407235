"""Settings of the documentation; `python -m sphinx -W docs OUT` builds it."""

import skuhas

project = "skuhas"
author = "the skuhas developers"
release = version = skuhas.__version__
extensions = []
exclude_patterns = ["images"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Images parsed into trees of nested regions, without labels",
    "fixed_sidebar": True,
}
# Links between the pages that name nothing are mistakes.
nitpicky = True
