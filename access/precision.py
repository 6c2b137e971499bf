"""Precision of times and places. Levels are ordered: a higher level shows everything that a lower one shows."""

from __future__ import annotations

from enum import IntEnum


class LocationPrecision(IntEnum):
    """Precision of a location. KILOMETER shows the centre of a tile at zoom 15, CITY and COUNTRY the centre of the place."""

    NONE = 0
    COUNTRY = 1
    CITY = 2
    KILOMETER = 3
    EXACT = 4


class TimePrecision(IntEnum):
    """Precision of a time."""

    NONE = 0
    DAY = 1
    EXACT = 2
