"""The populated place nearest to a point among those of the point's country."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

EARTH_KM = 6371.0088
CAP_KM = 100.0
"""Further away than this a place says nothing about a photo."""

COUNTRY_CAP_KM = 400.0
"""As far from any place of its country a point is on open sea: some borders are drawn around a whole archipelago."""

Floats = npt.NDArray[np.float64]


class NearestPlaces:
    """A 3-D tree (degrees lie at the date line and the poles), with the country as a fourth axis.

    Countries are 1 apart and the wider cap is 0.063, so one query finds the nearest place inside the country: a tree a
    country, in one.
    """

    def __init__(self, latitude: Floats, longitude: Floats, country: npt.NDArray[np.int16]) -> None:
        self._tree = cKDTree(_axes(latitude, longitude, country), leafsize=10, balanced_tree=False, compact_nodes=False)

    def of(
        self, latitude: Floats, longitude: Floats, country: npt.NDArray[np.int16], *, cap_km: float = CAP_KM
    ) -> npt.NDArray[np.intp]:
        """The place of each point, or -1 where none is near enough."""
        _, found = self._tree.query(_axes(latitude, longitude, country), distance_upper_bound=_chord(cap_km))
        return np.where(found == self._tree.n, -1, found)

    def of_one(self, latitude: float, longitude: float, country: int, *, cap_km: float = CAP_KM) -> int:
        """The same for one point, without the cost of arrays."""
        lat, lon = math.radians(latitude), math.radians(longitude)
        axes = (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat), float(country))
        _, found = self._tree.query(axes, distance_upper_bound=_chord(cap_km))
        return -1 if found == self._tree.n else int(found)


def _chord(distance_km: float) -> float:
    return 2 * math.sin(distance_km / EARTH_KM / 2)


def _axes(latitude: Floats, longitude: Floats, country: npt.NDArray[np.int16]) -> Floats:
    lat, lon = np.radians(latitude), np.radians(longitude)
    axes = np.empty((len(lat), 4))
    np.cos(lat, out=axes[:, 0])
    np.multiply(axes[:, 0], np.sin(lon), out=axes[:, 1])
    axes[:, 0] *= np.cos(lon)
    np.sin(lat, out=axes[:, 2])
    axes[:, 3] = country
    return axes
