"""What became of each image of a run: one line each, only ever appended to."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from skuhas._common import atomic_write
from skuhas.batch import BatchError

NAME = "records.jsonl"
FORMAT = "skuhas.Evaluation"
VERSION = 2
DONE, FAILED, LEFT_OUT = "done", "failed", "left out"
NO_TRUTH = "no ground truth"


@dataclass
class Record:
    """One image of a run.

    Parameters
    ----------
    id : str
    status : {"done", "failed", "left out"}
        Left out are images without ground truth, or of which no pixel counts.
    error : str or None
        Why it failed or was left out.
    digest : str or None
        Of the image, to know it again.
    truth_digest : str or None
        Of its ground truth; None where there is none.
    shape : list of int or None
        Height and width.
    methods : dict
        What each method came to: "scores", "tables", and for rivals "cut", the
        scores of the reference cut to no more nodes; where the rival has more than
        the whole reference, it is cut to no more first, and "own_cut" has its scores.
        Those that failed are absent.
    picture : bytes or None
        A label map of the reference's best cut as PNG; not part of the line.

    Examples
    --------
    >>> from skuhas.evaluation import Record
    >>> Record("cup", "failed", "no such file").line()[:32]
    b'{"id":"cup","status":"failed","e'
    """

    id: str
    status: str
    error: str | None = None
    digest: str | None = None
    truth_digest: str | None = None
    shape: list[int] | None = None
    methods: dict[str, dict[str, Any]] = field(default_factory=dict)
    picture: bytes | None = field(default=None, compare=False, repr=False)

    def line(self) -> bytes:
        """Return the record as a line of JSON.

        Returns
        -------
        bytes
        """
        entry = {name: value for name, value in asdict(self).items() if name in _KEPT}
        text = json.dumps(without_nan(entry), separators=(",", ":"))
        return text.encode() + b"\n"


_KEPT = tuple(each.name for each in fields(Record) if each.name != "picture")


def without_nan(value: Any) -> Any:
    """Return nested values with None for nan, which JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(each) for each in value]
    return value


class RecordFile:
    """The records of a run on its way, for the one that holds the folder's lock."""

    def __init__(
        self, folder: Path, header: dict[str, Any], kept: Iterable[Record]
    ) -> None:
        write_records(folder, header, kept)
        self._handle = (folder / NAME).open("ab", buffering=0)

    def append(self, record: Record) -> None:
        """Write the record of an image."""
        line = record.line()
        if self._handle.write(line) != len(line):
            # What a full disk took of a line is not one, and nothing follows it.
            raise OSError(f"no space left for {self._handle.name!r}.")

    def close(self) -> None:
        """Close the file and keep it."""
        self._handle.close()


def write_records(
    folder: Path, header: dict[str, Any], records: Iterable[Record]
) -> None:
    """Write a whole file of records, or none."""
    first = {"format": FORMAT, "version": VERSION, **header}
    with atomic_write(folder / NAME) as handle:
        handle.write(json.dumps(without_nan(first)).encode() + b"\n")
        for record in records:
            handle.write(record.line())


def read_header(folder: Path) -> dict[str, Any]:
    """Return the first line: what the run is over, and with what."""
    path = folder / NAME
    if not path.is_file():
        raise BatchError(
            f"no evaluation in {str(folder)!r}: there is no file {NAME!r}."
        )
    with path.open("rb") as handle:
        line = handle.readline()
    try:
        header = json.loads(line)
        if (header["format"], header["version"]) != (FORMAT, VERSION):
            raise ValueError("another format or version")
        if header.keys() < {"settings", "versions", "started", "n_images"}:
            raise ValueError("entries are missing")
        del header["format"], header["version"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BatchError(
            f"{str(path)!r} is not an evaluation that this skuhas can read: {error}."
        ) from error
    return header


def read_records(folder: Path) -> Iterator[Record]:
    """Yield the whole lines; of an image that has several, all of them."""
    with (folder / NAME).open("rb") as handle:
        handle.readline()
        for line in handle:
            if line.endswith(b"\n") and (record := _from_line(line)) is not None:
                yield record


def _from_line(line: bytes) -> Record | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.keys() != set(_KEPT):
        return None
    return Record(**entry)
