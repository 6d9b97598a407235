"""Trees on disk: a compressed numpy archive, or JSON."""

from __future__ import annotations

import json
import lzma
import math
import os
import re
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from skuhas._common import atomic_write

FORMAT = "skuhas.RegionTree"
VERSION = 1
NODE_ARRAYS = ("ncut", "perturbation", "eigengap", "altitude")
DATA_PREFIX = "data."

# Codes of numpy's boolean, integer, float and string types.
DTYPE = re.compile(r"[<>|=]?([biuf][1248]|U\d{1,6})")

# What numpy, zipfile and the decompressors raise on damaged archives.
DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,
    MemoryError,
    struct.error,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


# What is no text of a tree, but somebody's file.
NAME_OF_FILE = re.compile(r"[^\n(){};]+\.[A-Za-z]+")


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
    # A file that cannot be opened is no matter of its format.
    with Path(path).open("rb") as handle:
        try:
            arrays = _read_archive(handle)
        except DAMAGE as error:
            raise TreeFormatError(
                f"{source}: not a readable .npz file: {error}"
            ) from error
    header = {
        name: arrays.pop(name).tolist() if name in arrays else None
        for name in ("format", "version")
    }
    data = {
        name.removeprefix(DATA_PREFIX): arrays.pop(name)
        for name in list(arrays)
        if name.startswith(DATA_PREFIX)
    }
    return _checked(header, {**arrays, "node_data": data}, source)


def _read_archive(handle: IO[bytes]) -> dict[str, NDArray]:
    archive = np.load(handle, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise ValueError("it holds a single array")
    with archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, array in arrays.items():
        # Members that are no arrays come as bytes.
        if not isinstance(array, np.ndarray):
            raise ValueError(f"its member {name!r} is no array")
    return arrays


def text_of(text: str | os.PathLike[str]) -> str:
    """Return a text, which may be in the file that a Path names.

    Parameters
    ----------
    text : str or Path
    """
    if isinstance(text, os.PathLike):
        return Path(text).read_text(encoding="utf-8")
    if isinstance(text, str) and NAME_OF_FILE.fullmatch(text):
        raise TreeFormatError(
            f"text must be the text itself or the pathlib.Path of a file, got {text!r}."
        )
    return text


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
            document[name] = [plain(value) for value in fields[name].tolist()]
    document["node_data"] = {
        name: {"dtype": array.dtype.str, "values": plain(array.tolist())}
        for name, array in fields["node_data"].items()
    }
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Spell nan as null and infinities as strings, which JSON has no number for."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def from_json(text: str, source: str) -> dict[str, Any]:
    """Return checked fields of the tree in a JSON text."""
    try:
        document = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise TreeFormatError(f"{source}: not valid JSON: {error}.") from error
    if not isinstance(document, dict):
        raise TreeFormatError(f"{source}: not a region tree: no JSON object.")
    header = {name: document.pop(name, None) for name in ("format", "version")}
    _check_header(header, source)
    for name in ("shape", "leaf_labels", "parents"):
        if name not in document:
            raise TreeFormatError(f"{source}: not a region tree: no {name!r}.")
    try:
        fields: dict[str, Any] = {"leaf_labels": _expand(document)}
        del document["shape"]
        fields["parents"] = array_of(document["parents"], "<i8", "parents")
        for name in NODE_ARRAYS:
            if document.get(name) is not None:
                fields[name] = array_of(document[name], "<f8", name)
        fields["node_data"] = {
            name: array_of(entry["values"], entry["dtype"], f"node_data[{name!r}]")
            for name, entry in document.get("node_data", {}).items()
        }
    except (
        ArithmeticError,
        AttributeError,
        KeyError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        detail = f"{type(error).__name__}: {error}"
        raise TreeFormatError(f"{source}: not a region tree: {detail}.") from error
    return _checked(header, {**document, **fields}, source)


def _expand(document: dict[str, Any]) -> NDArray[np.int64]:
    values, lengths = (
        array_of(part, "<i8", "leaf_labels") for part in document["leaf_labels"]
    )
    shape = array_of(document["shape"], "<i8", "shape").tolist()
    size = math.prod(shape)
    if values.shape != lengths.shape or values.ndim != 1 or (lengths < 1).any():
        raise ValueError("leaf_labels must be a list of values and one of run lengths")
    if sum(lengths.tolist()) != size:
        raise ValueError(
            f"leaf_labels covers {sum(lengths.tolist())} pixels, the shape {shape} "
            f"has {size}"
        )
    return np.repeat(values, lengths).reshape(shape)


def array_of(values: Any, code: Any, name: str) -> NDArray:
    """Return nested lists as an array, refusing what the type cannot hold."""
    if not isinstance(code, str) or not DTYPE.fullmatch(code):
        raise ValueError(f"{name}: dtype {code!r} is not allowed")
    dtype = np.dtype(code)
    if dtype.kind == "f":
        with np.errstate(over="raise"):
            return np.array(_floats(values), dtype=np.float64).astype(dtype)
    array = np.array(values, dtype=dtype)
    if array.tolist() != values:
        raise ValueError(f"{name} does not hold values of dtype {code!r}")
    return array


def _floats(value: Any) -> Any:
    """Undo `plain`: null is nan, and infinities come as strings."""
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if value is None:
        return math.nan
    if isinstance(value, bool) or (
        not isinstance(value, (int, float)) and value not in ("inf", "-inf")
    ):
        raise ValueError(f"{value!r} is no number")
    return float(value)


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
