"""What a run's trees depend on, as JSON, and how two runs differ in it."""

import hashlib
import numbers
import os
import platform
import re
from functools import lru_cache
from pathlib import Path

import joblib
import numpy as np

from skuhas._common import package_versions

# Parameters of estimators that have no bearing on trees.
_WITHOUT_EFFECT = {"n_jobs", "verbose", "memory"}
_PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "scikit-image", "pillow", "torch", "timm"),
)


def describe(value, name):
    """Return a parameter as JSON can hold it; estimators with all of theirs.

    Parameters
    ----------
    value : object
        A number, a string, an estimator, lists and dicts of them, or anything
        else that has a name.
    name : str
        How messages call it.

    Returns
    -------
    object
        Of an estimator a dict with its class and its parameters, less those that
        have no bearing on results.

    Raises
    ------
    ValueError
        An estimator's ``random_state`` is no integer.

    Examples
    --------
    >>> from skuhas import ColorFeatures
    >>> from skuhas.batch import describe
    >>> describe(ColorFeatures(image_size=48), "features")["image_size"]
    48
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        # JSON has no infinity.
        number = float(value)
        return number if np.isfinite(number) else str(number)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple)):
        return [describe(item, f"{name}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {str(key): describe(value[key], f"{name}[{key!r}]") for key in value}
    if isinstance(value, np.ndarray):
        return f"array {value.shape} {value.dtype} {joblib.hash(value)}"
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _describe_estimator(value, name)
    if hasattr(value, "__qualname__"):
        return _path(value)
    # Where an object lies in memory differs from run to run.
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _describe_estimator(estimator, name):
    kind = type(estimator)
    described = {"class": _path(kind)}
    for parameter, value in sorted(estimator.get_params(deep=False).items()):
        if parameter in _WITHOUT_EFFECT:
            continue
        place = f"{name}.{parameter}"
        if parameter == "random_state" and not isinstance(value, numbers.Integral):
            raise ValueError(
                f"{place} must be an integer, so that a run that is interrupted and "
                f"resumed ends with the same trees, got {value!r}."
            )
        described[parameter] = describe(value, place)
        if parameter == "weights" and _exists(value):
            described["weights_content"] = _hash_files(value)
    learned = {
        attribute: value
        for attribute, value in vars(estimator).items()
        if attribute.endswith("_")
        and not attribute.startswith("_")
        and attribute not in ("n_features_in_", "feature_names_in_")
    }
    if learned:
        described["fitted"] = joblib.hash(learned)
    return described


def _path(thing):
    """Return where a class or a function is found; those of skuhas, by users."""
    module = thing.__module__ or ""
    own = __name__.partition(".")[0]
    if module.partition(".")[0] == own:
        # Private modules move without anything else being different.
        module = module.partition("._")[0]
    return f"{module}.{thing.__qualname__}"


def _exists(value):
    return isinstance(value, (str, os.PathLike)) and Path(value).exists()


def _hash_files(path):
    path = Path(path)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        if file.is_file():
            with file.open("rb") as handle:
                digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def versions():
    """Return the versions of everything that trees come from.

    Returns
    -------
    dict of str to str or None
        None for a package that is not there.

    Examples
    --------
    >>> from skuhas.batch import versions
    >>> versions()["skuhas"]
    '0.1.0'
    """
    return {"python": platform.python_version()} | package_versions(_PACKAGES)


def differences(before, now):
    """Return lines that say which entries of nested dicts differ, and how.

    Parameters
    ----------
    before, now : dict
        As `describe` makes them.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skuhas.batch import differences
    >>> differences({"features": {"stride": 4}}, {"features": {"stride": 8}})
    ['features.stride: 4 in the folder, 8 now']
    """
    before, now = _flat(before), _flat(now)
    lines = []
    for name in dict.fromkeys([*before, *now]):
        is_weights = name.rpartition(".")[2] == "weights"
        if is_weights and f"{name}_content" in before.keys() & now:
            # A checkpoint that has moved is the same checkpoint.
            continue
        if name not in before or name not in now or before[name] != now[name]:
            old, new = (
                repr(entries[name]) if name in entries else "absent"
                for entries in (before, now)
            )
            lines.append(f"{name}: {old} in the folder, {new} now")
    return lines


def _flat(nested, prefix=""):
    if not isinstance(nested, dict):
        return {prefix: nested}
    flat = {}
    for key, value in nested.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else key)
    return flat
