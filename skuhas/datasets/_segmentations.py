"""Data sets of MATLAB files and of plain frames: BSDS500 and CamVid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skuhas.datasets._errors import DatasetError
from skuhas.datasets._layout import Description, Files
from skuhas.datasets._readers import DAMAGED, IndexImage, LabelMap


def read_mat(path: Path, variable: str) -> Any:
    """Return one variable of a MATLAB file."""
    from scipy.io import loadmat

    try:
        return loadmat(path, variable_names=[variable])[variable]
    # SciPy's reader raises whatever damaged bytes lead it to.
    except (*DAMAGED, KeyError, TypeError, NotImplementedError, MemoryError) as error:
        raise DatasetError(
            f"cannot read {variable!r} in {str(path)!r}: {error}."
        ) from error


@dataclass(frozen=True)
class BerkeleyMat:
    """The segmentations of several annotators: ``groundTruth{i}.Segmentation``."""

    def __call__(self, annotation: Path, shape: tuple[int, int]) -> list[LabelMap]:
        """Return one map for each annotator, regions numbered from 1."""
        cells = read_mat(annotation, "groundTruth")
        try:
            return [
                np.asarray(cell["Segmentation"][0, 0]).astype(np.int32)
                for cell in cells.ravel()
            ]
        except (*DAMAGED, TypeError) as error:
            raise DatasetError(
                f"'groundTruth' in {str(annotation)!r} must be cells with a "
                f"'Segmentation' each: {error}."
            ) from error


BSDS500 = Description(
    name="bsds500",
    title="BSDS500",
    hierarchy=None,
    splits=("train", "val", "test"),
    layout="""
BSDS500/
    data/
        images/{train,val,test}/*.jpg
        groundTruth/{train,val,test}/*.mat
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
    splits=("train", "val", "test"),
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
