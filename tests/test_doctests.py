"""The examples in the docstrings give what they say."""

import doctest
import importlib
import importlib.util
import pkgutil

import numpy as np
import pytest

import skuhas

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(skuhas.__path__, "skuhas.")
    if not module.name.endswith("__main__")
)
NEEDS_TORCH = {
    "skuhas.features._lite",
    "skuhas.features._lite_model",
    "skuhas.segmenter._estimator",
}


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.0.0",
    reason="examples show scalars as NumPy 2 prints them",
)
@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    needs_torch = name in NEEDS_TORCH
    if needs_torch and not importlib.util.find_spec("torch"):
        pytest.skip("needs torch")
    if name.endswith("_display"):
        pytest.importorskip("matplotlib")
    result = doctest.testmod(
        importlib.import_module(name),
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert result.failed == 0
