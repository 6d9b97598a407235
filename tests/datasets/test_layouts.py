"""Every data set on a miniature of its published layout."""

import re
import warnings

import numpy as np
import pytest

from skuhas import DatasetError, LabelHierarchy, dataset_names, load_dataset
from skuhas.datasets._coco_json import draw
from tests.datasets._folder import SIZE, cells

HALVES = np.zeros(SIZE, dtype=int)
HALVES[:, 4:] = 1


def halves(left, right):
    """Return a map of two labels, one a half."""
    return np.where(HALVES == 0, left, right)


def names_of(sample):
    return sample.target().node_data["name"].tolist()


def test_names():
    assert dataset_names() == [
        *("bsds500", "camvid", "voc2012", "coco", "coco-stuff", "cityscapes"),
        *("kitti-step", "mapillary-vistas", "potsdam", "vaihingen", "pascal-part"),
        *("partimagenet", "partimagenet-158"),
    ]


# ------------------------------------------------------------------- BSDS500


def test_bsds500(folder):
    first, second = halves(1, 2), halves(2, 1)
    second[0, 0] = 3
    for name in ("8068", "100007"):
        folder.image(f"data/images/test/{name}.jpg")
        folder.mat(
            f"data/groundTruth/test/{name}.mat", groundTruth=cells(first, second)
        )
    # One annotator: the cell array has one element.
    folder.image("data/images/val/1.jpg")
    folder.mat("data/groundTruth/val/1.mat", groundTruth=cells(first))
    dataset = load_dataset("bsds500", folder.root, "test")
    assert dataset.ids == ["100007", "8068"]
    assert dataset.hierarchy is None
    maps = dataset[0].label_map()
    assert [each.dtype for each in maps] == [np.int32, np.int32]
    np.testing.assert_array_equal(maps, [first, second])
    np.testing.assert_array_equal(dataset.targets[1], [first, second])
    single = load_dataset("BSDS500", folder.root)
    np.testing.assert_array_equal(single.targets[0], [first])


def test_bsds500_with_other_variables(folder):
    folder.image("data/images/val/1.jpg")
    folder.mat("data/groundTruth/val/1.mat", other=np.ones(3))
    sample = load_dataset("bsds500", folder.root)[0]
    with pytest.raises(DatasetError, match=r"cannot read 'groundTruth' in '.*1\.mat'"):
        sample.label_map()
    folder.mat("data/groundTruth/val/1.mat", groundTruth=np.ones(3))
    with pytest.raises(DatasetError, match="must be cells with a 'Segmentation'"):
        sample.label_map()


# ------------------------------------------------------------------- Pascal


def write_voc(folder):
    folder.text("ImageSets/Segmentation/val.txt", "2007_000033\n2007_000042\n")
    folder.text("ImageSets/Segmentation/train.txt", "2007_000032\n")
    folder.text("ImageSets/Segmentation/test.txt", "2008_000006\n")
    labels = halves(0, 8)
    labels[:, 4] = 255
    for name in ("2007_000032", "2007_000033", "2007_000042", "2008_000006"):
        folder.image(f"JPEGImages/{name}.jpg")
        if name != "2008_000006":
            folder.labels(f"SegmentationClass/{name}.png", labels, palette=True)
    return labels


def test_voc(folder):
    labels = write_voc(folder)
    dataset = load_dataset("voc2012", folder.root)
    assert dataset.ids == ["2007_000033", "2007_000042"]
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert names_of(dataset[0]) == ["background", "cat", "voc12"]
    # The boundary of objects takes no part.
    leaves = dataset.targets[0].leaf_labels
    np.testing.assert_array_equal(leaves == -1, labels == 255)
    assert load_dataset("Pascal VOC 2012", folder.root, "train").ids == ["2007_000032"]


def test_voc_test_images_have_no_ground_truth(folder):
    write_voc(folder)
    dataset = load_dataset("voc2012", folder.root, "test")
    assert not dataset[0].has_ground_truth
    assert dataset[0].label_map() is None
    assert dataset.targets[0] is None
    assert "1, 0 of them with ground truth" in dataset.describe()


def test_voc_colours_instead_of_indices(folder):
    write_voc(folder)
    folder.image("SegmentationClass/2007_000033.png")
    with pytest.raises(DatasetError, match="3 channels: a picture in colours"):
        load_dataset("voc2012", folder.root)[0].label_map()


def mask(rows, columns):
    array = np.zeros(SIZE, dtype=np.uint8)
    array[rows, columns] = 1
    return array


def structs(rows, names):
    """Return MATLAB's structure array of (1, n), or its empty array."""
    if not rows:
        return np.zeros((0, 0))
    array = np.empty((1, len(rows)), dtype=[(name, object) for name in names])
    for place, row in enumerate(rows):
        array[0, place] = row
    return array


def pascal_annotation(*objects):
    """Return Pascal-Part's ``anno`` of (class, mask, parts) objects."""
    rows = [
        (name, 1.0, area, structs(parts, ("part_name", "mask")))
        for name, area, parts in objects
    ]
    fields = ("class", "class_ind", "mask", "parts")
    return {"imname": "2008_000001", "objects": structs(rows, fields)}


def write_pascal_part(folder, annotation, name="2008_000001"):
    folder.image(f"JPEGImages/{name}.jpg")
    folder.mat(f"Annotations_Part/{name}.mat", anno=annotation)


def test_pascal_part(folder):
    everywhere = slice(None)
    head, eye = mask(slice(0, 3), slice(0, 3)), mask(1, 1)
    # The eye is listed before the head that it lies on.
    cat = ("cat", mask(everywhere, slice(0, 4)), [("leye", eye), ("head", head)])
    # The chair comes later, and so lies on the cat.
    chair = ("chair", mask(slice(4, 6), slice(3, 8)), [])
    write_pascal_part(folder, pascal_annotation(cat, chair))
    # Not all images of the list have parts.
    folder.image("JPEGImages/2008_000002.jpg")
    folder.text("ImageSets/Main/val.txt", "2008_000001\n2008_000002\n")
    dataset = load_dataset("pascal-part", folder.root)
    assert dataset.ids == ["2008_000001"]
    labels = np.zeros(SIZE, dtype=int)
    # A cat's pixels outside its parts are no class: they are ignored.
    labels[:, :4], labels[:3, :3], labels[1, 1] = 389, 179, 177
    labels[4:, 3:] = 192
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert names_of(dataset[0]) == [
        *("head", "background", "leye", "chair", "cat", "pascalpart")
    ]


@pytest.mark.parametrize("place", ["VOC2010", "VOCdevkit/VOC2010"])
def test_pascal_part_beside_the_images(folder, place):
    table = ("table", mask(slice(0, 2), 0), [])
    other = ("diningtable", mask(slice(3, 5), 0), [])
    write_pascal_part(folder, pascal_annotation(table, other))
    (folder.root / place).parent.mkdir(exist_ok=True, parents=True)
    (folder.root / place).mkdir(exist_ok=True)
    (folder.root / "JPEGImages").rename(folder.root / place / "JPEGImages")
    folder.text(f"{place}/ImageSets/Main/val.txt", "2008_000001\n")
    labels = load_dataset("pascal-part", folder.root)[0].label_map()
    assert labels[:, 0].tolist() == [311, 311, 0, 311, 311, 0]


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (("cat", mask(0, 0), [("lwing", mask(0, 0))]), "lwing of cat"),
        (("unicorn", mask(0, 0), []), "unicorn"),
    ],
)
def test_pascal_part_with_unknown_names(folder, item, named):
    write_pascal_part(folder, pascal_annotation(item))
    folder.text("val.txt", "2008_000001\n")
    with pytest.raises(DatasetError, match=f"does not know: '{named}'"):
        load_dataset("pascal-part", folder.root)[0].label_map()


def test_pascal_part_of_another_size(folder):
    small = ("cat", np.ones((2, 3), dtype=np.uint8), [])
    write_pascal_part(folder, pascal_annotation(small))
    folder.text("val.txt", "2008_000001\n")
    message = re.escape("of size (2, 3), the image is of (6, 8)")
    with pytest.raises(DatasetError, match=message):
        load_dataset("pascal-part", folder.root)[0].label_map()


# --------------------------------------------------------------------- COCO


def write_coco_json(folder, annotations, file="annotations/instances_val2017.json"):
    height, width = SIZE
    names = ["000000000139.jpg", "000000000285.jpg"]
    images = [
        {"id": place, "file_name": name, "height": height, "width": width}
        for place, name in enumerate(names)
    ]
    content = {
        "images": images[::-1],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}, {"id": 17, "name": "cat"}],
    }
    folder.json(file, content)
    return names


@pytest.mark.parametrize("images", ["val2017", "images/val2017"])
@pytest.mark.parametrize("maps", ["stuffthingmaps/val2017", "annotations/val2017"])
def test_coco_maps(folder, images, maps):
    labels = halves(16, 156)
    labels[0] = 255
    folder.image(f"{images}/000000000139.jpg")
    folder.labels(f"{maps}/000000000139.png", labels)
    things = load_dataset("coco", folder.root)
    np.testing.assert_array_equal(things[0].label_map(), labels)
    assert things.hierarchy == LabelHierarchy.load("cocothing")
    named = names_of(things[0])
    assert named[:2] == ["cat", "background"]
    assert named[-1] == "cocothing"
    stuff = load_dataset("coco-stuff", folder.root)
    np.testing.assert_array_equal(stuff[0].label_map(), labels)
    assert names_of(stuff[0])[:2] == ["background", "sky-other"]
    both = load_dataset("coco-stuff", folder.root, hierarchy="cocostuffthing")
    assert names_of(both[0])[:2] == ["cat", "sky-other"]


def test_coco_instances(folder):
    square = [1, 1, 5, 1, 5, 5, 1, 5]
    annotations = [
        # The cat lies on the person, and is listed first.
        {"image_id": 0, "category_id": 17, "area": 4, "iscrowd": 0}
        | {"segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]},
        {"image_id": 0, "category_id": 1, "area": 16, "iscrowd": 0}
        | {"segmentation": [square]},
        # A crowd: columns run down, counts begin with what is outside.
        {"image_id": 0, "category_id": 90, "area": 6, "iscrowd": 1}
        | {"segmentation": {"size": list(SIZE), "counts": [42, 6]}},
    ]
    names = write_coco_json(folder, annotations)
    for name in names:
        folder.image(f"val2017/{name}")
    dataset = load_dataset("coco", folder.root)
    assert dataset.ids == ["000000000139", "000000000285"]
    labels = np.full(SIZE, 182)
    labels[1:5, 1:5], labels[1:3, 1:3], labels[:, 7] = 0, 16, 89
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    # What is no thing is the background, and nothing is ignored.
    tree = dataset[0].target()
    assert tree.node_data["name"].tolist()[:4] == [
        *("background", "toothbrush", "cat", "person")
    ]
    assert tree.node_data["background"].tolist()[:4] == [True, False, False, False]
    assert dataset.hierarchy.class_names[-1] == "other"
    # Without any thing all is background.
    assert (dataset[1].label_map() == 182).all()


def test_coco_polygons_are_those_of_pycocotools(folder):
    tools = pytest.importorskip("pycocotools.mask", reason="needs pycocotools")
    rng = np.random.default_rng(0)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 20))
    radii = rng.uniform(30, 90, 20)
    ring = np.stack(
        [100 + radii * np.cos(angles), 110 + radii * np.sin(angles)], axis=1
    ).ravel()
    size = (220, 200)
    codes = tools.frPyObjects([ring.tolist()], *size)
    with warnings.catch_warnings():
        # Its compiled part knows NumPy 1 only.
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = tools.decode(codes)[..., 0].astype(bool)
    labels = np.zeros(size, dtype=np.int32)
    draw(labels, [ring.tolist()], 1)
    drawn = labels == 1
    assert (drawn & expected).sum() / (drawn | expected).sum() > 0.98
    # Compressed run lengths are decoded by it.
    code = tools.encode(np.asfortranarray(expected.astype(np.uint8)))
    labels[:] = 0
    draw(labels, {"size": code["size"], "counts": code["counts"].decode()}, 1)
    np.testing.assert_array_equal(labels == 1, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category_id": 91}, "has unknown category ids: 91"),
        ({"segmentation": [[1, 2, 3]]}, "an outline in '.*' is malformed"),
        (
            {"segmentation": {"size": [2, 2], "counts": [4]}},
            r"is of size \[2, 2\], not \(6, 8\)",
        ),
        (
            {"segmentation": {"size": list(SIZE), "counts": [4]}},
            "an outline in '.*' is malformed",
        ),
    ],
)
def test_coco_instances_that_are_malformed(folder, change, message):
    entry = {"image_id": 0, "category_id": 1, "area": 1, "segmentation": []} | change
    for name in write_coco_json(folder, [entry]):
        folder.image(f"val2017/{name}")
    with pytest.raises(DatasetError, match=message):
        load_dataset("coco", folder.root)[0].label_map()


def test_coco_json_without_its_images(folder):
    write_coco_json(folder, [])
    folder.image("val2017/000000000139.jpg")
    message = r"1 of the 2 images of '.*instances_val2017\.json' are not in"
    with pytest.raises(DatasetError, match=message):
        load_dataset("coco", folder.root)


@pytest.mark.parametrize("content", ["{", "[]", '{"images": [{}], "annotations": []}'])
def test_coco_json_that_is_none(folder, content):
    folder.image("val2017/000000000139.jpg")
    folder.text("annotations/instances_val2017.json", content)
    with pytest.raises(DatasetError, match=r"instances_val2017\.json"):
        load_dataset("coco", folder.root)


def test_coco_stuff_pixelmaps(folder):
    codes = halves(92, 183)
    codes[0] = 0
    folder.image("val2017/000000000139.jpg")
    folder.labels("annotations/stuff_val2017_pixelmaps/000000000139.png", codes)
    dataset = load_dataset("coco-stuff", folder.root)
    labels = halves(91, 182)
    labels[0] = 255
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert names_of(dataset[0])[:2] == ["banner", "background"]
    folder.labels("annotations/stuff_val2017_pixelmaps/000000000139.png", codes * 0 + 7)
    with pytest.raises(DatasetError, match=r"139\.png' has unknown values: 7"):
        dataset[0].label_map()


# ------------------------------------------------------------------- streets


def test_cityscapes(folder):
    labels = halves(7, 26)
    labels[0], labels[1] = 0, 9
    stem = "frankfurt_000000_000294"
    folder.image(f"leftImg8bit/val/frankfurt/{stem}_leftImg8bit.png")
    folder.labels(f"gtFine/val/frankfurt/{stem}_gtFine_labelIds.png", labels)
    folder.labels(f"gtFine/val/frankfurt/{stem}_gtFine_instanceIds.png", labels * 9)
    folder.image("leftImg8bit/test/berlin/berlin_0_0_leftImg8bit.png")
    dataset = load_dataset("cityscapes", folder.root)
    assert dataset.ids == [stem]
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert names_of(dataset[0]) == ["road", "car", "flat", "vehicle", "cityscapes"]
    assert (dataset.targets[0].leaf_labels[:2] == -1).all()
    assert load_dataset("cityscapes", folder.root, "test").targets[0] is None


@pytest.mark.parametrize("maps", ["panoptic_maps", "kitti-step/panoptic_maps"])
@pytest.mark.parametrize("images", ["images/val", "training/image_02"])
def test_kitti_step(folder, maps, images):
    labels = halves(0, 13)
    labels[0] = 255
    # Green and blue number the instances.
    panoptic = np.stack([labels, HALVES, HALVES * 7], axis=2).astype(np.uint8)
    for sequence in ("0002", "0006"):
        folder.image(f"{images}/{sequence}/000000.png")
        folder.array(f"{maps}/val/{sequence}/000000.png", panoptic)
    if images == "training/image_02":
        # A sequence of the training split in the same folder.
        folder.image(f"{images}/0000/000000.png")
    dataset = load_dataset("kitti-step", folder.root)
    assert dataset.ids == ["0002_000000", "0006_000000"]
    np.testing.assert_array_equal(dataset[1].label_map(), labels)
    assert names_of(dataset[1])[:2] == ["road", "car"]


@pytest.mark.parametrize("images", ["images/test", "testing/image_02"])
def test_kitti_step_test(folder, images):
    folder.image(f"{images}/0000/000001.png")
    dataset = load_dataset("kitti-step", folder.root, "test")
    assert (dataset.ids, dataset.targets[0]) == (["0000_000001"], None)


@pytest.mark.parametrize("place", ["v1.2/labels", "labels"])
def test_mapillary_vistas(folder, place):
    labels = halves(13, 55)
    labels[0] = 65
    folder.image("validation/images/a.jpg")
    folder.labels(f"validation/{place}/a.png", labels, palette=True)
    # Version 2.0 numbers other classes, and is not read where there is 1.2.
    folder.labels("validation/v2.0/labels/a.png", labels + 50, palette=True)
    dataset = load_dataset("mapillary-vistas", folder.root)
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert dataset.hierarchy == LabelHierarchy.load("mapillaryvistas")
    assert names_of(dataset[0])[:2] == ["road", "car"]
    assert (dataset.targets[0].leaf_labels[0] == -1).all()


VISTAS = ["nature--sky", "marking--discrete--arrow--left", "marking--discrete--text"]


def test_mapillary_vistas_2(folder):
    names = [*VISTAS, "object--manhole", "void--unlabeled"]
    labels = halves(1, 2)
    labels[0], labels[1] = 4, 0
    folder.image("validation/images/a.jpg")
    folder.labels("validation/v2.0/labels/a.png", labels, palette=True)
    with pytest.raises(DatasetError, match=r"no folder 'validation/v1.2/labels'|v2.0"):
        load_dataset("mapillary-vistas", folder.root)
    folder.json("config_v2.0.json", {"labels": [{"name": name} for name in names]})
    dataset = load_dataset("mapillary-vistas", folder.root)
    assert dataset.hierarchy.labels == [0, 1, 2, 3, 4]
    tree, dataset_name = dataset[0].target(), "mapillaryvistas2"
    assert sorted(tree.node_data["name"]) == sorted(
        ["sky", "left", "text", "arrow", "discrete", "marking", "nature", dataset_name]
    )
    left = tree.node_data["name"].tolist().index("left")
    path = [tree.node_data["name"][node] for node in tree.path(left)]
    assert set(path) == {"left", "arrow", "discrete", "marking", "mapillaryvistas2"}
    assert (tree.leaf_labels[0] == -1).all()
    folder.json("config_v2.0.json", {"labels": [{"readable": "Sky"}]})
    with pytest.raises(DatasetError, match="must list the 'name' of every label"):
        load_dataset("mapillary-vistas", folder.root)


# -------------------------------------------------------------------- aerial

COLOURS = [(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0)]
COLOURS += [(255, 0, 0)]
POTSDAM = ["2_13", "2_14", "3_13", "3_14", "4_13", "4_14", "4_15"]
POTSDAM += ["5_13", "5_14", "5_15", "6_13", "6_14", "6_15", "7_13"]


def coloured():
    """Return labels 0 to 5 in columns, the last two black, and their colours."""
    labels = np.tile(np.array([0, 1, 2, 3, 4, 5, 255, 255]), (SIZE[0], 1))
    table = np.array([*COLOURS, (0, 0, 0)], dtype=np.uint8)
    return labels, table[np.minimum(labels, 6)]


def test_potsdam(folder):
    labels, colours = coloured()
    # A colour of the published files that is off by a little.
    colours[0, 4] = (252, 255, 0)
    for tile in POTSDAM:
        folder.image(f"2_Ortho_RGB/top_potsdam_{tile}_RGB.tif")
        folder.array(f"5_Labels_all/top_potsdam_{tile}_label.tif", colours)
    dataset = load_dataset("potsdam", folder.root)
    assert dataset.ids == POTSDAM
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert names_of(dataset[0]) == [
        *("roads", "buildings", "vegetation", "tree", "car", "clutter", "potsdam")
    ]
    with pytest.raises(DatasetError, match="24 of the 24 images of the split 'train'"):
        load_dataset("potsdam", folder.root, "train")
    colours[0, :2] = [(255, 0, 255), (128, 0, 0)]
    folder.array("5_Labels_all/top_potsdam_2_13_label.tif", colours)
    message = re.escape("has colours of no class: (128, 0, 0), (255, 0, 255)")
    with pytest.raises(DatasetError, match=message):
        dataset[0].label_map()


def test_potsdam_splits_are_the_38_tiles():
    from skuhas.datasets._aerial import _POTSDAM_TRAIN, _POTSDAM_VAL

    every = {f"{row}_{column}" for row in (2, 3) for column in range(10, 15)}
    every |= {f"{row}_{column}" for row in (4, 5) for column in range(10, 16)}
    every |= {f"6_{column}" for column in range(7, 16)}
    every |= {f"7_{column}" for column in range(7, 14)}
    assert len(every) == 38
    assert sorted((*_POTSDAM_TRAIN, *_POTSDAM_VAL)) == sorted(every)


def test_vaihingen(folder):
    labels, colours = coloured()
    areas = [1, 3, 5, 7, 11, 13, 15, 17, 21, 23, 26, 28, 30, 32, 34, 37]
    for area in areas:
        folder.image(f"top/top_mosaic_09cm_area{area}.tif")
        folder.array(f"gts_for_participants/top_mosaic_09cm_area{area}.tif", colours)
    dataset = load_dataset("vaihingen", folder.root, "train")
    assert dataset.ids == [f"area{area}" for area in areas]
    np.testing.assert_array_equal(dataset[-1].label_map(), labels)
    complete = "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE"
    (folder.root / "gts_for_participants").rename(folder.root / complete)
    assert load_dataset("vaihingen", folder.root, "train").ids == dataset.ids


# --------------------------------------------------------------------- parts


def test_partimagenet_maps(folder):
    labels = halves(0, 3)
    labels[0] = 40
    folder.image("images/val/n02085782_1039.JPEG")
    folder.labels("annotations/val/n02085782_1039.png", labels)
    dataset = load_dataset("partimagenet", folder.root)
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert names_of(dataset[0]) == [
        *("background", "head", "tail", "quadruped", "partimagenet")
    ]


@pytest.mark.parametrize("file", ["val.json", "annotations/val.json"])
@pytest.mark.parametrize("images", ["val/n01440764", "images/val/n01440764"])
def test_partimagenet_json(folder, file, images):
    height, width = SIZE
    image = {"id": 5, "file_name": "n01440764_3.JPEG", "height": height, "width": width}
    part = {"image_id": 5, "category_id": 9, "area": 8}
    part["segmentation"] = [[0, 0, 2, 0, 2, 4, 0, 4]]
    folder.json(file, {"images": [image], "annotations": [part], "categories": []})
    folder.image(f"{images}/n01440764_3.JPEG")
    dataset = load_dataset("partimagenet", folder.root)
    labels = np.full(SIZE, 40)
    labels[:4, :2] = 9
    np.testing.assert_array_equal(dataset[0].label_map(), labels)
    assert names_of(dataset[0])[:3] == ["head", "background", "fish"]


def test_partimagenet_158(folder):
    labels = halves(15, 17)
    labels[0] = 40
    # An albatross: its parts are those of birds, in the same order.
    folder.image("images/val/n02058221_7.JPEG")
    folder.labels("annotations/val/n02058221_7.png", labels)
    dataset = load_dataset("partimagenet-158", folder.root)
    expected = halves(20, 22)
    expected[0] = 599
    np.testing.assert_array_equal(dataset[0].label_map(), expected)
    assert names_of(dataset[0]) == [
        *("background", "wing", "tail", "albatross", "bird", "partimagenet158")
    ]
    # A wheel is no part of a bird.
    folder.labels("annotations/val/n02058221_7.png", labels + 10)
    with pytest.raises(DatasetError, match="has unknown values: 25, 27, 50"):
        dataset[0].label_map()
    folder.labels("annotations/val_idx/n02058221_7.png", expected)
    numbered = load_dataset("partimagenet-158", folder.root)
    np.testing.assert_array_equal(numbered[0].label_map(), expected)


def test_partimagenet_158_of_no_synset(folder):
    folder.image("images/val/albatross.JPEG")
    folder.labels("annotations/val/albatross.png", HALVES)
    with pytest.raises(DatasetError, match="one of the 158 synsets of PartImageNet"):
        load_dataset("partimagenet-158", folder.root)[0].label_map()


def test_partimagenet_158_has_the_parts_of_partimagenet():
    from skuhas.datasets._parts import labels_158

    table = labels_158()
    coarse, fine = map(LabelHierarchy.load, ("partimagenet", "partimagenet158"))
    # The two hierarchies spell two parts of cars otherwise.
    spelling = {"tier": "tire", "side mirror": "mirror"}
    seen = set()
    for synset, labels in table.items():
        assert re.fullmatch(r"n\d{8}", synset)
        for part, label in labels.items():
            name = fine.class_names[fine.labels.index(label)]
            assert coarse.class_names[part] == spelling.get(name, name)
        seen |= set(labels.values())
    assert len(table) == 158
    assert seen == set(fine.labels) - {600}
