"""What is there of a run that is to be gone on with."""

import os
from array import array
from dataclasses import replace
from pathlib import Path

from skuhas.batch import _journal
from skuhas.batch._images import Content, is_unchanged
from skuhas.batch._manifest import DONE, BatchError, read_manifest
from skuhas.batch._manifest import NAME as MANIFEST
from skuhas.batch._parameters import differences, versions

# Images that a message names.
N_NAMED = 5


class Before:
    """A run that is there already, finished or not."""

    def __init__(self, header, records, suspects=()):
        self.is_finished = "finished" in header
        self.started = header["started"]
        self.parameters = header["parameters"]
        self.versions = header["versions"]
        self.records = records
        self.suspects = suspects

    def is_empty(self):
        """Tell whether no image of it is done, so that there is nothing to lose."""
        return all(record.status != DONE for record in self.records())


def take_up(folder, parameters, resume, restart):
    """Return the run to go on with, or None for a new one."""
    before = None if restart else _read(folder)
    if before is None or before.is_empty():
        return before
    changed = differences(before.parameters, parameters)
    if not changed:
        changed = differences(before.versions, versions())
        changed = [f"version of {line}" for line in changed]
    lines = "".join(f"\n  {line}" for line in changed)
    if not resume:
        kind = "a finished" if before.is_finished else "an unfinished"
        if changed:
            raise BatchError(
                f"{kind} run with other settings is in {str(folder)!r}:{lines}\nUse "
                "another folder, or forget that run by restart=True (--restart)."
            )
        raise BatchError(
            f"{kind} run is in {str(folder)!r}. Go on with it by resume=True "
            "(--resume), or forget it by restart=True (--restart)."
        )
    if changed:
        raise BatchError(
            f"the run in {str(folder)!r} cannot be resumed under other settings, as "
            f"its trees would not be alike:{lines}\nUse the same, another folder, or "
            "restart=True (--restart) to start over."
        )
    return before


def _read(folder):
    """Return the run in a folder, or None."""
    begun = None
    if _journal.exists(folder):
        begun = Before(
            _journal.read_header(folder),
            lambda: _journal.read_records(folder),
            _journal.read_suspects(folder),
        )
    # Besides a journal of nothing, the run that it was to take the place of.
    if not (folder / MANIFEST).exists() or (begun and not begun.is_empty()):
        return begun
    try:
        manifest = read_manifest(folder)
    except BatchError as error:
        raise BatchError(
            f"{error} Choose another folder, or write over it by restart=True "
            "(--restart)."
        ) from error
    return Before(vars(manifest), manifest.records)


def kept_records(folder, items, before):
    """Yield (position, record) of the images that need not be done again.

    Raises BatchError at the end where the run is over other images than these.
    """
    if before is None:
        return
    positions = {item.name: index for index, item in enumerate(items)}
    # Read twice, so that the records need not be in memory all at once.
    last = array("q", [-1]) * len(items)
    for place, record in enumerate(before.records()):
        index = positions.get(record.name)
        if index is not None:
            last[index] = place
    n_here = 0
    replaced, absent, gone = _Names(), _Names(), _Names()
    for place, record in enumerate(before.records()):
        if record.status != DONE:
            continue
        index = positions.get(record.name)
        if index is None:
            is_there = record.source is None or Path(record.source).exists()
            (absent if is_there else gone).add(record.name)
            continue
        if last[index] != place:
            continue
        item = items[index]
        content = Content(record.digest, record.n_bytes, record.modified)
        if not is_unchanged(item.image, content):
            if _is_another(item.source, record.source):
                replaced.add(f"{record.name} (of {record.source or 'an array'})")
            else:
                n_here += 1
            continue
        n_here += 1
        if _has_tree(folder, record):
            # Found under another path, it is the same image.
            yield index, replace(record, source=item.source)
    if n_here == 0:
        absent.join(gone)
    reasons = [
        f"{names} {text}"
        for names, text in (
            (replaced, "would be written over by images of other paths"),
            (absent, "would be left out"),
        )
        if names
    ]
    if reasons:
        raise BatchError(
            f"the run in {str(folder)!r} is over other images than these: "
            f"{'; '.join(reasons)}. Use the same images, another folder, or "
            "restart=True (--restart) to start over."
        )


def _is_another(path, recorded):
    """Tell whether two paths are of different files."""
    if path is None or recorded is None:
        return path != recorded
    return os.path.realpath(path) != os.path.realpath(recorded)


def _has_tree(folder, record):
    try:
        return (folder / record.tree).stat().st_size == record.tree_bytes
    except OSError:
        return False


class _Names:
    """Some names and how many more there are, however many that is."""

    def __init__(self):
        self._first = []
        self._count = 0

    def add(self, name):
        self._count += 1
        if len(self._first) < N_NAMED:
            self._first.append(name)

    def join(self, other):
        self._first = (self._first + other._first)[:N_NAMED]
        self._count += other._count

    def __bool__(self):
        return self._count > 0

    def __str__(self):
        more = self._count - len(self._first)
        return ", ".join(self._first) + (f" and {more} more" if more else "")
