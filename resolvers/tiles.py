"""Web-map tiles: the grid by which coordinates are coarsened. Deterministic, never noise: averaging finds nothing.

Formula: spherical Mercator, x = (lon + 180) / 360 * 2^z, y = (1 - asinh(tan(lat)) / pi) / 2 * 2^z
(OpenStreetMap wiki, "Slippy map tilenames"). Latitudes beyond 85.05 degrees stand at the edge.
"""

from __future__ import annotations

import math

STREET_ZOOM = 20
"""About 40 m: as fine as the index knows."""
KILOMETER_ZOOM = 15
"""About 1.2 km at the equator."""
_EDGE = 85.0511287798066


def tile_center(latitude: float, longitude: float, zoom: int) -> tuple[float, float]:
    """The centre of the tile that a point lies in, in degrees north and east."""
    n = 1 << zoom
    bounded = max(-_EDGE, min(_EDGE, latitude))
    x = min(n - 1, int((longitude + 180.0) / 360.0 * n))
    y = min(n - 1, max(0, int((1.0 - math.asinh(math.tan(math.radians(bounded))) / math.pi) / 2.0 * n)))
    east = (x + 0.5) / n * 360.0 - 180.0
    north = math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * (y + 0.5) / n))))
    return north, east
