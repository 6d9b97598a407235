"""The record of a run on its way: a line an image, only ever appended to.

Where images are worked on in the process of the run itself, one that kills it
takes the run along. So there is a line before each job, too, with the images that
are under way until their own lines say what became of them.

A tree is renamed into place before its line is written, so that a run killed
between the two does that image again. Neither is flushed to the disk one by one,
which would cost more than small images do: a power cut may take the last seconds
back, and the size of each tree, kept in its line, gives away one that was lost.
"""

import json
import os
from array import array
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path

from skuhas._common import atomic_write
from skuhas.batch._files import naming
from skuhas.batch._manifest import BatchError, from_line, to_line

NAME = "journal.jsonl"
FORMAT = "skuhas.Journal"
VERSION = 1
UNDER_WAY = "under_way"
# How a line of that kind begins.
_START = f'{{"{UNDER_WAY}": ['.encode()


class Journal:
    """The journal of the run that holds the folder's lock.

    Parameters
    ----------
    folder : path-like
    header : dict
        The first line.
    kept : iterable of (int, ImageRecord)
        Images that are done already, by position.
    n_images : int
    suspects : iterable of str
        Images that were under way when an earlier run was killed.
    """

    def __init__(self, folder, header, kept, n_images, suspects=()):
        self._path = Path(folder) / NAME
        self._offsets = array("q", [-1]) * n_images
        self.n_done = self.n_failed = 0
        self.suspects = set(suspects)
        self._is_torn = False
        first = {"format": FORMAT, "version": VERSION, **header}
        with naming(self._path), atomic_write(self._path) as handle:
            handle.write(json.dumps(first).encode() + b"\n")
            for index, record in kept:
                self._note(index, record, handle.tell())
                handle.write(to_line(record).encode() + b"\n")
            if self.suspects:
                handle.write(_under_way(self.suspects))
            self._end = handle.tell()
        self._handle = self._path.open("ab", buffering=0)

    def _note(self, index, record, offset):
        self._offsets[index] = offset
        self.suspects.discard(record.name)
        if record.status == "done":
            self.n_done += 1
        else:
            self.n_failed += 1

    def is_recorded(self, index):
        """Tell whether an image has its record."""
        return self._offsets[index] >= 0

    def append(self, index, record):
        """Write the record of an image."""
        offset = self._end
        self._write(to_line(record).encode() + b"\n")
        self._note(index, record, offset)

    def begin(self, names):
        """Write that images are under way, those of before no more."""
        self._write(_under_way(self.suspects.union(names)))

    def calm(self):
        """Write that no image is under way any more: the run ends by itself."""
        if not self._is_torn:
            self._write(_under_way(self.suspects))

    def _write(self, line):
        with naming(self._path):
            written = self._handle.write(line)
            if written != len(line):
                # What a full disk took of a line is not one, and nothing follows it.
                self._is_torn = True
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        self._end += len(line)

    def records(self):
        """Yield the records in the order of the images."""
        with self._path.open("rb") as handle:
            for offset in self._offsets:
                handle.seek(offset)
                yield from_line(handle.readline())

    def close(self):
        """Close the file and keep it."""
        self._handle.close()

    def remove(self):
        """Close the file and remove it."""
        self._handle.close()
        self._path.unlink()


def _under_way(names):
    return json.dumps({UNDER_WAY: sorted(names)}).encode() + b"\n"


def exists(folder):
    """Tell whether a folder holds an unfinished run."""
    return (Path(folder) / NAME).exists()


def read_header(folder):
    """Return the first line of a folder's journal."""
    path = Path(folder) / NAME
    with path.open("rb") as handle:
        line = handle.readline()
    try:
        header = json.loads(line)
        if (header["format"], header["version"]) != (FORMAT, VERSION):
            raise ValueError("another format or version")
        if header.keys() < {"session", "started", "parameters", "versions"}:
            raise ValueError("entries are missing")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BatchError(
            f"{os.fspath(path)!r} is not a journal that this skuhas can read: {error}. "
            "Start over with restart=True (--restart)."
        ) from error
    return header


def read_records(folder):
    """Yield the whole lines of a folder's journal, later ones of an image too."""
    with (Path(folder) / NAME).open("rb") as handle:
        handle.readline()
        for line in handle:
            record = from_line(line) if line.endswith(b"\n") else None
            if record is not None:
                yield record


def read_suspects(folder):
    """Return the names of the images that were under way at the end."""
    names = set()
    with (Path(folder) / NAME).open("rb") as handle:
        handle.readline()
        for line in handle:
            if not line.endswith(b"\n"):
                continue
            record = from_line(line)
            if record is not None:
                names.discard(record.name)
            elif line.startswith(_START):
                with suppress(ValueError):
                    names = set(json.loads(line)[UNDER_WAY])
    return names
