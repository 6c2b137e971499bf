"""Spherical geometry, the same for every engine: great-circle distances and bounding boxes of circles."""

from __future__ import annotations

from math import asin, cos, degrees, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius R1 of the International Union of Geodesy and Geophysics."""

_MARGIN = 1e-7
"""Degrees (about a centimetre) added to each side of a bounding box against rounding errors."""


def distances_m(latitude: float, longitude: float, to: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres from one point to each row (latitude, longitude), by the haversine formula."""
    lat, lon = np.radians(to[:, 0]), np.radians(to[:, 1])
    here, there = radians(latitude), radians(longitude)
    a = np.sin((lat - here) / 2) ** 2 + cos(here) * np.cos(lat) * np.sin((lon - there) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(a, 0.0, 1.0))), dtype=np.float64)


def bounding_box(latitude: float, longitude: float, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east and north of a box that contains the circle; west > east crosses the date line."""
    angle = radius_m / EARTH_RADIUS_M
    south, north = latitude - degrees(angle) - _MARGIN, latitude + degrees(angle) + _MARGIN
    if angle >= pi / 2 or south <= -90 or north >= 90:  # noqa: PLR2004 - the circle contains a pole
        return -180.0, max(south, -90.0), 180.0, min(north, 90.0)
    width = degrees(asin(min(1.0, sin(angle) / cos(radians(latitude))))) + _MARGIN
    return _wrapped(longitude - width), south, _wrapped(longitude + width), north


def _wrapped(longitude: float) -> float:
    return longitude + 360 if longitude < -180 else longitude - 360 if longitude > 180 else longitude  # noqa: PLR2004
