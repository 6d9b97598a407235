"""To what size images are scaled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skuhas.features._sizes import check_image_size, scaled_shape

LENGTHS = st.integers(1, 3000)
MULTIPLES = st.integers(1, 64)


# ------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    "image_size", [None, 14, 518, (14, 14), [840, 560], (14, 10_000)]
)
@pytest.mark.parametrize("side", ["longer", "shorter"])
def test_good_sizes_pass(image_size, side):
    assert check_image_size(image_size, side, 14) is None


@pytest.mark.parametrize(
    ("image_size", "least", "kind", "message"),
    [
        (0, 1, ValueError, "image_size must be an integer in [1, inf), got 0."),
        (-5, 1, ValueError, "image_size must be an integer in [1, inf), got -5."),
        (13, 14, ValueError, "image_size must be an integer in [14, inf), got 13."),
        (2.5, 1, TypeError, "image_size must be an integer in [1, inf), got 2.5."),
        (True, 1, TypeError, "image_size must be an integer in [1, inf), got True."),
        ("big", 1, TypeError, "image_size must be an integer in [1, inf), got 'big'."),
        ((28, 0), 1, ValueError, "image_size must be an integer in [1, inf), got 0."),
        (
            (13, 28),
            14,
            ValueError,
            "image_size must be an integer in [14, inf), got 13.",
        ),
        (
            (28, None),
            1,
            TypeError,
            "image_size must be an integer in [1, inf), got None.",
        ),
        (
            (28, 28, 3),
            1,
            ValueError,
            "image_size must be an integer, (height, width) or None, got (28, 28, 3).",
        ),
        (
            [28],
            1,
            ValueError,
            "image_size must be an integer, (height, width) or None, got [28].",
        ),
    ],
)
def test_bad_sizes_are_named(image_size, least, kind, message):
    with pytest.raises(kind) as caught:
        check_image_size(image_size, "longer", least)
    assert str(caught.value) == message


@pytest.mark.parametrize("side", ["wider", None, 1])
@pytest.mark.parametrize("image_size", [None, 28, (28, 28)])
def test_bad_sides_are_named_whatever_the_size(image_size, side):
    with pytest.raises(ValueError) as caught:
        check_image_size(image_size, side)
    assert str(caught.value) == (
        f"side must be one of ['longer', 'shorter'], got {side!r}."
    )


# ------------------------------------------------------------------------ shapes


@pytest.mark.parametrize(
    ("shape", "image_size", "side", "multiple", "expected"),
    [
        # The longer side, down and up.
        ((400, 600), 140, "longer", 14, (98, 140)),
        ((600, 400), 140, "longer", 14, (140, 98)),
        ((40, 60), 140, "longer", 14, (98, 140)),
        ((400, 600), 518, "longer", 14, (350, 518)),
        ((400, 600), 518, "longer", 16, (352, 512)),
        # The shorter side, down and up.
        ((400, 600), 140, "shorter", 14, (140, 210)),
        ((600, 400), 140, "shorter", 14, (210, 140)),
        ((40, 60), 140, "shorter", 14, (140, 210)),
        # A square has no longer side.
        ((50, 50), 64, "longer", 16, (64, 64)),
        ((50, 50), 64, "shorter", 16, (64, 64)),
        # Both sides given: the image's own are of no account.
        ((400, 600), (96, 64), "longer", 16, (96, 64)),
        ((400, 600), [96, 64], "shorter", 16, (96, 64)),
        ((400, 600), (100, 70), "longer", 16, (96, 64)),
        # The image's own size.
        ((400, 600), None, "longer", 1, (400, 600)),
        ((400, 600), None, "shorter", 14, (406, 602)),
        # Halves go up: 21 is as far from 14 as from 28, 35 as from 28 and 42.
        ((21, 35), None, "longer", 14, (28, 42)),
        ((20, 34), None, "longer", 14, (14, 28)),
        # Odd multiples have no halves.
        ((7, 8), None, "longer", 5, (5, 10)),
        # Never under one of them.
        ((1, 1), None, "longer", 16, (16, 16)),
        ((3, 600), 160, "longer", 16, (16, 160)),
        ((600, 3), 160, "longer", 16, (160, 16)),
    ],
)
def test_shapes_at_the_nearest_multiple(shape, image_size, side, multiple, expected):
    assert scaled_shape(shape, image_size, side, multiple) == expected


@pytest.mark.parametrize(
    ("shape", "image_size", "side", "expected"),
    [
        ((400, 600), 96, "longer", (64, 96)),
        ((401, 600), 97, "longer", (96, 128)),
        ((400, 600), 64, "shorter", (64, 96)),
        ((400, 600), (33, 32), "longer", (64, 32)),
        ((31, 33), None, "longer", (32, 64)),
        ((1, 1), None, "longer", (32, 32)),
        ((1, 640), 64, "longer", (32, 64)),
    ],
)
def test_shapes_at_the_next_multiple_above(shape, image_size, side, expected):
    assert scaled_shape(shape, image_size, side, 32, round_up=True) == expected


@given(
    shape=st.tuples(LENGTHS, LENGTHS),
    image_size=st.none() | LENGTHS | st.tuples(LENGTHS, LENGTHS),
    side=st.sampled_from(["longer", "shorter"]),
    multiple=MULTIPLES,
    round_up=st.booleans(),
)
def test_sides_are_positive_multiples(shape, image_size, side, multiple, round_up):
    scaled = scaled_shape(shape, image_size, side, multiple, round_up=round_up)
    assert all(length >= multiple for length in scaled)
    assert all(length % multiple == 0 for length in scaled)


@given(
    shape=st.tuples(LENGTHS, LENGTHS),
    image_size=LENGTHS,
    side=st.sampled_from(["longer", "shorter"]),
    multiple=MULTIPLES,
)
def test_the_named_side_gets_its_length_and_the_aspect_is_kept(
    shape, image_size, side, multiple
):
    scaled = scaled_shape(shape, image_size, side, multiple)
    pick = max if side == "longer" else min
    scale = image_size / pick(shape)
    for length, own in zip(scaled, shape, strict=True):
        # Pixels are whole before multiples are.
        far = abs(length - own * scale) <= multiple / 2 + 0.5
        assert far or length == multiple
    named = scaled[shape.index(pick(shape))]
    assert abs(named - image_size) <= multiple / 2 or named == multiple
    up = scaled_shape(shape, image_size, side, multiple, round_up=True)
    for length, own in zip(up, shape, strict=True):
        assert length > own * scale - 1
        assert length < own * scale + multiple + 0.5 or length == multiple


@given(shape=st.tuples(LENGTHS, LENGTHS), image_size=st.none() | LENGTHS)
def test_turning_the_image_turns_the_shape(shape, image_size):
    for side in ("longer", "shorter"):
        scaled = scaled_shape(shape, image_size, side, 14)
        assert scaled_shape(shape[::-1], image_size, side, 14) == scaled[::-1]


@given(shape=st.tuples(LENGTHS, LENGTHS), multiple=MULTIPLES, round_up=st.booleans())
def test_whole_multiples_stay_as_they_are(shape, multiple, round_up):
    whole = tuple(length * multiple for length in shape)
    for image_size in (None, whole, max(whole)):
        scaled = scaled_shape(whole, image_size, "longer", multiple, round_up=round_up)
        assert scaled == whole
