"""Scores on real pictures, with bounds that a regression would break.

The figures are those of examples/benchmarks/quality.py on the same pictures,
less a margin for other versions of the libraries.
"""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from skuhas import HierarchicalSpectralSegmenter, LiteFeatures

REPOSITORY = Path(__file__).parents[1]
DATA = Path(os.environ.get("SKUHAS_SHARED", REPOSITORY.parent / "shared")) / "data"
BENCHMARK = REPOSITORY / "examples" / "benchmarks" / "quality.py"

needs_data = pytest.mark.skipif(
    not DATA.is_dir() or not BENCHMARK.is_file(),
    reason="the BSDS500 and CamVid images or the benchmark script are not here",
)


@pytest.fixture(scope="module")
def benchmark_module():
    spec = importlib.util.spec_from_file_location("quality", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def measured(benchmark_module):
    """Return scores of the defaults on eight pictures of each data set."""
    rows = {}
    for name, samples, scores in (
        ("bsds", benchmark_module.bsds_samples(DATA), ["nm"]),
        ("camvid", benchmark_module.camvid_samples(DATA), ["nm", "nh"]),
    ):
        functions = {
            "nm": benchmark_module.nm_covering_score,
            "nh": benchmark_module.nh_covering_score,
        }
        figures = benchmark_module.measure(
            samples[::13],
            LiteFeatures(),
            HierarchicalSpectralSegmenter(),
            [functions[score] for score in scores],
        )
        rows[name] = dict(zip([*scores, "nodes"], figures, strict=False))
    return rows


@needs_data
def test_bsds(measured):
    assert measured["bsds"]["nm"] > 0.555
    assert measured["bsds"]["nodes"] < 2400


@needs_data
def test_camvid(measured):
    assert measured["camvid"]["nm"] > 0.645
    assert measured["camvid"]["nh"] > 0.625


@needs_data
def test_locality_pays_on_natural_images(benchmark_module, measured):
    without = benchmark_module.measure(
        benchmark_module.bsds_samples(DATA)[::13],
        LiteFeatures(),
        HierarchicalSpectralSegmenter(locality=0.0),
        [benchmark_module.nm_covering_score],
    )
    assert measured["bsds"]["nm"] > without[0] + 0.01


def test_shipped_photographs_are_parsed_as_one_would():
    from skimage.data import coffee

    # The white of the cup's rim and inside, against the table top.
    maps = LiteFeatures().transform([coffee()])
    (tree,) = HierarchicalSpectralSegmenter().predict(maps)
    labels = tree.labels(n_regions=8)
    cup, table, saucer = labels[60, 250], labels[30, 480], labels[250, 120]
    assert len({cup, table, saucer}) == 3
    assert labels[200, 550] == table
    areas = np.bincount(labels.ravel())
    assert areas[table] > areas[cup]
