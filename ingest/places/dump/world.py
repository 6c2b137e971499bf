"""Numbers the countries, regions and places of an imported file: those of the packaged borders and those of the dump."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import PackedFile
from datasources.locations.nearest import STEPS_PER_DEGREE
from ingest.places import cells, gazetteer
from ingest.places.candidates import Placed
from ingest.places.dump import tables

Parts = dict[str, Any]


class World:
    """The numbers, and the columns of places in their order."""

    def __init__(
        self, base: PackedFile, countries: tables.Countries, regions: tables.Regions, places: tables.Places, up: tables.Hierarchy
    ) -> None:
        self.base, self.tables = base, (countries, regions, places)
        self.base_countries, self.base_regions = base.lines("countries"), base.lines("regions")
        self.countries = sorted({*self.base_countries, *countries.name})
        self.regions = sorted({*self.base_regions, *regions.name})
        self.country_of = {code: i for i, code in enumerate(self.countries)}
        self.region_of = {code: i for i, code in enumerate(self.regions)}
        self.first_place = len(self.countries) + len(self.regions)
        ids = np.frombuffer(places.ids, "<i4")
        _, last_rows = np.unique(ids[::-1], return_index=True)  # the last row of a place wins
        self.order = (len(ids) - 1 - last_rows).astype("<i4")
        self.ids = ids[self.order]
        self.country = self._mapped(places.country, places.country_code, self.country_of)
        self.region = self._mapped(places.region, places.region_code, self.region_of)
        self._regions_from_hierarchy(regions, up)
        self.latitude, self.longitude = self.column(places.latitude, "<f8"), self.column(places.longitude, "<f8")
        self.population = self.column(places.population, "<i4")
        # A dictionary of a million numbers takes 150 MB, so places are searched in their id column.
        self._sorted = self.ids.data
        self._above = {g: len(self.countries) + self.region_of[code] for code, g in regions.geonameid.items()}
        self._above |= {g: self.country_of[code] for code, g in countries.geonameid.items()}

    def _mapped(self, column: Any, codes: tables.Numbers, numbers: Mapping[str, int]) -> npt.NDArray[np.int16]:
        table = np.array([*(numbers[code] for code in codes.of), -1], "<i2")
        return np.asarray(table[self.column(column, "<i4")])

    def _regions_from_hierarchy(self, regions: tables.Regions, up: tables.Hierarchy) -> None:
        """Use the hierarchy for places whose code has no region; it is incomplete, so only for those."""
        known = {geonameid: self.region_of[code] for code, geonameid in regions.geonameid.items()}
        for place in np.flatnonzero(self.region < 0).tolist():
            at, steps = up.get(int(self.ids[place])), 0
            while at is not None and at not in known and steps < len("country region county town village quarter".split()):
                at, steps = up.get(at), steps + 1
            if at in known and self.regions[known[at]].startswith(self.countries[self.country[place]] + "."):
                self.region[place] = known[at]

    def of(self, geonameid: int) -> int | None:
        """The number of a country, region or place."""
        if geonameid in self._above:
            return self._above[geonameid]
        at = bisect_left(self._sorted, geonameid)
        return self.first_place + at if at < len(self._sorted) and self._sorted[at] == geonameid else None

    def column(self, values: Any, dtype: str) -> npt.NDArray[Any]:
        """A column of the places in the order of the file."""
        known = np.frombuffer(values, values.typecode if isinstance(values, array) else "u1")
        return np.asarray(known[self.order].astype(dtype))

    def tables_of_places(self) -> Iterator[tuple[str, npt.NDArray[Any] | str]]:
        """The parts that are columns, and `countries`, `regions`, `zones`."""
        places = self.tables[2]
        yield "countries", "\n".join(self.countries)
        yield "regions", "\n".join(self.regions)
        yield "zones", "\n".join(places.zone_name.of)
        yield "region.country", np.array([self.country_of[code.partition(".")[0]] for code in self.regions], "<i2")
        yield "country.bounds", gazetteer.bounds(self.country, len(self.countries), self.latitude, self.longitude)
        yield "region.bounds", gazetteer.bounds(self.region, len(self.regions), self.latitude, self.longitude)
        yield "place.id", self.ids
        yield "place.latitude", np.round(self.latitude * STEPS_PER_DEGREE).astype("<i4")
        yield "place.longitude", np.round(self.longitude * STEPS_PER_DEGREE).astype("<i4")
        yield "place.country", self.country
        yield "place.region", self.region
        yield "place.zone", self.column(places.zone, "<i2")
        yield "place.population", self.population
        group = np.where(self.region >= 0, self.region, len(self.regions) + self.country)
        quarter = self.column(places.neighbourhood, "?")
        county = self.column(places.county, "<i4")
        settled = gazetteer.Settled(self.latitude, self.longitude, self.population, group, county, quarter)
        yield "place.parent", gazetteer.cities_of(settled)

    def zones_and_cells(self, moved: Callable[[int, int], None]) -> Parts:
        """The borders, and which places can be nearest."""
        zones = self._zones()
        placed = Placed(self.latitude, self.longitude, self.country, self.region)
        return zones | cells.build(zones, len(self.countries), placed, inhabitants=self.population, moved=moved)

    def size(self) -> npt.NDArray[Any]:
        """The population weight of each number, on the scale of `search.weight`."""
        people = self.population.astype(np.int64)
        inside = [
            np.bincount(group[group >= 0], weights=people[group >= 0], minlength=count).astype(np.int64)
            for group, count in ((self.country, len(self.countries)), (self.region, len(self.regions)))
        ]
        size: npt.NDArray[Any] = 20 * np.log10(np.maximum(np.concatenate([*inside, people]), 1))
        return size.astype("<i2")

    def _zones(self) -> Parts:
        """The packaged borders, converted to the numbers of this file."""
        parts = {
            name: self.base.array(name) for group in ("zone.", "border.") for name in map(group.__add__, self.base.names(group))
        }
        country = np.array([*(self.country_of[code] for code in self.base_countries), -1], "<i2")
        region = np.array([*(self.region_of[code] for code in self.base_regions), -1], "<i2")
        owners = np.concatenate([country[:-1], region[:-1].astype("<i4") + len(self.countries)])
        return parts | {
            "zone.country": country[parts["zone.country"]],
            "zone.region": region[parts["zone.region"]],
            "border.owner": owners[parts["border.owner"]].astype("<u2"),
        }
