"""Locks on the folder of a run, which the system releases when a process dies."""

import os
import socket
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

from skuhas.batch import _journal
from skuhas.batch._manifest import BatchError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

RUN = ".skuhas-run.lock"
WORKERS = ".skuhas-workers.lock"


class FolderLock:
    """The right to write to a folder, held by one run at a time.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    BatchError
        On `acquire`, where another run has it.

    Examples
    --------
    >>> import tempfile
    >>> from skuhas.batch import FolderLock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lock = FolderLock(folder)
    ...     lock.acquire()
    ...     lock.release()
    """

    def __init__(self, folder):
        self._path = Path(folder) / RUN
        self._handle = None

    def acquire(self):
        """Take the lock, or raise at once when another run has it."""
        while True:
            handle = _open(self._path)
            try:
                _lock(handle)
            except BlockingIOError:
                with handle:
                    # Windows lets nobody read what is locked.
                    owner = "" if fcntl is None else handle.read().decode()
                raise BatchError(
                    f"another run{owner and f' ({owner})'} is writing to "
                    f"{str(self._path.parent)!r}. Wait for it, or choose another "
                    "folder."
                ) from None
            if _is_at(handle, self._path):
                break
            # The run before removed the file that this one had opened.
            handle.close()
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
        self._handle = handle

    def release(self):
        """Give the lock back and remove its file."""
        if os.name == "nt":
            # Open files cannot be removed there.
            self._handle.close()
        self._path.unlink(missing_ok=True)
        self._handle.close()


def _open(path):
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)


def _lock(handle):
    """Lock a file for oneself, or raise BlockingIOError."""
    if fcntl is None:
        import msvcrt

        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        warnings.warn(
            f"{handle.name!r}: the file system has no locks ({error}), so two runs "
            "into one folder are not kept apart.",
            RuntimeWarning,
            stacklevel=2,
        )


def _is_at(handle, path):
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def working(folder, session):
    """Keep a run that takes the folder over waiting, inside a worker.

    A worker may outlive the run that started it. Whoever takes the folder over
    first writes a journal of its own, then waits for those still at work, so
    that none of them writes into the new run.
    """
    folder = Path(folder)
    try:
        handle = _open(folder / WORKERS)
    except OSError as error:
        raise _not_seen(folder, error) from error
    with handle:
        if fcntl is not None:
            # Where there are no locks, the run has said so.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_SH)
        try:
            found = _journal.read_header(folder)["session"]
        except (OSError, BatchError) as error:
            raise _not_seen(folder, error) from error
        if found != session:
            raise _not_seen(folder, "it holds another run")
        yield


def _not_seen(folder, reason):
    return BatchError(
        f"{socket.gethostname()} does not see the folder {str(folder)!r} of this run "
        f"({reason}). All workers must share it, under one path."
    )


def wait_for_workers(folder, *, say, seconds=None):
    """Wait until no worker of an earlier run writes to the folder any more."""
    if fcntl is None:
        return
    begin = time.monotonic()
    said = False
    with _open(Path(folder) / WORKERS) as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = time.monotonic() - begin
            except OSError:
                return
            else:
                return
            if seconds is not None and waited > seconds:
                return
            if waited > 2 and not said:
                say("waiting for workers of an earlier run to finish their images")
                said = True
            time.sleep(0.05)
