# ruff: noqa: D102 - the port's words hold for its methods
"""The gazetteer in this process, out of the packed artefact: no server, no network, ready at once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import DEFAULT_PATH, Artefact
from datasources.locations.atlas import Atlas
from datasources.locations.name_search import LONGEST, Found, NameSearch
from datasources.locations.namebook import NameBook
from datasources.locations.nearest import CAP_KM, EARTH_KM, FAR_KM, Near, NearestPlaces, chord, kilometres, unit_vectors
from datasources.locations.port import (
    LocalizedName,
    Located,
    LocationService,
    PlaceId,
    PlaceKind,
    PlaceMatch,
    PlaceRecord,
    Point,
)
from datasources.locations.zones import Zones
from datasources.words import normalize

_FEW = 8  # below this the scalar path wins over arrays: benchmarks/places.py
_INLINE = 500  # points that take about a millisecond; more would hold up the event loop
_FEW_OPEN = 10  # the same for points that a border may concern
_CHUNK = 32_768  # points whose candidates fit a cache
_WINDOW = 50  # hits looked at beyond those asked for
_IN_READERS_LANGUAGE = 30  # what a hit gains whose name in the reader's language begins so; scale of `Finder`
_FAR_AWAY_KM, _NEAR_KM, _HALF_AS_FAR = 1_600.0, 25.0, 10.0
_POLE_DEG = 89.0
_DATE_LINE_DEG = 180.0
_EDGES = np.array([[_POLE_DEG], [_DATE_LINE_DEG]])
_CAP, _FAR = (float(np.float32(chord(km) ** 2)) for km in (CAP_KM, FAR_KM))
Floats = npt.NDArray[np.float64]


class Gazetteer(LocationService):
    """Country by polygon, nearest place inside it. Safe to share between threads."""

    def __init__(self, artefact: Artefact) -> None:
        self._artefact = artefact
        self._atlas = Atlas(artefact)
        atlas = self._atlas
        self._zones = Zones(artefact, atlas.region_country, atlas.first_region)
        self._nearest = NearestPlaces(artefact, (atlas.latitude, atlas.longitude), atlas.country, atlas.region)
        self._names = NameBook(artefact, self._atlas)
        artefact.forget()

    @classmethod
    def open(cls, path: Path | None = None) -> Gazetteer:
        """The gazetteer of an artefact, by default of the one that comes with the program."""
        return cls(Artefact(path or DEFAULT_PATH))

    @property
    def data_version(self) -> str:
        return str(self._artefact.manifest["version"])

    @property
    def attribution(self) -> str:
        return "\n".join(dict.fromkeys(source["attribution"] for source in self._artefact.manifest["sources"]))

    @property
    def sources(self) -> Sequence[Mapping[str, str]]:
        return [dict(source) for source in self._artefact.manifest["sources"]]

    async def look_again(self) -> bool:
        return False

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        if len(points) < _FEW:
            numbers = [self.locate_one(*point) for point in points]
        elif len(points) < _INLINE:
            numbers = self._locate_all(points)
        else:
            numbers = await asyncio.to_thread(self._locate_all, points)
        return [None if number < 0 else self._atlas.id(number) for number in numbers]

    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        pairs = np.array(points, float).reshape(-1, 2)
        few = len(points) < _INLINE
        work = partial(self._all_parts, pairs[:, 0], pairs[:, 1])
        numbers, apart = work() if few else await asyncio.to_thread(work)
        told = zip(numbers.tolist(), kilometres(apart).tolist(), strict=True)
        return [None if n < 0 else Located(self._atlas.id(n), self._atlas.kind(n), round(km, 3)) for n, km in told]

    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        return {place_id: self._atlas.record(number) for place_id, number in self._known(ids).items()}

    async def names(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return {place_id: self._names.name(number, languages) for place_id, number in self._known(ids).items()}

    async def addresses(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return {place_id: self._names.address(number, languages) for place_id, number in self._known(ids).items()}

    async def search(
        self,
        query: str,
        languages: Sequence[str],
        *,
        kinds: Sequence[PlaceKind] = (),
        prefix: bool = True,
        near: Point | None = None,
        limit: int = 50,
    ) -> Sequence[PlaceMatch]:
        among = self._atlas.of_kinds(frozenset(kinds)) if kinds else None
        found = self._finder.find(query, among, typed=prefix, limit=limit + _WINDOW)
        key = normalize(query[:LONGEST])

        def match(hit: Found) -> PlaceMatch:
            name = self._names.name(hit.number, languages).text
            score = hit.score + (0 if near is None else self._nearness(hit.number, near))
            if normalize(name).startswith(key):
                return PlaceMatch(self._atlas.id(hit.number), name, score + _IN_READERS_LANGUAGE)
            own = self._names.own(hit.number).text
            return PlaceMatch(self._atlas.id(hit.number), own if normalize(own) == hit.name else hit.written, score)

        return sorted(map(match, found), key=lambda found_place: -found_place.score)[:limit]

    def _nearness(self, number: int, near: Point) -> float:
        """Each halving of the distance gains 10 (half of what ten times the inhabitants do), between 1,600 km and 25 km."""
        record = self._atlas.record(number)
        apart = math.dist(*unit_vectors(np.array([record.latitude, near.latitude]), np.array([record.longitude, near.longitude])))
        steps = math.log2(_FAR_AWAY_KM / max(apart * EARTH_KM, _NEAR_KM))
        return max(0.0, steps * _HALF_AS_FAR)

    def numbers(self, latitude: Floats, longitude: Floats) -> npt.NDArray[np.int32]:
        """Place numbers of points, -1 for none: `resolve` without objects, for bulk work in a thread."""
        return self._all_parts(latitude, longitude)[0]

    def _all_parts(self, latitude: Floats, longitude: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        points = np.empty((2, len(latitude)))
        points[0], points[1] = latitude, longitude
        if len(latitude) <= _CHUNK:
            return self._part(points)
        parts = [self._part(points[:, at : at + _CHUNK]) for at in range(0, len(latitude), _CHUNK)]
        return np.concatenate([found for found, _ in parts]), np.concatenate([apart for _, apart in parts])

    def _part(self, points: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        # The usual case first, in few steps; what compares with NaN is not usual.
        if (np.abs(points) < _EDGES).all() and points[0].all() and points.size:
            return self._sure(points)
        found, apart = np.full(points.shape[1], -1, np.int32), np.full(points.shape[1], np.inf, np.float32)
        real = np.flatnonzero(_possible(*points))
        if len(real):
            usual = points[:, real]
            usual[1, usual[1] == _DATE_LINE_DEG] = -_DATE_LINE_DEG
            found[real], apart[real] = self._sure(usual)
        return found, apart

    def _sure(self, points: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        near = self._nearest.of(points)
        place, apart = near.place, near.apart
        place += self._atlas.first_place
        if len(near.open) >= _FEW_OPEN:
            decided, away = self._decided(near, points.take(near.open, 1))
            place.put(near.open, decided)
            apart.put(near.open, away)
        elif len(near.open):
            zones = [self._zones.of_one(*point) for point in points.take(near.open, 1).T.tolist()]
            few = self._nearest.decided_few(near, zones)
            for at, zone, (found, square) in zip(near.open.tolist(), zones, few, strict=True):
                place[at], apart[at] = self._told(found, square, *zone), square
        return place, apart

    def _decided(self, near: Near, points: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Of the points left open: by their country and region."""
        country, region = self._zones.of(points[0], points[1])
        place, apart = self._nearest.decided(near, country, region)
        place += self._atlas.first_place
        lonely = (apart > _CAP).nonzero()[0]
        if len(lonely):
            wide = np.where(region[lonely] >= 0, region[lonely] + self._atlas.first_region, country[lonely])
            place[lonely] = np.where(apart[lonely] <= _FAR, wide, -1)
        return place, apart

    @cached_property
    def _finder(self) -> NameSearch:
        finder = NameSearch(self._artefact)
        self._artefact.forget()
        return finder

    def _locate_all(self, points: Sequence[Point]) -> list[int]:
        pairs = np.array(points, float)
        return list(map(int, self.numbers(pairs[:, 0], pairs[:, 1])))

    def locate_one(self, latitude: float, longitude: float) -> int:
        """The place number of one point, -1 for none, without the cost of arrays."""
        if not (abs(latitude) < _POLE_DEG and abs(longitude) <= _DATE_LINE_DEG) or latitude == longitude == 0:
            return -1
        if longitude == _DATE_LINE_DEG:
            longitude = -longitude
        near = self._nearest.of_one(latitude, longitude)
        if near.place >= 0:
            return near.place + self._atlas.first_place
        country, region = self._zones.of_one(latitude, longitude)
        if country < 0:
            return -1
        return self._told(*self._nearest.decided_one(near, country, region), country, region)

    def _told(self, place: int, square: float, country: int, region: int) -> int:
        """The number of the place at a squared chord, or of what is around it, -1 for open sea."""
        if square <= _CAP:
            return place + self._atlas.first_place
        if square > _FAR:
            return -1
        return country if region < 0 else region + self._atlas.first_region

    def _known(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, int]:
        numbers = {place_id: self._atlas.number(place_id) for place_id in ids}
        return {place_id: number for place_id, number in numbers.items() if number is not None}


def _possible(latitude: Floats, longitude: Floats) -> npt.NDArray[np.bool_]:
    """Neither impossible (NaN, out of range, a pole) nor (0, 0), which is what a missing fix looks like."""
    on_earth = (np.abs(latitude) < _POLE_DEG) & (np.abs(longitude) <= _DATE_LINE_DEG)
    return np.asarray(on_earth & ((latitude != 0) | (longitude != 0)))
