"""Web map tiles, the grid for reduced coordinate precision. It is deterministic, so averaging many results reveals nothing.

Formula: spherical Mercator, x = (lon + 180) / 360 * 2^z, y = (1 - asinh(tan(lat)) / pi) / 2 * 2^z
(OpenStreetMap wiki, "Slippy map tilenames"). Latitudes beyond 85.05 degrees are in the outermost tiles.
"""

from __future__ import annotations

import math

STREET_ZOOM = 20
"""Tiles of about 40 m at the equator, the highest precision in the index."""
KILOMETER_ZOOM = 15
"""Tiles of about 1.2 km at the equator."""
_EDGE = 85.0511287798066


def tile_center(latitude: float, longitude: float, zoom: int) -> tuple[float, float]:
    """Latitude and longitude of the center of the tile that contains a point."""
    n = 1 << zoom
    bounded = max(-_EDGE, min(_EDGE, latitude))
    x = min(n - 1, int((longitude + 180.0) / 360.0 * n))
    y = min(n - 1, max(0, int((1.0 - math.asinh(math.tan(math.radians(bounded))) / math.pi) / 2.0 * n)))
    east = (x + 0.5) / n * 360.0 - 180.0
    north = math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * (y + 0.5) / n))))
    return north, east
