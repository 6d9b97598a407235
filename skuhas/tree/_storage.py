"""Trees to and from the formats of this package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from skuhas.tree import _files
from skuhas.tree._arrays import TreeArrays

if TYPE_CHECKING:
    from typing import Self


class Storage(TreeArrays):
    """Saving and loading."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a tree that `save` wrote.

        Parameters
        ----------
        path : path-like
            A file whose name ends in ``.npz`` or ``.json``.

        Returns
        -------
        RegionTree

        Raises
        ------
        FileNotFoundError
            There is no such file.
        TreeFormatError
            The file is damaged, of another format, or of a newer version.
        """
        return cls._from_fields(_files.read(path), os.fspath(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the tree to a file, whole or not at all.

        Parameters
        ----------
        path : path-like
            The name ends in ``.npz`` (compact, no pickle) or ``.json``.

        Raises
        ------
        ValueError
            The name ends otherwise.
        """
        _files.write(self._fields(), path)

    def to_json(self) -> str:
        """Return the tree as JSON text.

        Returns
        -------
        str
            Leaf labels are run-length coded, nan is ``null``.
        """
        return _files.to_json(self._fields())

    @classmethod
    def from_json(cls, text: str | os.PathLike[str]) -> Self:
        """Build a tree from the text that `to_json` returns.

        Parameters
        ----------
        text : str or Path
            The text itself, or a Path of a file that holds it.

        Returns
        -------
        RegionTree

        Raises
        ------
        TreeFormatError
            The text is damaged or of another format.
        """
        source = str(text) if isinstance(text, os.PathLike) else "text"
        fields = _files.from_json(_files.text_of(text), source)
        return cls._from_fields(fields, source)

    @classmethod
    def _from_fields(cls, fields: dict[str, Any], source: str) -> Self:
        # The constructor knows what is wrong; the file adds where.
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise _files.TreeFormatError(f"{source}: {error}") from error
