"""Coordinates to places people can search, with names in their own languages. Public data only: no owner, no scope."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

PlaceId = str
"""A stable code: `IT` (country), `IT.16` (region), `gn:3176959` (city or locality)."""


class PlaceKind(Enum):
    """Levels of places, coarsest first."""

    COUNTRY = "COUNTRY"
    REGION = "REGION"
    CITY = "CITY"
    LOCALITY = "LOCALITY"


class Point(NamedTuple):
    """Degrees north and east, WGS 84."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    """Degrees; west > east crosses the date line."""

    west: float
    south: float
    east: float
    north: float


class LocalizedName(NamedTuple):
    """A text and the BCP 47 tag of the language it is in."""

    text: str
    language: str


class PlaceRecord(msgspec.Struct, frozen=True, rename="camel"):
    """One place. `ancestors` are ids, country first, without the place itself."""

    id: PlaceId
    kind: PlaceKind
    ancestors: tuple[PlaceId, ...]
    country_code: str
    latitude: float
    longitude: float
    bounds: Box | None = None
    time_zone: str | None = None
    population: int = 0


class PlaceMatch(NamedTuple):
    """A place found by a name; `matched_name` is the name that matched, as written in the gazetteer."""

    id: PlaceId
    matched_name: str
    score: float


class Located(NamedTuple):
    """The place of a point, the level that could be told, and how far the nearest populated place's middle is from it."""

    id: PlaceId
    precision: PlaceKind
    distance_km: float


class LocationService(ABC):
    """The gazetteer as a service. Every method is one batch; nothing here logs or keeps a coordinate."""

    @property
    @abstractmethod
    def data_version(self) -> str:
        """The version of the data that answers, kept on each photo that was resolved by it."""

    @property
    @abstractmethod
    def attribution(self) -> str:
        """What the licences of the data ask to be said, one line a source."""

    @property
    @abstractmethod
    def sources(self) -> Sequence[Mapping[str, str]]:
        """What the data is made of: `part`, `source`, `version`, `licence` and `attribution` of each."""

    @abstractmethod
    async def look_again(self) -> bool:
        """Takes up newer data without a pause; whether there was some. Data that cannot be used is `Corrupt`, once."""

    @abstractmethod
    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        """The most precise place of each point, in order; None on open sea, at the poles and for impossible points."""

    @abstractmethod
    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        """The same with how exactly it is known: city or locality within 100 km, else the region or country within 400 km."""

    @abstractmethod
    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        """Places by id; unknown ids are absent."""

    @abstractmethod
    async def names(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        """The name of each place in the first of the languages (each with its CLDR parents) that has one, else the local one."""

    @abstractmethod
    async def addresses(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        """City, region, country in one line, all of it in one language wherever one language has all the names."""

    @abstractmethod
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
        """Places by any name in any language, best first: primary names before aliases, large before small, near before far.

        `prefix` is for a query that is still being typed: the beginning of a name finds it, and one mistake is forgiven
        from 4 letters, two from 8. Scores are on a scale where 20 is ten times as many inhabitants.
        """
