"""The port of location services: coordinates to places, localized names and search. Public data only: no owner, no scope."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

PlaceId = str
"""A stable code: `IT` (country), `IT.16` (region), `gn:3176959` (city or locality)."""


class PlaceKind(Enum):
    """Levels of places, from the largest to the smallest."""

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
    """A text and the BCP 47 tag of its language."""

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
    """A search result; `matched_name` is the matching name in the spelling of the gazetteer."""

    id: PlaceId
    matched_name: str
    score: float


class Located(NamedTuple):
    """The place of a point, its level, and the distance to the centre of the nearest populated place."""

    id: PlaceId
    precision: PlaceKind
    distance_km: float


class LocationService(ABC):
    """Reverse geocoding and names of places. Every method takes a batch; coordinates are neither logged nor stored."""

    @property
    @abstractmethod
    def data_version(self) -> str:
        """The version of the data, which is stored on each photo resolved with it."""

    @property
    @abstractmethod
    def attribution(self) -> str:
        """The attributions that the licences of the data require, one line per source."""

    @property
    @abstractmethod
    def sources(self) -> Sequence[Mapping[str, str]]:
        """The sources of the data: `part`, `source`, `version`, `licence` and `attribution` of each."""

    @abstractmethod
    async def reload(self) -> bool:
        """Load newer data without downtime; returns whether there was any. Raises `Corrupt` once for unusable data."""

    @abstractmethod
    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        """The most precise place of each point, in order; None at sea, at the poles and for invalid points."""

    @abstractmethod
    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        """As `resolve`, with precision: a city or locality within 100 km, else the region or country within 400 km."""

    @abstractmethod
    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        """Places by id; unknown ids are absent."""

    @abstractmethod
    async def names(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        """The name of each place in the first language (with its CLDR parents) that has one, else the local name."""

    @abstractmethod
    async def addresses(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        """City, region and country in one line, all in one language if one language has all the names."""

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
        """Places by name in any language, best first: primary names before aliases, large before small, near before far.

        `prefix` is for search as you type: prefixes of names match, and one typo is tolerated from 4 letters, two from 8.
        A score difference of 20 corresponds to ten times as many inhabitants.
        """
