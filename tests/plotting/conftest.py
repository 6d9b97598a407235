"""Figures are drawn without a screen and closed after each test."""

import importlib.util

import pytest

from skuhas import make_nested_scene


@pytest.fixture(autouse=True)
def _no_screen():
    if importlib.util.find_spec("matplotlib") is None:
        yield
        return
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    with mpl.rc_context():
        mpl.rcdefaults()
        plt.switch_backend("agg")
        yield
        plt.close("all")


@pytest.fixture(scope="session")
def scene():
    """Return a small scene of 20 leaves or so."""
    return make_nested_scene((60, 80), depth=2, random_state=3)
