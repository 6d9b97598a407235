"""`skuhas segment` on folders: what it writes and says, and its exit status."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from skuhas import HierarchicalSpectralSegmenter, RegionTree
from skuhas.cli import app

FAST = ["--features", "color", "--image-size", "64"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command line in a folder of its own."""
    runner = CliRunner()
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        words = ["segment", *map(str, arguments), *FAST]
        return runner.invoke(app, words, prog_name="skuhas")

    return call


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_gives_trees_and_a_manifest(run, pictures, tmp_path):
    result = run(pictures[0].parent, "--out", "out")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("3 trees in out, listed in manifest.json (")
    assert result.stderr == ""
    expected = ["manifest.json", "one.npz", "three.npz", "two.npz"]
    assert names(tmp_path / "out") == expected
    assert run(pictures[0], "--out", "alone").exit_code == 0
    tree = RegionTree.load(tmp_path / "alone" / "one.npz")
    assert RegionTree.load(tmp_path / "out" / "one.npz") == tree


@pytest.mark.parametrize("option", ["--resume", "--restart", "--no-pictures"])
def test_options_of_data_sets_hold_for_files_too(option, run, pictures, tmp_path):
    result = run(pictures[0], "--sample", "cat", "--leaf-size", 64, option)
    assert result.exit_code == 0, result.output
    expected = ["cat.npz", "manifest.json", "one.npz"]
    assert names(tmp_path / "skuhas-out") == expected


def test_pictures_on_request(run, pictures, tmp_path):
    folder = pictures[0].parent
    result = run(folder, "--levels", "2", "--out", "out", "--jobs", 2)
    assert result.exit_code == 0, result.output
    made = [name for name in names(tmp_path / "out") if name.startswith("one")]
    assert made == ["one.npz", "one_2.png", "one_sheet.png"]
    assert run(folder, "--pictures", "--out", "more").exit_code == 0
    assert len(names(tmp_path / "more")) == 1 + 3 * (1 + 4 + 1)


def test_failures_are_named_and_give_status_1(run, pictures, tmp_path):
    bad = pictures[0].parent / "bad[1].png"
    bad.write_text("no image")
    result = run(bad.parent, "--out", "out")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"failed '{bad}' is not an image that Pillow can read.",
        "1 of 4 images failed; --resume tries them again",
    ]
    assert result.stdout.startswith("3 trees in out, ")
    bad.unlink()
    result = run(bad.parent, "--out", "out", "--resume")
    assert result.exit_code == 0
    assert result.stderr == "3 of 3 images are done already\n"


def test_what_cannot_be_listed_is_a_usage_error(run, tmp_path):
    (tmp_path / "empty").mkdir()
    for word, what in (("empty", "holds no images"), ("nowhere/", "no such file or")):
        result = run(word, "--out", "out", "--resume")
        assert result.exit_code == 2
        assert "IMAGE" in result.stderr
        assert what in result.stderr
        assert not (tmp_path / "out").exists()


def test_folders_for_results_that_cannot_be(run, pictures, tmp_path):
    (tmp_path / "afile").write_text("")
    for images in (pictures[0].parent, pictures[0]):
        for out, text in (
            ("afile", "'afile' is a file, not a folder."),
            ("afile/x", "'afile/x' cannot be made: Not a directory."),
        ):
            result = run(images, "--out", out)
            assert result.exit_code == 2
            assert f"Invalid value for --out: {text}" in result.stderr


def test_no_folder_is_left_where_nothing_was_written(run, pictures, tmp_path):
    result = run("nowhere.png", "--out", "new/out")
    assert result.exit_code == 1
    assert result.stderr.startswith("failed no such file: 'nowhere.png'")
    folder = pictures[0].parent
    result = run(folder, "--out", folder / "..", "--levels", 2)
    assert result.exit_code == 0
    result = run(folder, "--out", folder, "--levels", 2)
    assert result.exit_code == 1
    assert "refused: out=" in result.stderr
    assert "pictures of the levels would lie among the images" in result.stderr
    assert not (tmp_path / "new").exists()


def test_ctrl_c_before_anything_is_begun(run, pictures, tmp_path, monkeypatch):
    def connected(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("skuhas.batch._run.connected", connected)
    result = run(pictures[0].parent, "--out", "out", "--backend", "dask")
    assert result.exit_code == 130
    assert result.stderr == "interrupted: nothing was begun\n"
    assert not (tmp_path / "out").exists()


def test_a_finished_run_is_not_written_over(run, pictures):
    folder = pictures[0].parent
    assert run(folder, "--out", "out").exit_code == 0
    result = run(folder, "--out", "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("refused: a finished run is in 'out'. Go on with")
    assert "(--resume)" in result.stderr
    assert run(folder, "--out", "out", "--restart").exit_code == 0


def test_an_interrupted_run_says_how_to_go_on(run, pictures, tmp_path, monkeypatch):
    original = HierarchicalSpectralSegmenter.predict
    calls = []

    def predict(self, X):
        calls.append(X)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, X)

    monkeypatch.setattr(HierarchicalSpectralSegmenter, "predict", predict)
    folder = pictures[0].parent
    result = run(folder, "--out", "out")
    assert result.exit_code == 130
    assert result.stderr == (
        "interrupted: 1 of 3 images are done; the same command with --resume goes on "
        "from there\n"
    )
    result = run(folder, "--out", "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("refused: an unfinished run is in 'out'.")
    assert "--restart" in result.stderr
    result = run(folder, "--out", "out", "--resume", "--max-depth", 3)
    assert result.exit_code == 1
    assert "\n  segmenter.max_depth: None in the folder, 3 now\n" in result.stderr
    assert run(folder, "--out", "out", "--resume").exit_code == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["n_done"] == 3


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_real_ctrl_c(jobs, pictures, tmp_path):
    out = tmp_path / "out"
    words = [sys.executable, "-W", "error", "-m", "skuhas", "segment", "--jobs", jobs]
    words += [*map(str, pictures), *[str(pictures[0])] * 300, "--out", str(out), *FAST]
    running = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches the workers too, as from a terminal.
        start_new_session=True,
    )
    for _ in range(6000):
        if len(list(out.glob("*.npz"))) > 3:
            break
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert stdout == ""
    assert stderr.startswith("interrupted: ")
    assert stderr.count("\n") == 1, stderr
    assert not list(out.glob("*.part"))
    assert not list(out.glob(".*.part"))
