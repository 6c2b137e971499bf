"""The populated place nearest to a point among those of its country, and of its region where the borders of that are known.

For cells of the globe of every size it is written down which places can be nearest to a point inside (made by
`ingest.places.cells`), so a question costs a handful of distances and no tree: benchmarks/places.py.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import Artefact
from datasources.locations.held import empty, kept, starts

EARTH_KM = 6371.0088
CAP_KM = 100.0
"""Further away than this a place says nothing about a photo."""

FAR_KM = 400.0
"""As far from any place of its country a point is on open sea: some borders are drawn around a whole archipelago."""

FINE_PER_DEGREE = 160
_HERE_KM = 1.5
"""So near a place counts in spite of the drawn border of its region, which is not as exact as that."""

_ELSEWHERE = 1048576.0
"""Puts the places of other regions behind all of the point's own; a power of two, so that order among them stays."""

_NONE = 1e30
STEPS_PER_DEGREE = 1e5
"""Coordinates of places are whole numbers of these."""

_PIECE = 1 << 15
NOWHERE = -2
"""The country and region of the place that is nowhere, which ends every leaf: no point asks for it."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Singles = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]


def _spread_bits() -> npt.NDArray[np.uint32]:
    """Each number of 16 bits with a zero before each bit."""
    spread: npt.NDArray[np.uint32] = np.arange(65536, dtype=np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = ((spread | spread << np.uint32(shift)) & np.uint32(mask)).astype(np.uint32)
    return spread


_SPREAD = _spread_bits()


class NearestPlaces:
    """Asked with the country and region of each point, which `Zones` knows."""

    def __init__(self, artefact: Artefact, points: tuple[Ints, Ints], country: Shorts, region: Shorts) -> None:
        latitude, longitude = points
        self._code = artefact.array("cells.code")
        self._count = artefact.array("cells.count")
        self._first = starts(self._count, "i4")
        self._place = artefact.array("cells.place")
        self._vectors = empty(3 * len(country) + 3, "f4").reshape(-1, 3)
        for at in range(0, len(country), _PIECE):
            self._vectors[at : at + _PIECE][: len(country) - at] = unit_vectors(
                latitude[at : at + _PIECE] / STEPS_PER_DEGREE, longitude[at : at + _PIECE] / STEPS_PER_DEGREE
            )
        self._country, self._region = (kept(np.append(of, np.int16(NOWHERE))) for of in (country, region))
        arrays = (self._code, self._first, self._place, self._country, self._region, self._vectors.reshape(-1))
        self._scalars = tuple(a.data for a in arrays)

    def of(self, latitude: Floats, longitude: Floats, country: Shorts, region: Shorts) -> tuple[npt.NDArray[np.int32], Singles]:
        """The place of each point, and the squared chord to it: beyond that of `FAR_KM` where its country has none so near."""
        found = np.full(len(latitude), -1, np.int32)
        leaf = np.searchsorted(self._code, interleaved(*_fine(latitude, longitude)), side="right") - 1
        # The candidates of a leaf end with a place that is nowhere: no group is empty.
        begin, count = self._first.take(leaf), self._count.take(leaf)
        ends = count.cumsum(dtype=np.int64)
        at = np.repeat(np.arange(len(count)), count)
        which = (begin - ends + count).take(at)
        which += np.arange(len(at))
        place = self._place.take(which)
        away = self._vectors.take(place, 0)
        away -= unit_vectors(latitude, longitude).astype(np.float32).take(at, 0)
        weight = np.einsum("ij,ij->i", away, away)
        wanted = region.take(at)
        other = self._region.take(place) != wanted
        other &= wanted >= 0
        other &= weight >= _HERE
        np.multiply(weight, _OTHER, out=weight, where=other)
        weight[self._country.take(place) != country.take(at)] = _NONE
        least = np.minimum.reduceat(weight, ends - count)
        hits = np.flatnonzero(weight == least.take(at))[::-1]  # backwards: the first of two as near stands
        found[at.take(hits)] = place.take(hits)
        elsewhere = np.flatnonzero(least >= _LEAST_ELSEWHERE)
        least[elsewhere] /= _OTHER
        return found, least

    def of_one(self, latitude: float, longitude: float, country: int, region: int) -> tuple[int, float]:
        """The same for one point, without the cost of arrays."""
        codes, firsts, places, countries, regions, vectors = self._scalars
        code = int(_SPREAD[int((longitude + 180) * FINE_PER_DEGREE)]) | int(_SPREAD[int((latitude + 90) * FINE_PER_DEGREE)]) << 1
        leaf = bisect_right(codes, code) - 1
        lat, lon = math.radians(latitude), math.radians(longitude)
        px, py, pz = math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)
        best, least = -1, _NONE
        for i in range(firsts[leaf], firsts[leaf] + self._count.item(leaf) - 1):
            place = places[i]
            if countries[place] != country:
                continue
            x, y, z = vectors[3 * place : 3 * place + 3]
            weight = (x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2
            if not (region in (regions[place], -1) or weight < _HERE):
                weight *= _ELSEWHERE
            if weight < least:
                best, least = place, weight
        away = math.sqrt(least / _ELSEWHERE if least >= _LEAST_ELSEWHERE else least)
        distance = 2 * EARTH_KM * math.asin(min(away, 2) / 2)
        return (best if distance <= FAR_KM else -1), distance


def unit_vectors(latitude: Floats, longitude: Floats) -> Floats:
    """Points on the unit sphere."""
    lat, lon = np.radians(latitude), np.radians(longitude)
    vectors = np.empty((len(lat), 3))
    level = np.cos(lat)
    np.multiply(level, np.cos(lon), out=vectors[:, 0])
    np.multiply(level, np.sin(lon), out=vectors[:, 1])
    np.sin(lat, out=vectors[:, 2])
    return vectors


def chord(distance_km: float) -> float:
    """The straight way between two points of the unit sphere so far apart."""
    return 2 * math.sin(distance_km / EARTH_KM / 2)


def interleaved(x: npt.NDArray[np.integer], y: npt.NDArray[np.integer]) -> npt.NDArray[np.uint32]:
    """One number of two of 16 bits, near for near cells."""
    return np.asarray(_SPREAD[x] | _SPREAD[y] << np.uint32(1))


def _fine(latitude: Floats, longitude: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return ((longitude + 180) * FINE_PER_DEGREE).astype(np.int64), ((latitude + 90) * FINE_PER_DEGREE).astype(np.int64)


def kilometres(square: Singles) -> Floats:
    """Along the earth, of squared chords."""
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(np.sqrt(square.astype(np.float64)), 2) / 2))


_HERE = chord(_HERE_KM) ** 2
_OTHER = np.float32(_ELSEWHERE)
_LEAST_ELSEWHERE = _HERE * _ELSEWHERE * 0.5
