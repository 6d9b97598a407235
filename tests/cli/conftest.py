import numpy as np
import pytest
from PIL import Image

from skuhas import make_nested_scene


@pytest.fixture
def pictures(tmp_path):
    """Write three small scenes and return their paths."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = []
    for seed, name in enumerate(["one.png", "two.jpg", "three.png"]):
        scene = make_nested_scene((48, 64), depth=2, random_state=seed)
        path = folder / name
        Image.fromarray(np.asarray(scene.image)).save(path)
        paths.append(path)
    return paths


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch):
    # Messages come as one reads them, in lines wide enough not to be broken.
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setenv("TERMINAL_WIDTH", "500")
