"""Runs: what they measure, what is wrong with single images, and being resumed."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin

from skuhas import (
    BatchError,
    ColorFeatures,
    Evaluation,
    FeatureMap,
    HierarchicalSpectralSegmenter,
    RegionTree,
    evaluate,
    nh_covering_score,
    nm_covering_score,
)
from skuhas._common import sources_digest
from skuhas.datasets import ImageDataset, Sample
from skuhas.evaluation import OURS, make_method, method_names
from skuhas.evaluation._digests import digests_of
from skuhas.evaluation._records import NAME

TIMES = ("seconds_features", "seconds_tree")


class Counting(TransformerMixin, BaseEstimator):
    """Features, and how often they were computed."""

    def __init__(self, calls):
        self.calls = calls

    def transform(self, X):
        self.calls.append(list(X))
        return ColorFeatures(image_size=48).transform(X)


class Whole(BaseEstimator):
    """A method whose trees are only a root."""

    def predict(self, X):
        return [
            RegionTree.from_parents([0], np.zeros(item.image_shape, dtype=np.int32))
            for item in X
        ]


class Failing(BaseEstimator):
    """A method that cannot do one image."""

    def __init__(self, name):
        self.name = name

    def predict(self, X):
        if self.name in str(X[0].source):
            raise ValueError("X[0]: too many legs")
        return Whole().predict(X)


class Interrupted(BaseEstimator):
    """A method during which Ctrl-C is hit."""

    def __init__(self, name):
        self.name = name

    def predict(self, X):
        if self.name in str(X[0].source):
            raise KeyboardInterrupt
        return HierarchicalSpectralSegmenter().predict(X)


def without_times(folder):
    """Return what a run wrote but for times."""
    with (folder / "images.csv").open(encoding="utf-8") as handle:
        rows = [
            {key: cell for key, cell in row.items() if key not in TIMES}
            for row in csv.DictReader(handle)
        ]
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    for name in ("started", "finished"):
        del results[name]
    for method in results["methods"].values():
        for name in TIMES:
            del method["figures"][name]
    pictures = {p.name: p.read_bytes() for p in folder.glob("**/*.png")}
    return rows, results, pictures


def test_what_is_measured(classes, fast, two_methods):
    result = evaluate(classes, two_methods, features=fast)
    assert (result.n_images, result.n_done, result.n_failed) == (5, 5, 0)
    assert result.methods == ["skuhas", "ward"]
    table = result.table()
    assert table["id"].tolist() == [f"scene{n}" for n in range(5) for _ in range(2)]
    maps = fast.transform(list(classes.images))
    targets = list(classes.targets)
    for place, method in enumerate(two_methods.values()):
        trees = method.predict(maps)
        rows = slice(place, None, 2)
        for name, score in (
            ("nm_covering", nm_covering_score),
            ("nh_covering", nh_covering_score),
        ):
            expected = score(targets, trees, per_image=True)
            np.testing.assert_allclose(table[name][rows], expected, atol=1e-8)
        assert table["n_nodes"][rows].tolist() == [tree.n_nodes for tree in trees]
    assert (table["seconds_tree"] > 0).all()


def test_features_are_computed_once_an_image(classes, two_methods):
    calls = []
    evaluate(classes, two_methods, features=Counting(calls))
    assert calls == [[path] for path in classes.images]


def test_the_reference_is_cut_to_the_rivals_nodes(classes, fast):
    few = HierarchicalSpectralSegmenter(max_depth=2)
    result = evaluate(
        classes,
        {"full": make_method(OURS), "few": few, "whole": Whole()},
        features=fast,
    )
    table = result.table()
    assert np.isnan(table["reference_n_nodes"][0::3]).all()
    for place in (1, 2):
        sizes = table["n_nodes"][place::3]
        cut = table["reference_n_nodes"][place::3]
        assert (cut <= sizes).all()
        assert (cut >= sizes - 1).all()
    maps = fast.transform(list(classes.images))
    cuts = [
        tree.cut(n_regions=int(n + 1) // 2)
        for tree, n in zip(
            make_method(OURS).predict(maps), table["n_nodes"][1::3], strict=True
        )
    ]
    expected = nm_covering_score(list(classes.targets), cuts, per_image=True)
    np.testing.assert_allclose(
        table["reference_nm_covering"][1::3], expected, atol=1e-8
    )
    rows = result.differences()
    row = rows["few"]["nm_covering"]
    gap = row["reference"] - row["method"]
    assert row["difference"].value == pytest.approx(gap)
    # Roots alone are the same root.
    assert "cut_n_nodes" not in table
    assert rows["whole"]["nm_covering"]["difference"] == (0, 0, 0)
    assert rows["whole"]["n_nodes"]["method"] == 1


def test_a_rival_with_more_nodes_is_cut_to_the_reference(classes, fast):
    few = HierarchicalSpectralSegmenter(max_depth=2)
    result = evaluate(classes, {"few": few, "full": make_method(OURS)}, features=fast)
    table = result.table()
    ours, own = table["n_nodes"][0::2], table["cut_n_nodes"][1::2]
    assert (table["n_nodes"][1::2] > ours).all()
    assert (own <= ours).all()
    assert (table["reference_n_nodes"][1::2] <= own).all()
    trees = make_method(OURS).predict(fast.transform(list(classes.images)))
    cuts = [
        tree.cut(n_regions=int(n + 1) // 2) for tree, n in zip(trees, ours, strict=True)
    ]
    expected = nm_covering_score(list(classes.targets), cuts, per_image=True)
    np.testing.assert_allclose(table["cut_nm_covering"][1::2], expected, atol=1e-8)
    row = result.differences()["full"]["nm_covering"]
    assert row["method"] == pytest.approx(np.mean(expected))


def spoiled(dataset, place, annotation, reader=None):
    samples = list(dataset)
    old = samples[place]
    samples[place] = Sample(
        old.id, old.image, annotation, reader or old._reader, dataset.hierarchy
    )
    return ImageDataset(samples, dataset.name, dataset.root, "val", dataset.hierarchy)


@pytest.mark.parametrize(
    ("labels", "status", "words"),
    [
        (np.zeros((3, 4), dtype=int), "failed", r"same size.*\(3, 4\).*\(36, 48\)"),
        (np.full((36, 48), 7), "failed", r"labels that .*'yard'.* does not know: \[?7"),
        (np.full((36, 48), 9), "left out", "every pixel is ignored or background"),
        (np.full((36, 48), 0), "left out", "every pixel is ignored or background"),
        (None, "left out", "no ground truth"),
    ],
)
def test_ground_truth_that_is_no_good(classes, fast, tmp_path, labels, status, words):
    def reader(annotation, shape):
        return annotation

    dataset = spoiled(classes, 1, labels, reader)
    result = evaluate(dataset, features=fast, out=tmp_path / "out")
    assert result.n_done == 4
    found = result.failures() if status == "failed" else result.left_out()
    assert list(found) == ["scene1"]
    assert re.search(words, found["scene1"])
    assert "scene1" not in result.image_scores("nm_covering")[0]
    rows = (tmp_path / "out" / "images.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 5
    assert sum(f",{status}," in row for row in rows) == 1
    whole = evaluate(classes, features=fast).table()["nm_covering"]
    np.testing.assert_array_equal(
        result.table()["nm_covering"][~np.isnan(result.table()["nm_covering"])],
        np.delete(whole, 1),
    )


def test_regions_of_which_all_pixels_are_ignored(regions, fast):
    dataset = spoiled(regions, 0, np.full((36, 48), -1), lambda labels, shape: labels)
    result = evaluate(dataset, features=fast)
    assert (result.n_done, result.n_left_out) == (4, 1)


def test_a_damaged_image_costs_the_others_nothing(classes, fast, tmp_path):
    classes[2].image.write_text("no image")
    result = evaluate(classes, features=fast, out=tmp_path / "out")
    assert result.n_done == 4
    assert "scene2.png': cannot identify image" in result.failures()["scene2"]
    assert (tmp_path / "out" / "sheet.png").exists()


def test_a_method_that_fails_leaves_the_others_their_figures(classes, fast, tmp_path):
    methods = {OURS: make_method(OURS), "picky": Failing("scene3"), "whole": Whole()}
    result = evaluate(classes, methods, features=fast, out=tmp_path / "out")
    assert (result.n_done, result.n_failed) == (4, 1)
    path = classes[3].image
    assert result.failures() == {"scene3": f"picky: {path}: too many legs"}
    assert len(result.entries(OURS)) == len(result.entries("whole")) == 5
    assert len(result.entries("picky")) == 4
    table = result.table()
    row = (table["id"] == "scene3") & (table["method"] == "picky")
    assert np.isnan(table["nm_covering"][row]).all()
    with (tmp_path / "out" / "images.csv").open(encoding="utf-8") as handle:
        failed = [row for row in csv.DictReader(handle) if row["status"] == "failed"]
    assert [(row["id"], row["method"]) for row in failed] == [("scene3", "picky")]
    assert failed[0]["error"].endswith("too many legs")


def test_no_image_can_be_scored(classes, fast, tmp_path):
    samples = [Sample(sample.id, sample.image) for sample in classes]
    dataset = ImageDataset(samples, "yard", split="test", hierarchy=classes.hierarchy)
    result = evaluate(dataset, features=fast, out=tmp_path)
    assert result.n_left_out == 5
    assert result.summary() == {"skuhas": {}}
    assert result.to_tables() == []
    assert "No image could be scored." in result.to_markdown()
    assert not (tmp_path / "sheet.png").exists()
    assert Evaluation.load(tmp_path).left_out() == result.left_out()


def test_features_of_images_in_memory():
    labels = np.repeat([[0, 1]], 24, axis=0).repeat(12, axis=1)
    image = np.repeat(labels[..., None] * 200, 3, axis=2).astype(np.uint8)
    dataset = ImageDataset([Sample("a", image, labels, lambda each, shape: each)])

    class Plain:
        def transform(self, X):
            return [FeatureMap(labels[..., None] + 1.0, image=each) for each in X]

    result = evaluate(dataset, features=Plain())
    assert result.summary()[OURS]["nm_covering"].value > 0.9


def test_limit(classes, fast):
    result = evaluate(classes, features=fast, limit=2)
    assert result.n_images == 2
    assert result.title == "yard val, the first 2 of 5 images"
    assert evaluate(classes, features=fast, limit=50).title == "yard val, 5 images"


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"limit": 0}, ValueError, r"limit must be an integer in \[1, inf\)"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be a whole number other than 0"),
        ({"n_threads": 0}, ValueError, "n_threads must be an integer"),
        (
            {"methods": "ward-linkge"},
            ValueError,
            "got 'ward-linkge'. Did you mean 'ward-",
        ),
        ({"methods": []}, ValueError, "methods must hold at least one method"),
        ({"methods": 3}, TypeError, "methods must be names of methods, or a dict"),
        (
            {"methods": {"a": 3}},
            TypeError,
            r"methods\['a'\] must have a method predict",
        ),
        ({"methods": {"": Whole()}}, ValueError, "must have names of one line"),
        (
            {"methods": {"a": HierarchicalSpectralSegmenter(max_ncut=-1)}},
            ValueError,
            r"methods\['a'\]: max_ncut must be",
        ),
        (
            {"methods": "contour-maps"},
            TypeError,
            r"methods\['contour-maps'\]: root must",
        ),
        ({"features": 3}, TypeError, "features must have a method transform, got int"),
        (
            {"resume": True, "restart": True, "out": "x"},
            ValueError,
            "exclude each other",
        ),
        ({"resume": True}, ValueError, "resume and restart need a folder, out"),
    ],
)
def test_wrong_parameters_are_named(classes, fast, parameters, error, words):
    with pytest.raises(error, match=words):
        evaluate(classes, **{"features": fast} | parameters)


def test_an_empty_split(fast):
    class Empty(list):
        name, split, hierarchy = "yard", "test", None

    with pytest.raises(ValueError, match="got none in the split 'test' of 'yard'"):
        evaluate(Empty(), features=fast)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "a"], "must differ, got several of 'a'"),
        (["a/b"], "names of files, got 'a/b'"),
    ],
)
def test_ids_of_samples(fast, names, words):
    class Samples(list):
        name, split, hierarchy = "yard", None, None

    samples = Samples(Sample(name, "a.png") for name in names)
    with pytest.raises(ValueError, match=words):
        evaluate(samples, features=fast)


def test_names_of_methods():
    assert method_names()[:2] == [OURS, "skuhas-crf"]
    refined = make_method("skuhas-crf", max_depth=2)
    assert (refined.refine, refined.max_depth) == ("crf", 2)
    assert "average-linkage" in method_names()
    assert isinstance(make_method(OURS), HierarchicalSpectralSegmenter)


# ---------------------------------------------------------------------- on disk


def test_files_and_what_load_reads(regions, fast, two_methods, tmp_path):
    out = tmp_path / "out"
    result = evaluate(regions, two_methods, features=fast, out=out)
    names = sorted(path.name for path in out.iterdir())
    expected = ["cuts", "images.csv", "records.jsonl", "results.json", "sheet.png"]
    assert names == [*expected, "table.md"]
    assert len(list((out / "cuts").iterdir())) == 5
    loaded = Evaluation.load(out)
    assert loaded.to_markdown() == result.to_markdown()
    assert (out / "table.md").read_text(encoding="utf-8") == result.to_markdown()
    assert loaded.summary() == result.summary()
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    figure = results["methods"]["ward"]["figures"]["nm_covering"]
    assert figure["value"] == result.summary()["ward"]["nm_covering"].value
    assert results["settings"]["methods"]["ward"]["linkage"] == "ward"
    # Saving what was loaded changes nothing.
    loaded.save(tmp_path / "copy")
    for name in ("images.csv", "results.json", "records.jsonl", "table.md"):
        assert (tmp_path / "copy" / name).read_bytes() == (out / name).read_bytes()


def test_more_processes_come_to_the_same(classes, fast, two_methods, tmp_path):
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        evaluate(classes, two_methods, features=fast, out=out, n_jobs=jobs)
    assert without_times(tmp_path / "1") == without_times(tmp_path / "2")


def test_interrupted_and_resumed(classes, fast, tmp_path):
    out = tmp_path / "out"
    evaluate(classes, features=fast, out=tmp_path / "whole")
    expected = without_times(tmp_path / "whole")
    methods = {OURS: Interrupted("scene3")}
    with pytest.raises(KeyboardInterrupt) as caught:
        evaluate(classes, methods, features=fast, out=out)
    (note,) = caught.value.__notes__
    assert note.startswith("3 of 5 images are done; the same call with resume=True")
    with pytest.raises(BatchError, match="is not finished"):
        Evaluation.load(out)
    with pytest.raises(BatchError, match=r"an unfinished evaluation .*--resume"):
        evaluate(classes, methods, features=fast, out=out)
    with pytest.raises(BatchError, match="under other settings") as refused:
        evaluate(classes, features=fast, out=out, resume=True)
    assert "\n  methods.skuhas.class: '" in str(refused.value)
    others = {"b": Whole(), "c": make_method("ward-linkage")}
    with pytest.raises(BatchError) as refused:
        evaluate(classes, others, features=fast, out=out, resume=True)
    assert str(refused.value).splitlines()[1:-1] == [
        "  method skuhas: in the folder's run, not in this one",
        "  method b: not in the folder's run",
        "  method c: not in the folder's run",
    ]
    # The torn line of a run that was killed does not count.
    path = out / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:-7])
    again = {OURS: Interrupted("nothing")}
    text = path.read_text(encoding="utf-8").replace(
        '"name": "scene3"', '"name": "nothing"'
    )
    path.write_text(text, encoding="utf-8")
    evaluate(classes, again, features=fast, out=out, resume=True)
    rows, _, pictures = without_times(out)
    assert rows == expected[0]
    assert pictures.keys() == expected[2].keys()


def test_nothing_is_left_of_a_run_that_came_to_nothing(classes, fast, tmp_path):
    methods = {OURS: Interrupted("scene0")}
    with pytest.raises(KeyboardInterrupt) as caught:
        evaluate(classes, methods, features=fast, out=tmp_path / "a" / "b")
    assert not hasattr(caught.value, "__notes__")
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file' is a file, not a folder"):
        evaluate(classes, features=fast, out=tmp_path / "file")


def test_resuming_extends_a_run_and_tries_failures_again(classes, fast, tmp_path):
    calls = []
    features = Counting(calls)
    out = tmp_path / "out"
    broken = classes[1].image.read_bytes()
    classes[1].image.write_text("no image")
    first = evaluate(classes, features=fast, out=out, limit=3)
    assert first.n_failed == 1
    with pytest.raises(BatchError, match=r"an evaluation is in .* already"):
        evaluate(classes, features=fast, out=out)
    classes[1].image.write_bytes(broken)
    second = evaluate(classes, features=fast, out=out, resume=True)
    assert (second.n_done, second.n_failed) == (5, 0)
    evaluate(classes, features=fast, out=tmp_path / "whole")
    assert without_times(out) == without_times(tmp_path / "whole")
    with pytest.raises(BatchError, match="it would lose them"):
        evaluate(classes, features=fast, out=out, limit=2, resume=True)
    with pytest.raises(BatchError, match=r"features.class: .*ColorFeatures' in the"):
        evaluate(classes, features=features, out=out, resume=True)
    assert (
        evaluate(classes, features=fast, out=out, limit=2, restart=True).n_images == 2
    )
    assert calls == []


def test_an_image_that_has_changed_is_done_again(classes, fast, tmp_path):
    out = tmp_path / "out"
    before = evaluate(classes, features=fast, out=out).table()["nm_covering"]
    classes[0].image.write_bytes(classes[1].image.read_bytes())
    after = evaluate(classes, features=fast, out=out, resume=True).table()[
        "nm_covering"
    ]
    assert before[0] != after[0]
    np.testing.assert_array_equal(before[1:], after[1:])


@pytest.mark.parametrize("kind", ["classes", "regions"])
def test_ground_truth_that_has_changed_is_scored_again(kind, request, fast, tmp_path):
    dataset = request.getfixturevalue(kind)
    out = tmp_path / "out"
    before = evaluate(dataset, features=fast, out=out).table()["nm_covering"]
    annotation = dataset[3].annotation
    np.save(annotation, np.roll(np.load(annotation), 9, axis=-1))
    resumed = evaluate(dataset, features=fast, out=out, resume=True)
    after = resumed.table()["nm_covering"]
    fresh = evaluate(dataset, features=fast).table()["nm_covering"]
    assert before[3] != after[3]
    np.testing.assert_array_equal(after, fresh)


def test_ground_truth_that_has_appeared_or_gone(classes, fast, tmp_path):
    out = tmp_path / "out"
    samples = list(classes)
    less = [*samples[:4], Sample("scene4", samples[4].image)]
    without = ImageDataset(less, "yard", None, "val", classes.hierarchy)
    first = evaluate(without, features=fast, out=out)
    assert (first.n_done, first.left_out()) == (4, {"scene4": "no ground truth"})
    second = evaluate(classes, features=fast, out=out, resume=True)
    assert (second.n_done, second.n_left_out) == (5, 0)
    third = evaluate(without, features=fast, out=out, resume=True)
    assert third.left_out() == first.left_out()


def test_a_run_of_other_sources_is_not_resumed(classes, fast, tmp_path):
    out = tmp_path / "out"
    evaluate(classes, features=fast, out=out, limit=1)
    path = out / NAME
    text = path.read_text(encoding="utf-8")
    assert text.count(sources_digest()) == 1
    path.write_text(text.replace(sources_digest(), "0" * 16), encoding="utf-8")
    with pytest.raises(BatchError, match="skuhas sources: '0000000000000000' in the"):
        evaluate(classes, features=fast, out=out, resume=True)
    path.write_text(text, encoding="utf-8")
    assert evaluate(classes, features=fast, out=out, resume=True).n_done == 5


def test_another_first_method_is_another_run(classes, fast, two_methods, tmp_path):
    evaluate(classes, two_methods, features=fast, out=tmp_path, limit=1)
    turned = dict(reversed(two_methods.items()))
    with pytest.raises(
        BatchError, match="first method: 'skuhas' in the folder, 'ward'"
    ):
        evaluate(classes, turned, features=fast, out=tmp_path, limit=1, resume=True)


def test_an_image_that_is_gone(classes, fast, tmp_path):
    evaluate(classes, features=fast, out=tmp_path, limit=3)
    less = ImageDataset(list(classes)[1:], "yard", None, "val", classes.hierarchy)
    with pytest.raises(BatchError, match="'scene0' first: resumed") as refused:
        evaluate(less, features=fast, out=tmp_path, resume=True)
    assert "1 of its 3 images that is no longer in the data set" in str(refused.value)
    assert "limit" not in str(refused.value)


def test_contour_maps_of_other_images(classes, tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    calls = []
    methods = {OURS: make_method(OURS), "ucm": make_method("contour-maps", root=folder)}
    arguments = {"features": Counting(calls), "out": tmp_path / "out", "limit": 2}
    for name in ("nothing", "other.npy", "scene4.npy"):
        if "." in name:
            np.save(folder / name, np.zeros((73, 97)))
        with pytest.raises(FileNotFoundError, match=r"'ucm'.* of any of the 2 images"):
            evaluate(classes, methods, **arguments)
    # Nor are the images their maps.
    methods["ucm"] = make_method("contour-maps", root=classes[0].image.parent)
    for sample in classes:
        sample.annotation.rename(tmp_path / sample.annotation.name)
    with pytest.raises(FileNotFoundError, match="no file 'scene0"):
        evaluate(classes, methods, **arguments)
    assert calls == []
    assert not (tmp_path / "out").exists()
    np.save(folder / "scene1.npy", np.zeros((73, 97)))
    methods["ucm"] = make_method("contour-maps", root=folder)
    for sample in classes:
        (tmp_path / sample.annotation.name).rename(sample.annotation)
    result = evaluate(classes, methods, **arguments)
    assert list(result.entries("ucm")) == ["scene1"]
    assert len(calls) == 2


def test_what_ground_truth_is_known_by(tmp_path):
    from dataclasses import dataclass, replace

    from skuhas.datasets import ImagePatch

    @dataclass(frozen=True)
    class Entry:
        file: object
        labels: tuple

    def truth(annotation):
        return digests_of(Sample("a", "none.png", annotation, lambda each, _: each))[1]

    entry = Entry(tmp_path / "a.json", (1, 2))
    assert truth(entry) == truth(replace(entry, file=tmp_path / "moved.json"))
    assert truth(entry) != truth(replace(entry, labels=(1, 3)))
    assert truth(None) is None

    class Other:
        image = np.zeros((2, 2, 3), dtype=np.uint8)
        labels = np.zeros((2, 2))

        def label_map(self):
            return self.labels

    other = Other()
    before = digests_of(other)
    other.labels = np.ones((2, 2))
    assert digests_of(other)[0] == before[0]
    assert digests_of(other)[1] != before[1]
    # A patch is known by its rectangle and by what its file holds.
    path = tmp_path / "image.png"
    found = []
    for content, left in ((b"1", 0), (b"1", 5), (b"23", 0)):
        path.write_bytes(content)
        found.append(digests_of(Sample("a", ImagePatch(path, 0, left, 5, 5)))[0])
    assert len(set(found)) == 3


def test_files_that_are_no_evaluation(tmp_path, classes, fast):
    with pytest.raises(BatchError, match=r"no evaluation in .*'records.jsonl'"):
        Evaluation.load(tmp_path)
    (tmp_path / NAME).write_text('{"format": "other"}\n', encoding="utf-8")
    with pytest.raises(BatchError, match="not an evaluation that this skuhas can read"):
        Evaluation.load(tmp_path)


class Deadly(BaseEstimator):
    """A method that kills its process at one image."""

    def __init__(self, name):
        self.name = name

    def predict(self, X):
        import os
        import signal

        if self.name in str(X[0].source):
            os.kill(os.getpid(), signal.SIGKILL)
        return HierarchicalSpectralSegmenter().predict(X)


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_an_image_that_kills_its_workers_is_recorded(classes, fast, tmp_path):
    methods = {"deadly": by_value(Deadly)("scene2")}
    result = evaluate(classes, methods, features=fast, out=tmp_path, n_jobs=2)
    assert result.n_done == 4
    assert "its worker was killed each time" in result.failures()["scene2"]
    assert result.failures()["scene2"].startswith(str(classes[2].image))


def by_value(kind):
    """Return a class that processes get with its code, as they cannot import it."""
    copy = type(kind.__name__, kind.__bases__, dict(vars(kind)))
    copy.__module__ = "__main__"
    return copy


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_and_resumed(jobs, tmp_path, fast):
    from skuhas import load_dataset

    root, out = tmp_path / "CamVid", tmp_path / "out"
    write_camvid(root, 8)
    words = [sys.executable, "-W", "error", "-m", "skuhas", "evaluate", "camvid"]
    words += ["--root", str(root), "--out", str(out), "--jobs", str(jobs)]
    words += ["--features", "color", "--image-size", "48", "--resume"]
    for moment in (1, 4):
        running = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(6000):
            if len(list(out.glob("cuts/*.png"))) >= moment:
                break
            time.sleep(0.005)
        running.kill()
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        assert not (out / "results.json").exists()
    evaluate(load_dataset("camvid", root), features=fast, out=out, resume=True)
    evaluate(load_dataset("camvid", root), features=fast, out=tmp_path / "whole")
    assert without_times(out) == without_times(tmp_path / "whole")


def write_camvid(root, n_images):
    """Write a data set in the layout of CamVid."""
    from PIL import Image

    from skuhas import make_nested_scene

    for part in ("val", "valannot"):
        (root / part).mkdir(parents=True)
    for seed in range(n_images):
        scene = make_nested_scene((48, 64), depth=2, random_state=seed)
        labels = (scene.label_map % 12).astype(np.uint8)
        Image.fromarray(scene.image).save(root / "val" / f"{seed}.png")
        Image.fromarray(labels).save(root / "valannot" / f"{seed}.png")
