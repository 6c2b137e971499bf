"""The dump to an artefact: its places, hierarchy and names; borders and CLDR's names from the artefact that we ship."""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import Artefact, write
from datasources.locations.lines import Lines
from ingest.places import cells, gazetteer
from ingest.places.dump import tables
from ingest.places.dump.indexing import searched
from ingest.places.dump.lines import Problems, Reader
from ingest.places.dump.naming import Names
from ingest.places.dump.sorting import SortedLines

FILES = ("admin1CodesASCII.txt", "admin2Codes.txt", "alternateNamesV2.txt", "countryInfo.txt", "hierarchy.txt")
CITIES = ("allCountries.txt", "cities500.txt")
Parts = dict[str, Any]
_SOURCE = {
    "part": "places, regions, countries and their names",
    "source": "GeoNames, the official dump",
    "licence": "CC BY 4.0",
    "attribution": "Places: GeoNames (https://www.geonames.org/), CC BY 4.0, modified",
}
_QUICK = 1  # an imported artefact is not sent anywhere: a tenth larger, ten times as soon
_REPLACED = ("places,", "region codes")


class NoDump(Exception):
    """The folder does not hold the dump; the text is a sentence."""


@dataclass(frozen=True)
class Imported:
    """What came of it."""

    version: str
    places: int
    regions: int
    problems: Problems

    def line(self) -> str:
        """One line of JSON."""
        said = {"version": self.version, "places": self.places, "regions": self.regions, "badLines": self.problems.count}
        return msgspec.json.encode(said).decode()


def files_of(folder: Path) -> tuple[Path, list[Path]]:
    """The file of places and all files; raises `NoDump`."""
    cities = next((folder / name for name in CITIES if (folder / name).is_file()), None)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if cities is None or missing:
        lacking = [*(["cities500.txt or allCountries.txt"] if cities is None else []), *missing]
        raise NoDump(f"{folder} lacks {', '.join(lacking)}: unpack the files of download.geonames.org/export/dump there.")
    return cities, [cities, *(folder / name for name in FILES)]


def import_dump(folder: Path, base: Artefact, target: Path, moved: Callable[[int, int, int], None]) -> Imported:
    """Reads the dump and writes the artefact to `target`. `moved` is told lines, bytes and bytes in all."""
    cities, files = files_of(folder)
    total = sum(file.stat().st_size for file in files)
    reader = Reader(Problems(), lambda lines, done: moved(lines, done, total))
    countries, regions, places = tables.read(reader, folder, cities)
    if not places.ids:
        raise NoDump(f"{cities} holds no place that could be read ({reader.problems.count} bad lines).")
    parents = tables.above(reader, folder / "hierarchy.txt")
    world = World(base, countries, regions, places, parents)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        names = Names(SortedLines(Path(scratch)), SortedLines(Path(scratch)))
        names.read(reader, folder / "alternateNamesV2.txt", world)
        parts = world.parts()
        shown = _named(world, base, names)
        parts |= shown | searched(world, names, shown)
    version = _version(places.newest, parts)
    sources = [s for s in base.manifest["sources"] if not s["part"].startswith(_REPLACED)]
    write(target, {"version": version, "sources": [_SOURCE | {"version": places.newest}, *sources]}, parts, effort=_QUICK)
    return Imported(version, len(places.ids), len(world.regions), reader.problems)


def _version(date: str, parts: Parts) -> str:
    """The date of the dump, and what tells two imports of one day apart."""
    told = b"".join(parts[name].tobytes() for name in ("place.id", "place.parent", "place.latitude", "place.longitude"))
    return f"geonames-{date}-{sha256(told).hexdigest()[:8]}"


class World:
    """Numbers of countries, regions and places as the artefact has them: those of the borders, and those of the dump."""

    def __init__(
        self, base: Artefact, countries: tables.Countries, regions: tables.Regions, places: tables.Places, up: tables.Hierarchy
    ) -> None:
        self.base, self.tables = base, (countries, regions, places)
        self.base_countries, self.base_regions = base.lines("countries"), base.lines("regions")
        self.countries = sorted({*self.base_countries, *countries.name})
        self.regions = sorted({*self.base_regions, *regions.name})
        self.country_of = {code: i for i, code in enumerate(self.countries)}
        self.region_of = {code: i for i, code in enumerate(self.regions)}
        self.first_place = len(self.countries) + len(self.regions)
        ids = np.array(places.ids, np.int64)
        _, kept = np.unique(ids[::-1], return_index=True)  # of two rows of one place the later one counts
        self.order = len(ids) - 1 - kept
        self.ids = ids[self.order].astype("<i4")
        self.country = self._mapped(places.country, places.country_code, self.country_of)
        self.region = self._mapped(places.region, places.region_code, self.region_of)
        self._regions_from_hierarchy(regions, up)
        self.names = Lines(bytes(memoryview(places.names)[:-1]))
        places.names = bytearray()
        # A dictionary of a million numbers takes 150 MB: those of places are looked up in their own column.
        self._sorted = self.ids.data
        self._above = {g: len(self.countries) + self.region_of[code] for code, g in regions.geonameid.items()}
        self._above |= {g: self.country_of[code] for code, g in countries.geonameid.items()}

    def _mapped(self, column: Any, codes: tables.Numbers, numbers: Mapping[str, int]) -> npt.NDArray[np.int16]:
        table = np.array([*(numbers[code] for code in codes.of), -1], "<i2")
        return np.asarray(table[np.array(column, np.int64)[self.order]])

    def _regions_from_hierarchy(self, regions: tables.Regions, up: tables.Hierarchy) -> None:
        """Where the code says no region, the hierarchy may: it is incomplete, so only there."""
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
        """A column of the places in the artefact's order."""
        return np.asarray(np.array(values)[self.order].astype(dtype))

    def parts(self) -> Parts:
        """The tables, the borders and the cells."""
        places = self.tables[2]
        latitude, longitude = self.column(places.latitude, "<f8"), self.column(places.longitude, "<f8")
        population = self.column(places.population, "<i4")
        group = np.where(self.region >= 0, self.region, len(self.regions) + self.country)
        quarter = self.column(places.neighbourhood, "?")
        settled = gazetteer.Settled(latitude, longitude, population, group, self.column(places.county, "<i4"), quarter)
        zones = self._zones()
        region_country = np.array([self.country_of[code.partition(".")[0]] for code in self.regions], "<i2")
        return (
            zones
            | cells.build(zones, len(self.countries), (latitude, longitude), self.country, self.region)
            | {
                "countries": "\n".join(self.countries),
                "regions": "\n".join(self.regions),
                "zones": "\n".join(places.zone_name.of),
                "region.country": region_country,
                "country.bounds": gazetteer.bounds(self.country, len(self.countries), latitude, longitude),
                "region.bounds": gazetteer.bounds(self.region, len(self.regions), latitude, longitude),
                "place.id": self.ids,
                "place.latitude": np.round(latitude * 1e5).astype("<i4"),
                "place.longitude": np.round(longitude * 1e5).astype("<i4"),
                "place.country": self.country,
                "place.region": self.region,
                "place.zone": self.column(places.zone, "<i2"),
                "place.population": population,
                "place.parent": gazetteer.cities_of(settled),
                "place.name": b"\n".join(self.names.raw(i) for i in self.order.tolist()),
            }
        )

    def _zones(self) -> Parts:
        """The borders as we ship them, by the numbers of this artefact."""
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


def _named(world: World, base: Artefact, names: Names) -> Parts:
    """`country.<tag>`, `region.<tag>`, `city.<tag>`: the dump's names, and where it has none those that we ship."""
    countries, regions, _ = world.tables
    levels = (("country", 0, world.countries), ("region", len(world.countries), world.regions))
    tagged: dict[str, list[str]] = {}
    for level, _, codes in levels:
        old = world.base_countries if level == "country" else world.base_regions
        for tag in base.names(f"{level}."):
            if tag in {"bounds", "country"}:
                continue
            known = dict(zip(old, base.lines(f"{level}.{tag}"), strict=True))
            tagged[f"{level}.{tag}"] = [known.get(code, "") for code in codes]
    for level, codes, own in (("country", world.countries, countries.name), ("region", world.regions, regions.name)):
        english = tagged[f"{level}.en"]
        tagged[f"{level}.en"] = [own.get(code) or old for code, old in zip(codes, english, strict=True)]
    parts: Parts = {}
    for tag, found in names.tables():
        cities = bytearray()
        for number, name in found:
            if number >= world.first_place:
                cities += b"%d\t%s\n" % (number - world.first_place, name)
                continue
            level, first, codes = levels[number >= len(world.countries)]
            table = tagged.setdefault(f"{level}.{tag}", [""] * len(codes))
            # Countries: CLDR's names are reviewed, the dump's fill what it lacks.
            at = number - first
            table[at] = (table[at] or name.decode()) if level == "country" else name.decode()
        if cities:
            parts[f"city.{tag}"] = bytes(memoryview(cities)[:-1])
    return parts | {name: "\n".join(lines).encode() for name, lines in tagged.items()}
