"""MSCOCO and COCO-Stuff: maps of things and stuff, or the things' outlines alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skuhas.datasets._coco_json import JsonFile, with_other
from skuhas.datasets._layout import Description, Files, Found
from skuhas.datasets._readers import IndexImage
from skuhas.hierarchies import LabelHierarchy

# The hierarchies count as the maps of things and stuff do: COCO's category id
# less one, things from 0 to 90 and stuff from 91 to 181, 255 where unlabelled.
THINGS = {category: category - 1 for category in range(1, 91)}
OTHER = 182

# The maps of stuff alone: 0 unlabelled, 92 to 182 stuff, 183 any thing.
STUFF = ((0, 255), *((code, code - 1) for code in range(92, 183)), (183, OTHER))

SPLITS = ("train", "val")
IMAGES = ("{split}2017", "images/{split}2017")
MAPS = (
    "stuffthingmaps/{split}2017",
    "stuffthingmaps_trainval2017/{split}2017",
    "annotations/{split}2017",
)


@dataclass(frozen=True)
class Partial:
    """A source of the things or the stuff alone: all else is one class "other"."""

    source: Files | JsonFile
    name: str

    def hierarchy(self, root: Path) -> LabelHierarchy:
        """Return the built-in one with the class "other" of the background."""
        return with_other(LabelHierarchy.load(self.name), OTHER)

    def missing(self, root: Path, split: str) -> list[str]:
        """Return what must be there for a split and is not, in words."""
        return self.source.missing(root, split)

    def index(self, root: Path, split: str) -> list[Found]:
        """Return the samples of a split."""
        return self.source.index(root, split)


def _maps(folders: tuple[str, ...], reader: IndexImage) -> tuple[Files, ...]:
    return tuple(
        Files(
            images=f"{image}/{{stem}}.jpg",
            annotations=f"{folder}/{{stem}}.png",
            reader=reader,
        )
        for image in IMAGES
        for folder in folders
    )


COCO = Description(
    name="coco",
    title="MSCOCO",
    hierarchy="cocothing",
    splits=SPLITS,
    layout="""
coco/
    {train,val}2017/*.jpg          (or images/{train,val}2017)
    stuffthingmaps/{train,val}2017/*.png    (of COCO-Stuff: best)
    annotations/instances_{train,val}2017.json    (used where there are no maps)
""",
    sources=(
        *_maps(MAPS, IndexImage()),
        *(
            Partial(
                JsonFile(
                    annotations="annotations/instances_{split}2017.json",
                    images=(f"{folder}/{{name}}",),
                    label_of=THINGS,
                    uncovered=OTHER,
                ),
                "cocothing",
            )
            for folder in IMAGES
        ),
    ),
)

COCO_STUFF = Description(
    name="coco-stuff",
    title="COCO-Stuff",
    hierarchy="cocostuff",
    splits=SPLITS,
    layout="""
coco/
    {train,val}2017/*.jpg          (or images/{train,val}2017)
    stuffthingmaps/{train,val}2017/*.png    (or annotations/{train,val}2017: best)
    annotations/stuff_{train,val}2017_pixelmaps/*.png    (where there are no such)
""",
    sources=(
        *_maps(MAPS, IndexImage()),
        *(
            Partial(source, "cocostuff")
            for source in _maps(
                (
                    "annotations/stuff_{split}2017_pixelmaps",
                    "stuff_{split}2017_pixelmaps",
                ),
                IndexImage(label_of=STUFF),
            )
        ),
    ),
)
