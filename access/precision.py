"""How finely a time or a place is told. Levels are ordered: a wider share sees at least what a narrower one sees."""

from __future__ import annotations

from enum import IntEnum


class LocationPrecision(IntEnum):
    """From nothing to everything. KILOMETER is the centre of a z15 tile, CITY and COUNTRY the place's own centre."""

    NONE = 0
    COUNTRY = 1
    CITY = 2
    KILOMETER = 3
    EXACT = 4


class TimePrecision(IntEnum):
    """From nothing to everything."""

    NONE = 0
    DAY = 1
    EXACT = 2
