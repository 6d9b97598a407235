"""The scripts of examples/benchmarks/, in configurations of seconds."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse.linalg
from joblib import cpu_count

pytest.importorskip("torch")

from skuhas import (
    PAPER_SETTINGS,
    ColorFeatures,
    FeatureMap,
    HierarchicalSpectralSegmenter,
    make_nested_scene,
    nm_covering_score,
)

FOLDER = Path(__file__).parents[1] / "examples" / "benchmarks"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the benchmark scripts are not here"
)


@pytest.fixture(scope="module")
def speed():
    spec = importlib.util.spec_from_file_location("speed", FOLDER / "speed.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(script, *arguments):
    """Return the lines that a script prints, as lists of words."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, FOLDER / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    return [line.split() for line in result.stdout.splitlines()]


def starting(rows, *words):
    """Return the only row that begins with these words."""
    (row,) = (row for row in rows if row[: len(words)] == list(words))
    return row


def assert_ratio(ratio, above, below, unit):
    """Check a quotient of figures that are each rounded to a unit."""
    (above, coarse), (below, fine) = above, below
    # A little more than half a unit, for rounding of the bounds themselves.
    assert ratio <= (above + 0.51 * coarse) / (below - 0.51 * fine) + 0.51 * unit
    assert ratio >= (above - 0.51 * coarse) / (below + 0.51 * fine) - 0.51 * unit


def test_exponents_are_those_of_powers(speed):
    sizes = np.array([10.0, 100.0, 500.0])
    slope, offset = speed.exponent(sizes, 3 * sizes**1.25)
    assert (slope, np.exp(offset)) == pytest.approx((1.25, 3.0))


@pytest.mark.parametrize("metric", [True, False])
def test_literal_leaves_find_what_is_there(speed, metric, monkeypatch):
    tokens = np.eye(4)[np.arange(40).reshape(5, 8) // 10]
    # Blocks that are apart but for noise, which keeps the spectrum simple.
    tokens = tokens + np.random.default_rng(0).normal(scale=0.02, size=tokens.shape)
    metrics = []
    solver = scipy.sparse.linalg.eigsh

    def eigsh(matrix, *, M, **keywords):
        metrics.append(M)
        return solver(matrix, M=M, **keywords)

    monkeypatch.setattr(scipy.sparse.linalg, "eigsh", eigsh)
    labels = speed.literal_leaves(tokens, 4, metric=metric).ravel()
    (found,) = metrics
    if metric:
        np.testing.assert_array_equal(found, np.eye(40))
    else:
        assert found is None
    parts = {frozenset(np.flatnonzero(labels == label)) for label in range(4)}
    assert parts == {frozenset(range(i, i + 10)) for i in range(0, 40, 10)}


def test_tokens_are_unit_vectors_that_repeat(speed):
    tokens = speed.make_tokens(6, 9, 16)
    assert tokens.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(tokens, axis=2), 1, rtol=1e-6)
    np.testing.assert_array_equal(tokens, speed.make_tokens(6, 9, 16))


def test_given_leaves_get_the_tree_of_the_papers_settings(speed):
    from skuhas.superpixels import token_superpixels

    tokens = speed.make_tokens(20, 24, 16)
    image = make_nested_scene((40, 48), random_state=0).image
    item = FeatureMap(tokens, image=image)
    (expected,) = HierarchicalSpectralSegmenter(**PAPER_SETTINGS).predict([item])
    leaves = token_superpixels(tokens, "spectral", n_leaves=200)
    tree = speed.paper_tree(leaves, item)
    np.testing.assert_array_equal(tree.parents, expected.parents)
    np.testing.assert_array_equal(tree.leaf_labels, expected.leaf_labels)
    np.testing.assert_allclose(tree.ncut, expected.ncut, rtol=1e-4)


def test_speed_prints_its_tables(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "scaling.png"
    small = ["--turns", 1, "--width", 8, "--leaves", 5, "--limit", 1]
    sizes = ["--grids", "10x12", "24x25", "--leaves-grid", "24x25"]
    tables = ["scaling", "leaves", "defaults"]
    chosen = [word for table in tables for word in ("--table", table)]
    rows = lines(
        "speed.py", *chosen, *small, *sizes, "--features", "color", "--plot", picture
    )

    header = starting(rows, "tokens", "grid")
    assert header == ["tokens", "grid", "seconds", "peak", "MiB", "leaves"]
    for row, n_tokens in zip(rows[rows.index(header) + 1 :], (120, 600), strict=False):
        assert int(row[0]) == n_tokens
        assert float(row[2]) > 0
        assert 20 < float(row[3]) < 2000
        assert row[4] == "5"
    assert starting(rows, "exponent", "of", "time:")
    assert picture.read_bytes().startswith(b"\x89PNG")

    header = starting(rows, "threads")
    names = "threads seconds ratio seconds ratio skuhas s adj. Rand"
    assert " ".join(header) == names
    counts = sorted({1, cpu_count()})
    begin = rows.index(header) + 1
    for threads, row in zip(counts, rows[begin : begin + len(counts)], strict=True):
        found, *figures, own, agreement = map(float, row)
        assert found == threads
        assert own > 0
        for literal, ratio in (figures[:2], figures[2:]):
            assert literal > 0
            assert_ratio(ratio, (literal, 0.01), (own, 0.001), 0.1)
        assert -1 <= agreement <= 1

    header = starting(rows, "pictures", "count")
    names = "pictures count leaves felzenszwalb s graph s tree s both s"
    assert " ".join(header) == names
    _, count, n_leaves, library, graph, tree, both = starting(rows, "all")
    assert count == "1"
    assert int(n_leaves) > 100
    assert float(library) > 0
    assert float(graph) > 0
    assert float(both) > 0
    # What is not the graph is the tree, each rounded by itself.
    rest = float(both) - float(graph)
    assert float(tree) == pytest.approx(rest, abs=0.0016)


def test_quality_prints_scores_of_either_kind_of_leaves(speed, capsys):
    features = ColorFeatures(image_size=160)
    speed.quality(None, 1, features)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    header = starting(rows, "picture")
    assert " ".join(header[:6]) == "picture tokens literal NM skuhas NM"
    row, mean = rows[rows.index(header) + 1 :]
    assert row[-4:] == mean[-4:]

    ((_, image, truth),) = speed.annotated(None, 1)
    (item,) = features.transform([image])
    (tree,) = HierarchicalSpectralSegmenter(**PAPER_SETTINGS).predict([item])
    leaves = speed.literal_leaves(np.asarray(item), 200, metric=False)
    trees = [speed.paper_tree(leaves, item), tree]
    expected = [nm_covering_score([truth], [tree]) for tree in trees]
    assert list(map(float, row[-4:-2])) == pytest.approx(expected, abs=6e-5)


def test_throughput_prints_its_table():
    small = ["--images", 2, "--turns", 1, "--side", 96, "--features", "color"]
    rows = lines("throughput.py", *small)
    header = starting(rows, "work")
    assert header[:6] == ["work", "1", "job", "2", "jobs", "ratio"]
    for name in (["tree"], ["features", "and", "tree"]):
        one, two, ratio = map(float, starting(rows, *name)[len(name) :])
        assert_ratio(ratio, (two, 0.01), (one, 0.01), 0.01)
    assert starting(rows, "threads")[-3:] == ["1,", "torch", "1"]


def test_large_pictures_and_what_is_found_in_them():
    rows = lines("large.py", "--scale", 16)
    assert starting(rows, "photograph")[1] == "240x135"
    panorama = starting(rows, "panorama")
    assert panorama[1] == "1250x125"
    assert 500 < int(panorama[4]) < 3000
    found = starting(rows, "discs", "of", "51", "pixels,", "so:")
    assert int(found[found.index("over") - 3]) >= 4
