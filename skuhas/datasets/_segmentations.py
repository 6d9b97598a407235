"""BSDS500 and CamVid."""

from __future__ import annotations

from skuhas.datasets._layout import Description, Files
from skuhas.datasets._mat import BerkeleyMat
from skuhas.datasets._readers import IndexImage

SPLITS = ("train", "val", "test")

BSDS500 = Description(
    name="bsds500",
    title="BSDS500",
    hierarchy=None,
    splits=SPLITS,
    layout="""
BSDS500/
    data/images/{train,val,test}/*.jpg
    data/groundTruth/{train,val,test}/*.mat
""",
    sources=(
        Files(
            images="data/images/{split}/{stem}.jpg",
            annotations="data/groundTruth/{split}/{stem}.mat",
            reader=BerkeleyMat(),
        ),
    ),
)

CAMVID = Description(
    name="camvid",
    title="CamVid",
    hierarchy="camvid",
    splits=SPLITS,
    layout="""
CamVid/
    {train,val,test}/*.png
    {train,val,test}annot/*.png
    {train,val,test}.txt           (optional)
""",
    sources=(
        Files(
            images="{split}/{stem}.png",
            annotations="{split}annot/{stem}.png",
            listing="{split}.txt",
            listing_optional=True,
            reader=IndexImage(),
        ),
    ),
)
