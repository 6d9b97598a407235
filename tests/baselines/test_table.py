"""examples/benchmarks/baselines.py, in a configuration of seconds."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skuhas import make_nested_scene

pytest.importorskip("torch")

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "examples" / "benchmarks" / "baselines.py"
DATA = Path(os.environ.get("SKUHAS_SHARED", REPOSITORY.parent / "shared")) / "data"

pytestmark = pytest.mark.skipif(
    not SCRIPT.is_file(), reason="the benchmark script is not here"
)


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("baselines_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_cuts_have_as_many_nodes_as_fit(script):
    tree = make_nested_scene((60, 80), random_state=0).tree
    for n_nodes in (1, 2, 5, 9, tree.n_nodes, 1000):
        cut = script.cut_to_nodes(tree, n_nodes)
        assert cut.n_nodes <= n_nodes
        finer = tree.cut(n_regions=cut.n_leaves + 1)
        if cut.n_nodes < tree.n_nodes:
            candidates = [
                tree.cut(n_regions=n).n_nodes for n in range(1, tree.n_leaves + 1)
            ]
            assert cut.n_nodes == max(n for n in candidates if n <= n_nodes)
        assert finer.n_nodes >= cut.n_nodes


def test_intervals_hold_the_mean_and_shrink(script):
    rng = np.random.default_rng(0)
    widths = []
    for size in (25, 100, 400):
        values = rng.normal(0.1, 1.0, size)
        low, high = script.interval(values)
        assert low < values.mean() < high
        # A normal mean's interval is 3.92 standard errors wide.
        widths.append((high - low) * np.sqrt(size) / values.std())
    np.testing.assert_allclose(widths, 3.92, rtol=0.06)


@pytest.mark.skipif(not DATA.is_dir(), reason="the images are not here")
def test_the_table_is_printed():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    words = ["--data", DATA, "--features", "color", "--limit", "2", "--only", "BSDS500"]
    words += ["--method", "average-linkage", "--method", "contour-maps"]
    result = subprocess.run(
        [sys.executable, SCRIPT, *words],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    header, own, linkage, contours = (
        line.split() for line in result.stdout.splitlines()
    )
    assert header[:4] == ["data", "method", "images", "NM"]
    assert own[:3] == ["BSDS500", "skuhas", "2"]
    assert linkage[1] == "average-linkage"
    # As many leaves, so that nothing is cut.
    assert linkage[5] == own[5]
    assert linkage[7] == own[3]
    assert float(linkage[8]) == pytest.approx(
        float(own[3]) - float(linkage[3]), abs=2e-4
    )
    assert contours[1] == "contour-maps"
    assert float(contours[3]) > 0.4
