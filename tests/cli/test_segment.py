"""`skuhas segment`: the files it writes, what it prints, its exit status."""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import skuhas
from skuhas import RegionTree
from skuhas.cli import app
from skuhas.cli._samples import Sample, read_sample

FAST = ["--features", "color", "--image-size", "64"]


@pytest.fixture
def run(tmp_path):
    """Run a command line in a folder of its own."""
    runner = CliRunner()

    def call(*arguments):
        words = [str(word) for word in arguments]
        return runner.invoke(app, words, prog_name="skuhas")

    before = os.getcwd()  # noqa: PTH109
    os.chdir(tmp_path)
    yield call
    os.chdir(before)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def values(path):
    """Return the pixel values of a label map as labels, -1 for none."""
    with Image.open(path) as image:
        pixels = np.asarray(image).astype(int)
        none = 255 if image.mode == "P" else 65535
    return np.where(pixels == none, -1, pixels)


# ---------------------------------------------------------------------- files


def test_one_image_gives_a_tree_label_maps_and_a_sheet(run, pictures, tmp_path):
    result = run("segment", pictures[0], "--out", "a/b", "--levels", "2,5,300", *FAST)
    assert result.exit_code == 0, result.output
    out = tmp_path / "a" / "b"
    expected = ["one.npz", "one_2.png", "one_300.png", "one_5.png", "one_sheet.png"]
    assert names(out) == expected
    tree = RegionTree.load(out / "one.npz")
    assert tree.shape == (48, 64)
    for level in (2, 5, 300):
        labels = values(out / f"one_{level}.png")
        np.testing.assert_array_equal(labels, tree.labels(n_regions=level))
    with Image.open(out / "one_sheet.png") as sheet:
        assert sheet.mode == "RGB"
        assert sheet.size[0] > 4 * 300


def test_the_tree_is_the_library_s_own(run, pictures, tmp_path):
    run("segment", *pictures, "--out", tmp_path / "out", *FAST)
    maps = skuhas.ColorFeatures(image_size=64).transform(pictures)
    trees = skuhas.HierarchicalSpectralSegmenter().predict(maps)
    for path, tree in zip(pictures, trees, strict=True):
        assert RegionTree.load(tmp_path / "out" / f"{path.stem}.npz") == tree


def test_level_colours_are_those_of_the_sheet(run, pictures, tmp_path):
    run("segment", pictures[0], "--out", "out", "--levels", "3", *FAST)
    tree = RegionTree.load(tmp_path / "out" / "one.npz")
    colors = skuhas.plotting.region_colors(tree)
    with Image.open(tmp_path / "out" / "one_3.png") as image:
        shown = np.asarray(image.convert("RGB"))
    labels = tree.labels(n_regions=3)
    nodes = [
        next(n for n in range(tree.root, -1, -1) if (tree.mask(n) == inside).all())
        for inside in (labels == label for label in range(labels.max() + 1))
    ]
    np.testing.assert_array_equal(shown, colors[nodes][labels])


def test_samples_and_the_default_folder(run, tmp_path):
    result = run(
        "segment", "--sample", "cat", "--leaf-size", 80, "--levels", "2", *FAST
    )
    assert result.exit_code == 0, result.output
    out = tmp_path / "skuhas-out"
    assert names(out) == ["cat.npz", "cat.png", "cat_2.png", "cat_sheet.png"]
    np.testing.assert_array_equal(Image.open(out / "cat.png"), read_sample(Sample.cat))
    assert RegionTree.load(out / "cat.npz").shape == (300, 451)


@pytest.mark.parametrize("sample", Sample)
def test_every_sample_is_there(sample):
    image = read_sample(sample)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3


def test_equal_names_get_numbers(run, pictures, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        Image.open(pictures[0]).save(tmp_path / folder / "two.png")
    run(
        "segment",
        pictures[1],
        "x/two.png",
        "y/two.png",
        "--levels",
        2,
        "--out",
        "out",
        *FAST,
    )
    trees = [path.name for path in sorted((tmp_path / "out").glob("*.npz"))]
    assert trees == ["two-2.npz", "two-3.npz", "two.npz"]
    second, third = (RegionTree.load(tmp_path / "out" / name) for name in trees[:2])
    assert second == third


def test_a_second_run_replaces_the_files(run, pictures, tmp_path):
    for features in (FAST, [*FAST, "--max-depth", "1"]):
        run("segment", pictures[0], "--levels", "2", "--out", "out", *features)
    assert RegionTree.load(tmp_path / "out" / "one.npz").height == 1
    assert names(tmp_path / "out") == ["one.npz", "one_2.png", "one_sheet.png"]


def test_no_image_that_is_read_is_written_over(run, pictures):
    folder = pictures[0].parent
    victim = folder / "one_4.png"
    Image.open(pictures[1]).save(victim)
    before = victim.read_bytes()
    result = run("segment", victim, pictures[0], "--out", folder, *FAST)
    assert result.exit_code == 2
    assert "--out" in result.stderr
    assert "would overwrite the image" in result.stderr
    assert victim.read_bytes() == before
    assert not list(folder.glob("*.npz"))


# --------------------------------------------------------------------- output


def test_the_summary_and_the_table(run, pictures, tmp_path):
    result = run("segment", pictures[0], "--out", "out", "--nodes", 5, *FAST)
    tree = RegionTree.load(tmp_path / "out" / "one.npz")
    head, columns, *rows, last = result.stdout.splitlines()
    assert re.fullmatch(
        rf"one  64 x 48 pixels, {tree.n_leaves} leaves, {tree.n_nodes} nodes, "
        rf"{tree.height} levels, \d+\.\d s",
        head,
    )
    assert columns.split() == [
        *("node", "parent", "depth", "leaves", "area", "ncut", "perturbation")
    ]
    assert last == "Wrote 1 tree to out"
    order = sorted(range(tree.n_nodes), key=lambda n: (tree.depth[n], -tree.area[n]))
    assert len(rows) == 5
    for row, node in zip(rows, order, strict=False):
        number, parent, depth, leaves, area, ncut, perturbation = row.split()
        assert int(number) == node
        assert parent == ("-" if node == tree.root else str(tree.parents[node]))
        assert int(depth) == tree.depth[node]
        assert int(leaves) == len(tree.leaves(node))
        assert area == f"{100 * tree.area[node] / (48 * 64):.1f}%"
        if node < tree.n_leaves:
            assert (ncut, perturbation) == ("-", "-")
        else:
            assert float(ncut) == pytest.approx(tree.ncut[node], abs=5e-4)
            expected = tree.perturbation[node]
            assert float(perturbation) == pytest.approx(expected, rel=5e-3)


def test_no_table_on_request(run, pictures):
    result = run("segment", *pictures[:2], "--out", "out", "--nodes", 0, *FAST)
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert lines[-1] == "Wrote 2 trees to out"
    assert result.stderr == ""


# ------------------------------------------------------------------- failures


def test_a_bad_image_costs_no_other(run, pictures, tmp_path):
    corrupt = tmp_path / "corrupt[1].png"
    corrupt.write_bytes(pictures[0].read_bytes()[:300])
    missing = tmp_path / "a rather long name of a folder" / ("long" * 30 + ".png")
    result = run(
        "segment",
        pictures[0],
        corrupt,
        missing,
        pictures[1],
        "--out",
        "out",
        *FAST,
    )
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"failed cannot read '{corrupt}': ")
    assert lines[1] == f"failed no such file: '{missing}'."
    assert lines[2] == "2 of 4 images failed"
    assert result.stdout.splitlines()[-1] == "Wrote 2 trees to out"
    trees = [path.name for path in sorted((tmp_path / "out").glob("*.npz"))]
    assert trees == ["one.npz", "two.npz"]


def test_when_all_fail_nothing_is_said_to_be_written(run, tmp_path):
    (tmp_path / "bad.png").write_text("no image")
    result = run("segment", "bad.png", "--out", "out", *FAST)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "1 of 1 image failed" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_failure_of_any_kind_names_the_image(run, pictures, monkeypatch):
    def predict(self, X):
        raise MemoryError

    monkeypatch.setattr(skuhas.HierarchicalSpectralSegmenter, "predict", predict)
    result = run("segment", pictures[0], "--sample", "cat", "--out", "out", *FAST)
    assert result.exit_code == 1
    first, second, _ = result.stderr.splitlines()
    assert first == f"failed {pictures[0]}: MemoryError"
    assert second == "failed cat: MemoryError"


def test_ctrl_c_leaves_whole_results_and_says_how_many(run, pictures, monkeypatch):
    original = skuhas.HierarchicalSpectralSegmenter.predict
    calls = []

    def predict(self, X):
        calls.append(X)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, X)

    monkeypatch.setattr(skuhas.HierarchicalSpectralSegmenter, "predict", predict)
    result = run("segment", *pictures, "--levels", 2, "--out", "out", *FAST)
    assert result.exit_code == 130
    assert result.stderr.splitlines() == ["interrupted: 1 of 3 images written"]
    assert result.stdout.splitlines()[-1] == "Wrote 1 tree to out"


def test_the_tree_is_written_last(run, pictures, tmp_path, monkeypatch):
    def save(self, path):
        raise OSError("no space left")

    monkeypatch.setattr(RegionTree, "save", save)
    result = run("segment", pictures[0], "--levels", 2, "--out", "out", *FAST)
    assert result.exit_code == 1
    assert f"failed {pictures[0]}: no space left" in result.stderr
    assert names(tmp_path / "out") == ["one_2.png", "one_sheet.png"]


# ----------------------------------------------------------- the program itself


def program(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "skuhas", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_python_m_skuhas(pictures, tmp_path):
    out = tmp_path / "out"
    bad = tmp_path / "bad.png"
    bad.write_text("no image")
    running = program("segment", pictures[0], bad, "--out", out, "--levels", 3, *FAST)
    stdout, stderr = running.communicate(timeout=120)
    assert running.returncode == 1
    assert names(out) == ["one.npz", "one_3.png", "one_sheet.png"]
    assert stdout.startswith("one  64 x 48 pixels")
    assert stderr.startswith("failed ")
    assert "Traceback" not in stderr


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_a_real_ctrl_c_ends_with_status_130(pictures, tmp_path):
    out = tmp_path / "out"
    many = [pictures[0]] * 2000
    running = program("segment", *many, "--out", out, "--nodes", 0, *FAST)
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=120)
    assert running.returncode == 130
    # Pillow may complain of a file that was just being opened.
    said = re.search(r"^interrupted: (\d+) of 2000 images written$", stderr, re.M)
    assert said, stderr
    assert int(said[1]) == len(list(out.glob("*.npz")))
    assert not list(out.glob(".*"))


def test_boundaries_are_refined_on_request(run, pictures):
    pytest.importorskip("pydensecrf", reason="needs pydensecrf2 (extra crf)")
    from skuhas import ColorFeatures, HierarchicalSpectralSegmenter

    result = run("segment", pictures[0], "--out", "out", *FAST, "--refine", "crf")
    assert result.exit_code == 0, result.output
    maps = ColorFeatures(image_size=64).transform([pictures[0]])
    (tree,) = HierarchicalSpectralSegmenter(refine="crf").predict(maps)
    assert RegionTree.load("out/one.npz") == tree


def test_refinement_without_its_library_says_what_to_install(
    run, pictures, monkeypatch
):
    monkeypatch.setitem(sys.modules, "pydensecrf.densecrf", None)
    result = run("segment", pictures[0], "--out", "out", *FAST, "--refine", "crf")
    assert result.exit_code == 2
    assert "--refine" in result.output
    assert "skuhas[crf]" in result.output
