"""What is there of a run that is to be gone on with."""

from array import array
from dataclasses import replace

from skuhas.batch import _journal
from skuhas.batch._images import Content, is_unchanged
from skuhas.batch._manifest import DONE, BatchError, read_manifest
from skuhas.batch._manifest import NAME as MANIFEST
from skuhas.batch._parameters import differences, versions


class _Before:
    """A run that is there already, finished or not."""

    def __init__(self, header, records):
        self.started = header["started"]
        self.parameters = header["parameters"]
        self.versions = header["versions"]
        self.records = records


def take_up(folder, parameters, resume, restart):
    """Return the run to go on with, or None for a new one."""
    unfinished = _journal.exists(folder)
    if not resume:
        if unfinished and not restart:
            raise BatchError(
                f"an unfinished run is in {str(folder)!r}. Go on with it by "
                "resume=True (--resume), or forget it by restart=True (--restart)."
            )
        return None
    if unfinished:
        header = _journal.read_header(folder)
        before = _Before(header, lambda: _journal.read_records(folder))
    elif (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
        before = _Before(vars(manifest), manifest.records)
    else:
        return None
    changed = differences(before.parameters, parameters)
    if not changed:
        changed = differences(before.versions, versions())
        changed = [f"version of {line}" for line in changed]
    if changed:
        lines = "".join(f"\n  {line}" for line in changed)
        raise BatchError(
            f"the run in {str(folder)!r} cannot be resumed under other settings, as "
            f"its trees would not be alike:{lines}\nUse the same, another folder, or "
            "restart=True (--restart) to start over."
        )
    return before


def kept_records(folder, items, before):
    """Yield (position, record) of the images that need not be done again."""
    if before is None:
        return
    positions = {item.name: index for index, item in enumerate(items)}
    # Read twice, so that the records need not be in memory all at once.
    last = array("q", [-1]) * len(items)
    for place, record in enumerate(before.records()):
        index = positions.get(record.name)
        if index is not None:
            last[index] = place
    for place, record in enumerate(before.records()):
        index = positions.get(record.name)
        if index is None or last[index] != place or record.status != DONE:
            continue
        if _holds(folder, items[index], record):
            # Found under another path, it is the same image.
            yield index, replace(record, source=items[index].source)


def _holds(folder, item, record):
    """Tell whether a record's tree is there, and of the image as it is now."""
    try:
        size = (folder / record.tree).stat().st_size
    except OSError:
        return False
    content = Content(record.digest, record.n_bytes, record.modified)
    return size == record.tree_bytes and is_unchanged(item.image, content)
