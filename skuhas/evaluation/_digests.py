"""What images and ground truth are known again by."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import joblib


def digests_of(sample: Any) -> tuple[str | None, str | None]:
    """Return digests of a sample's image and of its ground truth.

    None stands for what is not there or cannot be read; what reads it says why.
    """
    return _of_image(sample.image), _of_truth(sample)


def _of_image(image: Any) -> str | None:
    if isinstance(image, (str, Path)):
        return _of_file(Path(image))
    path = getattr(image, "path", None)
    if isinstance(path, Path):
        # A part of a file.
        whole = _of_file(path)
        return whole and joblib.hash((whole, _without_paths(image)))
    return joblib.hash(image)


def _of_truth(sample: Any) -> str | None:
    if not hasattr(sample, "annotation"):
        # Samples of others have no more than their labels.
        try:
            labels = sample.label_map()
        # Whatever is wrong with it is recorded when it is scored.
        except Exception:  # noqa: BLE001
            return None
        return None if labels is None else joblib.hash(labels)
    annotation = sample.annotation
    if annotation is None:
        return None
    if isinstance(annotation, Path) or (
        isinstance(annotation, str) and Path(annotation).is_file()
    ):
        return _of_file(Path(annotation))
    return joblib.hash(_without_paths(annotation))


def _without_paths(value: Any) -> Any:
    """Return the fields of an object but for the files that they come from."""
    if not is_dataclass(value):
        return value
    found = [getattr(value, each.name) for each in fields(value)]
    return [each for each in found if not isinstance(each, Path)]


def _of_file(path: Path) -> str | None:
    try:
        status = path.stat()
        return _of_content(path, status.st_mtime_ns, status.st_size, status.st_ino)
    except OSError:
        return None


# Patches share a file, and have it one after the other.
@lru_cache(maxsize=4)
def _of_content(path: Path, *_changed: int) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, _blake2b).hexdigest()


def _blake2b() -> Any:
    return hashlib.blake2b(digest_size=16)
