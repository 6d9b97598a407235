"""Checks of parameters: what passes comes back plain, the rest is named."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from skuhas._common import (
    check_choice,
    check_integer,
    check_list,
    check_real,
    optional_import,
    progress,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.int8(3), 3.0),
        (Fraction(1, 2), 0.5),
        (float("inf"), float("inf")),
    ],
)
def test_check_real_returns_floats(value, expected):
    checked = check_real(value, "x", low=0)
    assert checked == expected
    assert type(checked) is float


@pytest.mark.parametrize(
    ("value", "limits", "error", "message"),
    [
        ("1", {}, TypeError, "x must be a number in (-inf, inf), got '1'."),
        (True, {}, TypeError, "x must be a number in (-inf, inf), got True."),
        (1j, {}, TypeError, "x must be a number in (-inf, inf), got 1j."),
        (None, {"low": 0}, TypeError, "x must be a number in [0, inf), got None."),
        (float("nan"), {}, ValueError, "x must be a number in (-inf, inf), got nan."),
        (-1, {"low": 0}, ValueError, "x must be a number in [0, inf), got -1."),
        (
            0,
            {"low": 0, "low_open": True, "high": 1},
            ValueError,
            "x must be a number in (0, 1], got 0.",
        ),
        (
            1.5,
            {"low": 0, "high": 1, "none": True},
            ValueError,
            "x must be a number in [0, 1] or None, got 1.5.",
        ),
    ],
)
def test_check_real_names_what_is_wrong(value, limits, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        check_real(value, "x", **limits)


def test_limits_belong_to_the_interval():
    assert check_real(0, "x", low=0, high=1) == 0
    assert check_real(1, "x", low=0, high=1) == 1
    assert check_real(None, "x", none=True) is None
    assert check_integer(0, "n", low=0, high=1) == 0
    assert check_integer(1, "n", low=0, high=1) == 1
    assert check_integer(None, "n", none=True) is None


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_check_integer_returns_ints(value):
    checked = check_integer(value, "n", low=0)
    assert checked == 3
    assert type(checked) is int


@pytest.mark.parametrize(
    ("value", "limits", "error", "message"),
    [
        (3.0, {}, TypeError, "n must be an integer in (-inf, inf), got 3.0."),
        ("3", {}, TypeError, "n must be an integer in (-inf, inf), got '3'."),
        (True, {"low": 0}, TypeError, "n must be an integer in [0, inf), got True."),
        (
            np.True_,
            {"low": 0},
            TypeError,
            "n must be an integer in [0, inf), got np.True_.",
        ),
        (0, {"low": 1}, ValueError, "n must be an integer in [1, inf), got 0."),
        (
            5,
            {"low": 1, "high": 4, "none": True},
            ValueError,
            "n must be an integer in [1, 4] or None, got 5.",
        ),
    ],
)
def test_check_integer_names_what_is_wrong(value, limits, error, message):
    if isinstance(value, np.bool_):
        message = message.replace("np.True_", repr(value))
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        check_integer(value, "n", **limits)


def test_check_choice():
    assert check_choice("a", "kind", ("a", "b")) == "a"
    assert check_choice("b", "kind", iter("ab")) == "b"
    for value in ("c", "", None, 3, ["a"]):
        message = re.escape(f"kind must be one of ['a', 'b'], got {value!r}.")
        with pytest.raises(ValueError, match=f"^{message}$"):
            check_choice(value, "kind", ("a", "b"))


@pytest.mark.parametrize("values", [(1, 2), [1, 2], np.array([1, 2]), range(1, 3)])
def test_check_list_makes_lists(values):
    checked = check_list(values, "X", "images")
    assert type(checked) is list
    assert checked == [1, 2]


def test_check_list_takes_generators():
    assert check_list((i for i in "ab"), "X", "images") == ["a", "b"]


@pytest.mark.parametrize(
    "value", ["a.png", b"a.png", Path("a.png"), 5, None, np.array(5), np.float32(5)]
)
def test_check_list_says_how_to_wrap_one(value):
    kind = type(value).__name__
    message = rf"^X must be a list of images, got {kind}\. For a single one, pass \[X\]"
    with pytest.raises(TypeError, match=message):
        check_list(value, "X", "images")


@pytest.mark.parametrize("values", [[], (), np.empty((0, 3)), iter([])])
def test_check_list_refuses_nothing(values):
    # scikit-learn's checks look for the last words.
    message = r"^X must be a list of images .* empty list: found array with 0 sample\("
    with pytest.raises(ValueError, match=message):
        check_list(values, "X", "images")


def test_optional_import_imports():
    assert optional_import("json", package="json", purpose="This") is __import__("json")
    path = optional_import("os.path", package="os", purpose="This")
    assert path.basename("a/b") == "b"


def test_optional_import_says_what_to_install():
    message = (
        r"^Plotting needs 'skuhas_no_such_module', which could not be imported "
        r'\(No module named .*\)\. Install it with: pip install "skuhas\[plot\]"$'
    )
    with pytest.raises(ImportError, match=message) as caught:
        optional_import(
            "skuhas_no_such_module", package="skuhas[plot]", purpose="Plotting"
        )
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize("verbose", [0, 1])
def test_progress_passes_items_through(capsys, verbose):
    items = progress(iter("abc"), total=3, description="Parsing", verbose=verbose)
    assert list(items) == ["a", "b", "c"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("Parsing" in captured.err) == bool(verbose)


def test_progress_is_lazy():
    seen = []

    def items():
        for item in range(3):
            seen.append(item)
            yield item

    for item in progress(items(), total=3, description="", verbose=0):
        assert seen == list(range(item + 1))
    assert seen == [0, 1, 2]
