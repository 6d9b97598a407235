"""segment_images: what it writes, what it goes on with, what it refuses."""

import errno
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.exceptions import NotFittedError

import skuhas
from skuhas import (
    BatchError,
    ColorFeatures,
    HierarchicalSpectralSegmenter,
    RegionTree,
    WeightsNotFound,
    read_manifest,
    segment_images,
)
from skuhas.batch import _parameters
from skuhas.batch._images import content_of


def counting(monkeypatch):
    """Record the sources of the maps that are segmented."""
    seen = []
    original = HierarchicalSpectralSegmenter.predict

    def predict(self, X):
        seen.append(X[0].source)
        return original(self, X)

    monkeypatch.setattr(HierarchicalSpectralSegmenter, "predict", predict)
    return seen


def stop_at(monkeypatch, number, error):
    """Let the segmentation of one image raise."""
    original = HierarchicalSpectralSegmenter.predict
    calls = []

    def predict(self, X):
        calls.append(X)
        if len(calls) == number:
            raise error
        return original(self, X)

    monkeypatch.setattr(HierarchicalSpectralSegmenter, "predict", predict)


def stems(sources):
    return [source[-5:-4] for source in sources]


# --------------------------------------------------------------------- results


def test_trees_are_the_library_s_own(pictures, undisturbed):
    manifest = read_manifest(undisturbed)
    features = ColorFeatures(image_size=48)
    segmenter = HierarchicalSpectralSegmenter()
    names = []
    for record, tree in manifest.trees():
        (expected,) = segmenter.predict(features.transform([record.source]))
        assert tree == expected
        assert record.shape == tree.shape == (40, 48)
        assert (record.n_leaves, record.n_nodes) == (tree.n_leaves, tree.n_nodes)
        assert record.tree == f"{record.name}.npz"
        assert record.source == str(pictures / f"{record.name}.png")
        assert record.seconds > 0
        names.append(record.name)
    expected = [*"124578", *(f"sub/{n}" for n in (0, 3, 6, 9))]
    assert names == expected
    assert (manifest.n_images, manifest.n_done, manifest.n_failed) == (10, 10, 0)


def test_the_manifest_holds_parameters_and_versions(undisturbed):
    manifest = read_manifest(undisturbed)
    features = manifest.parameters["features"]
    segmenter = manifest.parameters["segmenter"]
    assert features["class"].endswith(".ColorFeatures")
    assert features["image_size"] == 48
    allowed = set(HierarchicalSpectralSegmenter().get_params())
    assert set(segmenter) - {"class"} == allowed - {"n_jobs", "verbose", "memory"}
    assert manifest.parameters["levels"] is None
    assert manifest.parameters["n_threads"] == 1
    assert manifest.versions["skuhas"] == skuhas.__version__
    assert manifest.versions["numpy"] == np.__version__
    assert manifest.started <= manifest.finished
    assert json.loads(manifest.path.read_text())["n_images"] == 10


def test_nothing_else_is_left(undisturbed, results):
    _, files = results(undisturbed)
    assert len(files) == 10
    assert all(name.endswith(".npz") for name in files)


def test_lists_and_dicts_of_images(few, tmp_path, estimators, results):
    segment_images(few, tmp_path / "folder", **estimators)
    paths = sorted(few.iterdir())
    segment_images(paths, tmp_path / "list", **estimators)
    assert results(tmp_path / "list") == results(tmp_path / "folder")
    arrays = {f"x/{path.stem}": np.asarray(Image.open(path)) for path in paths}
    manifest = segment_images(arrays, tmp_path / "dict", **estimators)
    for record, tree in manifest.trees():
        assert record.source is None
        same = tmp_path / "folder" / f"{record.name.removeprefix('x/')}.npz"
        assert tree == RegionTree.load(same)


def test_pictures_on_request(few, tmp_path, estimators):
    segment_images(few, tmp_path / "out", levels=[2, 3], **estimators)
    made = sorted(path.name for path in (tmp_path / "out").glob("0*"))
    assert made == ["0.npz", "0_2.png", "0_3.png", "0_sheet.png"]
    tree = RegionTree.load(tmp_path / "out" / "0.npz")
    with Image.open(tmp_path / "out" / "0_3.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), tree.labels(n_regions=3))


def test_pictures_never_write_over_an_image(few, tmp_path, estimators):
    shutil.copy(few / "0.png", few / "0_2.png")
    before = (few / "0_2.png").read_bytes()
    with pytest.raises(ValueError, match="pictures of the levels would lie among the"):
        segment_images(few, few, levels=[2], **estimators)
    assert (few / "0_2.png").read_bytes() == before
    segment_images(few, few, **estimators)


def test_pictures_never_become_images_of_the_next_run(few, tmp_path, estimators):
    below = tmp_path / "data" / "x"
    shutil.copytree(few, below)
    shutil.copytree(few, tmp_path / "data" / "y")
    both = [below, tmp_path / "data" / "y"]
    for images, out in (
        (few, few),
        ([few / "0.png"], few),
        # Names keep the folders that the images are in.
        (tmp_path / "data", tmp_path / "data"),
        (both, tmp_path / "data"),
    ):
        with pytest.raises(ValueError, match="for one the next time") as caught:
            segment_images(images, out, levels=[2], **estimators)
        assert "(--levels, --pictures)" in str(caught.value)
    assert len(list(tmp_path.rglob("*.*"))) == 9
    # A folder inside is passed over by the search.
    for _ in range(2):
        manifest = segment_images(
            few, few / "out", levels=[2], resume=True, **estimators
        )
        assert manifest.n_images == 3


def test_without_features_the_default_is_taken(few, tmp_path):
    pytest.importorskip("torch")
    manifest = segment_images(few, tmp_path / "out")
    assert manifest.parameters["features"]["class"].endswith(".LiteFeatures")


# -------------------------------------------------------------------- failures


def test_failures_are_recorded_and_cost_no_other(few, tmp_path, estimators):
    (few / "1.png").write_bytes((few / "1.png").read_bytes()[:60])
    with pytest.warns(RuntimeWarning, match="1 of 3 images failed"):
        manifest = segment_images(few, tmp_path / "out", **estimators)
    assert [record.status for record in manifest.records()] == [
        "done",
        "failed",
        "done",
    ]
    (failure,) = manifest.failures()
    assert str(few / "1.png") in failure.error
    assert "X[0]" not in failure.error
    assert failure.tree is None
    assert len(list(manifest.trees())) == 2


def test_a_failure_takes_the_tree_of_an_earlier_run_away(few, tmp_path, estimators):
    out = tmp_path / "out"
    segment_images(few, out, **estimators)
    (few / "1.png").write_text("no image")
    with pytest.warns(RuntimeWarning):
        segment_images(few, out, restart=True, **estimators)
    assert sorted(path.name for path in out.glob("*.npz")) == ["0.npz", "2.npz"]


def test_want_of_memory_comes_with_a_hint(few, tmp_path, estimators, monkeypatch):
    stop_at(monkeypatch, 2, MemoryError("Unable to allocate 3 TiB"))
    with pytest.warns(RuntimeWarning):
        manifest = segment_images(few, tmp_path / "out", **estimators)
    (failure,) = manifest.failures()
    assert failure.name == "1"
    assert "not enough memory for this image; fewer jobs" in failure.error
    assert "3 TiB" in failure.error


def test_what_failed_is_tried_again(few, tmp_path, estimators, monkeypatch, results):
    segment_images(few, tmp_path / "whole", **estimators)
    whole = (few / "1.png").read_bytes()
    (few / "1.png").write_text("no image")
    out = tmp_path / "out"
    with pytest.warns(RuntimeWarning):
        segment_images(few, out, **estimators)
    (few / "1.png").write_bytes(whole)
    seen = counting(monkeypatch)
    manifest = segment_images(few, out, resume=True, **estimators)
    assert stems(seen) == ["1"]
    assert manifest.n_failed == 0
    assert results(out) == results(tmp_path / "whole")


@pytest.mark.parametrize(
    "error",
    [WeightsNotFound("no weights"), ImportError("no torch"), BatchError("x")],
    ids=lambda error: type(error).__name__,
)
def test_what_holds_for_all_images_ends_the_run(
    error, few, tmp_path, estimators, monkeypatch
):
    stop_at(monkeypatch, 2, error)
    with pytest.raises(type(error), match=str(error)) as caught:
        segment_images(few, tmp_path / "out", **estimators)
    assert caught.value.__notes__ == [
        "1 of 3 images are done; the same call with resume=True goes on from there."
    ]
    assert [path.name for path in (tmp_path / "out").glob("*.npz")] == ["0.npz"]


def test_an_estimator_that_shows_to_be_unfitted_ends_the_run(few, tmp_path):
    segmenter = HierarchicalSpectralSegmenter(whiten=True)
    features = ColorFeatures(image_size=32)
    # Nothing of scikit-learn's own.
    wrapped = SimpleNamespace(predict=segmenter.predict)
    out = tmp_path / "out"
    with pytest.raises(NotFittedError):
        segment_images(few, out, features=features, segmenter=wrapped)
    # No image is done, so that there is nothing in the way of another run.
    segment_images(few, out, features=features)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_full_disk_ends_the_run(
    number, few, tmp_path, estimators, monkeypatch, results
):
    out = tmp_path / "out"
    segment_images(few, tmp_path / "whole", **estimators)
    original = RegionTree.save
    with monkeypatch.context() as patch:

        def save(self, path):
            if path.name == "1.npz":
                # Without the path, as it comes from writing.
                raise OSError(number, "no room")
            original(self, path)

        patch.setattr(RegionTree, "save", save)
        with pytest.raises(OSError, match="no room") as caught:
            segment_images(few, out, **estimators)
    assert caught.value.errno == number
    assert str(out / "1.npz") in str(caught.value)
    assert [path.name for path in out.glob("*.npz")] == ["0.npz"]
    segment_images(few, out, resume=True, **estimators)
    assert results(out) == results(tmp_path / "whole")


def test_a_name_that_is_too_long_costs_no_other(few, tmp_path, estimators):
    images = {"x" * 300: few / "0.png", "y": few / "1.png"}
    with pytest.warns(RuntimeWarning):
        manifest = segment_images(images, tmp_path, **estimators)
    assert [record.status for record in manifest.records()] == ["failed", "done"]


def test_ctrl_c_keeps_what_is_done(few, tmp_path, estimators, monkeypatch, results):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        stop_at(patch, 3, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt) as caught:
            segment_images(few, out, **estimators)
    assert caught.value.__notes__[0].startswith("2 of 3 images are done; ")
    with pytest.raises(BatchError, match="no finished run"):
        read_manifest(out)
    seen = counting(monkeypatch)
    segment_images(few, out, resume=True, **estimators)
    assert stems(seen) == ["2"]
    segment_images(few, tmp_path / "whole", **estimators)
    assert results(out) == results(tmp_path / "whole")


# ---------------------------------------------------------------------- resume


def interrupt(few, out, estimators):
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, 2, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            segment_images(few, out, **estimators)


def test_resume_in_an_empty_folder_starts(few, tmp_path, estimators):
    assert segment_images(few, tmp_path / "out", resume=True, **estimators).n_done == 3


def test_a_finished_run_is_not_written_over(few, tmp_path, estimators, monkeypatch):
    out = tmp_path / "out"
    segment_images(few, out, **estimators)
    before = {path: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(BatchError, match=r"a finished run .*--resume\), or forget it"):
        segment_images(few, out, **estimators)
    other = estimators | {"features": ColorFeatures(image_size=32)}
    with pytest.raises(BatchError, match=r"a finished run with other .*") as caught:
        segment_images(few, out, **other)
    assert "\n  features.image_size: 48 in the folder, 32 now\n" in str(caught.value)
    assert "--resume" not in str(caught.value)
    assert "restart=True (--restart)" in str(caught.value)
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    seen = counting(monkeypatch)
    segment_images(few, out, restart=True, **other)
    assert stems(seen) == ["0", "1", "2"]


def test_a_file_of_another_program_is_not_written_over(few, tmp_path, estimators):
    manifest = tmp_path / "out" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text('{"name": "an app"}')
    with pytest.raises(BatchError, match=r"is not a manifest of skuhas: .*--restart"):
        segment_images(few, manifest.parent, **estimators)
    assert manifest.read_text() == '{"name": "an app"}'


def test_a_run_of_which_nothing_is_done_counts_as_none(few, tmp_path, estimators):
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, 1, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            segment_images(few, out, **estimators)
    assert (out / "journal.jsonl").exists()
    manifest = segment_images(few, out, features=ColorFeatures(image_size=32))
    assert manifest.n_done == 3


def test_a_restart_killed_at_its_start_leaves_the_run_before(few, tmp_path, estimators):
    out = tmp_path / "out"
    segment_images(few, out, **estimators)
    manifest = (out / "manifest.json").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, 1, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            segment_images(few, out, restart=True, **estimators)
    # As if the journal had been written and the manifest not yet removed.
    (out / "manifest.json").write_bytes(manifest)
    with pytest.raises(BatchError, match="a finished run is in"):
        segment_images(few, out, **estimators)


def test_an_image_that_changes_while_it_is_segmented(few, tmp_path, estimators):
    """The record never claims that the tree is of the image as it is now."""
    out = tmp_path / "out"
    original = ColorFeatures.transform

    def transform(self, X):
        maps = original(self, X)
        if X[0].endswith("1.png"):
            shutil.copy(few / "0.png", few / "1.png")
        return maps

    digest = content_of(str(few / "1.png")).digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ColorFeatures, "transform", transform)
        first = segment_images(few, out, **estimators)
    assert [record.digest for record in first.records()][1] == digest
    manifest = segment_images(few, out, resume=True, **estimators)
    trees = [tree for _, tree in manifest.trees()]
    assert trees[1] == trees[0]
    assert trees[2] != trees[0]


def other_pixels(path):
    Image.fromarray(255 - np.asarray(Image.open(path))).save(path)


def test_images_of_another_folder_are_refused(few, tmp_path, estimators):
    """Equal names are not equal images: a run is not gone on with by mistake."""
    out = tmp_path / "out"
    segment_images(few, out, **estimators)
    before = {path: path.read_bytes() for path in out.iterdir()}
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(few / "1.png", other / "1.png")
    shutil.copy(few / "1.png", other / "9.png")
    refusals = {
        f"1 (of {few / '1.png'}) would be written over by images of other paths; "
        "0, 2 would be left out": other,
        "1, 2 would be left out": [few / "0.png"],
        "0, 1, 2 would be left out": {"new": few / "0.png"},
    }
    other_pixels(other / "1.png")
    for text, images in refusals.items():
        message = re.escape(f"other images than these: {text}. Use")
        with pytest.raises(BatchError, match=message) as caught:
            segment_images(images, out, resume=True, **estimators)
        assert not hasattr(caught.value, "__notes__")
        assert {path: path.read_bytes() for path in out.iterdir()} == before
    # Also where they are gone, unless others show that it is the same folder.
    few.rename(tmp_path / "moved")
    with pytest.raises(BatchError, match="0, 1, 2 would be left out"):
        segment_images([other / "9.png"], out, resume=True, **estimators)
    assert segment_images(other, out, restart=True, **estimators).n_images == 2


def test_refusals_name_a_few_of_many(few, tmp_path, estimators):
    for name in "345678":
        shutil.copy(few / "0.png", few / f"{name}.png")
    segment_images(few, tmp_path / "out", **estimators)
    with pytest.raises(BatchError, match="1, 2, 3, 4, 5 and 3 more would be left out"):
        segment_images([few / "0.png"], tmp_path / "out", resume=True, **estimators)


def test_ctrl_c_while_images_are_compared(few, tmp_path, estimators, monkeypatch):
    out = tmp_path / "out"
    interrupt(few, out, estimators)
    before = (out / "journal.jsonl").read_bytes()

    def is_unchanged(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("skuhas.batch._resume.is_unchanged", is_unchanged)
    with pytest.raises(KeyboardInterrupt) as caught:
        segment_images(few, out, resume=True, **estimators)
    assert "the same call with resume=True goes on" in caught.value.__notes__[0]
    assert (out / "journal.jsonl").read_bytes() == before


def test_resuming_a_finished_run_does_nothing(few, tmp_path, estimators, monkeypatch):
    first = segment_images(few, tmp_path / "out", **estimators)
    seen = counting(monkeypatch)
    again = segment_images(few, tmp_path / "out", resume=True, **estimators)
    assert seen == []
    assert list(again.records()) == list(first.records())


def test_an_unfinished_run_is_not_written_over(few, tmp_path, estimators, monkeypatch):
    out = tmp_path / "out"
    interrupt(few, out, estimators)
    with pytest.raises(BatchError, match=r"--resume\), or forget it by .*--restart"):
        segment_images(few, out, **estimators)
    seen = counting(monkeypatch)
    segment_images(few, out, restart=True, **estimators)
    assert stems(seen) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"segmenter": HierarchicalSpectralSegmenter(max_ncut=0.3)},
            "segmenter.max_ncut: None in the folder, 0.3 now",
        ),
        (
            {"features": ColorFeatures(image_size=48, stride=8)},
            "features.stride: 4 in the folder, 8 now",
        ),
        ({"levels": [2]}, "levels: None in the folder, [2] now"),
        ({"n_threads": 2}, "n_threads: 1 in the folder, 2 now"),
    ],
)
def test_other_parameters_are_refused(changes, line, few, tmp_path, estimators):
    for out, stop in ((tmp_path / "a", True), (tmp_path / "b", False)):
        if stop:
            interrupt(few, out, estimators)
        else:
            segment_images(few, out, **estimators)
        before = {path: path.read_bytes() for path in out.iterdir()}
        with pytest.raises(BatchError, match=re.escape(f"\n  {line}\n")) as caught:
            segment_images(few, out, resume=True, **estimators | changes)
        assert str(caught.value).count(" now") == 1
        assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_other_versions_are_refused(few, tmp_path, estimators, monkeypatch):
    interrupt(few, tmp_path / "out", estimators)
    newer = _parameters.versions() | {"scipy": "99.0"}
    monkeypatch.setattr("skuhas.batch._resume.versions", lambda: newer)
    with pytest.raises(BatchError, match=r"version of scipy: .* '99\.0' now"):
        segment_images(few, tmp_path / "out", resume=True, **estimators)


def test_parameters_without_effect_may_change(few, tmp_path, estimators):
    interrupt(few, tmp_path / "out", estimators)
    estimators["segmenter"].set_params(verbose=1, n_jobs=2, memory=str(tmp_path / "m"))
    segment_images(few, tmp_path / "out", resume=True, **estimators)


def test_changed_lost_and_new_images_are_done_again(
    few, tmp_path, estimators, monkeypatch, results
):
    out = tmp_path / "out"
    for name in "3456":
        shutil.copy(few / "0.png", few / f"{name}.png")
    segment_images(few, out, **estimators)
    # 0: other content. 1: touched alone. 2: gone. 3: its tree is gone. 4: its
    # tree is short. 7: new.
    pixels = np.asarray(Image.open(few / "0.png"))
    Image.fromarray(pixels[::-1]).save(few / "0.png")
    (few / "1.png").touch()
    (few / "2.png").unlink()
    (out / "3.npz").unlink()
    (out / "4.npz").write_bytes((out / "4.npz").read_bytes()[:-1])
    shutil.copy(few / "5.png", few / "7.png")
    seen = counting(monkeypatch)
    manifest = segment_images(few, out, resume=True, **estimators)
    assert stems(seen) == ["0", "3", "4", "7"]
    assert [record.name for record in manifest.records()] == list("0134567")
    segment_images(few, tmp_path / "whole", **estimators)
    (out / "2.npz").unlink()
    assert results(out) == results(tmp_path / "whole")


def test_the_same_images_under_another_path(few, tmp_path, estimators, monkeypatch):
    interrupt(few, tmp_path / "out", estimators)
    moved = tmp_path / "moved"
    shutil.copytree(few, moved)
    seen = counting(monkeypatch)
    manifest = segment_images(moved, tmp_path / "out", resume=True, **estimators)
    assert stems(seen) == ["1", "2"]
    assert {record.source[:-6] for record in manifest.records()} == {str(moved)}


def test_batches_are_the_same_after_a_resume(few, tmp_path, monkeypatch):
    for name in "345678":
        shutil.copy(few / "0.png", few / f"{name}.png")
    features = ColorFeatures(image_size=48, batch_size=2)
    batches = []
    original = ColorFeatures.transform

    def transform(self, X):
        batches.append("".join(stems(X)))
        return original(self, X)

    monkeypatch.setattr(ColorFeatures, "transform", transform)
    with monkeypatch.context() as patch:
        stop_at(patch, 4, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            segment_images(few, tmp_path / "out", features=features)
    seen = counting(monkeypatch)
    segment_images(few, tmp_path / "out", features=features, resume=True)
    assert batches == ["01234567", "01234567", "8"]
    assert stems(seen) == list("345678")


# ------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"backend": "mpi"}, ValueError, "backend must be one of"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be a whole number other than 0"),
        ({"n_jobs": "2"}, TypeError, "n_jobs must be an integer"),
        ({"n_threads": 0}, ValueError, "n_threads must be an integer in"),
        ({"scheduler": "tcp://a:1"}, ValueError, "scheduler needs backend='dask'"),
        ({"resume": True, "restart": True}, ValueError, "exclude each other"),
        ({"levels": [0]}, ValueError, "levels must be an integer in"),
        ({"levels": 4}, TypeError, "levels must be a sequence of numbers of regions"),
        ({"levels": "2,4"}, TypeError, "levels must be a sequence of numbers of"),
        ({"features": "lite"}, TypeError, "features must have a method transform"),
        (
            {"features": ColorFeatures},
            TypeError,
            "features must be an instance, such as ColorFeatures(), got the class",
        ),
        (
            {"segmenter": HierarchicalSpectralSegmenter(whiten=True)},
            NotFittedError,
            "HierarchicalSpectralSegmenter instance is not fitted yet",
        ),
        ({"segmenter": 3}, TypeError, "segmenter must have a method predict"),
        ({"features": ColorFeatures(stride=0)}, ValueError, "stride must be"),
        (
            {"segmenter": HierarchicalSpectralSegmenter(max_ncut=-1)},
            ValueError,
            "max_ncut must be",
        ),
        (
            {"segmenter": HierarchicalSpectralSegmenter(random_state=None)},
            ValueError,
            "segmenter.random_state must be an integer, so that",
        ),
    ],
)
def test_parameters_are_checked_before_anything_is_written(
    changes, error, message, few, tmp_path, estimators
):
    with pytest.raises(error, match=re.escape(message)):
        segment_images(few, tmp_path / "out", **estimators | changes)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(few, tmp_path, estimators, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"out='.*' cannot be made: Not a directory"):
        segment_images(few, tmp_path / "file" / "out", **estimators)
    with pytest.raises(NotADirectoryError, match=r"out='.*' is a file, not a folder"):
        segment_images(few, tmp_path / "file", **estimators)

    def touch(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.touch", touch)
    with pytest.raises(OSError, match="cannot be written to: Permission denied"):
        segment_images(few, tmp_path / "new" / "out", **estimators)
    # It was made for nothing.
    assert not (tmp_path / "new").exists()


def test_damaged_files_of_a_run(few, tmp_path, estimators):
    segment_images(few, tmp_path / "out", **estimators)
    path = tmp_path / "out" / "manifest.json"
    text = path.read_text()
    for damaged in (text[:50], "[]", text.replace('"version": 1', '"version": 9')):
        path.write_text(damaged)
        with pytest.raises(BatchError, match="is not a manifest of skuhas"):
            read_manifest(tmp_path / "out")
    path.write_text(text.replace('"status"', '"state"', 1))
    with pytest.raises(BatchError, match="its image 0 cannot be read"):
        list(read_manifest(tmp_path / "out").records())
    (tmp_path / "out" / "journal.jsonl").write_text("{")
    with pytest.raises(BatchError, match="--restart"):
        segment_images(few, tmp_path / "out", resume=True, **estimators)
    segment_images(few, tmp_path / "out", restart=True, **estimators)
