# ruff: noqa: D102 - methods are documented in the port
"""The embedded gazetteer, read from the packed file without a server or network."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import DEFAULT_PATH, PackedFile
from datasources.locations.atlas import Atlas
from datasources.locations.name_search import MAX_QUERY, NameHit, NameSearch
from datasources.locations.namebook import PlaceNames
from datasources.locations.nearest import CAP_KM, EARTH_KM, FAR_KM, NearestBatch, NearestPlaces, chord, kilometres, unit_vectors
from datasources.locations.place_aliases import PLACE_ALIASES
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
from datasources.words import normalize, token_text

_FEW = 8  # below this number of points the scalar path is faster: benchmarks/places.py
_INLINE = 500  # points that take about a millisecond; more would block the event loop
_FEW_OPEN = 10  # the same for points near borders
_CHUNK = 32_768  # points whose candidates fit the CPU cache
_WINDOW = 50  # extra hits that are ranked
_ALIAS_SCORE = 300  # of a common name of a country or region: above every city of the same name
_METROPOLIS = 300_000  # inhabitants of a place that any of its names means rather than a small place called so: Cologne, Seville
_METROPOLIS_BONUS = 60
_LANGUAGE_BONUS = 30  # for hits whose name in the reader's language has the prefix; scale of `NameSearch`
_FAR_AWAY_KM, _NEAR_KM, _HALF_AS_FAR = 1_600.0, 25.0, 10.0
_POLE_DEG = 89.0
_DATE_LINE_DEG = 180.0
_EDGES = np.array([[_POLE_DEG], [_DATE_LINE_DEG]])
_CAP, _FAR = (float(np.float32(chord(km) ** 2)) for km in (CAP_KM, FAR_KM))
Floats = npt.NDArray[np.float64]


class Gazetteer(LocationService):
    """Finds the country by borders, then the nearest place inside it. Thread-safe."""

    def __init__(self, artefact: PackedFile) -> None:
        self._artefact = artefact
        self._atlas = Atlas(artefact)
        atlas = self._atlas
        self._zones = Zones(artefact, atlas.region_country, atlas.first_region)
        self._nearest = NearestPlaces(artefact, (atlas.latitude, atlas.longitude), atlas.country, atlas.region)
        self._names = PlaceNames(artefact, self._atlas)
        artefact.release_pages()

    @classmethod
    def open(cls, path: Path | None = None) -> Gazetteer:
        """The gazetteer of a packed file, by default of the packaged one."""
        return cls(PackedFile(path or DEFAULT_PATH))

    @property
    def data_version(self) -> str:
        return str(self._artefact.manifest["version"])

    @property
    def attribution(self) -> str:
        return "\n".join(dict.fromkeys(source["attribution"] for source in self._artefact.manifest["sources"]))

    @property
    def sources(self) -> Sequence[Mapping[str, str]]:
        return [dict(source) for source in self._artefact.manifest["sources"]]

    async def reload(self) -> bool:
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
        located = zip(numbers.tolist(), kilometres(apart).tolist(), strict=True)
        return [None if n < 0 else Located(self._atlas.id(n), self._atlas.kind(n), round(km, 3)) for n, km in located]

    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        return {place_id: self._atlas.record(number) for place_id, number in self._numbers_of(ids).items()}

    async def names(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return {place_id: self._names.name(number, languages) for place_id, number in self._numbers_of(ids).items()}

    async def addresses(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return {place_id: self._names.address(number, languages) for place_id, number in self._numbers_of(ids).items()}

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
        found = list(self._finder.find(query, among, typed=prefix, limit=limit + _WINDOW))
        key = normalize(query[:MAX_QUERY])
        spelled = token_text(key).replace(" ", "")
        alias = self._atlas.number(PLACE_ALIASES.get(spelled, ""))
        if alias is not None and (among is None or among[alias]) and alias not in {hit.number for hit in found}:
            found.append(NameHit(alias, query.strip(), _ALIAS_SCORE))

        def match(hit: NameHit) -> PlaceMatch:
            name = self._names.name(hit.number, languages).text
            score = hit.score + (0 if near is None else self._nearness(hit.number, near))
            if normalize(name).startswith(key):
                return PlaceMatch(self._atlas.id(hit.number), name, score + _LANGUAGE_BONUS)
            if token_text(hit.name).replace(" ", "") == spelled and self._atlas.record(hit.number).population >= _METROPOLIS:
                score += _METROPOLIS_BONUS
            own = self._names.own(hit.number).text
            return PlaceMatch(self._atlas.id(hit.number), own if normalize(own) == hit.name else hit.written, score)

        return sorted(map(match, found), key=lambda found_place: -found_place.score)[:limit]

    def _nearness(self, number: int, near: Point) -> float:
        """Bonus for proximity: 10 per halving of the distance between 1,600 km and 25 km (20 = ten times the population)."""
        record = self._atlas.record(number)
        apart = math.dist(*unit_vectors(np.array([record.latitude, near.latitude]), np.array([record.longitude, near.longitude])))
        steps = math.log2(_FAR_AWAY_KM / max(apart * EARTH_KM, _NEAR_KM))
        return max(0.0, steps * _HALF_AS_FAR)

    def numbers(self, latitude: Floats, longitude: Floats) -> npt.NDArray[np.int32]:
        """The place numbers of points, -1 for none; for bulk processing in a thread."""
        return self._all_parts(latitude, longitude)[0]

    def _all_parts(self, latitude: Floats, longitude: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        points = np.empty((2, len(latitude)))
        points[0], points[1] = latitude, longitude
        if len(latitude) <= _CHUNK:
            return self._part(points)
        parts = [self._part(points[:, at : at + _CHUNK]) for at in range(0, len(latitude), _CHUNK)]
        return np.concatenate([found for found, _ in parts]), np.concatenate([apart for _, apart in parts])

    def _part(self, points: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        # Fast path for valid points; comparisons with NaN are false.
        if (np.abs(points) < _EDGES).all() and points[0].all() and points.size:
            return self._locate_valid(points)
        found, apart = np.full(points.shape[1], -1, np.int32), np.full(points.shape[1], np.inf, np.float32)
        real = np.flatnonzero(_possible(*points))
        if len(real):
            usual = points[:, real]
            usual[1, usual[1] == _DATE_LINE_DEG] = -_DATE_LINE_DEG
            found[real], apart[real] = self._locate_valid(usual)
        return found, apart

    def _locate_valid(self, points: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        near = self._nearest.of(points)
        place, apart = near.place, near.apart
        place += self._atlas.first_place
        if len(near.open) >= _FEW_OPEN:
            decided, away = self._resolve_open(near, points.take(near.open, 1))
            place.put(near.open, decided)
            apart.put(near.open, away)
        elif len(near.open):
            zones = [self._zones.of_one(*point) for point in points.take(near.open, 1).T.tolist()]
            few = self._nearest.nearest_few_within(near, zones)
            for at, zone, (found, square) in zip(near.open.tolist(), zones, few, strict=True):
                place[at], apart[at] = self._place_or_zone(found, square, *zone), square
        return place, apart

    def _resolve_open(self, near: NearestBatch, points: Floats) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Resolve the open points by their country and region."""
        country, region = self._zones.of(points[0], points[1])
        place, apart = self._nearest.nearest_within(near, country, region)
        place += self._atlas.first_place
        lonely = (apart > _CAP).nonzero()[0]
        if len(lonely):
            wide = np.where(region[lonely] >= 0, region[lonely] + self._atlas.first_region, country[lonely])
            place[lonely] = np.where(apart[lonely] <= _FAR, wide, -1)
        return place, apart

    @cached_property
    def _finder(self) -> NameSearch:
        finder = NameSearch(self._artefact)
        self._artefact.release_pages()
        return finder

    def _locate_all(self, points: Sequence[Point]) -> list[int]:
        pairs = np.array(points, float)
        return list(map(int, self.numbers(pairs[:, 0], pairs[:, 1])))

    def locate_one(self, latitude: float, longitude: float) -> int:
        """The place number of one point, -1 for none, without the overhead of arrays."""
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
        return self._place_or_zone(*self._nearest.nearest_one_within(near, country, region), country, region)

    def _place_or_zone(self, place: int, square: float, country: int, region: int) -> int:
        """The place if it is near enough by squared chord, else its region or country; -1 at sea."""
        if square <= _CAP:
            return place + self._atlas.first_place
        if square > _FAR:
            return -1
        return country if region < 0 else region + self._atlas.first_region

    def _numbers_of(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, int]:
        numbers = {place_id: self._atlas.number(place_id) for place_id in ids}
        return {place_id: number for place_id, number in numbers.items() if number is not None}


def _possible(latitude: Floats, longitude: Floats) -> npt.NDArray[np.bool_]:
    """Which points are valid: not NaN, in range, not at a pole, and not (0, 0), which devices write without a GPS fix."""
    on_earth = (np.abs(latitude) < _POLE_DEG) & (np.abs(longitude) <= _DATE_LINE_DEG)
    return np.asarray(on_earth & ((latitude != 0) | (longitude != 0)))
