"""GeoJSON: one polygon feature a node, along the edges of the pixels."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import check_integer
from skuhas.tree import _fill, _nodes
from skuhas.tree._files import TreeFormatError
from skuhas.tree._outlines import outlines
from skuhas.tree._structure import Structure

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
KINDS = {"Polygon": 1, "MultiPolygon": 2}


def coefficients(transform: Any) -> tuple[float, ...]:
    """Return a to f of ``x = a col + b row + c`` and ``y = d col + e row + f``."""
    if transform is None:
        return IDENTITY
    wanted = (
        "transform must be six finite numbers (a, b, c, d, e, f), with x = a col + b "
        "row + c and y = d col + e row + f, or an object that has them as attributes"
    )
    if all(hasattr(transform, name) for name in "abcdef"):
        values = [getattr(transform, name) for name in "abcdef"]
    elif isinstance(transform, (str, bytes, Mapping)) or not np.iterable(transform):
        raise TypeError(f"{wanted}, got {transform!r}.")
    else:
        values = list(transform)
    if len(values) != 6 or not all(
        isinstance(value, numbers.Real) and math.isfinite(value) for value in values
    ):
        raise ValueError(f"{wanted}, got {transform!r}.")
    a, b, c, d, e, f = (float(value) for value in values)
    if a * e - b * d == 0:
        raise ValueError(f"transform must have an inverse, got {(a, b, c, d, e, f)}.")
    return a, b, c, d, e, f


def document(tree: Structure, *, transform: Any, crs: str | None) -> dict[str, Any]:
    """Return a collection of features, every node after those above it."""
    a, b, c, d, e, f = coefficients(transform)
    found = outlines(tree.leaf_labels, tree.parents)
    column, row = found.points.T
    points = found.points
    if (a, b, c, d, e, f) != IDENTITY:
        points = np.stack([a * column + b * row + c, d * column + e * row + f], axis=1)
    coordinates = points.tolist()
    # Outer rings run counterclockwise, as RFC 7946 wants them; a mirror turns them.
    step = -1 if a * e - b * d < 0 else 1
    parents = tree.parents.tolist()
    areas = tree.area.tolist()
    properties = _nodes.records(tree)
    features = []
    for node in tree.preorder().tolist():
        polygons = [
            [coordinates[begin:end][::step] for begin, end in rings]
            for rings in found.polygons[node]
        ]
        single = len(polygons) == 1
        features.append(
            {
                "type": "Feature",
                "id": node,
                "geometry": {
                    "type": "Polygon" if single else "MultiPolygon",
                    "coordinates": polygons[0] if single else polygons,
                },
                "properties": {
                    "node": node,
                    "parent": None if node == tree.root else parents[node],
                    "area": areas[node],
                    **properties[node],
                },
            }
        )
    head = _nodes.header(tree)
    head |= {"shape": list(tree.shape), "transform": [a, b, c, d, e, f]}
    result: dict[str, Any] = {"type": "FeatureCollection", "skuhas": head}
    if crs is not None:
        result["crs"] = {"type": "name", "properties": {"name": crs}}
    return result | {"features": features}


def fields(
    document: Mapping[str, Any], shape: Any, transform: Any, source: str
) -> dict[str, Any]:
    """Return what a tree is made of from a collection of features."""
    head = document.get("skuhas")
    head = head if isinstance(head, Mapping) else {}
    size = _shape(head.get("shape") if shape is None else shape, source)
    affine = coefficients(head.get("transform") if transform is None else transform)
    features = document.get("features")
    if document.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise TreeFormatError(f"{source}: not a GeoJSON FeatureCollection.")
    try:
        properties = [feature["properties"] for feature in features]
        names = [
            feature["id"] if "id" in feature else entry["node"]
            for feature, entry in zip(features, properties, strict=True)
        ]
        for name, entry in zip(names, properties, strict=True):
            if "parent" not in entry:
                raise TreeFormatError(
                    f"{source}: feature {name!r} has no property 'parent', which makes "
                    "a tree of the features (null at the root)."
                )
        above = [entry["parent"] for entry in properties]
        order, parents = _nodes.ordered(names, above, source)
        names = [names[place] for place in order]
        rings = [
            (node, ring)
            for node, place in enumerate(order)
            for ring in _rings(features[place]["geometry"], affine, names[node])
        ]
    except TreeFormatError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise TreeFormatError(f"{source}: not a region tree: {detail}.") from error
    node, row, start, stop = _fill.spans(rings, size)
    runs = node, row * size[1] + start, stop - start
    labels = _nodes.leaf_labels(parents, names, runs, size[0] * size[1], source)
    entries = [properties[place] for place in order]
    return {
        "parents": parents,
        "leaf_labels": labels.reshape(size),
        **_nodes.fields(entries, head, source),
    }


def _shape(value: Any, source: str) -> tuple[int, int]:
    if value is None:
        raise ValueError(
            f"shape must be the height and width of the image: {source} does not say."
        )
    sides: Sequence[Any] = list(value) if np.iterable(value) else []
    if len(sides) != 2:
        raise ValueError(f"shape must be (height, width), got {value!r}.")
    height, width = (check_integer(side, "shape", low=1) for side in sides)
    assert height is not None
    assert width is not None
    return height, width


def _rings(geometry: Any, affine: tuple[float, ...], name: Any) -> list[NDArray]:
    """Return the rings of a geometry in columns and rows."""
    kind = geometry["type"]
    if kind not in KINDS:
        raise ValueError(f"feature {name!r} is a {kind}, no Polygon or MultiPolygon")
    nested = geometry["coordinates"]
    if KINDS[kind] == 2:
        nested = [ring for polygon in nested for ring in polygon]
    a, b, c, d, e, f = affine
    determinant = a * e - b * d
    rings = []
    for ring in nested:
        # A third coordinate is a height.
        points = np.array([point[:2] for point in ring], dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 4:
            raise ValueError(f"feature {name!r} has a ring of fewer than four points")
        if not np.isfinite(points).all() or (points[0] != points[-1]).any():
            raise ValueError(f"feature {name!r} has a ring that is not closed")
        x, y = points.T - [[c], [f]]
        column, row = (e * x - b * y) / determinant, (a * y - d * x) / determinant
        rings.append(np.stack([column, row], axis=1))
    return rings
