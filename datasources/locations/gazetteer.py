# ruff: noqa: D102 - the port's words hold for its methods
"""The gazetteer in this process, out of the packed artefact: no server, no network, ready at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import DEFAULT_PATH, Artefact
from datasources.locations.atlas import Atlas
from datasources.locations.borders import Borders
from datasources.locations.finder import Finder, Found
from datasources.locations.namebook import NameBook
from datasources.locations.nearest import COUNTRY_CAP_KM, NearestPlaces
from datasources.locations.port import (
    LocalizedName,
    LocationService,
    PlaceId,
    PlaceKind,
    PlaceMatch,
    PlaceRecord,
    Point,
)
from datasources.words import normalize

_FEW = 32  # below this the scalar path wins over arrays: benchmarks/places.py
_INLINE = 500  # points that take about a millisecond; more would hold up the event loop
_WINDOW = 50  # hits looked at beyond those asked for
_IN_READERS_LANGUAGE = 30  # what a hit gains whose name in the reader's language begins so; scale of `Finder`
_POLE_DEG = 89.0
_DATE_LINE_DEG = 180.0
Floats = npt.NDArray[np.float64]


class Gazetteer(LocationService):
    """Country by polygon, nearest place inside it. Safe to share between threads."""

    def __init__(self, artefact: Artefact) -> None:
        self._artefact = artefact
        self._atlas = Atlas(artefact)
        self._borders = Borders(artefact)
        self._nearest = NearestPlaces(self._atlas.latitude / 1e5, self._atlas.longitude / 1e5, self._atlas.country)
        self._names = NameBook(artefact, self._atlas)

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

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        if len(points) < _FEW:
            numbers = [self.locate_one(*point) for point in points]
        elif len(points) < _INLINE:
            numbers = self._locate_all(points)
        else:
            numbers = await asyncio.to_thread(self._locate_all, points)
        return [None if number < 0 else self._atlas.id(number) for number in numbers]

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
        limit: int = 50,
    ) -> Sequence[PlaceMatch]:
        among = self._atlas.of_kinds(frozenset(kinds)) if kinds else None
        found = self._finder.find(query, among, prefix=prefix, limit=limit + _WINDOW)
        key = normalize(query)

        def match(hit: Found) -> PlaceMatch:
            own = self._names.name(hit.number, languages).text
            if normalize(own).startswith(key):
                return PlaceMatch(self._atlas.id(hit.number), own, hit.score + _IN_READERS_LANGUAGE)
            return PlaceMatch(self._atlas.id(hit.number), hit.name, hit.score)

        return sorted(map(match, found), key=lambda found_place: -found_place.score)[:limit]

    def locate(self, latitude: Floats, longitude: Floats) -> npt.NDArray[np.int32]:
        """Place numbers of points, -1 for none: `resolve` without objects, for bulk work in a thread."""
        found = np.full(len(latitude), -1, np.int32)
        real = np.flatnonzero(_possible(latitude, longitude))
        latitude, longitude = latitude[real], longitude[real]
        country = self._borders.countries(latitude, longitude)
        land = np.flatnonzero(country >= 0)
        nearest = self._nearest.of(latitude[land], longitude[land], country[land])
        found[real[land]] = np.where(nearest < 0, country[land], nearest + self._atlas.first_place)
        lonely = land[nearest < 0]
        near = self._nearest.of(latitude[lonely], longitude[lonely], country[lonely], cap_km=COUNTRY_CAP_KM)
        found[real[lonely[near < 0]]] = -1
        return found

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self._artefact)

    def _locate_all(self, points: Sequence[Point]) -> list[int]:
        pairs = np.array(points, float)
        return list(map(int, self.locate(pairs[:, 0], pairs[:, 1])))

    def locate_one(self, latitude: float, longitude: float) -> int:
        """The place number of one point, -1 for none, without the cost of arrays."""
        if not (abs(latitude) < _POLE_DEG and abs(longitude) <= _DATE_LINE_DEG) or latitude == longitude == 0:
            return -1
        country = self._borders.country(latitude, longitude)
        if country < 0:
            return -1
        nearest = self._nearest.of_one(latitude, longitude, country)
        if nearest >= 0:
            return nearest + self._atlas.first_place
        near = self._nearest.of_one(latitude, longitude, country, cap_km=COUNTRY_CAP_KM)
        return -1 if near < 0 else country

    def _known(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, int]:
        numbers = {place_id: self._atlas.number(place_id) for place_id in ids}
        return {place_id: number for place_id, number in numbers.items() if number is not None}


def _possible(latitude: Floats, longitude: Floats) -> npt.NDArray[np.bool_]:
    """Neither impossible (NaN, out of range, a pole) nor (0, 0), which is what a missing fix looks like."""
    on_earth = (np.abs(latitude) < _POLE_DEG) & (np.abs(longitude) <= _DATE_LINE_DEG)
    return np.asarray(on_earth & ((latitude != 0) | (longitude != 0)))
