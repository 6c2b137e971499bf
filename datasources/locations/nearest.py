"""The populated place nearest to a point among those of its country, and of its region where the borders of that are known.

For cells of the globe of every size it is written down which places can be nearest to a point inside (made by
`ingest.places.cells`), so a question costs a handful of distances and no tree: benchmarks/places.py. For most cells it is
also written down that the nearest candidate is the answer wherever borders run (`ingest.places.settlements`): only the points
of others are asked for their country and region.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import Artefact
from datasources.locations.morton_codes import code_of, codes
from datasources.locations.paged_arrays import empty, kept

EARTH_KM = 6371.0088
CAP_KM = 100.0
"""Further away than this a place says nothing about a photo."""

FAR_KM = 400.0
"""As far from any place of its country a point is on open sea: some borders are drawn around a whole archipelago."""

HERE_KM = 1.5
"""So near a place counts in spite of the drawn border of its region, which is not as exact as that."""

_ELSEWHERE = 1048576.0
"""Puts the places of other regions behind all of the point's own; a power of two, so that order among them stays."""

_NONE = 1e30
STEPS_PER_DEGREE = 1e5
"""Coordinates of places are whole numbers of these."""

_PIECE = 1 << 15
USUAL = 8  # candidates that a leaf has at most, but for a few of the smallest
STEPS = "cells.step"
"""How far behind the beginning of the leaf before each leaf begins: packs into a quarter of the beginnings."""

SETTLED = "cells.settled"
"""How near the nearest candidate must be to be the answer whatever the borders: never, `HERE_KM`, `CAP_KM`."""

NOWHERE = -2
"""The country and region of the place that is nowhere, which ends every leaf: no point asks for it."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Singles = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]
Numbers = npt.NDArray[np.int64]


class Near(NamedTuple):
    """The places nearest to the points of a batch, and what it takes to look again where a border may say otherwise."""

    place: Ints
    apart: Singles
    """Squared chords."""
    open: Numbers
    """Points whose answer takes their country and region."""
    leaf: Numbers
    vectors: Singles
    places: Ints
    weights: Singles


class NearNow(NamedTuple):
    """The same of one point; `place` is -1 where it is open."""

    place: int
    leaf: int
    vector: tuple[float, float, float]


class NearestPlaces:
    """Asked for points, and once more for those left open, with their country and region, which `Zones` knows."""

    def __init__(self, artefact: Artefact, points: tuple[Ints, Ints], country: Shorts, region: Shorts) -> None:
        self._code = _begins(artefact)
        # The last candidate of the leaf before, and of each leaf; leaves count from one, as `searchsorted` finds them.
        self._before = empty(len(self._code) + 2, "i4")
        np.cumsum(artefact.array("cells.count"), out=self._before[2:], dtype=np.int32)
        self._before -= np.int32(1)
        self._last = self._before[1:]
        self._place = artefact.array("cells.place")
        self._settled = empty(len(self._code) + 1, "u1")
        if artefact.names(SETTLED):  # earlier versions did not write it: all points stay open
            self._settled[1:] = artefact.array(SETTLED)
        self._settled[1:][artefact.array("cells.count") > USUAL + 1] = _CROWDED
        self._vectors = empty(3 * len(country) + 3, "f4").reshape(3, -1)
        for at in range(0, len(country), _PIECE):
            piece = slice(at, min(at + _PIECE, len(country)))
            self._vectors[:, piece] = _vectors(np.stack([axis[piece] for axis in points]) / STEPS_PER_DEGREE)
        self._country, self._region = (kept(np.append(of, np.int16(NOWHERE))) for of in (country, region))
        arrays = (self._before, self._place, self._country, self._region, *self._vectors)
        self._scalars = tuple(a.data for a in arrays)

    def of(self, points: Floats) -> Near:
        """The place of each point (latitudes, longitudes) but for those left open, which `decided` knows."""
        # A hundred points take less time than the calls do, so calls are few.
        leaf = self._code.searchsorted(codes(points), "right")
        vectors = _vectors(points)
        places, weights = self._candidates(leaf, vectors, USUAL)
        place, apart = _least(places, weights)
        still = (apart > _LIMITS.take(self._settled.take(leaf))).nonzero()[0]
        return Near(place, apart, still, leaf, vectors, places, weights)

    def decided(self, near: Near, country: Shorts, region: Shorts) -> tuple[Ints, Singles]:
        """The places of the open points, and squared chords: beyond that of `FAR_KM` where their country has none so near."""
        places, weights = self._open(near)
        other = self._region.take(places) != region
        other &= region >= 0
        other &= weights >= _HERE
        np.multiply(weights, _OTHER, out=weights, where=other)
        weights[self._country.take(places) != country] = _NONE
        place, apart = _least(places, weights)
        np.divide(apart, _OTHER, out=apart, where=apart >= _LEAST_ELSEWHERE)
        return place, apart

    def _open(self, near: Near) -> tuple[Ints, Singles]:
        """All candidates of the open points, as `_candidates` has them."""
        leaf = near.leaf.take(near.open)
        if self._settled.take(leaf).max() < _CROWDED:
            return near.places.take(near.open, 1), near.weights.take(near.open, 1)
        many = int((self._last.take(leaf) - self._before.take(leaf)).max()) - 1
        return self._candidates(leaf, near.vectors.take(near.open, 1), many)

    def _candidates(self, leaf: Numbers, vectors: Singles, many: int) -> tuple[Ints, Singles]:
        """So many candidates of each leaf, one below the other, and squared chords to them; what a leaf lacks is nowhere."""
        which = self._before.take(leaf) + _ORDINALS[:many]
        np.minimum(which, self._last.take(leaf), out=which)
        places = self._place.take(which)
        away = self._vectors.take(places, 1)
        away -= vectors[:, None]
        away *= away
        weights: Singles = away[0]
        weights += away[1]
        weights += away[2]
        return places, weights

    def of_one(self, latitude: float, longitude: float) -> NearNow:
        """The place of one point, without the cost of arrays."""
        leaf = bisect_right(self._code.data, code_of(latitude, longitude))
        lat, lon = math.radians(latitude), math.radians(longitude)
        level = math.cos(lat)
        # Rounded as arrays are, so that of two as near both find the same.
        px, py, pz = array("f", (level * math.cos(lon), level * math.sin(lon), math.sin(lat)))
        best, least = -1, _SCALAR_LIMITS[self._settled.item(leaf)]
        if least > 0:
            before, places, _, _, xs, ys, zs = self._scalars
            for place in places[before[leaf] + 1 : before[leaf + 1]]:
                weight = (xs[place] - px) ** 2 + (ys[place] - py) ** 2 + (zs[place] - pz) ** 2
                if weight < least:
                    best, least = place, weight
        return NearNow(best, leaf, (px, py, pz))

    def decided_one(self, near: NearNow, country: int, region: int) -> tuple[int, float]:
        """The place of one open point, -1 where its country has none so near, and the squared chord."""
        before, places, _, _, xs, ys, zs = self._scalars
        listed = places[before[near.leaf] + 1 : before[near.leaf + 1]].tolist()
        px, py, pz = near.vector
        weights = [(xs[place] - px) ** 2 + (ys[place] - py) ** 2 + (zs[place] - pz) ** 2 for place in listed]
        return self._chosen(listed, weights, country, region)

    def decided_few(self, near: Near, zones: Iterable[tuple[int, int]]) -> Iterator[tuple[int, float]]:
        """The same for the open points of a batch: for less than ten of them it is faster than `decided`."""
        places, weights = self._open(near)
        for listed, weighed, zone in zip(places.T.tolist(), weights.T.tolist(), zones, strict=True):
            yield self._chosen(listed, weighed, *zone)

    def _chosen(self, listed: list[int], weights: list[float], country: int, region: int) -> tuple[int, float]:
        """What `decided` says, step by step."""
        _, _, countries, regions, *_ = self._scalars
        best, least = -1, _NONE
        for place, weight in zip(listed, weights, strict=True):
            if countries[place] != country:
                continue
            other = weight >= _HERE and region not in (regions[place], -1)
            behind = weight * _ELSEWHERE if other else weight
            if behind < least:
                best, least = place, behind
        return best, least / _ELSEWHERE if least >= _LEAST_ELSEWHERE else least


def _begins(artefact: Artefact) -> npt.NDArray[np.uint32]:
    """Where leaves begin; earlier versions wrote it as it is."""
    if not artefact.names(STEPS):
        return artefact.array("cells.code")
    begins = empty(len(artefact.array("cells.count")), "u4")
    np.cumsum(artefact.array(STEPS), out=begins, dtype=np.uint32)
    return begins


def _least(places: Ints, weights: Singles) -> tuple[Ints, Singles]:
    """Of each column the first of those that weigh least."""
    at = weights.argmin(0)
    at *= weights.shape[1]
    at += np.arange(weights.shape[1])
    return places.take(at), weights.take(at)


def _vectors(points: Floats) -> Singles:
    """Latitudes and longitudes as three rows of `unit_vectors`, in half the precision."""
    turned = np.radians(points)
    across, up = np.cos(turned), np.sin(turned)
    vectors = np.empty((3, points.shape[1]), np.float32)
    np.multiply(across[0], across[1], out=vectors[0])
    np.multiply(across[0], up[1], out=vectors[1])
    vectors[2] = up[0]
    return vectors


def unit_vectors(latitude: npt.NDArray[np.floating], longitude: npt.NDArray[np.floating]) -> Floats:
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


def kilometres(square: Singles) -> Floats:
    """Along the earth, of squared chords."""
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(np.sqrt(square.astype(np.float64)), 2) / 2))


_SAFELY = 1 - 1e-6  # what is about as near as the limit is decided in full
_HERE = float(np.float32(chord(HERE_KM) ** 2))
_OTHER = np.float32(_ELSEWHERE)
_LEAST_ELSEWHERE = _HERE * _ELSEWHERE * 0.5
_LIMITS = np.array([-1, _HERE * _SAFELY, chord(CAP_KM) ** 2 * _SAFELY, -1], np.float32)
_CROWDED = 3  # more candidates than usual, which no leaf that is settled has
_SCALAR_LIMITS = _LIMITS.tolist()
_ORDINALS = np.arange(1, 1 << 16, dtype=np.int32)[:, None]
