"""PartImageNet and PartImageNet-158."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from skuhas.datasets._coco_json import JsonFile
from skuhas.datasets._errors import DatasetError
from skuhas.datasets._layout import Description, Files
from skuhas.datasets._readers import IndexImage, LabelMap, read_pixels, translate
from skuhas.hierarchies import LabelHierarchy

SPLITS = ("train", "val", "test")
BACKGROUND = 40
BACKGROUND_158 = 599

IMAGES = "images/{split}/{stem}.JPEG"

PART_IMAGE_NET = Description(
    name="partimagenet",
    title="PartImageNet",
    hierarchy="partimagenet",
    splits=SPLITS,
    layout="""
PartImageNet/
    images/{train,val,test}/*.JPEG
    annotations/{train,val,test}/*.png
or
PartImageNet/
    {train,val,test}/SYNSET/*.JPEG    (or images/{train,val,test}/SYNSET)
    {train,val,test}.json             (or annotations/{train,val,test}.json)
""",
    sources=(
        Files(
            images=IMAGES,
            annotations="annotations/{split}/{stem}.png",
            reader=IndexImage(),
        ),
        *(
            JsonFile(
                annotations=f"{folder}{{split}}.json",
                images=tuple(
                    f"{start}{{split}}/{middle}{{name}}"
                    for start in ("", "images/")
                    for middle in ("", "{group}/")
                ),
                label_of={part: part for part in range(BACKGROUND)},
                uncovered=BACKGROUND,
            )
            for folder in ("", "annotations/")
        ),
    ),
)


@cache
def labels_158() -> dict[str, dict[int, int]]:
    """Return what the 40 parts and the background mean in images of each synset.

    The parts of the 11 categories are numbered from the category's first; those
    of a class are in the same order.
    """
    coarse = LabelHierarchy.load("partimagenet").to_nested()
    first_part = {
        category["name"]: category["children"][0]["index"]
        for category in coarse["children"]
        if "children" in category
    }
    file = resources.files("skuhas.datasets") / "_data" / "partimagenet158.json"
    synset_of = {
        name: synset
        for synset, name in json.loads(file.read_text("utf-8"))["classes"].items()
    }
    table = {}
    for category in LabelHierarchy.load("partimagenet158").to_nested()["children"]:
        first = first_part.get(category["name"], 0)
        for kind in category["children"]:
            if "children" in kind:
                labels = [part["index"] for part in kind["children"]]
                table[synset_of[kind["name"]]] = {
                    BACKGROUND: BACKGROUND_158,
                    **{first + place: label for place, label in enumerate(labels)},
                }
    return table


@dataclass(frozen=True)
class PartsOfSynset:
    """Maps of the 40 parts, made parts of the class that the file's name begins with.

    A file is named after its synset in WordNet: ``n02085782_1039.png``.
    """

    def __call__(self, annotation: Path, shape: tuple[int, int]) -> LabelMap:
        """Return the labels of the hierarchy "partimagenet158"."""
        synset = annotation.stem.split("_")[0]
        label_of = labels_158().get(synset)
        if label_of is None:
            raise DatasetError(
                f"{str(annotation)!r} must begin with one of the 158 synsets of "
                f"PartImageNet, got {synset!r}."
            )
        pixels = read_pixels(annotation)
        if pixels.ndim != 2:
            raise DatasetError(
                f"{str(annotation)!r} must hold one number a pixel, got shape "
                f"{pixels.shape}."
            )
        return translate(pixels, label_of, annotation)


PART_IMAGE_NET_158 = Description(
    name="partimagenet-158",
    title="PartImageNet-158",
    hierarchy="partimagenet158",
    splits=SPLITS,
    layout="""
PartImageNet/
    images/{train,val,test}/*.JPEG
    annotations/{train,val,test}_idx/*.png    (parts of the 158 classes, 0 to 600)
    annotations/{train,val,test}/*.png        (the 40 parts, where there are no such)
""",
    sources=(
        Files(
            images=IMAGES,
            annotations="annotations/{split}_idx/{stem}.png",
            reader=IndexImage(),
        ),
        Files(
            images=IMAGES,
            annotations="annotations/{split}/{stem}.png",
            reader=PartsOfSynset(),
        ),
    ),
)
