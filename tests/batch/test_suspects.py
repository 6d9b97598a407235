"""Images that kill the process of the run itself, and those under way by chance."""

import os
import signal
import threading

import numpy as np
import pytest
from PIL import Image

from skuhas import HierarchicalSpectralSegmenter, segment_images
from skuhas.batch import _journal, _suspects
from skuhas.batch._journal import Journal
from skuhas.batch._manifest import ImageRecord

needs_fork = pytest.mark.skipif(os.name == "nt", reason="forks, and sends signals")


def in_child(function):
    """Run a function in a fork, and return how that ended."""
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def segmenter_killed_by(victim):
    """Return a segmenter that one picture kills. Local, so that workers get it."""

    def superpixels(image):
        if np.array_equal(image, victim):
            os.kill(os.getpid(), signal.SIGKILL)
        rows, columns = np.indices(image.shape[:2]) // 8
        return rows * 100 + columns

    return HierarchicalSpectralSegmenter(superpixels=superpixels)


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_an_image_that_kills_the_run_is_recorded_as_failed(few, tmp_path, estimators):
    out = tmp_path / "out"
    common = estimators | {"segmenter": segmenter_killed_by(pixels(few / "0.png"))}
    # The first of all, so that nothing is done.
    assert in_child(lambda: segment_images(few, out, **common)) == -signal.SIGKILL
    assert "0" in _journal.read_suspects(out)
    with pytest.warns(RuntimeWarning, match="1 of 3 images failed"):
        manifest = segment_images(few, out, resume=True, **common)
    (failure,) = manifest.failures()
    assert failure.name == "0"
    assert "its worker was killed each time" in failure.error
    assert manifest.n_done == 2
    assert not list(out.glob(".*"))


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_whoever_was_under_way_by_chance_is_done(
    few, tmp_path, estimators, monkeypatch, results
):
    """However often a run is killed at one image, that is not held against it."""
    out = tmp_path / "out"
    segment_images(few, tmp_path / "whole", **estimators)
    alone = []

    class Here:
        """No process of its own, which a fork could not start."""

        def __init__(self, n_jobs):
            assert n_jobs == 1

        def alone(self, context, job):
            alone.extend(item.name for item in job.items)
            yield from context.outcomes(job)

    original = Journal.append

    def append(self, index, record):
        # In the process of the run, whatever process does the work.
        if record.name == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        original(self, index, record)

    def run():
        Journal.append = append
        segment_images(few, out, resume=True, **estimators)

    monkeypatch.setattr(_suspects, "LokyWorkers", Here)
    for _ in range(3):
        assert in_child(run) == -signal.SIGKILL
        assert _journal.read_suspects(out) == {"1"}
    segment_images(few, out, resume=True, **estimators)
    assert alone == ["1"]
    assert results(out) == results(tmp_path / "whole")


def test_an_end_that_is_no_death_raises_no_suspicion(few, tmp_path, estimators):
    def predict(X):
        raise KeyboardInterrupt

    estimators["segmenter"].predict = predict
    with pytest.raises(KeyboardInterrupt):
        segment_images(few, tmp_path / "out", **estimators)
    assert _journal.read_suspects(tmp_path / "out") == set()


def test_what_cannot_be_pickled_is_done_here(few, tmp_path, estimators, results):
    segment_images(few, tmp_path / "whole", **estimators)
    out = tmp_path / "out"
    out.mkdir()
    header = {"session": "x", "started": "", "parameters": {}, "versions": {}}
    Journal(out, header, [], 3, ["0", "1"]).close()
    # Locks belong to one process.
    estimators["features"].lock = threading.Lock()
    segment_images(few, out, resume=True, **estimators)
    assert results(out) == results(tmp_path / "whole")


def test_lines_of_what_is_under_way(tmp_path):
    header = {"session": "x", "started": "", "parameters": {}, "versions": {}}
    journal = Journal(tmp_path, header, [], 4, ["gone", "d"])
    assert _journal.read_suspects(tmp_path) == {"gone", "d"}
    journal.begin(["a", "b"])
    journal.append(0, ImageRecord("a", None, "done", tree="a.npz"))
    assert _journal.read_suspects(tmp_path) == {"gone", "d", "b"}
    journal.append(1, ImageRecord("b", None, "failed", error="x"))
    journal.append(3, ImageRecord("d", None, "failed", error="x"))
    journal.begin(["c"])
    assert _journal.read_suspects(tmp_path) == {"gone", "c"}
    journal.calm()
    assert _journal.read_suspects(tmp_path) == {"gone"}
    # They are no records.
    assert [record.name for record in _journal.read_records(tmp_path)] == list("abd")
    journal.append(2, ImageRecord("c", None, "done", tree="c.npz"))
    assert [record.name for record in journal.records()] == list("abcd")
    journal.close()
    text = (tmp_path / _journal.NAME).read_bytes()
    (tmp_path / _journal.NAME).write_bytes(text + b'{"under_way": ["torn')
    assert _journal.read_suspects(tmp_path) == {"gone"}
