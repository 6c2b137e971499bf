"""The size ladder of renditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pictures.size_ladder import RUNGS, Size, covering, inside, rung

SIDE = st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("real", "width", "height", "size"),
    [
        ((4032, 3024), 320, None, (640, 480)),
        ((4032, 3024), None, 320, (853, 640)),
        ((4032, 3024), 256, None, (256, 192)),
        ((3024, 4032), 257, 257, (480, 640)),
        ((4032, 3024), None, None, (1280, 960)),
        ((4032, 3024), 9_999, None, (2560, 1920)),
        ((400, 300), 2_560, None, (400, 300)),
        ((1, 30_000), 100, 100, (1, 256)),
    ],
)
def test_inside(real, width, height, size) -> None:
    assert inside(Size(*real), width, height) == size


@pytest.mark.parametrize(
    ("real", "width", "height", "size"),
    [
        ((4032, 3024), 320, 320, (640, 640)),
        ((4032, 3024), 320, 200, (640, 400)),
        ((4032, 3024), 100, 200, (128, 256)),
        ((640, 480), 2_560, 2_560, (480, 480)),
        ((300, 5), 160, 160, (5, 5)),
    ],
)
def test_covering(real, width, height, size) -> None:
    assert covering(Size(*real), width, height) == size


@given(SIDE, SIDE, st.none() | SIDE, st.none() | SIDE)
def test_inside_is_never_larger_and_has_the_same_aspect_ratio(w: int, h: int, width: int | None, height: int | None) -> None:
    size = inside(Size(w, h), width, height)
    assert 1 <= size.width <= w
    assert 1 <= size.height <= h
    assert abs(size.width * h - size.height * w) <= max(w, h)


@given(SIDE, SIDE, SIDE, SIDE)
def test_covering_is_never_larger_than_the_picture(w: int, h: int, width: int, height: int) -> None:
    size = covering(Size(w, h), width, height)
    assert 1 <= size.width <= w
    assert 1 <= size.height <= h


@given(SIDE)
def test_a_rung_is_sufficient_or_the_largest(wanted: int) -> None:
    assert rung(wanted) in RUNGS
    assert rung(wanted) >= min(wanted, RUNGS[-1])
