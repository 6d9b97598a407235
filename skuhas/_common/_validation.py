"""Checks of scalar parameters, with messages that say what is allowed."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any


def _interval(low: float | None, high: float | None, low_open: bool) -> str:
    left = "(-inf" if low is None else f"{'(' if low_open else '['}{low}"
    right = "inf)" if high is None else f"{high}]"
    return f"{left}, {right}"


def check_real(
    value: Any,
    name: str,
    *,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    none: bool = False,
    finite: bool = False,
) -> float | None:
    """Return `value` as a float inside the interval, or raise naming `name`."""
    if value is None and none:
        return None
    allowed = f"a number in {_interval(low, high, low_open)}"
    if none:
        allowed += " or None"
    message = f"{name} must be {allowed}, got {value!r}."
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(message)
    number = float(value)
    if math.isnan(number) or (finite and math.isinf(number)):
        raise ValueError(message)
    if low is not None and (number < low or (low_open and number == low)):
        raise ValueError(message)
    if high is not None and number > high:
        raise ValueError(message)
    return number


def check_integer(
    value: Any,
    name: str,
    *,
    low: int | None = None,
    high: int | None = None,
    none: bool = False,
) -> int | None:
    """Return `value` as an int inside the interval, or raise naming `name`."""
    if value is None and none:
        return None
    allowed = f"an integer in {_interval(low, high, False)}"
    if none:
        allowed += " or None"
    message = f"{name} must be {allowed}, got {value!r}."
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(message)
    number = int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(message)
    return number


def check_choice(value: Any, name: str, choices: Iterable[str]) -> str:
    """Return `value` when it is one of `choices`, or raise naming `name`."""
    options = list(choices)
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {options}, got {value!r}.")
    return value


def check_list(values: Any, name: str, what: str) -> list[Any]:
    """Return `values` as a non-empty list, or raise naming `name`.

    A string, a path or a single object with `shape` is most often one item
    handed over without its list, so the message says how to wrap it.
    """
    is_single = not hasattr(values, "__iter__") or getattr(values, "ndim", 1) == 0
    if isinstance(values, (str, bytes)) or is_single:
        raise TypeError(
            f"{name} must be a list of {what}, got {type(values).__name__}. "
            f"For a single one, pass [{name}]."
        )
    items = list(values)
    if not items:
        raise ValueError(
            f"{name} must be a list of {what} with at least one element, "
            "got an empty list: found array with 0 sample(s)."
        )
    return items
