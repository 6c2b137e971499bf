"""Places by number from the packed file: countries first, then regions, then populated places."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import PackedFile
from datasources.locations.port import Box, PlaceId, PlaceKind, PlaceRecord

_DEGREE = 1e-5
_CANONICAL = re.compile("[1-9][0-9]{0,8}")  # without leading zeros, and within 32 bits


class Atlas:
    """Converts numbers to ids and records and back."""

    def __init__(self, artefact: PackedFile) -> None:
        self.countries = artefact.lines("countries")
        self.regions = artefact.lines("regions")
        self.first_region = len(self.countries)
        self.first_place = self.first_region + len(self.regions)
        self._zones = artefact.lines("zones")
        self._codes = {code: number for number, code in enumerate([*self.countries, *self.regions])}
        self._bounds = np.concatenate([artefact.array("country.bounds"), artefact.array("region.bounds")])
        self.region_country = artefact.array("region.country")
        self._id = artefact.array("place.id")
        self.latitude = artefact.array("place.latitude")
        self.longitude = artefact.array("place.longitude")
        self.country = artefact.array("place.country")
        self.region = artefact.array("place.region")
        self._zone = artefact.array("place.zone")
        self._population = artefact.array("place.population")
        self._parent = artefact.array("place.parent")
        self._of_kinds: dict[frozenset[PlaceKind], npt.NDArray[np.bool_]] = {}

    def __len__(self) -> int:
        return self.first_place + len(self._id)

    def kind(self, number: int) -> PlaceKind:
        """The level of a place."""
        if number < self.first_region:
            return PlaceKind.COUNTRY
        if number < self.first_place:
            return PlaceKind.REGION
        place = number - self.first_place
        return PlaceKind.CITY if self._parent[place] == place else PlaceKind.LOCALITY

    def of_kinds(self, kinds: frozenset[PlaceKind]) -> npt.NDArray[np.bool_]:
        """A mask over all numbers of the places of these kinds."""
        if kinds not in self._of_kinds:
            levels = np.full(len(self), PlaceKind.LOCALITY in kinds)
            levels[self.first_place :][self._parent == np.arange(len(self._parent))] = PlaceKind.CITY in kinds
            levels[self.first_region : self.first_place] = PlaceKind.REGION in kinds
            levels[: self.first_region] = PlaceKind.COUNTRY in kinds
            self._of_kinds[kinds] = levels
        return self._of_kinds[kinds]

    def id(self, number: int) -> PlaceId:
        """The stable id of a place."""
        if number < self.first_region:
            return self.countries[number]
        if number < self.first_place:
            return self.regions[number - self.first_region]
        return f"gn:{self._id[number - self.first_place]}"

    def number(self, place_id: PlaceId) -> int | None:
        """The number of an id; None if it is unknown."""
        if place_id in self._codes:
            return self._codes[place_id]
        digits = place_id.removeprefix("gn:")
        if digits == place_id or not _CANONICAL.fullmatch(digits):
            return None
        place = int(np.searchsorted(self._id, np.int32(digits)))
        known = place < len(self._id) and int(self._id[place]) == int(digits)
        return self.first_place + place if known else None

    def ancestors(self, number: int) -> list[int]:
        """The country, region and city of a place that exist, without the place itself."""
        if number < self.first_region:
            return []
        if number < self.first_place:
            return [int(self.region_country[number - self.first_region])]
        place = number - self.first_place
        line = [int(self.country[place])]
        if self.region[place] >= 0:
            line.append(self.first_region + int(self.region[place]))
        if self._parent[place] != place:
            line.append(self.first_place + int(self._parent[place]))
        return line

    def record(self, number: int) -> PlaceRecord:
        """The record of a place, without names."""
        above = self.ancestors(number)
        box = self._box(number)
        country = self.countries[above[0] if above else number]
        place = number - self.first_place
        latitude, longitude = _centre(box) if place < 0 else self._point(place)
        return PlaceRecord(
            id=self.id(number),
            kind=self.kind(number),
            ancestors=tuple(map(self.id, above)),
            country_code=country,
            latitude=latitude,
            longitude=longitude,
            bounds=box,
            time_zone=None if place < 0 else self._zones[self._zone[place]],
            population=0 if place < 0 else int(self._population[place]),
        )

    def _point(self, place: int) -> tuple[float, float]:
        return round(int(self.latitude[place]) * _DEGREE, 5), round(int(self.longitude[place]) * _DEGREE, 5)

    def _box(self, number: int) -> Box | None:
        if number >= self.first_place or np.isnan(self._bounds[number, 0]):
            return None
        return Box(*(round(float(side), 5) for side in self._bounds[number]))


def _centre(box: Box | None) -> tuple[float, float]:
    """The centre of a box, also across the date line; (0, 0) for None."""
    if box is None:
        return 0.0, 0.0
    width = (box.east - box.west) % 360
    longitude = (box.west + width / 2 + 180) % 360 - 180
    return round((box.south + box.north) / 2, 5), round(longitude, 5)
