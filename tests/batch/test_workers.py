"""Processes: the same trees as without, and what becomes of those that die."""

import os
import signal
import time
from types import SimpleNamespace

import joblib
import numpy as np
import pytest

from skuhas import ColorFeatures, HierarchicalSpectralSegmenter, segment_images
from skuhas.batch._workers import LokyWorkers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


def deadly(picture, flag):
    """Return superpixels that kill their process at one picture.

    Each time, or, with `flag`, once for each time that the file is there to be
    removed. Local, so that workers get it by value.
    """
    from skuhas._common import as_rgb_image

    victim = as_rgb_image(picture)

    def superpixels(image):
        if np.array_equal(image, victim):
            try:
                if flag is not None:
                    flag.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            except FileNotFoundError:
                pass
        rows, columns = np.indices(image.shape[:2]) // 8
        return rows * 100 + columns

    return HierarchicalSpectralSegmenter(superpixels=superpixels)


def test_trees_are_the_same_with_more_processes(
    pictures, undisturbed, tmp_path, estimators, results
):
    segment_images(pictures, tmp_path, n_jobs=2, **estimators)
    assert results(tmp_path) == results(undisturbed)


def test_a_worker_that_dies_once_costs_nothing(pictures, tmp_path, results, capfd):
    flag = tmp_path / "flag"
    segmenter = deadly(pictures / "4.png", flag)
    common = {"features": ColorFeatures(image_size=48), "segmenter": segmenter}
    segment_images(pictures, tmp_path / "whole", **common)
    flag.touch()
    manifest = segment_images(pictures, tmp_path / "out", n_jobs=2, verbose=1, **common)
    assert not flag.exists()
    assert manifest.n_done == 10
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    assert "workers were killed; going on with" in capfd.readouterr().err


def test_an_image_that_kills_its_workers_is_recorded(pictures, tmp_path, estimators):
    estimators["segmenter"] = deadly(pictures / "4.png", None)
    with pytest.warns(RuntimeWarning, match="1 of 10 images failed"):
        manifest = segment_images(pictures, tmp_path, n_jobs=2, **estimators)
    (failure,) = manifest.failures()
    assert failure.name == "4"
    assert "its worker was killed each time" in failure.error
    assert len(list(manifest.trees())) == 9
    assert len(list(tmp_path.rglob(".*"))) == 0


def test_what_holds_for_all_images_comes_out_of_a_worker(few, tmp_path):
    from sklearn.exceptions import NotFittedError

    unfitted = HierarchicalSpectralSegmenter(whiten=True)
    segmenter = SimpleNamespace(predict=unfitted.predict)
    with pytest.raises(NotFittedError, match="not fitted") as caught:
        segment_images(
            few,
            tmp_path,
            features=ColorFeatures(image_size=32),
            segmenter=segmenter,
            n_jobs=2,
        )
    assert caught.value.__notes__[-1].startswith("0 of 3 images are done; ")


def test_threads_are_held_to_their_number(few, tmp_path):
    """A run computes with its own number of threads, and puts it back."""
    torch = pytest.importorskip("torch")
    seen = []

    class Watching(ColorFeatures):
        device = "cpu"

        def transform(self, X):
            from threadpoolctl import threadpool_info

            blas = {p["num_threads"] for p in threadpool_info() if "blas" in str(p)}
            seen.append((torch.get_num_threads(), max(blas)))
            return super().transform(X)

    before = torch.get_num_threads()
    segment_images(few, tmp_path, features=Watching(image_size=32), n_threads=3)
    assert seen == [(3, 1)] * 3
    assert torch.get_num_threads() == before


def test_lite_features_do_not_depend_on_the_number_of_jobs(few, tmp_path, results):
    pytest.importorskip("torch")
    from skuhas import LiteFeatures

    features = LiteFeatures(image_size=256)
    for n_jobs in (1, 2):
        segment_images(few, tmp_path / str(n_jobs), features=features, n_jobs=n_jobs)
    assert results(tmp_path / "1") == results(tmp_path / "2")


def test_jobs_are_taken_as_they_are_needed(monkeypatch):
    """However many jobs there are, few are made before the first ends."""
    from skuhas.batch import _workers

    made, most = 0, 0

    def jobs():
        nonlocal made
        for number in range(300):
            made += 1
            yield number

    # Local, so that workers get it by value.
    def numbered(context, number, job):
        time.sleep(0.01)
        return number, _workers.Outcome([(job, None)])

    monkeypatch.setattr(_workers, "_numbered", numbered)
    done = []
    for outcome in LokyWorkers(2).outcomes(None, jobs(), print):
        done.append(outcome.records[0][0])
        most = max(most, made - len(done))
    assert sorted(done) == list(range(300))
    assert most <= 20


@pytest.mark.parametrize("how", ["one image", "too many at once"])
def test_the_second_loss_looks_for_who_is_to_blame(how):
    from skuhas.batch._images import Item
    from skuhas.batch._work import Context, Job
    from skuhas.batch._workers import LostWorkersError, Outcome, Workers

    widths, said = [], []

    class Fake(Workers):
        n_jobs = 4

        def _round(self, context, feed, width):
            widths.append(width)
            for number, job in feed.take():
                blamed = how == "one image" and 3 in job.indices
                if blamed or (how != "one image" and width > 2):
                    raise LostWorkersError("workers were killed")
                feed.finished(number)
                undone = [single.indices[0] for single in job.singly()]
                yield Outcome([(index, "done") for index in undone])

    def jobs():
        # Chunks of two, of which the first is done in part.
        for start in range(0, 6, 2):
            items = [Item(str(n), str(n)) for n in (start, start + 1)]
            yield Job([start, start + 1], items, [start == 0, False])

    context = Context("out", "session", None, None, None, 1, {})
    outcomes = Fake().outcomes(context, jobs(), said.append)
    records = dict(entry for outcome in outcomes for entry in outcome.records)
    assert sorted(records) == [1, 2, 3, 4, 5]
    failed = [index for index, record in records.items() if record != "done"]
    if how == "one image":
        assert failed == [3]
        # All at once, again, its chunk alone, both of it alone, and the rest.
        assert widths == [4, 4, 1, 1, 1, 4]
    else:
        assert failed == []
        assert widths == [4, 4, 1, 2]
        assert said[-1] == "no image kills its worker alone: going on with 2 jobs"


def test_n_jobs_follow_joblib_s_rules():
    from skuhas.batch._workers import n_processes

    assert n_processes(None) == 1
    assert n_processes(3) == 3
    assert n_processes(-1) == joblib.cpu_count()
