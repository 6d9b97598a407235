"""The error of data that is not as published."""

from __future__ import annotations


class DatasetError(ValueError):
    """A data set on disk is not where or not what it should be.

    The message says what is missing or wrong, and shows the layout expected.

    Examples
    --------
    >>> import tempfile
    >>> from skuhas import DatasetError, load_dataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         load_dataset("camvid", folder)
    ...     except DatasetError as error:
    ...         print(str(error).splitlines()[0].replace(folder, "ROOT"))
    CamVid: no folder 'val' and no folder 'valannot' in 'ROOT'.
    """
