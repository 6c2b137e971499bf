"""Home zones: circles of an owner, extended to fixed cells so that other viewers cannot find a circle's edge or centre.

A cell is a web map tile at zoom 14 (about 2.4 km at the equator). A zone covers every cell that its circle touches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

CELL_ZOOM = 14
MAX_ZONES = 10
MAX_RADIUS_M = 10_000.0
_RADIUS_M = 6_371_008.8
_EDGE = 85.0511287798066
_CELLS = 1 << CELL_ZOOM


class Circle(NamedTuple):
    """Degrees north and east, metres."""

    latitude: float
    longitude: float
    radius_m: float


class Cell(NamedTuple):
    """A cell's column from the west and row from the north."""

    x: int
    y: int

    @classmethod
    def of(cls, latitude: float, longitude: float) -> Cell:
        """Returns the cell that contains a point."""
        bounded = max(-_EDGE, min(_EDGE, latitude))
        x = int((longitude + 180.0) / 360.0 * _CELLS) % _CELLS
        y = int((1.0 - math.asinh(math.tan(math.radians(bounded))) / math.pi) / 2.0 * _CELLS)
        return cls(x, min(_CELLS - 1, max(0, y)))

    def nearest(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Returns the point of this cell nearest to another point, approximated in degrees."""
        west, east = self.x / _CELLS * 360.0 - 180.0, (self.x + 1) / _CELLS * 360.0 - 180.0
        middle = (west + east) / 2
        # Cells continue across the date line: shift the point to the nearer side.
        around = longitude + 360.0 * round((middle - longitude) / 360.0)
        return min(max(latitude, _north_of(self.y + 1)), _north_of(self.y)), min(max(around, west), east)


def at_home(zones: Iterable[Circle], latitude: float, longitude: float) -> bool:
    """Whether a point is in a cell that one of the zones touches."""
    cell = Cell.of(latitude, longitude)
    return any(_distance_m(z, *cell.nearest(z.latitude, z.longitude)) <= z.radius_m for z in zones)


def _north_of(row: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * row / _CELLS))))


def _distance_m(zone: Circle, latitude: float, longitude: float) -> float:
    """Returns the great-circle distance (haversine formula)."""
    here, there = math.radians(zone.latitude), math.radians(latitude)
    across = math.radians(longitude - zone.longitude)
    a = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * _RADIUS_M * math.asin(math.sqrt(min(1.0, a)))
