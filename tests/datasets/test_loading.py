"""ImageDataset and load_dataset: laziness, scikit-learn, and bad input."""

import pickle
import re

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline

from skuhas import (
    ColorFeatures,
    DatasetError,
    HierarchicalSpectralSegmenter,
    ImageDataset,
    LabelHierarchy,
    RegionTree,
    Sample,
    load_dataset,
    make_nested_scene,
    nm_covering_score,
    nm_covering_scorer,
)
from tests.datasets._folder import SIZE, cells


@pytest.fixture
def reads(monkeypatch):
    """Return a list of the files that Pillow is asked to open."""
    opened = []
    whole = Image.open

    def counted(path, *args, **kwargs):
        opened.append(path.name)
        return whole(path, *args, **kwargs)

    monkeypatch.setattr(Image, "open", counted)
    return opened


# ----------------------------------------------------------------- sequences


def test_a_sequence_of_samples(camvid):
    dataset = load_dataset("camvid", camvid.root)
    assert (len(dataset), dataset.name, dataset.split) == (3, "camvid", "val")
    assert dataset.root == camvid.root
    assert repr(dataset) == "ImageDataset('camvid', split='val', n_images=3)"
    assert [sample.id for sample in dataset] == ["frame0", "frame1", "frame2"]
    assert dataset[-1].id == "frame2"
    assert dataset[1].image == camvid.root / "val/frame1.png"
    assert dataset[1].shape == SIZE
    assert dataset[0].hierarchy == LabelHierarchy.load("camvid")
    part = dataset[1:]
    assert isinstance(part, ImageDataset)
    assert (part.ids, part.split) == (["frame1", "frame2"], "val")
    assert part.hierarchy is dataset.hierarchy
    assert dataset[[2, 0]].ids == ["frame2", "frame0"]
    with pytest.raises(IndexError, match="index 3 is out of range for 3 samples"):
        dataset[3]
    with pytest.raises(TypeError, match="index must be an integer, a slice"):
        dataset["frame0"]
    with pytest.raises(ValueError, match="must not be empty"):
        dataset[3:]


def test_targets_are_trees_of_the_label_maps(camvid):
    dataset = load_dataset("camvid", camvid.root)
    for sample, labels, tree in zip(
        dataset, dataset.label_maps, dataset.targets, strict=True
    ):
        assert labels.dtype == np.int32
        assert tree == dataset.hierarchy.tree(labels) == sample.target()
        np.testing.assert_array_equal(tree.leaf_labels == -1, labels == 11)


def test_nothing_is_read_before_it_is_asked_for(camvid, reads):
    dataset = load_dataset("camvid", camvid.root)
    images, targets = dataset.images[1:], dataset.targets[np.array([2, 1])]
    assert (list(images), reads) == (list(dataset.images)[1:], [])
    assert repr(targets) == "<2 targets, read when asked for>"
    _ = targets[0]
    # The label map, and the image's header for its size.
    assert sorted(reads) == ["frame2.png", "frame2.png"]


def test_views_are_indexed_as_arrays_are(camvid):
    images = load_dataset("camvid", camvid.root).images
    paths = list(images)
    assert images.shape == (3,)
    assert list(images[np.array([2, 0]), ...]) == [paths[2], paths[0]]
    assert list(images[[True, False, True]]) == [paths[0], paths[2]]
    assert list(images[[]]) == []
    assert images[np.int64(1)] == paths[1]
    with pytest.raises(TypeError, match="or a mask of length 3"):
        images[[True, False]]


def test_pickles(camvid):
    dataset = load_dataset("camvid", camvid.root)
    again = pickle.loads(pickle.dumps(dataset))
    assert again.ids == dataset.ids
    assert list(again.targets) == list(dataset.targets)
    assert list(pickle.loads(pickle.dumps(dataset.images))) == list(dataset.images)


def test_describe(camvid):
    text = load_dataset("camvid", camvid.root).describe()
    assert text.splitlines() == [
        "data set   camvid",
        "split      val",
        f"root       {camvid.root}",
        "images     3, 3 of them with ground truth",
        "sizes      8 x 6 pixels wide and high (of 3 images looked at)",
        "classes    12: 11 of the foreground, 0 of the background, 1 to ignore",
        "hierarchy  LabelHierarchy('camvid', n_classes=12, n_nodes=20, height=2)",
        "ignored    11 Unlabelled",
    ]


def test_describe_without_classes(folder):
    for number, shape in enumerate([(6, 8), (8, 6), (6, 8)]):
        folder.image(f"data/images/val/{number}.jpg", shape)
    labels = np.ones((6, 8))
    folder.mat("data/groundTruth/val/2.mat", groundTruth=cells(labels))
    text = load_dataset("bsds500", folder.root).describe()
    assert "3, 1 of them with ground truth" in text
    assert "8 x 6, 6 x 8 pixels wide and high" in text
    assert "numbers of regions, without classes" in text


def test_samples_of_ones_own():
    def reader(annotation, shape):
        return np.full(shape, annotation)

    image = np.zeros((2, 3, 3), dtype=np.uint8)
    samples = [Sample(str(value), image, value, reader) for value in (4, 5)]
    dataset = ImageDataset(samples)
    np.testing.assert_array_equal(dataset.targets[1], np.full((2, 3), 5))
    assert dataset.images[0] is image
    assert Sample("6", Image.fromarray(image), 6, reader).label_map().shape == (2, 3)
    with pytest.raises(ValueError, match=r"ids that differ, got several of \['4'\]"):
        ImageDataset([samples[0], samples[0]])


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("orientation", [None, 1, 3, 6, 8])
def test_shapes_are_those_of_the_decoded_image(folder, suffix, orientation):
    exif = Image.Exif()
    if orientation is not None:
        exif[274] = orientation
    path = folder(f"a.{suffix}")
    Image.fromarray(np.zeros((6, 8, 3), dtype=np.uint8)).save(path, exif=exif)
    (feature_map,) = ColorFeatures().transform([path])
    assert Sample("a", path).shape == feature_map.image_shape
    assert Sample("a", path).shape == ((8, 6) if orientation in (6, 8) else (6, 8))


# -------------------------------------------------------------- scikit-learn


@pytest.fixture
def scenes(folder):
    """Return CamVid's layout with scenes in it, one without ground truth."""
    for number in range(5):
        scene = make_nested_scene((24, 32), depth=1, random_state=number)
        folder.array(f"val/{number}.png", scene.image)
        if number != 3:
            labels = np.minimum(scene.label_map, 10)
            folder.labels(f"valannot/{number}.png", labels)
    return load_dataset("camvid", folder.root)


def test_grid_search(scenes):
    pipe = Pipeline(
        [("feat", ColorFeatures()), ("seg", HierarchicalSpectralSegmenter())]
    )
    search = GridSearchCV(
        pipe, {"seg__max_depth": [0, 6]}, scoring=nm_covering_scorer, cv=2
    )
    search.fit(scenes.images, scenes.targets)
    assert search.best_params_ == {"seg__max_depth": 6}
    # The same as with lists.
    again = GridSearchCV(
        pipe, {"seg__max_depth": [0, 6]}, scoring=nm_covering_scorer, cv=2
    ).fit(list(scenes.images), list(scenes.targets))
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"]
    )
    trees = pipe.predict(scenes.images)
    assert nm_covering_score(scenes.targets, trees) > 0.5


def test_grid_search_in_workers(scenes):
    pipe = Pipeline(
        [("feat", ColorFeatures()), ("seg", HierarchicalSpectralSegmenter())]
    )
    search = GridSearchCV(
        pipe, {"seg__max_depth": [0, 2]}, scoring=nm_covering_scorer, cv=2, n_jobs=2
    )
    search.fit(scenes.images, scenes.targets)
    assert search.best_params_ == {"seg__max_depth": 2}


def test_train_test_split_stays_lazy(scenes, reads):
    parts = train_test_split(
        scenes.images, scenes.targets, test_size=0.4, random_state=0
    )
    assert [len(part) for part in parts] == [3, 2, 3, 2]
    assert reads == []
    for images, targets in (parts[::2], parts[1::2]):
        for path, target in zip(images, targets, strict=True):
            whole = {sample.image: sample.target() for sample in scenes}
            assert target == whole[path]
            assert target is None or isinstance(target, RegionTree)


# ------------------------------------------------------------------ bad input


def test_an_unknown_name(tmp_path):
    message = re.escape("name must be one of ['bsds500', 'camvid', ")
    with pytest.raises(ValueError, match=message + ".*Did you mean 'cityscapes'"):
        load_dataset("city-scape", tmp_path)
    with pytest.raises(ValueError, match="got None"):
        load_dataset(None, tmp_path)


@pytest.mark.parametrize("name", ["camvid", "CamVid", "Cam_Vid", "cam vid"])
def test_names_are_taken_as_one_writes_them(camvid, name):
    assert load_dataset(name, camvid.root).name == "camvid"


def test_an_unknown_split(camvid):
    message = re.escape("split must be one of ['train', 'val', 'test'], got 'valid'")
    with pytest.raises(DatasetError, match=message):
        load_dataset("camvid", camvid.root, "valid")
    message = r"no folder 'test' .*Of the splits, 'train', 'val' can be read there\."
    with pytest.raises(DatasetError, match=message):
        load_dataset("camvid", camvid.root, "test")


LAYOUT = r"[\s\S]*Expected layout:[\s\S]*\{train,val,test\}annot/\*\.png"


def test_a_root_that_is_no_folder(camvid):
    with pytest.raises(DatasetError, match="root does not exist: .*nowhere" + LAYOUT):
        load_dataset("camvid", camvid.root / "nowhere")
    camvid.text("CamVid.zip", "")
    with pytest.raises(DatasetError, match=r"must be a folder, got the file.*unpacked"):
        load_dataset("camvid", camvid.root / "CamVid.zip")


@pytest.mark.parametrize("wrong", ["..", "../..", "val", "valannot"])
def test_a_root_above_or_below(tmp_path, camvid, wrong):
    root = tmp_path / "data" / "CamVid"
    (tmp_path / "data").mkdir()
    root.mkdir()
    for part in ("train", "trainannot", "val", "valannot"):
        (tmp_path / part).rename(root / part)
    given = (root / wrong).resolve()
    message = re.escape(f"Did you mean root={str(root)!r}?") + LAYOUT
    with pytest.raises(DatasetError, match=message):
        load_dataset("camvid", given)


def test_images_without_their_annotations(camvid):
    for file in (camvid.root / "valannot").iterdir():
        file.unlink()
    message = (
        r"none of the 3 images has an annotation in .*: for 'val/frame0\.png', for "
        r"example, there is no file 'valannot/frame0\.png'"
    )
    with pytest.raises(DatasetError, match=message + LAYOUT):
        load_dataset("camvid", camvid.root)
    (camvid.root / "valannot").rmdir()
    with pytest.raises(DatasetError, match="no folder 'valannot' in" + LAYOUT):
        load_dataset("camvid", camvid.root)


def test_one_image_without_ground_truth(camvid):
    (camvid.root / "valannot/frame1.png").unlink()
    dataset = load_dataset("camvid", camvid.root)
    assert [sample.has_ground_truth for sample in dataset] == [True, False, True]
    assert dataset[1].label_map() is None
    assert dataset[1].target() is None
    assert "3, 2 of them with ground truth" in dataset.describe()


def test_a_list_names_missing_images(camvid):
    names = [f"/SegNet/CamVid/val/frame{number}.png" for number in (2, 0, 7, 8, 9, 10)]
    camvid.text("val.txt", "".join(f"{name} annot.png\n" for name in names))
    message = (
        r"4 of the 6 images of 'val\.txt' are not in .*: 'val/frame7\.png', "
        r"'val/frame8\.png', 'val/frame9\.png' and 1 more"
    )
    with pytest.raises(DatasetError, match=message + LAYOUT):
        load_dataset("camvid", camvid.root)
    # In the order of the list.
    camvid.text("val.txt", "".join(f"{name} annot.png\n\n" for name in names[:2]))
    assert load_dataset("camvid", camvid.root).ids == ["frame2", "frame0"]
    camvid("val.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="cannot read the list"):
        load_dataset("camvid", camvid.root)


def test_an_empty_split(camvid):
    camvid.text("val.txt", "\n")
    with pytest.raises(DatasetError, match=r"the split 'val' in .* has no images"):
        load_dataset("camvid", camvid.root)
    camvid("val.txt").unlink()
    for file in (camvid.root / "val").iterdir():
        file.rename(file.with_name(f".{file.name}"))
    with pytest.raises(DatasetError, match=r"the split 'val' in .* has no images"):
        load_dataset("camvid", camvid.root)


def test_a_label_map_of_another_size(camvid):
    camvid.labels("valannot/frame1.png", np.zeros((8, 6)))
    dataset = load_dataset("camvid", camvid.root)
    message = (
        r"'.*valannot/frame1\.png' gives shape \(8, 6\) of int32, "
        r"'.*val/frame1\.png' has \(6, 8\)"
    )
    for read in (dataset[1].label_map, dataset[1].target):
        with pytest.raises(DatasetError, match=message):
            read()
    # The others can be read all the same.
    assert dataset.targets[2] is not None


@pytest.mark.parametrize("unknown", [[12], [200, 13], list(range(12, 30))])
def test_labels_that_the_hierarchy_does_not_know(camvid, unknown):
    labels = np.zeros(SIZE, dtype=int)
    labels.ravel()[: len(unknown)] = unknown
    camvid.labels("valannot/frame1.png", labels)
    shown = ", ".join(map(str, sorted(unknown)[:10]))
    message = rf"'.*valannot/frame1\.png' has labels that .* does not know: {shown}"
    with pytest.raises(DatasetError, match=message):
        load_dataset("camvid", camvid.root).label_maps[1]


def test_all_pixels_ignored(camvid):
    camvid.labels("valannot/frame1.png", np.full(SIZE, 11))
    dataset = load_dataset("camvid", camvid.root)
    assert (dataset.label_maps[1] == 11).all()
    assert dataset.targets[1] is None


@pytest.mark.parametrize("content", [b"", b"no image", "cut"])
def test_damaged_files(camvid, content):
    dataset = load_dataset("camvid", camvid.root)
    labels = camvid.root / "valannot/frame1.png"
    if content == "cut":
        content = labels.read_bytes()[:-28]
    labels.write_bytes(content)
    with pytest.raises(DatasetError, match=r"cannot read the label map '.*frame1\.png"):
        dataset[1].label_map()
    dataset[0].image.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"cannot read the image '.*frame0\.png"):
        dataset[0].label_map()
    labels.unlink()
    with pytest.raises(DatasetError, match=r"cannot read the label map '.*frame1\.png"):
        dataset[1].label_map()
    dataset[2].image.unlink()
    with pytest.raises(DatasetError, match=r"no such image: '.*frame2\.png"):
        dataset[2].label_map()


def test_damaged_mat_files(folder):
    folder.image("data/images/val/1.jpg")
    folder.mat("data/groundTruth/val/1.mat", groundTruth=cells(np.ones(SIZE)))
    file = folder.root / "data/groundTruth/val/1.mat"
    whole = file.read_bytes()
    sample = load_dataset("bsds500", folder.root)[0]
    assert sample.target()[0].shape == SIZE
    # Cut anywhere, or with bytes changed, it is an error and never another.
    rng = np.random.default_rng(0)
    for length in (0, 10, 127, 140, 200, len(whole) - 9):
        file.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=r"1\.mat"):
            sample.label_map()
    for _ in range(30):
        damaged = bytearray(whole)
        for place in rng.integers(128, len(whole), 4):
            damaged[place] = rng.integers(256)
        file.write_bytes(bytes(damaged))
        try:
            sample.label_map()
        except DatasetError as error:
            assert "1.mat" in str(error)  # noqa: PT017 - it need not be raised


def test_another_hierarchy(camvid):
    hierarchy = LabelHierarchy.from_nested(
        {
            "name": "halves",
            "children": [
                *({"name": f"c{label}", "index": label} for label in range(8)),
                {"name": "car", "index": 8, "role": "background"},
                {"name": "none", "index": 11, "role": "ignore"},
            ],
        }
    )
    dataset = load_dataset("camvid", camvid.root, hierarchy=hierarchy)
    assert dataset.hierarchy is hierarchy
    assert dataset.targets[0].node_data["name"].tolist() == [
        *("c0", "background", "halves")
    ]
    with pytest.raises(ValueError, match="hierarchy: name must be one of"):
        load_dataset("camvid", camvid.root, hierarchy="halves")


def test_labels_without_classes_take_no_hierarchy(folder):
    folder.image("data/images/val/1.jpg", (6, 8))
    folder.mat("data/groundTruth/val/1.mat", groundTruth=cells(np.ones((6, 8))))
    with pytest.raises(ValueError, match=r"BSDS500 are numbers .* got 'camvid'"):
        load_dataset("bsds500", folder.root, hierarchy="camvid")


def test_a_root_is_a_path():
    with pytest.raises(TypeError, match="root must be the path of a folder, got None"):
        load_dataset("camvid", None)
