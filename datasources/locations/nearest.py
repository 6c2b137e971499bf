"""The nearest populated place of a point in the same country, and in the same region if its borders are known.

For cells of varying size, the packed file lists the places that can be nearest to a point inside (`ingest.places.cells`), so
a lookup computes a few distances and needs no tree (`benchmarks/places.py`). Most cells are marked as settled, which means
that the nearest candidate is the result regardless of borders (`ingest.places.settlements`); only points of the other cells
need their country and region.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import PackedFile
from datasources.locations.morton_codes import code_of, codes
from datasources.locations.paged_arrays import copied, empty

EARTH_KM = 6371.0088
CAP_KM = 100.0
"""Maximum distance of a city or locality from a photo."""

FAR_KM = 400.0
"""Farther than this from any place of its country a point is at sea; some borders enclose whole archipelagos."""

HERE_KM = 1.5
"""Within this distance a place counts regardless of the region border, which is less precise."""

_ELSEWHERE = 1048576.0
"""Factor that ranks places of other regions behind all places of the own region; a power of two preserves their order."""

_NONE = 1e30
STEPS_PER_DEGREE = 1e5
"""Resolution of stored coordinates."""

_PIECE = 1 << 15
USUAL = 8  # maximum candidates of a leaf, except for a few of the smallest
STEPS = "cells.step"
"""Delta-encoded start codes of the leaves, which compress to a quarter."""

SETTLED = "cells.settled"
"""The distance within which the nearest candidate is the result regardless of borders: 0 never, 1 `HERE_KM`, 2 `CAP_KM`."""

NOWHERE = -2
"""The country and region of the sentinel place that ends every leaf; no point has them."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Singles = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]
Numbers = npt.NDArray[np.int64]


class NearestBatch(NamedTuple):
    """The nearest places of a batch, and the data to resolve open points, where a border may change the result."""

    place: Ints
    apart: Singles
    """Squared chords."""
    open: Numbers
    """Indexes of points that need their country and region."""
    leaf: Numbers
    vectors: Singles
    places: Ints
    weights: Singles


class NearestPoint(NamedTuple):
    """The same for one point; `place` is -1 if the point is open."""

    place: int
    leaf: int
    vector: tuple[float, float, float]


class NearestPlaces:
    """Finds the nearest places; open points need a second call with country and region from `Zones`."""

    def __init__(self, artefact: PackedFile, points: tuple[Ints, Ints], country: Shorts, region: Shorts) -> None:
        self._code = _begins(artefact)
        # The last candidate of the previous leaf and of each leaf; `searchsorted` numbers leaves from 1.
        self._before = empty(len(self._code) + 2, "i4")
        np.cumsum(artefact.array("cells.count"), out=self._before[2:], dtype=np.int32)
        self._before -= np.int32(1)
        self._last = self._before[1:]
        self._place = artefact.array("cells.place")
        self._settled = empty(len(self._code) + 1, "u1")
        if artefact.names(SETTLED):  # files of earlier versions lack it: all points are open
            self._settled[1:] = artefact.array(SETTLED)
        self._settled[1:][artefact.array("cells.count") > USUAL + 1] = _CROWDED
        self._vectors = empty(3 * len(country) + 3, "f4").reshape(3, -1)
        for at in range(0, len(country), _PIECE):
            piece = slice(at, min(at + _PIECE, len(country)))
            self._vectors[:, piece] = _vectors(np.stack([axis[piece] for axis in points]) / STEPS_PER_DEGREE)
        self._country, self._region = (copied(np.append(of, np.int16(NOWHERE))) for of in (country, region))
        arrays = (self._before, self._place, self._country, self._region, *self._vectors)
        self._scalars = tuple(a.data for a in arrays)

    def of(self, points: Floats) -> NearestBatch:
        """The nearest place of each point (latitudes, longitudes); open points need `nearest_within`."""
        # For small batches the numpy calls dominate the time, so there are few of them.
        leaf = self._code.searchsorted(codes(points), "right")
        vectors = _vectors(points)
        places, weights = self._candidates(leaf, vectors, USUAL)
        place, apart = _least(places, weights)
        still = (apart > _LIMITS.take(self._settled.take(leaf))).nonzero()[0]
        return NearestBatch(place, apart, still, leaf, vectors, places, weights)

    def nearest_within(self, near: NearestBatch, country: Shorts, region: Shorts) -> tuple[Ints, Singles]:
        """The places of the open points, and squared chords, above that of `FAR_KM` if their country has no place so near."""
        places, weights = self._open(near)
        other = self._region.take(places) != region
        other &= region >= 0
        other &= weights >= _HERE
        np.multiply(weights, _OTHER, out=weights, where=other)
        weights[self._country.take(places) != country] = _NONE
        place, apart = _least(places, weights)
        np.divide(apart, _OTHER, out=apart, where=apart >= _LEAST_ELSEWHERE)
        return place, apart

    def _open(self, near: NearestBatch) -> tuple[Ints, Singles]:
        """All candidates of the open points, in the form of `_candidates`."""
        leaf = near.leaf.take(near.open)
        if self._settled.take(leaf).max() < _CROWDED:
            return near.places.take(near.open, 1), near.weights.take(near.open, 1)
        many = int((self._last.take(leaf) - self._before.take(leaf)).max()) - 1
        return self._candidates(leaf, near.vectors.take(near.open, 1), many)

    def _candidates(self, leaf: Numbers, vectors: Singles, many: int) -> tuple[Ints, Singles]:
        """`many` candidates of each leaf as rows, and their squared chords; missing candidates are the sentinel."""
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

    def of_one(self, latitude: float, longitude: float) -> NearestPoint:
        """The nearest place of one point, without the overhead of arrays."""
        leaf = bisect_right(self._code.data, code_of(latitude, longitude))
        lat, lon = math.radians(latitude), math.radians(longitude)
        level = math.cos(lat)
        # Rounded to float32 like the arrays, so that ties have the same result.
        px, py, pz = array("f", (level * math.cos(lon), level * math.sin(lon), math.sin(lat)))
        best, least = -1, _SCALAR_LIMITS[self._settled.item(leaf)]
        if least > 0:
            before, places, _, _, xs, ys, zs = self._scalars
            for place in places[before[leaf] + 1 : before[leaf + 1]]:
                weight = (xs[place] - px) ** 2 + (ys[place] - py) ** 2 + (zs[place] - pz) ** 2
                if weight < least:
                    best, least = place, weight
        return NearestPoint(best, leaf, (px, py, pz))

    def nearest_one_within(self, near: NearestPoint, country: int, region: int) -> tuple[int, float]:
        """The place of one open point (-1 if its country has no candidate), and the squared chord."""
        before, places, _, _, xs, ys, zs = self._scalars
        listed = places[before[near.leaf] + 1 : before[near.leaf + 1]].tolist()
        px, py, pz = near.vector
        weights = [(xs[place] - px) ** 2 + (ys[place] - py) ** 2 + (zs[place] - pz) ** 2 for place in listed]
        return self._chosen(listed, weights, country, region)

    def nearest_few_within(self, near: NearestBatch, zones: Iterable[tuple[int, int]]) -> Iterator[tuple[int, float]]:
        """The same for the open points of a batch; faster than `nearest_within` for fewer than ten points."""
        places, weights = self._open(near)
        for listed, weighed, zone in zip(places.T.tolist(), weights.T.tolist(), zones, strict=True):
            yield self._chosen(listed, weighed, *zone)

    def _chosen(self, listed: list[int], weights: list[float], country: int, region: int) -> tuple[int, float]:
        """A scalar version of `nearest_within`."""
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


def _begins(artefact: PackedFile) -> npt.NDArray[np.uint32]:
    """The start codes of leaves; files of earlier versions store them without delta encoding."""
    if not artefact.names(STEPS):
        return artefact.array("cells.code")
    begins = empty(len(artefact.array("cells.count")), "u4")
    np.cumsum(artefact.array(STEPS), out=begins, dtype=np.uint32)
    return begins


def _least(places: Ints, weights: Singles) -> tuple[Ints, Singles]:
    """The first minimum of each column."""
    at = weights.argmin(0)
    at *= weights.shape[1]
    at += np.arange(weights.shape[1])
    return places.take(at), weights.take(at)


def _vectors(points: Floats) -> Singles:
    """Unit vectors of latitudes and longitudes as three rows of float32."""
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
    """The chord on the unit sphere for a distance."""
    return 2 * math.sin(distance_km / EARTH_KM / 2)


def kilometres(square: Singles) -> Floats:
    """Great-circle distances of squared chords."""
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(np.sqrt(square.astype(np.float64)), 2) / 2))


_SAFELY = 1 - 1e-6  # points close to the limit are treated as open
_HERE = float(np.float32(chord(HERE_KM) ** 2))
_OTHER = np.float32(_ELSEWHERE)
_LEAST_ELSEWHERE = _HERE * _ELSEWHERE * 0.5
_LIMITS = np.array([-1, _HERE * _SAFELY, chord(CAP_KM) ** 2 * _SAFELY, -1], np.float32)
_CROWDED = 3  # leaves with more than `USUAL` candidates, which are never settled
_SCALAR_LIMITS = _LIMITS.tolist()
_ORDINALS = np.arange(1, 1 << 16, dtype=np.int32)[:, None]
