"""Two runs side by side."""

import numpy as np
import pytest

from skuhas import BatchError, ColorFeatures, compare_runs, evaluate
from skuhas.evaluation import OURS, Interval, make_method


def test_runs_on_disk(classes, fast, two_methods, tmp_path):
    for name, limit in (("a", 4), ("b", None)):
        features = fast if name == "a" else ColorFeatures(image_size=16)
        out = tmp_path / name
        evaluate(classes, two_methods, features=features, out=out, limit=limit)
    comparison = compare_runs(tmp_path / "a", tmp_path / "b")
    assert comparison.n_shared == 4
    assert comparison.n_images == (4, 5)
    assert comparison.names == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert comparison.shared == "4 images are in both runs, which have 4 and 5"
    first = evaluate(classes, two_methods, features=fast)
    second = evaluate(classes, two_methods, features=ColorFeatures(image_size=16))
    table = [run.table()["nm_covering"][0::2][:4] for run in (first, second)]
    figure = comparison.figures["nm_covering"]
    assert figure.first == pytest.approx(table[0].mean())
    assert figure.second == pytest.approx(table[1].mean())
    gaps = table[1] - table[0]
    assert figure.difference.value == pytest.approx(gaps.mean())
    assert gaps.min() <= figure.difference.low <= figure.difference.high <= gaps.max()
    assert "mean_iou" in comparison.figures
    assert comparison.to_dict()["figures"]["nm_covering"]["first"] == figure.first


def test_two_methods_of_one_run(regions, fast, two_methods):
    run = evaluate(regions, two_methods, features=fast)
    comparison = compare_runs(run, run, method=(OURS, "ward"), metric="nm_covering")
    assert comparison.names == ("skuhas", "ward")
    assert list(comparison.figures) == ["nm_covering"]
    assert comparison.shared == "5 images, the same in both runs"
    summary = run.summary()
    figure = comparison.figures["nm_covering"]
    assert figure.second == summary["ward"]["nm_covering"].value
    same = compare_runs(run, run)
    assert same.figures["covering_ods"].difference == Interval(0, 0, 0)
    text = same.to_markdown()
    assert text.startswith("### second against first\n\n5 images, the same")
    assert "too few images" in text
    assert "**" not in text


def test_the_words_for_better_and_worse(regions, fast):
    run = evaluate(
        regions,
        {OURS: make_method(OURS), "few": make_method(OURS, max_depth=1)},
        features=fast,
    )
    comparison = compare_runs(run, run, method=(OURS, "few"))
    table = comparison.to_table()
    assert {row.cells[-1].text for row in table.rows} == {"too few images"}
    assert "fewer than 10 images decide nothing" in table.note
    comparison.n_shared = 10
    words = {row.name: row.cells[-1].text for row in comparison.to_table().rows}
    assert words["NMCovering"] == "lower, worse"
    assert words["nodes"] == "lower"
    assert "VI ODS" in words
    fewer = comparison.figures["n_nodes"].difference
    assert fewer.high < 0


def test_what_cannot_be_compared(classes, regions, fast, tmp_path):
    first = evaluate(classes, features=fast, out=tmp_path / "first")
    with pytest.raises(ValueError, match=r"same data set .* over 'yard' and 'parts'"):
        compare_runs(first, evaluate(regions, features=fast))
    classes.split = "test"
    with pytest.raises(ValueError, match=r"same split .* over 'val' and 'test'"):
        compare_runs(first, evaluate(classes, features=fast))
    classes.split = "val"
    with pytest.raises(ValueError, match="of 5 and 2 images of 'yard' none is in both"):
        compare_runs(first, evaluate(_renamed(classes), features=fast, limit=2))
    with pytest.raises(ValueError, match=r"metric .*got 'nm'"):
        compare_runs(first, first, metric="nm")
    with pytest.raises(ValueError, match=r"'mean_io'. Did you mean 'mean_iou'"):
        compare_runs(first, first, metric=["mean_io"])
    with pytest.raises(ValueError, match=r"method must be among skuhas .*got 'ward'"):
        compare_runs(first, first, method="ward")
    with pytest.raises(ValueError, match="one name, or one of each run"):
        compare_runs(first, first, method=("skuhas",) * 3)
    with pytest.raises(TypeError, match="runs must be Evaluations or folders, got int"):
        compare_runs(first, 3)
    with pytest.raises(BatchError, match="no evaluation in"):
        compare_runs(first, tmp_path / "nowhere")


def _renamed(dataset):
    from skuhas.datasets import ImageDataset, Sample

    samples = [
        Sample(f"other{n}", each.image, each._annotation, each._reader, each.hierarchy)
        for n, each in enumerate(dataset)
    ]
    return ImageDataset(samples, dataset.name, None, "val", dataset.hierarchy)


def test_images_that_failed_in_one_run_are_not_shared(classes, fast):
    whole = evaluate(classes, features=fast)
    classes[1].image.write_text("no image")
    part = evaluate(classes, features=fast)
    comparison = compare_runs(whole, part)
    assert comparison.n_shared == 4
    assert comparison.figures["nm_covering"].difference == Interval(0, 0, 0)
    assert np.isfinite(comparison.figures["mean_iou"].first)
