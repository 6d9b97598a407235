"""The measures of examples/benchmarks/refinement.py, on what is known."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="the benchmark takes features of networks")
pytest.importorskip("pydensecrf", reason="needs pydensecrf2 (extra crf)")

from skuhas import ColorFeatures, DenseCRF, HierarchicalSpectralSegmenter
from skuhas import make_nested_scene as make_scene

FOLDER = Path(__file__).parents[2] / "examples" / "benchmarks"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the benchmark scripts are not here"
)


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location(
        "refinement", FOLDER / "refinement.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_boundaries_are_right_within_the_tolerance(benchmark):
    def split(column):
        return (np.arange(40) >= column).astype(int)[None].repeat(10, axis=0)

    measure = benchmark.boundary_f_measure
    assert measure(split(20), [split(20)]) == 1
    assert measure(split(22), [split(20)]) == 1
    assert measure(split(23), [split(20)]) == 0
    # Right for one annotator; half of all annotators' boundaries found.
    assert measure(split(30), [split(20), split(30)]) == pytest.approx(2 / 3)
    assert measure(np.zeros((10, 40), dtype=int), [split(20)]) == 0


def test_intervals_hold_the_mean_and_narrow(benchmark):
    random = np.random.default_rng(0)
    values = random.normal(loc=1.0, size=400)
    low, high = benchmark.interval(values)
    assert low < values.mean() < high
    # 1.96 standard errors on either side.
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.1)
    assert benchmark.interval([0.25] * 5) == pytest.approx([0.25, 0.25])


def test_what_is_measured(benchmark, tmp_path):
    scenes = [make_scene((48, 64), depth=2, random_state=i) for i in range(2)]
    samples = []
    for number, scene in enumerate(scenes):
        path = tmp_path / f"{number}.png"
        Image.fromarray(scene.image).save(path)
        samples.append((path, lambda path: [scenes[int(path.stem)].label_map]))
    segmenters = {"own": HierarchicalSpectralSegmenter()}
    features = ColorFeatures(image_size=64)
    measured = benchmark.measure(samples, features, segmenters, DenseCRF(inertia=1e6))
    before, after, seconds = measured["own"]
    assert before.shape == (2, len(benchmark.NAMES))
    np.testing.assert_array_equal(before, after)
    assert (seconds > 0).all()
    maps = features.transform([scenes[0].image])
    (tree,) = segmenters["own"].predict(maps)
    expected = benchmark.scores(tree, [scenes[0].label_map])
    np.testing.assert_allclose(before[0], expected)
