"""The folder of results, and errors that name the file that they are about."""

import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

# What is written to see whether a folder can be written to.
PROBE = "skuhas-probe"


@contextmanager
def output_folder(out):
    """Make a folder for results, and take it away again if it stays empty.

    Parameters
    ----------
    out : path-like
        The folder; those above it are made, too.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        It is a file, or cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skuhas.batch import output_folder
    >>> with tempfile.TemporaryDirectory() as above:
    ...     with output_folder(Path(above, "trees")) as folder:
    ...         print(folder.is_dir())
    ...     print(folder.exists())
    True
    False
    """
    folder = Path(out)
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if folder.exists() and not folder.is_dir():
                raise NotADirectoryError(
                    f"out={str(folder)!r} is a file, not a folder."
                ) from error
            raise OSError(
                f"out={str(folder)!r} cannot be made: {error.strerror or error}."
            ) from error
        yield folder
    finally:
        # The innermost first; one that holds something stays, as do those above.
        with suppress(OSError):
            for path in new:
                path.rmdir()


def check_writable(folder):
    """Raise where nothing can be written to a folder."""
    probe = folder / f".{PROBE}.{secrets.token_hex(6)}.part"
    try:
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(
            f"out={str(folder)!r} cannot be written to: {error.strerror or error}."
        ) from error


@contextmanager
def naming(path):
    """Give errors of the system the file's name, which a full disk leaves out."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise
