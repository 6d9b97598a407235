"""The list of a finished run: written whole, read image by image."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from skuhas._common import atomic_write
from skuhas.tree import RegionTree

NAME = "manifest.json"
FORMAT = "skuhas.Manifest"
VERSION = 1
DONE, FAILED = "done", "failed"


class BatchError(RuntimeError):
    """A run over many images cannot start, or cannot go on.

    Examples
    --------
    >>> import tempfile
    >>> from skuhas.batch import BatchError, read_manifest
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         read_manifest(folder)
    ...     except BatchError as error:
    ...         print(str(error).split(": ")[0])
    no finished run
    """


@dataclass(frozen=True)
class ImageRecord:
    """What became of one image of a run.

    Parameters
    ----------
    name : str
        Name of its results, with ``/`` for subfolders.
    source : str or None
        Path of the image; None for one that was handed over in memory.
    status : {"done", "failed"}
    error : str or None
        Why it failed.
    tree : str or None
        File of the tree, inside the folder of the run.
    tree_bytes : int or None
        Size of that file.
    shape : tuple of int or None
        Height and width of the image.
    n_leaves, n_nodes : int or None
        Of the tree.
    seconds : float
        What the image took.
    digest : str or None
        BLAKE2b of the image's file, 16 bytes in hexadecimal; None where it
        could not be read.
    n_bytes : int or None
        Size of the image's file.
    modified : int or None
        When that was last changed, in nanoseconds since 1970.

    Examples
    --------
    >>> from skuhas.batch import ImageRecord
    >>> record = ImageRecord("cup", "cup.png", "failed", error="no such file")
    >>> record.status, record.tree
    ('failed', None)
    """

    name: str
    source: str | None
    status: str
    error: str | None = None
    tree: str | None = None
    tree_bytes: int | None = None
    shape: tuple[int, int] | None = None
    n_leaves: int | None = None
    n_nodes: int | None = None
    seconds: float = 0.0
    digest: str | None = None
    n_bytes: int | None = None
    modified: int | None = None


_FIELDS = {field.name for field in fields(ImageRecord)}


def to_line(record):
    """Return a record as one line of JSON."""
    return json.dumps(asdict(record), separators=(",", ":"))


def from_line(line):
    """Return the record of a line, or None for half a line."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        return None
    shape = entry["shape"]
    return ImageRecord(**entry | {"shape": None if shape is None else tuple(shape)})


class Manifest:
    """A finished run: its parameters, and what became of every image.

    Images are read from the file one at a time, however many there are.

    Parameters
    ----------
    folder : path-like
        Where the run wrote its results.

    Attributes
    ----------
    path : Path
        The file ``manifest.json``.
    parameters : dict
        What the trees depend on: "features" and "segmenter" with all their
        parameters, "levels" and "n_threads".
    versions : dict
        Of Python, skuhas and the packages that it computes with.
    started, finished : str
        When, in UTC.
    n_images, n_done, n_failed : int

    Raises
    ------
    BatchError
        There is no finished run in the folder, or its list is damaged.

    See Also
    --------
    segment_images : Makes it.

    Examples
    --------
    >>> import tempfile
    >>> from skuhas import ColorFeatures, make_nested_scene, segment_images
    >>> scenes = {"first": make_nested_scene((32, 32), random_state=0).image}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     manifest = segment_images(scenes, folder, features=ColorFeatures())
    ...     print(manifest.n_done, manifest.versions["skuhas"])
    ...     for record, tree in manifest.trees():
    ...         print(record.name, record.n_leaves == tree.n_leaves, tree.shape)
    1 0.1.0
    first True (32, 32)
    """

    def __init__(self, folder):
        self.path = Path(folder) / NAME
        if not self.path.is_file():
            raise BatchError(f"no finished run: {str(self.path)!r} does not exist.")
        header = self._header()
        self.parameters = header["parameters"]
        self.versions = header["versions"]
        self.started = header["started"]
        self.finished = header["finished"]
        self.n_images = header["n_images"]
        self.n_done = header["n_done"]
        self.n_failed = header["n_failed"]

    def _header(self):
        lines = []
        with self.path.open(encoding="utf-8") as handle:
            for line in handle:
                lines.append(line)
                if line.startswith('"images": ['):
                    break
        try:
            header = json.loads("".join([*lines, "]}"]))
            if (header["format"], header["version"]) != (FORMAT, VERSION):
                raise ValueError("another format or version")
            if header.keys() < {"parameters", "versions", "started", "finished"}:
                raise ValueError("entries are missing")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error
        return header

    def _damaged(self, reason):
        return BatchError(f"{str(self.path)!r} is not a manifest of skuhas: {reason}.")

    def records(self):
        """Read what became of the images.

        Yields
        ------
        ImageRecord
            In the order of the images.

        Raises
        ------
        BatchError
            The file is damaged.
        """
        with self.path.open(encoding="utf-8") as handle:
            for line in handle:
                if line.startswith('"images": ['):
                    break
            for position in range(self.n_images):
                record = from_line(next(handle, "").rstrip().rstrip(","))
                if record is None:
                    raise self._damaged(f"its image {position} cannot be read")
                yield record

    def failures(self):
        """Read which images failed.

        Yields
        ------
        ImageRecord
            Each with its ``error``.
        """
        return (record for record in self.records() if record.status == FAILED)

    def trees(self):
        """Load the trees, one at a time.

        Yields
        ------
        record : ImageRecord
        tree : RegionTree
        """
        for record in self.records():
            if record.status == DONE:
                yield record, RegionTree.load(self.path.parent / record.tree)

    def __repr__(self):
        return (
            f"Manifest({str(self.path.parent)!r}, n_images={self.n_images}, "
            f"n_done={self.n_done}, n_failed={self.n_failed})"
        )


def read_manifest(out):
    """Read the list of a finished run.

    Parameters
    ----------
    out : path-like
        The folder that `segment_images` or ``skuhas segment`` wrote to.

    Returns
    -------
    Manifest

    Raises
    ------
    BatchError
        There is no finished run in the folder, or its list is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from skuhas import ColorFeatures, make_nested_scene
    >>> from skuhas.batch import read_manifest, segment_images
    >>> scenes = {"first": make_nested_scene((32, 32), random_state=0).image}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = segment_images(scenes, folder, features=ColorFeatures())
    ...     [record.status for record in read_manifest(folder).records()]
    ['done']
    """
    return Manifest(out)


def write_manifest(folder, header, records):
    """Write the list of a run; records come in the order of the images."""
    head = {"format": FORMAT, "version": VERSION, **header}
    with atomic_write(Path(folder) / NAME, "w") as handle:
        handle.write("{\n")
        for key, value in head.items():
            handle.write(f"{json.dumps(key)}: {json.dumps(value)},\n")
        # One line an image, so that it is written and read without holding all.
        handle.write('"images": [')
        for position, record in enumerate(records):
            handle.write(",\n" if position else "\n")
            handle.write(to_line(record))
        handle.write("\n]\n}\n")
