"""PascalVOC2012 and Pascal-Part."""

from __future__ import annotations

from skuhas.datasets._layout import Description, Files
from skuhas.datasets._mat import PascalPartMat
from skuhas.datasets._readers import IndexImage

VOC2012 = Description(
    name="voc2012",
    title="PascalVOC2012",
    hierarchy="voc12",
    splits=("train", "val", "trainval", "test"),
    layout="""
VOC2012/
    JPEGImages/*.jpg
    SegmentationClass/*.png
    ImageSets/Segmentation/{train,val,trainval}.txt
""",
    sources=(
        Files(
            images="JPEGImages/{stem}.jpg",
            annotations="SegmentationClass/{stem}.png",
            listing="ImageSets/Segmentation/{split}.txt",
            reader=IndexImage(),
            unlabelled=("test",),
        ),
    ),
)

# Only some of VOC2010's images have parts: the others are left out.
PASCAL_PART = Description(
    name="pascal-part",
    title="Pascal-Part",
    hierarchy="pascalpart",
    splits=("train", "val", "trainval"),
    layout="""
VOC2010/
    JPEGImages/*.jpg
    ImageSets/Main/{train,val,trainval}.txt
    Annotations_Part/*.mat         (or beside VOC2010 or VOCdevkit)
""",
    sources=tuple(
        Files(
            images=f"{folder}JPEGImages/{{stem}}.jpg",
            annotations="Annotations_Part/{stem}.mat",
            listing=listing,
            reader=PascalPartMat(),
            only_annotated=True,
        )
        for folder, listing in (
            ("", "ImageSets/Main/{split}.txt"),
            ("", "{split}.txt"),
            ("VOC2010/", "VOC2010/ImageSets/Main/{split}.txt"),
            ("VOCdevkit/VOC2010/", "VOCdevkit/VOC2010/ImageSets/Main/{split}.txt"),
        )
    ),
)
