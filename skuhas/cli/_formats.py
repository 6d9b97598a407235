"""What trees are exported to, which options each takes, and how files end."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What a tree is written as."""

    coco = "coco"
    geojson = "geojson"
    graphml = "graphml"
    json = "json"
    labelme = "labelme"
    linkage = "linkage"
    newick = "newick"
    tiff = "tiff"
    ucm = "ucm"


# Which formats an option belongs to.
OPTIONS = {
    "levels": {Format.tiff},
    "transform": {Format.geojson},
    "crs": {Format.geojson},
    "image": {Format.coco, Format.labelme},
    "names": {Format.coco, Format.labelme, Format.newick},
}
SUFFIXES = {
    Format.coco: ".coco.json",
    Format.geojson: ".geojson",
    Format.graphml: ".graphml",
    Format.json: ".json",
    Format.labelme: ".labelme.json",
    Format.linkage: ".linkage.npy",
    Format.newick: ".nwk",
    Format.tiff: ".tif",
    Format.ucm: ".ucm.npy",
}
