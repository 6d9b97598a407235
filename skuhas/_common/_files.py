"""Files that are either whole or absent."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[IO]:
    """Open a temporary file beside `path` and rename it over `path` on success.

    A reader sees the old file or the new one, never half of one; on an
    exception the temporary file is removed and the old file stays.

    Parameters
    ----------
    path : path-like
        Where the finished file goes. Its folder must exist.
    mode : {"wb", "w"}, default="wb"
        Bytes or UTF-8 text.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {os.fspath(path)!r}: no such folder: {str(target.parent)!r}."
        )
    # Not tempfile, whose files are private: the permissions are an ordinary file's.
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    encoding = None if "b" in mode else "utf-8"
    handle = temporary.open(mode.replace("w", "x"), encoding=encoding)
    try:
        with handle:
            yield handle
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
