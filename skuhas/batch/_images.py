"""Which images a run is over, and the names that their results get."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from skuhas._common import as_rgb_image

#: Endings, in any case, of the files that count as images in a folder.
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".gif"}
    | {".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif"}
)


class Item(NamedTuple):
    """An image of a run: the name of its results, and a path or an array."""

    name: str
    image: Any

    @property
    def source(self):
        """Path that the manifest shows, None for an array."""
        return self.image if isinstance(self.image, str) else None


class Content(NamedTuple):
    """What tells whether an image is still the one that was segmented."""

    digest: str | None
    n_bytes: int | None
    modified: int | None


def find_images(paths, *, skip=None):
    """Name the images of files and folders.

    Folders are searched with their subfolders, for files whose ending is that
    of a format that Pillow reads; hidden files and folders are passed over.

    Parameters
    ----------
    paths : path-like or list of path-like
        Folders, and image files of any ending.
    skip : path-like, default=None
        A folder inside these that is not searched, such as that of the results.

    Returns
    -------
    dict of str to str
        Paths by name, in the order of `paths`, those of a folder sorted. The
        name of a file is its path inside its folder without the ending, so that
        results keep the subfolders; with several folders, the folder's own name
        goes before it. Where names would be equal, later ones get a number.

    Raises
    ------
    FileNotFoundError
        A folder, or an element without the ending of an image, does not exist.
    OSError
        A folder cannot be read.
    ValueError
        A folder holds no image.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skuhas.batch import find_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("a.png", "b/a.jpg", "b/notes.txt"):
    ...         path = Path(folder, name)
    ...         path.parent.mkdir(exist_ok=True)
    ...         path.touch()
    ...     list(find_images(folder))
    ['a', 'b/a']
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    paths = [os.fspath(path) for path in paths]
    folders = [path for path in paths if Path(path).is_dir()]
    stems, found = [], []
    for path in paths:
        if path not in folders:
            if not Path(path).exists() and Path(path).suffix.lower() not in SUFFIXES:
                raise FileNotFoundError(f"no such file or folder: {path!r}.")
            stems.append(Path(path).stem)
            found.append(path)
            continue
        prefix = [Path(path).resolve().name] if len(folders) > 1 else []
        inside = _search(path, skip)
        if not inside:
            raise ValueError(
                f"the folder {path!r} holds no images: no file ends in "
                f"{', '.join(sorted(SUFFIXES))}."
            )
        for relative in inside:
            stems.append("/".join([*prefix, str(relative.with_suffix(""))]))
            found.append(str(Path(path) / relative))
    return dict(zip(unique_names(stems), found, strict=True))


def _search(root, skip):
    """Return the images under a folder as sorted relative paths."""
    skip = None if skip is None else Path(skip).resolve()
    found = []
    # Links to folders are followed, but not to one that leads here.
    waiting = [(PurePosixPath(), frozenset())]
    while waiting:
        relative, above = waiting.pop()
        folder = Path(root) / relative
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            reason = error.strerror or error
            raise OSError(
                f"cannot read the folder {str(folder)!r}: {reason}."
            ) from error
        identity = (status.st_dev, status.st_ino)
        is_results = skip is not None and relative.parts and folder.resolve() == skip
        if identity in above or is_results:
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = relative / entry.name
            if entry.is_dir():
                waiting.append((path, above | {identity}))
            elif path.suffix.lower() in SUFFIXES:
                found.append(path)
    return sorted(found)


def unique_names(names):
    """Return names of which none is taken twice; later ones get a number.

    Names that differ in case alone count as equal, as some file systems have
    it.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skuhas.batch import unique_names
    >>> unique_names(["cup", "cat", "cup", "Cup"])
    ['cup', 'cat', 'cup-2', 'Cup-3']
    """
    taken = set()
    count = {}
    unique = []
    for stem in names:
        name, folded = stem, stem.casefold()
        while name.casefold() in taken:
            count[folded] = count.get(folded, 1) + 1
            name = f"{stem}-{count[folded]}"
        taken.add(name.casefold())
        unique.append(name)
    return unique


def as_items(images, out):
    """Return the items of everything that `segment_images` takes."""
    if isinstance(images, (str, os.PathLike)):
        if not Path(images).exists():
            raise FileNotFoundError(f"images: no such folder: {os.fspath(images)!r}.")
        if not Path(images).is_dir():
            raise NotADirectoryError(
                f"images must be a folder, a list of paths or a dict, got the file "
                f"{os.fspath(images)!r}. For a single one, pass [path]."
            )
        images = find_images(images, skip=out)
    elif not isinstance(images, Mapping):
        images = _from_list(images, out)
    if not images:
        raise ValueError("images must hold at least one image, got none.")
    return [Item(_checked_name(name), _plain(image)) for name, image in images.items()]


def _from_list(images, out):
    if not hasattr(images, "__iter__") or hasattr(images, "shape"):
        raise TypeError(
            "images must be a folder, a list of paths, or a dict of images by name, "
            f"got {type(images).__name__}."
        )
    paths = list(images)
    for position, path in enumerate(paths):
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"images[{position}] must be a path, got {type(path).__name__}. Pass "
                "images in memory as a dict, by the names of their results."
            )
    return find_images(paths, skip=out)


def _checked_name(name):
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    if not parts or ".." in parts or name != "/".join(parts) or name[0] == "/":
        raise ValueError(
            "names of images must be relative paths without '.' and '..', such as "
            f"'cup' or 'kitchen/cup', got {name!r}."
        )
    return name


def _plain(image):
    if isinstance(image, (str, os.PathLike)):
        return os.fspath(image)
    if not hasattr(image, "__array__"):
        raise TypeError(
            "images of a dict must be paths, PIL images or arrays, got "
            f"{type(image).__name__}."
        )
    return as_rgb_image(image) if hasattr(image, "getbands") else image


def content_of(image):
    """Return the Content of a path or an array; empty where it cannot be read."""
    if isinstance(image, str):
        try:
            with Path(image).open("rb") as handle:
                status = os.fstat(handle.fileno())
                digest = hashlib.file_digest(handle, _digest).hexdigest()
        except OSError:
            # What reads the image says why.
            return Content(None, None, None)
        return Content(digest, status.st_size, status.st_mtime_ns)
    array = np.ascontiguousarray(image)
    digest = _digest(repr((array.shape, array.dtype.str)).encode())
    digest.update(array.tobytes())
    return Content(digest.hexdigest(), array.nbytes, None)


def is_unchanged(image, content):
    """Tell whether an image has the Content that it had."""
    if isinstance(image, str):
        try:
            status = Path(image).stat()
        except OSError:
            # A tree outlives its image.
            return True
        if status.st_size != content.n_bytes:
            return False
        if status.st_mtime_ns == content.modified:
            return True
    return content_of(image).digest == content.digest


def _digest(data=b""):
    return hashlib.blake2b(data, digest_size=16)
