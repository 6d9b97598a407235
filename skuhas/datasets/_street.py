"""Cityscapes, KITTI-STEP and Mapillary Vistas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skuhas.datasets._coco_json import read_json
from skuhas.datasets._errors import DatasetError
from skuhas.datasets._layout import Description, Files, Found
from skuhas.datasets._readers import IndexImage
from skuhas.hierarchies import LabelHierarchy

SPLITS = ("train", "val", "test")

CITYSCAPES = Description(
    name="cityscapes",
    title="Cityscapes",
    hierarchy="cityscapes",
    splits=SPLITS,
    layout="""
cityscapes/
    leftImg8bit/{train,val,test}/CITY/*_leftImg8bit.png
    gtFine/{train,val,test}/CITY/*_gtFine_labelIds.png
""",
    sources=(
        Files(
            images="leftImg8bit/{split}/{group}/{stem}_leftImg8bit.png",
            annotations="gtFine/{split}/{group}/{stem}_gtFine_labelIds.png",
            reader=IndexImage(),
            unlabelled=("test",),
        ),
    ),
)

# The red channel is the class, green and blue number the instances.
_PANOPTIC = IndexImage(channel=0)

KITTI_STEP = Description(
    name="kitti-step",
    title="KITTI-STEP",
    hierarchy="kittistep",
    splits=SPLITS,
    layout="""
kitti-step/
    images/{train,val,test}/SEQUENCE/*.png    (or {training,testing}/image_02/SEQUENCE)
    panoptic_maps/{train,val}/SEQUENCE/*.png  (or kitti-step/panoptic_maps/...)
""",
    sources=(
        *(
            Files(
                images="images/{split}/{group}/{stem}.png",
                annotations=f"{folder}panoptic_maps/{{split}}/{{group}}/{{stem}}.png",
                reader=_PANOPTIC,
                sample_id="{group}_{stem}",
                unlabelled=("test",),
            )
            for folder in ("", "kitti-step/")
        ),
        # KITTI keeps the sequences of training and validation in one folder.
        *(
            Files(
                images="training/image_02/{group}/{stem}.png",
                annotations=f"{folder}panoptic_maps/{{split}}/{{group}}/{{stem}}.png",
                reader=_PANOPTIC,
                sample_id="{group}_{stem}",
                only_annotated=True,
            )
            for folder in ("", "kitti-step/")
        ),
        Files(
            images="testing/image_02/{group}/{stem}.png",
            annotations="panoptic_maps/test/{group}/{stem}.png",
            reader=_PANOPTIC,
            sample_id="{group}_{stem}",
            unlabelled=("test",),
        ),
    ),
)

_FOLDERS = {"train": "training", "val": "validation", "test": "testing"}


def _vistas(folder: str) -> Files:
    return Files(
        images="{split}/images/{stem}.jpg",
        annotations=f"{{split}}/{folder}labels/{{stem}}.png",
        reader=IndexImage(),
        folder_of_split=_FOLDERS,
        unlabelled=("test",),
    )


@dataclass(frozen=True)
class VistasTwo:
    """Version 2.0 of Mapillary Vistas, whose classes are those of its configuration.

    Their names are paths, "construction--flat--road", and make the hierarchy.
    """

    files: Files
    configuration: str

    def missing(self, root: Path, split: str) -> list[str]:
        """Return what must be there for a split and is not, in words."""
        words = self.files.missing(root, split)
        if not (root / self.configuration).is_file():
            words.append(f"no file {self.configuration!r}")
        return words

    def index(self, root: Path, split: str) -> list[Found]:
        """Return the samples of a split."""
        return self.files.index(root, split)

    def hierarchy(self, root: Path) -> LabelHierarchy:
        """Return the hierarchy of the classes in the configuration."""
        path = root / self.configuration
        content = read_json(path)
        try:
            names = [str(label["name"]).split("--") for label in content["labels"]]
            return LabelHierarchy.from_nested(_nest("mapillaryvistas2", names))
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"{str(path)!r} must list the 'name' of every label: "
                f"{type(error).__name__} {error}."
            ) from error


def _nest(root_name: str, names: list[list[str]]) -> dict[str, Any]:
    """Return nested mappings of classes named by paths, numbered in their order."""
    root: dict[str, Any] = {"name": root_name, "children": []}
    for index, words in enumerate(names):
        children = root["children"]
        for word in words[:-1]:
            found = [each for each in children if each["name"] == word]
            above = next((each for each in found if "children" in each), None)
            if above is None:
                above = {"name": word, "children": []}
                children.append(above)
            children = above["children"]
        role = "ignore" if words[-1] == "unlabeled" else "foreground"
        children.append({"name": words[-1], "index": index, "role": role})
    return root


MAPILLARY_VISTAS = Description(
    name="mapillary-vistas",
    title="Mapillary Vistas",
    hierarchy="mapillaryvistas",
    splits=SPLITS,
    layout="""
mapillary-vistas/
    {training,validation,testing}/images/*.jpg
    {training,validation}/v1.2/labels/*.png    (or labels/*.png: 66 classes, best)
    {training,validation}/v2.0/labels/*.png    (124 classes, where there are no such)
    config_v2.0.json                           (for v2.0)
""",
    sources=(
        _vistas("v1.2/"),
        _vistas(""),
        VistasTwo(_vistas("v2.0/"), "config_v2.0.json"),
    ),
)
