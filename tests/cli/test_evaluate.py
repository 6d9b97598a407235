"""`skuhas evaluate` and `skuhas compare`: what they write and say."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from skuhas import HierarchicalSpectralSegmenter, make_nested_scene
from skuhas.cli import app

FAST = ["--features", "color", "--image-size", "48"]


@pytest.fixture
def camvid(tmp_path):
    """Write six images in the layout of CamVid."""
    root = tmp_path / "CamVid"
    for part in ("val", "valannot"):
        (root / part).mkdir(parents=True)
    for seed in range(6):
        scene = make_nested_scene((36, 48), depth=2, random_state=seed)
        labels = (scene.label_map % 12).astype(np.uint8)
        Image.fromarray(scene.image).save(root / "val" / f"{seed}.png")
        Image.fromarray(labels).save(root / "valannot" / f"{seed}.png")
    return root


@pytest.fixture
def run(tmp_path, monkeypatch, camvid):
    runner = CliRunner()
    monkeypatch.chdir(tmp_path)

    def call(*arguments, command="evaluate"):
        words = [command, *map(str, arguments)]
        if command == "evaluate":
            words += ["--root", str(camvid), *FAST]
        return runner.invoke(app, words, prog_name="skuhas")

    return call


def test_tables_and_files(run, tmp_path):
    result = run("camvid", "--method", "ward-linkage", "--limit", 4)
    assert result.exit_code == 0, result.output
    out = tmp_path / "skuhas-camvid-val"
    assert sorted(path.name for path in out.iterdir()) == [
        "cuts",
        "images.csv",
        "records.jsonl",
        "results.json",
        "sheet.png",
        "table.md",
    ]
    lines = result.stdout.splitlines()
    assert lines[0] == "camvid val, the first 4 of 6 images"
    assert "Every class and category" in lines
    assert "Classes alone" in lines
    assert "NMCovering: skuhas at no more nodes than the rival" in lines
    assert lines[-1].startswith(
        "table.md, results.json, images.csv and sheet.png in skuhas-camvid-val ("
    )
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert list(results["methods"]) == ["skuhas", "ward-linkage"]
    value = results["methods"]["skuhas"]["figures"]["nm_covering"]["value"]
    row = next(line for line in lines if line.startswith("  skuhas "))
    assert row.split()[1] == f"{100 * value:.1f}"
    classes = results["methods"]["skuhas"]["iou_by_class"]
    assert "0 Sky" in classes
    assert all(0 <= iou <= 1 for iou in classes.values())
    assert "sky/Sky" in results["methods"]["skuhas"]["iou_by_node"]


def test_all_methods(run, monkeypatch):
    from skuhas.cli import _evaluation_run
    from skuhas.evaluation import make_method

    def make(name, **parameters):
        if name == "ward-linkage":
            raise ImportError("ward-linkage needs 'ward', which could not be [found]")
        return make_method(name, **parameters)

    names = ["skuhas", "average-linkage", "ward-linkage", "contour-maps"]
    monkeypatch.setattr(_evaluation_run, "method_names", lambda: names)
    monkeypatch.setattr(_evaluation_run, "make_method", make)
    result = run("camvid", "--method", "all", "--limit", 1, "--out", "out")
    assert result.exit_code == 0, result.output
    assert "  skuhas " in result.stdout
    assert "  average-linkage " in result.stdout
    assert "ward" not in result.stdout
    assert "contour" not in result.stdout
    assert result.stderr == (
        "without ward-linkage: ward-linkage needs 'ward', which could not be [found]\n"
    )
    result = run("camvid", "--method", "ward-linkage", "--out", "other")
    assert result.exit_code == 2
    assert "--method: ward-linkage needs 'ward'" in result.stderr


def test_contour_maps(run, tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    for seed in range(6):
        contours = np.zeros((73, 97))
        contours[36], contours[:, 48] = 0.5, 0.9
        np.save(folder / f"{seed}.npy", contours)
    result = run("camvid", "--contours", f"mine={folder}", "--contours", folder)
    assert result.exit_code == 0, result.output
    assert "  mine " in result.stdout
    assert "  contour-maps " in result.stdout
    result = run("camvid", "--method", "contour-maps", "--out", "other")
    assert result.exit_code == 2
    assert "--contours: the method contour-maps reads files" in result.stderr
    result = run("camvid", "--contours", "mine=nowhere", "--out", "other")
    assert result.exit_code == 1
    assert "refused: methods['mine']: root must be a folder" in result.stderr
    (tmp_path / "empty").mkdir()
    result = run("camvid", "--contours", "mine=empty", "--out", "other")
    assert result.exit_code == 1
    assert "refused: methods['mine']: root='empty' holds no contour" in result.stderr
    assert not (tmp_path / "other").exists()


def test_settings_of_the_paper(run, tmp_path):
    more = ["--set", "max-depth=3", "--set", "max_ncut=none"]
    result = run("camvid", "--settings", "paper", "--limit", 1, "--out", "out", *more)
    assert result.exit_code == 0, result.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    settings = results["settings"]["methods"]["skuhas"]
    assert (settings["affinity"], settings["max_branching"]) == ("cosine", 10)
    assert (settings["max_depth"], settings["max_ncut"]) == (3, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["camvd"], ["DATASET", "Did you mean 'camvid'"]),
        (["camvid", "--split", "tset"], ["--split", "split must be one of"]),
        (["camvid", "--split", "test"], ["--split", "'val' can be read there"]),
        (["camvid", "--limit", 0], ["--limit", "must be at least 1, got 0"]),
        (["camvid", "--jobs", 0], ["--jobs", "must not be 0"]),
        (["camvid", "--method", "wardlinkage"], ["--method", "'ward-linkage'"]),
        (["camvid", "--set", "max_cut=3"], ["--set", "Did you mean max_ncut"]),
        (["camvid", "--set", "max_ncut=-1"], ["--set", "max_ncut must be"]),
        (["camvid", "--resume", "--restart"], ["--resume", "excludes --restart"]),
        (["bsds500"], ["--root", "Expected layout:", "data/groundTruth"]),
        (["camvid", "--hierarchy", "camvit"], ["--hierarchy", "camvid"]),
    ],
)
def test_usage_errors(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    for word in words:
        assert word in result.stderr


def test_an_empty_split(run, camvid):
    for part in ("test", "testannot"):
        (camvid / part).mkdir()
    result = run("camvid", "--split", "test")
    assert result.exit_code == 2
    assert "Invalid value for --split" in result.stderr


def test_failures_and_a_second_go(run, camvid):
    image = camvid / "val" / "2.png"
    whole = image.read_bytes()
    image.write_text("no image")
    result = run("camvid", "--out", "out")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "1 of 6 images failed; --resume tries them again"
    )
    assert f"failed cannot read the image '{image}'" in result.stderr
    result = run("camvid", "--out", "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("refused: an evaluation is in 'out' already.")
    image.write_bytes(whole)
    result = run("camvid", "--out", "out", "--resume")
    assert result.exit_code == 0
    assert result.stderr == "5 of 6 images are done already\n"


def test_images_left_out_are_counted(run, camvid):
    labels = np.full((36, 48), 11, dtype=np.uint8)
    Image.fromarray(labels).save(camvid / "valannot" / "0.png")
    result = run("camvid", "--out", "out", "--limit", 3)
    assert result.exit_code == 0
    assert "1 image left out: every pixel is ignored or background" in result.stdout
    result = run("camvid", "--out", "none", "--limit", 1)
    assert result.exit_code == 1
    assert result.stderr == "no image could be scored\n"
    assert "table.md, results.json and images.csv in none (" in result.stdout


def test_an_interrupted_run_says_how_to_go_on(run, monkeypatch):
    original = HierarchicalSpectralSegmenter.predict
    calls = []

    def predict(self, X):
        calls.append(X)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, X)

    monkeypatch.setattr(HierarchicalSpectralSegmenter, "predict", predict)
    result = run("camvid", "--out", "out")
    assert result.exit_code == 130
    assert result.stderr == (
        "interrupted: 2 of 6 images are done; the same command with --resume goes on "
        "from there\n"
    )
    result = run("camvid", "--out", "out", "--resume", "--threads", 2)
    assert result.exit_code == 1
    assert "\n  n_threads: 1 in the folder, 2 now\n" in result.stderr
    assert run("camvid", "--out", "out", "--resume").exit_code == 0


@pytest.mark.parametrize("columns", [50, 80, 200])
def test_tables_keep_names_and_figures_whole(columns):
    import io

    from rich.console import Console

    from skuhas.cli._tables import print_table
    from skuhas.evaluation import Cell, Row, Table

    names = [
        "watershed-dynamics",
        "watershed-volume",
        "a-name-of-thirty-letters-longer",
    ]
    cells = [Cell(f"{n}.5", f"{n}0.0–{n}1.0") for n in range(1, 7)]
    table = Table(
        "Flat cuts",
        ["method", *(f"covering number{n}" for n in range(1, 7))],
        [Row(name, cells) for name in names],
    )
    file = io.StringIO()
    print_table(Console(file=file, width=columns), table)
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    n_parts = sum(line.split()[:1] == ["method"] for line in lines)
    for name in names:
        assert sum(line.startswith(f"  {name} ") for line in lines) == n_parts
    for cell in cells:
        for text in (cell.text, cell.aside):
            assert sum(text in line.split() for line in lines) == len(names)
    assert (n_parts == 1) == (columns == 200)


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_a_real_ctrl_c(camvid, tmp_path):
    out = tmp_path / "out"
    for copy in range(6, 60):
        for part in ("val", "valannot"):
            (camvid / part / f"{copy}.png").symlink_to(camvid / part / "0.png")
    words = [sys.executable, "-W", "error", "-m", "skuhas", "evaluate", "camvid"]
    words += ["--root", str(camvid), "--out", str(out), "--jobs", "2", *FAST]
    running = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches the workers too, as from a terminal.
        start_new_session=True,
    )
    for _ in range(6000):
        if len(list(out.glob("cuts/*.png"))) > 3:
            break
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert stdout == ""
    assert stderr.startswith("interrupted: ")
    assert stderr.count("\n") == 1, stderr


def test_compare(run):
    for name, method in (("a", "ward-linkage"), ("b", "average-linkage")):
        assert run("camvid", "--method", method, "--out", name).exit_code == 0
    result = run("a:ward-linkage", "b:average-linkage", command="compare")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[1] == "b:average-linkage against a:ward-linkage"
    assert lines[2].startswith("6 images, the same in both runs.")
    assert any(line.startswith("  mIoU, nodes ") for line in lines)
    result = run("a", "b", "--metric", "nm_covering", command="compare")
    assert "too few images" in result.stdout
    assert "n_nodes" not in result.stdout
    for words, text in (
        (["a", "nowhere"], "refused: no evaluation in 'nowhere'"),
        (["a:ward", "b"], "got 'ward'. Did you mean 'ward-linkage'?"),
        (["a", "b", "--metric", "nm_coverin"], "Did you mean 'nm_covering'"),
    ):
        result = run(*words, command="compare")
        assert result.exit_code == 1
        assert text in result.stderr
