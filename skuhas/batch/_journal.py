"""The record of a run on its way: a line an image, only ever appended to.

A tree is renamed into place before its line is written, so that a run killed
between the two does that image again. Neither is flushed to the disk one by one,
which would cost more than small images do: a power cut may take the last seconds
back, and the size of each tree, kept in its line, gives away one that was lost.
"""

import errno
import json
import os
from array import array
from pathlib import Path

from skuhas._common import atomic_write
from skuhas.batch._manifest import BatchError, from_line, to_line

NAME = "journal.jsonl"
FORMAT = "skuhas.Journal"
VERSION = 1


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
    """

    def __init__(self, folder, header, kept, n_images):
        self._path = Path(folder) / NAME
        self._offsets = array("q", [-1]) * n_images
        self.n_done = self.n_failed = 0
        first = {"format": FORMAT, "version": VERSION, **header}
        try:
            with atomic_write(self._path) as handle:
                handle.write(json.dumps(first).encode() + b"\n")
                for index, record in kept:
                    self._note(index, record, handle.tell())
                    handle.write(to_line(record).encode() + b"\n")
                self._end = handle.tell()
        except OSError as error:
            # Of a full disk it names no file.
            error.filename = str(self._path)
            raise
        self._handle = self._path.open("ab", buffering=0)

    def _note(self, index, record, offset):
        self._offsets[index] = offset
        if record.status == "done":
            self.n_done += 1
        else:
            self.n_failed += 1

    def is_recorded(self, index):
        """Tell whether an image has its record."""
        return self._offsets[index] >= 0

    def append(self, index, record):
        """Write the record of an image."""
        line = to_line(record).encode() + b"\n"
        written = self._handle.write(line)
        if written != len(line):
            # What a full disk took of a line is not one, and nothing follows it.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._note(index, record, self._end)
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
