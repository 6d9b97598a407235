"""Trees on disk: a compressed numpy archive, or JSON."""

from __future__ import annotations

import json
import math
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import atomic_write

FORMAT = "skuhas.RegionTree"
VERSION = 1
NODE_ARRAYS = ("ncut", "perturbation", "eigengap", "altitude")
DATA_PREFIX = "data."


class TreeFormatError(ValueError):
    """A file or text does not hold a region tree that can be read.

    Examples
    --------
    >>> from skuhas import RegionTree, TreeFormatError
    >>> try:
    ...     RegionTree.from_json("{}")
    ... except TreeFormatError as error:
    ...     print(error)
    text: not a region tree: 'format' is None, expected 'skuhas.RegionTree'.
    """


def write(fields: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the fields of a tree to `path`."""
    if _suffix(path) == ".json":
        with atomic_write(path, "w") as handle:
            handle.write(to_json(fields))
        return
    arrays = {"format": np.array(FORMAT), "version": np.array(VERSION)}
    for name, value in fields.items():
        if name == "node_data":
            arrays |= {DATA_PREFIX + key: array for key, array in value.items()}
        elif value is not None:
            arrays[name] = value
    with atomic_write(path) as handle:
        # The stubs of savez_compressed take keyword arrays for its options.
        np.savez_compressed(handle, **arrays)  # type: ignore[arg-type]


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return checked fields of the tree in `path`, ready for RegionTree."""
    source = os.fspath(path)
    if _suffix(path) == ".json":
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise TreeFormatError(f"{source}: not UTF-8 text: {error}.") from error
        return from_json(text, source)
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise TreeFormatError(f"{source}: a single array, not a region tree.")
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except TreeFormatError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TreeFormatError(f"{source}: not a readable .npz file: {error}") from error
    header = {
        name: array.item() if (array := arrays.pop(name, None)) is not None else None
        for name in ("format", "version")
    }
    data = {
        name.removeprefix(DATA_PREFIX): arrays.pop(name)
        for name in list(arrays)
        if name.startswith(DATA_PREFIX)
    }
    return _checked(header, {**arrays, "node_data": data}, source)


def to_json(fields: dict[str, Any]) -> str:
    """Return the fields of a tree as JSON."""
    labels = fields["leaf_labels"]
    flat = labels.ravel()
    starts = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    lengths = np.diff(np.append(starts, flat.size))
    document = {
        "format": FORMAT,
        "version": VERSION,
        "shape": list(labels.shape),
        "leaf_labels": [flat[starts].tolist(), lengths.tolist()],
        "parents": fields["parents"].tolist(),
    }
    for name in NODE_ARRAYS:
        if fields[name] is not None:
            document[name] = [_plain(value) for value in fields[name].tolist()]
    document["node_data"] = {
        name: {"dtype": array.dtype.str, "values": _plain(array.tolist())}
        for name, array in fields["node_data"].items()
    }
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Spell nan as null and infinities as strings, which JSON has no number for."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def from_json(text: str, source: str) -> dict[str, Any]:
    """Return checked fields of the tree in a JSON text."""
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, TypeError, RecursionError) as error:
        raise TreeFormatError(f"{source}: not valid JSON: {error}.") from error
    if not isinstance(document, dict):
        raise TreeFormatError(f"{source}: not a region tree: no JSON object.")
    header = {name: document.pop(name, None) for name in ("format", "version")}
    _check_header(header, source)
    try:
        fields: dict[str, Any] = {
            "leaf_labels": _expand(document),
            "parents": np.array(document["parents"], dtype=np.int64),
            "node_data": {
                name: _numbers(entry["values"], np.dtype(entry["dtype"]))
                for name, entry in document.get("node_data", {}).items()
            },
        }
        for name in NODE_ARRAYS:
            if document.get(name) is not None:
                fields[name] = _numbers(document[name], np.dtype(np.float64))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise TreeFormatError(f"{source}: not a region tree: {detail}.") from error
    return _checked(header, fields, source)


def _expand(document: dict[str, Any]) -> NDArray[np.int64]:
    values, lengths = (
        np.array(part, dtype=np.int64) for part in document["leaf_labels"]
    )
    shape = tuple(document["shape"])
    size = math.prod(shape)
    if (lengths < 1).any() or int(lengths.sum()) != size:
        raise ValueError(
            f"leaf_labels covers {lengths.sum()} pixels, the shape {shape} has {size}"
        )
    return np.repeat(values, lengths).reshape(shape)


def _numbers(values: list[Any], dtype: np.dtype) -> NDArray:
    if dtype.kind not in "biufU":
        raise ValueError(f"dtype {dtype.str!r} is not allowed")
    if dtype.kind != "f":
        return np.array(values, dtype=dtype)

    # null is nan, and float() reads the strings for infinity.
    def number(value: Any) -> Any:
        if isinstance(value, list):
            return [number(item) for item in value]
        return math.nan if value is None else float(value)

    return np.array(number(values), dtype=dtype)


def _check_header(header: dict[str, Any], source: str) -> None:
    if header["format"] != FORMAT:
        raise TreeFormatError(
            f"{source}: not a region tree: 'format' is {header['format']!r}, "
            f"expected {FORMAT!r}."
        )
    if header["version"] != VERSION:
        raise TreeFormatError(
            f"{source}: version {header['version']!r} of the format cannot be read; "
            f"this release of skuhas reads version {VERSION}."
        )


def _checked(
    header: dict[str, Any], fields: dict[str, Any], source: str
) -> dict[str, Any]:
    _check_header(header, source)
    for name in ("parents", "leaf_labels"):
        if name not in fields:
            raise TreeFormatError(f"{source}: not a region tree: no {name!r}.")
    unknown = fields.keys() - {"parents", "leaf_labels", "node_data", *NODE_ARRAYS}
    if unknown:
        raise TreeFormatError(f"{source}: unknown entries {sorted(unknown)}.")
    return fields


def _suffix(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in (".npz", ".json"):
        raise ValueError(
            "path must end in '.npz' or '.json' for a region tree, got "
            f"{os.fspath(path)!r}."
        )
    return suffix
