"""How a data set lies on disk, as patterns of paths, and what to say when not so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from skuhas.datasets._errors import DatasetError
from skuhas.datasets._readers import Reader, shorten
from skuhas.hierarchies import LabelHierarchy

# In patterns: one folder or file name, or the part of it that varies.
FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Found:
    """One image in the index, before its hierarchy is known."""

    id: str
    image: Any
    annotation: Any
    reader: Reader


class Source(Protocol):
    """One way in which a data set lies on disk."""

    def hierarchy(self, root: Path) -> LabelHierarchy | None:
        """Return what the labels mean, where it is not the data set's hierarchy."""

    def missing(self, root: Path, split: str) -> list[str]:
        """Return what must be there for a split and is not, in words."""

    def index(self, root: Path, split: str) -> list[Found]:
        """Return the samples of a split in the order of their ids, or as listed."""


@dataclass(frozen=True)
class Description:
    """A data set: its names, and the ways in which it lies on disk, best first."""

    name: str
    title: str
    hierarchy: str | None
    splits: tuple[str, ...]
    layout: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Files:
    """Images and annotations that are files with corresponding paths.

    Patterns are paths under the root with fields in braces: ``{split}``,
    ``{stem}`` and others that the image's pattern has, for example
    ``{group}``. The annotation's pattern and `sample_id` use the same.

    Parameters
    ----------
    images, annotations : str
        Patterns of files.
    reader : callable
        Reads an annotation.
    listing : str or None
        Pattern of a text file with the stems of a split, a line each.
    listing_optional : bool
        Whether all images of the folder are taken where there is no such file.
    stems : mapping or None
        The stems of each split where they are known by heart.
    sample_id : str
        Pattern of a sample's id.
    folder_of_split : mapping
        What the splits are called on disk where it is something else.
    unlabelled : tuple of str
        Splits that are published without ground truth.
    only_annotated : bool
        Whether images without annotation do not belong to the data set.
    """

    images: str
    annotations: str
    reader: Reader
    listing: str | None = None
    listing_optional: bool = False
    stems: Mapping[str, tuple[str, ...]] | None = None
    sample_id: str = "{stem}"
    folder_of_split: Mapping[str, str] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()
    only_annotated: bool = False

    def hierarchy(self, root: Path) -> None:
        """Return None: the data set's hierarchy."""

    def missing(self, root: Path, split: str) -> list[str]:
        """Return what must be there for a split and is not, in words."""
        values = self._values(split)
        folders = [fixed_folder(self.images, values)]
        if split not in self.unlabelled:
            folders.append(fixed_folder(self.annotations, values))
        words = [
            f"no folder {each!r}"
            for each in dict.fromkeys(folders)
            if not (root / each).is_dir()
        ]
        if self.listing is not None and not self.listing_optional:
            file = self.listing.format_map(values)
            if not (root / file).is_file():
                words.append(f"no file {file!r}")
        return words

    def index(self, root: Path, split: str) -> list[Found]:
        """Return the samples of a split in the order of their ids, or as listed."""
        rows = self._images(root, split)
        found = []
        for path, values in rows:
            annotation = root / self.annotations.format_map(values)
            there = annotation.is_file()
            if there or not self.only_annotated:
                name = self.sample_id.format_map(values)
                file = annotation if there else None
                found.append(Found(name, path, file, self.reader))
        labelled = any(each.annotation is not None for each in found)
        if rows and not labelled and split not in self.unlabelled:
            path, values = rows[0]
            raise DatasetError(
                f"none of the {len(rows)} images has an annotation in {str(root)!r}: "
                f"for {str(path.relative_to(root))!r}, for example, there is no file "
                f"{self.annotations.format_map(values)!r}."
            )
        return found

    def _values(self, split: str) -> dict[str, str]:
        return {"split": self.folder_of_split.get(split, split)}

    def _images(self, root: Path, split: str) -> list[tuple[Path, dict[str, str]]]:
        values = self._values(split)
        source, stems = self._stems(root, split)
        if stems is None:
            pattern = self.images.replace("{split}", values["split"])
            return [(path, {**values, **rest}) for path, rest in match(root, pattern)]
        rows = []
        for stem in stems:
            each = {**values, "stem": stem}
            rows.append((root / self.images.format_map(each), each))
        absent = [path.relative_to(root) for path, _ in rows if not path.is_file()]
        if absent:
            raise DatasetError(
                f"{len(absent)} of the {len(rows)} images of {source} are not in "
                f"{str(root)!r}: {shorten(map(str, absent), 3)}."
            )
        return rows

    def _stems(self, root: Path, split: str) -> tuple[str, Sequence[str] | None]:
        """Return where the stems of a split are listed, and the stems."""
        if self.stems is not None:
            return f"the split {split!r}", self.stems[split]
        if self.listing is not None:
            file = self.listing.format_map(self._values(split))
            if (root / file).is_file() or not self.listing_optional:
                return repr(file), read_list(root / file)
        return "", None


def fixed_folder(pattern: str, values: Mapping[str, str]) -> str:
    """Return the leading folders of a pattern in which only the values vary."""
    parts = pattern.split("/")[:-1]
    fixed = takewhile(lambda part: set(FIELD.findall(part)) <= set(values), parts)
    return "/".join(fixed).format_map(values) or "."


def match(root: Path, pattern: str) -> list[tuple[Path, dict[str, str]]]:
    """Return the files and folders of a pattern, with the values of its fields."""
    # Splitting by the fields leaves their names at the odd places.
    words = FIELD.split(pattern)
    words[::2] = map(re.escape, words[::2])
    words[1::2] = [f"(?P<{name}>[^/]+)" for name in words[1::2]]
    expression = re.compile("".join(words))
    rows = []
    for path in root.glob(FIELD.sub("*", pattern)):
        name = path.relative_to(root).as_posix()
        found = expression.fullmatch(name)
        # What begins with a dot is the system's.
        if found and not any(part.startswith(".") for part in name.split("/")):
            rows.append((path, found.groupdict()))
    return sorted(rows, key=lambda row: row[0].as_posix())


def read_list(path: Path) -> list[str]:
    """Return the stem of the first word of each line, each once and in order."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read the list {str(path)!r}: {error}.") from error
    stems = [PurePosixPath(line.split()[0]).stem for line in lines if line.strip()]
    return list(dict.fromkeys(stems))
