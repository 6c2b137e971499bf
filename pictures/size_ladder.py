"""How large a rendition is: one rung of a ladder for every wish, so that a picture has few files and caches fit."""

from __future__ import annotations

from typing import Final, NamedTuple

RUNGS: Final = (256, 640, 1_280, 2_560)
UNTOLD: Final = 1_280
"""The longer side where a client names no size."""


class Size(NamedTuple):
    """Pixels across and down."""

    width: int
    height: int


def rung(wanted: int) -> int:
    """The next rung; the last one for whatever is larger."""
    return next((r for r in RUNGS if r >= wanted), RUNGS[-1])


def inside(real: Size, width: int | None, height: int | None) -> Size:
    """The whole picture within the rungs of these sizes, never larger than it is."""
    if width is None and height is None:
        width = height = UNTOLD
    across = rung(width) / real.width if width is not None else 1.0
    down = rung(height) / real.height if height is not None else 1.0
    return _scaled(real, min(across, down, 1.0))


def covering(real: Size, width: int, height: int) -> Size:
    """What fills these sizes: their shape, the longer side on a rung, never larger than what the picture can fill."""
    longer = rung(max(width, height)) / max(width, height)
    fits = min(real.width / width, real.height / height)
    return _scaled(Size(width, height), min(longer, fits))


def _scaled(size: Size, scale: float) -> Size:
    return Size(max(round(size.width * scale), 1), max(round(size.height * scale), 1))
