"""Sizes of renditions. Requested sizes are rounded up to a few rungs, so that a picture has few renditions to cache."""

from __future__ import annotations

from typing import Final, NamedTuple

RUNGS: Final = (256, 640, 1_280, 2_560)
DEFAULT_RUNG: Final = 1_280
"""The longer side if a request has no size."""


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


def rung(pixels: int) -> int:
    """The smallest rung of at least `pixels`; the largest rung if there is none."""
    return next((r for r in RUNGS if r >= pixels), RUNGS[-1])


def inside(real: Size, width: int | None, height: int | None) -> Size:
    """The largest size of the entire picture within the rungs of the requested sides, at most its real size."""
    if width is None and height is None:
        width = height = DEFAULT_RUNG
    horizontal = rung(width) / real.width if width is not None else 1.0
    vertical = rung(height) / real.height if height is not None else 1.0
    return _scaled(real, min(horizontal, vertical, 1.0))


def covering(real: Size, width: int, height: int) -> Size:
    """A size of the requested aspect ratio with the longer side on a rung, at most as large as the picture can cover."""
    longer = rung(max(width, height)) / max(width, height)
    fits = min(real.width / width, real.height / height)
    return _scaled(Size(width, height), min(longer, fits))


def _scaled(size: Size, scale: float) -> Size:
    return Size(max(round(size.width * scale), 1), max(round(size.height * scale), 1))
