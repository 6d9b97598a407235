"""load_dataset: from a name and a folder to an ImageDataset."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from skuhas._common import check_integer
from skuhas.datasets._aerial import POTSDAM, VAIHINGEN
from skuhas.datasets._coco import COCO, COCO_STUFF
from skuhas.datasets._errors import DatasetError
from skuhas.datasets._images import ImageDataset
from skuhas.datasets._layout import Description, Source
from skuhas.datasets._parts import PART_IMAGE_NET, PART_IMAGE_NET_158
from skuhas.datasets._pascal import PASCAL_PART, VOC2012
from skuhas.datasets._patches import cut_patches
from skuhas.datasets._sample import Sample
from skuhas.datasets._segmentations import BSDS500, CAMVID
from skuhas.datasets._street import CITYSCAPES, KITTI_STEP, MAPILLARY_VISTAS
from skuhas.hierarchies import LabelHierarchy

DESCRIPTIONS = {
    each.name: each
    for each in (
        *(BSDS500, CAMVID, VOC2012, COCO, COCO_STUFF),
        *(CITYSCAPES, KITTI_STEP, MAPILLARY_VISTAS, POTSDAM, VAIHINGEN),
        *(PASCAL_PART, PART_IMAGE_NET, PART_IMAGE_NET_158),
    )
}

# How many folders are looked into for the one that was meant.
MOST_FOLDERS = 500


def dataset_names() -> list[str]:
    """Return the names of the data sets that `load_dataset` knows.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skuhas import dataset_names
    >>> dataset_names()[:2]
    ['bsds500', 'camvid']
    """
    return list(DESCRIPTIONS)


def load_dataset(
    name: str,
    root: str | os.PathLike[str],
    split: str = "val",
    *,
    hierarchy: str | LabelHierarchy | None = None,
    tile: int | None = None,
) -> ImageDataset:
    """Return the images and the ground truth of a data set on disk.

    Only the list of files is read; images and label maps are read one by one
    when they are asked for.

    Parameters
    ----------
    name : str
        One of ``dataset_names()``. Case, dashes and blanks do not matter.
    root : path-like
        The folder in which the data set was unpacked, in its published layout.
    split : str, default="val"
        Which part of the data set.
    hierarchy : str, LabelHierarchy or None, default=None
        What the labels mean, instead of the data set's own: for example
        ``"cocostuffthing"`` for COCO-Stuff with things and stuff alike.
    tile : int or None, default=None
        Cut images into patches of at most `tile` pixels a side, as even as whole
        pixels allow, without overlap and without rest. For the aerial images,
        of several thousand pixels a side, 200 to 1000 are common.

    Returns
    -------
    ImageDataset

    Raises
    ------
    ValueError
        There is no data set of that name, the message lists them; or a hierarchy
        is given for labels that are no classes.
    TypeError
        The root is no path.
    DatasetError
        The root is wrong or incomplete; the message says what is missing, shows
        the layout, and names the folder that was probably meant.

    Examples
    --------
    >>> from skuhas import load_dataset
    >>> dataset = load_dataset("bsds500", "data/BSDS500")  # doctest: +SKIP
    >>> print(dataset.describe())  # doctest: +SKIP
    data set   bsds500
    split      val
    root       data/BSDS500
    images     100, 100 of them with ground truth
    sizes      321 x 481, 481 x 321 pixels wide and high (of 3 images looked at)
    labels     numbers of regions, without classes
    """
    side = check_integer(tile, "tile", low=1, none=True)
    description = _find(name)
    if not isinstance(root, str | os.PathLike):
        raise TypeError(f"root must be the path of a folder, got {root!r}.")
    folder = Path(root).expanduser()
    if split not in description.splits:
        raise DatasetError(
            f"{description.title}: split must be one of {list(description.splits)}, "
            f"got {split!r}."
        )
    source = _source(description, folder, split)
    try:
        found = source.index(folder, split)
    except DatasetError as error:
        raise _with_layout(description, str(error)) from error
    if not found:
        raise _with_layout(
            description, f"the split {split!r} in {str(folder)!r} has no images."
        )
    if side is not None:
        found = list(cut_patches(found, side))
    meaning = _hierarchy(hierarchy, source, description, folder)
    samples = [
        Sample(each.id, each.image, each.annotation, each.reader, meaning)
        for each in found
    ]
    return ImageDataset(samples, description.name, folder, split, meaning)


def _hierarchy(
    given: str | LabelHierarchy | None,
    source: Source,
    description: Description,
    root: Path,
) -> LabelHierarchy | None:
    own = source.hierarchy(root)
    if own is None and description.hierarchy is not None:
        own = LabelHierarchy.load(description.hierarchy)
    if given is None:
        return own
    if own is None:
        raise ValueError(
            f"hierarchy must be None, because the labels of {description.title} are "
            f"numbers of regions and no classes; got {given!r}."
        )
    if isinstance(given, LabelHierarchy):
        return given
    try:
        return LabelHierarchy.load(given)
    except ValueError as error:
        raise ValueError(f"hierarchy: {error}") from None


def _find(name: str) -> Description:
    """Return the description of a name, however that is written."""
    names = {_plain(each.name): each for each in DESCRIPTIONS.values()}
    names |= {_plain(each.title): each for each in DESCRIPTIONS.values()}
    word = _plain(name) if isinstance(name, str) else ""
    if word in names:
        return names[word]
    near = difflib.get_close_matches(word, names, n=3, cutoff=0.6)
    meant = dict.fromkeys(repr(names[each].name) for each in near)
    hint = f" Did you mean {' or '.join(meant)}?" if meant else ""
    raise ValueError(f"name must be one of {dataset_names()}, got {name!r}.{hint}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _source(description: Description, root: Path, split: str) -> Source:
    """Return the first way of lying on disk that is there, or say what is not."""
    if not root.exists():
        raise _with_layout(description, f"root does not exist: {str(root)!r}.")
    if not root.is_dir():
        raise _with_layout(
            description,
            f"root must be a folder, got the file {str(root)!r}. An archive must be "
            "unpacked first.",
        )
    wanting = []
    for source in description.sources:
        missing = source.missing(root, split)
        if not missing:
            return source
        wanting.append(missing)
    text = f"{' and '.join(min(wanting, key=len))} in {str(root)!r}."
    others = [each for each in description.splits if _is_there(description, root, each)]
    if others:
        text += f" Of the splits, {', '.join(map(repr, others))} can be read there."
    else:
        for folder in islice(_around(root), MOST_FOLDERS):
            if any(_is_there(description, folder, each) for each in description.splits):
                text += f" Did you mean root={str(folder)!r}?"
                break
    raise _with_layout(description, text)


def _is_there(description: Description, root: Path, split: str) -> bool:
    return any(not source.missing(root, split) for source in description.sources)


def _around(root: Path) -> Iterator[Path]:
    """Yield the folders above, and those below to the second level."""
    yield from islice(root.absolute().parents, 4)
    level = [root]
    for _ in range(2):
        level = [below for folder in level for below in _folders(folder)]
        yield from level


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            kept = [entry.path for entry in entries if entry.is_dir()]
    except OSError:
        return []
    # Folders of images have thousands of folders at most in ImageNet's manner.
    return [Path(path) for path in sorted(kept)[:MOST_FOLDERS]]


def _with_layout(description: Description, text: str) -> DatasetError:
    layout = description.layout.strip("\n")
    indented = "\n".join(f"    {line}" for line in layout.splitlines())
    return DatasetError(f"{description.title}: {text}\nExpected layout:\n{indented}")
