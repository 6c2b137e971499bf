"""The places, regions and countries of the dump, in arrays of about 37 bytes per place; names are stored on disk."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from ingest.places.dump.lines import BadLine, Reader, degrees, whole_number
from ingest.places.dump.sorting import SortedLines

_POPULATED = "P"
_NEIGHBOURHOOD = "PPLX"
_NO_MORE = frozenset({"PPLQ", "PPLH", "PPLW", "PPLCH"})
"""Feature codes of abandoned, historical and destroyed places, which are skipped."""

_PLACE_COLUMNS, _ADMIN_COLUMNS, _COUNTRY_COLUMNS, _HIERARCHY_COLUMNS = 19, 4, 19, 2
_DAY = re.compile(r"20\d\d-[01]\d-[0-3]\d")
_MOST_PEOPLE = 2_000_000_000
_ID_DIGITS = 10


@dataclass
class Numbers:
    """Numbers texts in order of first occurrence."""

    of: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        """The number of a text, which is added if it is new."""
        return self.of.setdefault(text, len(self.of))


@dataclass
class Countries:
    """English name and geonameid of countries by code."""

    name: dict[str, str] = field(default_factory=dict)
    geonameid: dict[str, int] = field(default_factory=dict)

    def take(self, row: list[str]) -> None:
        """Add a row of countryInfo.txt."""
        code, name = row[0], row[4]
        if not (len(code) == len("IT") and code.isascii() and code.isupper()):
            raise BadLine("no country code")
        self.name[code] = name or code
        if row[16]:
            self.geonameid[code] = whole_number(row[16], "geonameid")


@dataclass
class Regions:
    """Name and geonameid of regions by code such as `IT.16`."""

    countries: Mapping[str, str]
    name: dict[str, str] = field(default_factory=dict)
    geonameid: dict[str, int] = field(default_factory=dict)

    def take(self, row: list[str]) -> None:
        """Add a row of admin1CodesASCII.txt."""
        code, name = row[0], row[1]
        if code.partition(".")[0] not in self.countries:
            raise BadLine("its country is not in countryInfo.txt")
        if not name or code.count(".") != 1:
            raise BadLine("no code and name of a region")
        self.geonameid[code] = whole_number(row[3], "geonameid")
        self.name[code] = name


@dataclass
class Places:
    """Columns of places; `region` is a number of `regions`, -1 for none, as are `county` and `zone` of theirs."""

    countries: Mapping[str, str]
    regions: Mapping[str, str]
    counties: frozenset[str]
    texts: SortedLines
    """Lines of id and row (ten digits each), name, tab and comma-separated aliases, which are only searchable."""
    country_code: Numbers = field(default_factory=Numbers)
    region_code: Numbers = field(default_factory=Numbers)
    county_code: Numbers = field(default_factory=Numbers)
    zone_name: Numbers = field(default_factory=Numbers)
    ids: array[int] = field(default_factory=lambda: array("i"))
    latitude: array[float] = field(default_factory=lambda: array("d"))
    longitude: array[float] = field(default_factory=lambda: array("d"))
    country: array[int] = field(default_factory=lambda: array("h"))
    region: array[int] = field(default_factory=lambda: array("i"))
    county: array[int] = field(default_factory=lambda: array("i"))
    zone: array[int] = field(default_factory=lambda: array("h"))
    population: array[int] = field(default_factory=lambda: array("i"))
    neighbourhood: bytearray = field(default_factory=bytearray)
    newest: str = "undated"
    """The day of the latest change, used as the date of the dump, because copying changes file dates."""

    def take(self, row: list[str]) -> None:
        """A row of cities500.txt or allCountries.txt; rows that are not places are skipped."""
        geonameid = whole_number(row[0], "geonameid")
        if row[6] != _POPULATED or row[7] in _NO_MORE:
            return
        name, country = row[1].strip(), row[8]
        if not name:
            raise BadLine("no name")
        if country not in self.countries:
            raise BadLine("its country is not in countryInfo.txt")
        latitude, longitude = degrees(row[4], 90, "latitude"), degrees(row[5], 180, "longitude")
        people = min(whole_number(row[14] or "0", "population"), _MOST_PEOPLE)
        region, county = f"{country}.{row[10]}", f"{country}.{row[10]}.{row[11]}"
        if _DAY.fullmatch(row[18]) and (self.newest == "undated" or row[18] > self.newest):
            self.newest = row[18]
        self.ids.append(geonameid)
        self.latitude.append(latitude)
        self.longitude.append(longitude)
        self.country.append(self.country_code.add(country))
        self.region.append(self.region_code.add(region) if region in self.regions else -1)
        self.county.append(self.county_code.add(county) if county in self.counties else -1)
        self.zone.append(self.zone_name.add(row[17]))
        self.population.append(people)
        self.neighbourhood.append(row[7] == _NEIGHBOURHOOD)
        self.texts.add(f"{geonameid:010}{len(self.ids):010}{name}\t{row[2]},{row[3]}".encode())

    def called(self) -> Iterator[tuple[bytes, list[str]]]:
        """The name and searchable names of each place in order of ids; the last row of a place wins."""
        for _, rows in groupby(self.texts, key=lambda line: line[:_ID_DIGITS]):
            name, _, aliases = deque(rows, maxlen=1)[0][2 * _ID_DIGITS :].partition(b"\t")
            yield name, aliases.decode().split(",")


def counties(reader: Reader, file: Path) -> frozenset[str]:
    """The codes of admin2Codes.txt."""
    found: set[str] = set()

    def take(row: list[str]) -> None:
        if row[0].count(".") < len("CC.A1.A2".split(".")) - 1:
            raise BadLine("no code of a county")
        found.add(row[0])

    reader.each(file, _ADMIN_COLUMNS, take)
    return frozenset(found)


class Hierarchy:
    """The parents in hierarchy.txt, administrative ones first; eight bytes per link."""

    def __init__(self) -> None:
        self._child, self._up, self._other = array("q"), array("q"), bytearray()

    def take(self, row: list[str]) -> None:
        """Add a row."""
        up, child = whole_number(row[0], "parentId"), whole_number(row[1], "childId")
        self._up.append(up)
        self._child.append(child)
        self._other.append(not (len(row) > _HIERARCHY_COLUMNS and row[2] == "ADM"))

    def settle(self) -> None:
        """Finish reading: select one parent per child, the first administrative one, else the first."""
        child = np.array(self._child, np.int64)
        order = np.lexsort((np.array(self._other, np.uint8), child))
        children, first = np.unique(child[order], return_index=True)
        ups = np.array(self._up, np.int64)[order][first]
        self._child, self._up = array("q", children.tobytes()), array("q", ups.tobytes())

    def get(self, child: int) -> int | None:
        """The parent of a child."""
        at = bisect_left(self._child, child)
        return self._up[at] if at < len(self._child) and self._child[at] == child else None


def above(reader: Reader, file: Path) -> Hierarchy:
    """The links of hierarchy.txt."""
    links = Hierarchy()
    reader.each(file, _HIERARCHY_COLUMNS, links.take)
    links.settle()
    return links


def read(reader: Reader, folder: Path, cities: Path, texts: SortedLines) -> tuple[Countries, Regions, Places]:
    """Read the four files of places; names in other languages are read later, when ids are numbered."""
    countries = Countries()
    reader.each(folder / "countryInfo.txt", _COUNTRY_COLUMNS, countries.take)
    regions = Regions(countries.name)
    reader.each(folder / "admin1CodesASCII.txt", _ADMIN_COLUMNS, regions.take)
    places = Places(countries.name, regions.name, counties(reader, folder / "admin2Codes.txt"), texts)
    reader.each(cities, _PLACE_COLUMNS, places.take)
    return countries, regions, places
