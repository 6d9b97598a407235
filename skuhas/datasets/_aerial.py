"""Potsdam and Vaihingen, the ISPRS benchmark of semantic labelling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skuhas.datasets._errors import DatasetError
from skuhas.datasets._layout import Description, Files
from skuhas.datasets._readers import LabelMap, read_pixels, shorten

# Labels of the hierarchy "potsdam", which both data sets share, by colour.
COLOURS = {
    (255, 255, 255): 0,  # impervious surfaces
    (0, 0, 255): 1,  # buildings
    (0, 255, 255): 2,  # low vegetation
    (0, 255, 0): 3,  # trees
    (255, 255, 0): 4,  # cars
    (255, 0, 0): 5,  # clutter
    (0, 0, 0): 255,  # the boundaries, in the eroded ground truth
}
# Some pixels of the published files are off by a little: (252, 255, 0).
TOLERANCE = 8


@dataclass(frozen=True)
class ColourCodes:
    """Pictures whose colours, each channel none or full, are the classes."""

    def __call__(self, annotation: Path, shape: tuple[int, int]) -> LabelMap:
        """Return the labels of the hierarchy "potsdam"."""
        pixels = read_pixels(annotation)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise DatasetError(
                f"{str(annotation)!r} must be an RGB picture of the classes' colours, "
                f"got shape {pixels.shape} of {pixels.dtype}."
            )
        # A channel is none (0), full (1), or neither (32), and a colour the sum of
        # 4, 2 and 1 times its channels: at most 7 where it can be a class.
        value = np.arange(256)
        digit = np.where(value <= TOLERANCE, 0, 32).astype(np.uint8)
        digit[value >= 255 - TOLERANCE] = 1
        table = np.full(256, -1, dtype=np.int32)
        for colour, label in COLOURS.items():
            table[np.dot((4, 2, 1), digit[list(colour)])] = label
        red, green, blue = (digit[pixels[..., channel]] for channel in range(3))
        labels = table[4 * red + 2 * green + blue]
        unknown = labels < 0
        if unknown.any():
            colours = np.unique(pixels[unknown], axis=0)
            raise DatasetError(
                f"{str(annotation)!r} has colours of no class: "
                f"{shorten(map(tuple, colours.tolist()), 5)}."
            )
        return labels


# The 24 tiles that the benchmark gave its participants, and the 14 it kept to test.
_POTSDAM_TRAIN = (
    *(f"{row}_{column}" for row in (2, 3, 4, 5) for column in (10, 11, 12)),
    *(f"{row}_{column}" for row in (6, 7) for column in (7, 8, 9, 10, 11, 12)),
)
_POTSDAM_VAL = (
    *("2_13", "2_14", "3_13", "3_14", "4_13", "4_14", "4_15"),
    *("5_13", "5_14", "5_15", "6_13", "6_14", "6_15", "7_13"),
)
# The 16 areas given to participants, and the other 17.
_VAIHINGEN_TRAIN = tuple(
    map(str, (1, 3, 5, 7, 11, 13, 15, 17, 21, 23, 26, 28, 30, 32, 34, 37))
)
_VAIHINGEN_VAL = tuple(
    map(str, (2, 4, 6, 8, 10, 12, 14, 16, 20, 22, 24, 27, 29, 31, 33, 35, 38))
)


def _splits(train: tuple[str, ...], val: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {"train": train, "val": val, "all": (*train, *val)}


POTSDAM = Description(
    name="potsdam",
    title="Potsdam",
    hierarchy="potsdam",
    splits=("train", "val", "all"),
    layout="""
Potsdam/
    2_Ortho_RGB/top_potsdam_*_RGB.tif       (or 3_Ortho_IRRG/top_potsdam_*_IRRG.tif)
    5_Labels_all/top_potsdam_*_label.tif    (or 5_Labels_for_participants: train)
""",
    sources=tuple(
        Files(
            images=f"{folder}/top_potsdam_{{stem}}_{folder.split('_')[-1]}.tif",
            annotations=f"{labels}/top_potsdam_{{stem}}_label.tif",
            stems=_splits(_POTSDAM_TRAIN, _POTSDAM_VAL),
            reader=ColourCodes(),
        )
        for folder in ("2_Ortho_RGB", "3_Ortho_IRRG")
        for labels in ("5_Labels_all", "5_Labels_for_participants")
    ),
)

VAIHINGEN = Description(
    name="vaihingen",
    title="Vaihingen",
    hierarchy="potsdam",
    splits=("train", "val", "all"),
    layout="""
Vaihingen/
    top/top_mosaic_09cm_area*.tif
    ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/top_mosaic_09cm_area*.tif
                                            (or gts_for_participants: train)
""",
    sources=tuple(
        Files(
            images="top/top_mosaic_09cm_area{stem}.tif",
            annotations=f"{labels}/top_mosaic_09cm_area{{stem}}.tif",
            stems=_splits(_VAIHINGEN_TRAIN, _VAIHINGEN_VAL),
            sample_id="area{stem}",
            reader=ColourCodes(),
        )
        for labels in (
            "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE",
            "gts_for_participants",
        )
    ),
)
