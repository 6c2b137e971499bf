"""Converts the dump to a packed file: places, hierarchy and names; borders and CLDR names come from the packaged file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import msgspec

from datasources.locations.artefact import PackedFile, PackedFileWriter
from ingest.places.dump import tables
from ingest.places.dump.indexing import searched
from ingest.places.dump.lines import Problems, Reader
from ingest.places.dump.naming import Names
from ingest.places.dump.sorting import SortedLines
from ingest.places.dump.world import World

FILES = ("admin1CodesASCII.txt", "admin2Codes.txt", "alternateNamesV2.txt", "countryInfo.txt", "hierarchy.txt")
CITIES = ("allCountries.txt", "cities500.txt")
Parts = dict[str, Any]
_SOURCE = {
    "part": "places, regions, countries and their names",
    "source": "GeoNames, the official dump",
    "licence": "CC BY 4.0",
    "attribution": "Places: GeoNames (https://www.geonames.org/), CC BY 4.0, modified",
}
_QUICK = 1  # the file stays on this machine: 10 % larger, ten times as fast
_REPLACED = ("places,", "region codes")
_REPORTED = ("place.id", "place.parent", "place.latitude", "place.longitude")


class NoDump(Exception):
    """The folder does not contain the dump; the message says what is missing."""


@dataclass(frozen=True)
class Imported:
    """The result of an import."""

    version: str
    places: int
    regions: int
    problems: Problems

    def line(self) -> str:
        """The result as one line of JSON."""
        said = {"version": self.version, "places": self.places, "regions": self.regions, "badLines": self.problems.count}
        return msgspec.json.encode(said).decode()


def files_of(folder: Path) -> tuple[Path, list[Path]]:
    """The file of places, and all files; raises `NoDump`."""
    cities = next((folder / name for name in CITIES if (folder / name).is_file()), None)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if cities is None or missing:
        lacking = [*(["cities500.txt or allCountries.txt"] if cities is None else []), *missing]
        raise NoDump(f"{folder} lacks {', '.join(lacking)}: unpack the files of download.geonames.org/export/dump there.")
    return cities, [cities, *(folder / name for name in FILES)]


class Watcher(Protocol):
    """Receives the progress of an import."""

    def start_stage(self, text: str) -> None:
        """Begin a stage; counters restart."""

    def update(self, records: int, done: int, total: int) -> None:
        """Report the number of processed records and the part of the total."""


def import_dump(folder: Path, base: PackedFile, target: Path, watcher: Watcher) -> Imported:
    """Read the dump and write the packed file to `target`; temporary files are in the same folder.

    Memory: about a third of a kB per place plus 200 MB (numpy, borders); names are sorted on disk.
    """
    cities, files = files_of(folder)
    total = sum(file.stat().st_size for file in files)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch, PackedFileWriter(target, effort=_QUICK) as writing:
        room = Path(scratch)
        watcher.start_stage("Reading the files...")
        reader = Reader(Problems(), lambda lines, done: watcher.update(lines, done, total))
        countries, regions, places = tables.read(reader, folder, cities, SortedLines(room))
        if not places.ids:
            raise NoDump(f"{cities} holds no place that could be read ({reader.problems.count} bad lines).")
        parents = tables.above(reader, folder / "hierarchy.txt")
        world = World(base, countries, regions, places, parents)
        del parents
        names = Names(SortedLines(room), SortedLines(room))
        names.read(reader, folder / "alternateNamesV2.txt", world)
        version = _written(world, names, writing, watcher)
        sources = [s for s in base.manifest["sources"] if not s["part"].startswith(_REPLACED)]
        writing.finish({"version": version, "sources": [_SOURCE | {"version": places.newest}, *sources]})
    return Imported(version, len(world.ids), len(world.regions), reader.problems)


def _written(world: World, names: Names, writing: PackedFileWriter, watcher: Watcher) -> str:
    """Write all parts with little memory; returns the version."""
    count = len(world.ids)

    def moved(done: int, total: int) -> None:
        watcher.update(count * done // total, done, total)

    digest = sha256()
    for name, part in world.tables_of_places():
        if name in _REPORTED and not isinstance(part, str):
            digest.update(part.tobytes())
        writing.add(name, part)
    watcher.start_stage(f"Looking which of {count:,} places can be nearest, cell by cell...")
    for name, part in world.zones_and_cells(moved).items():
        writing.add(name, part)
    watcher.start_stage("Sorting the names...")
    shown = _named(world, names)
    for name, part in shown.items():
        writing.add(name, part)
    for name, part in searched(world, names, shown, moved).items():
        writing.add(name, part)
    # The date of the dump, and a hash that distinguishes two imports of the same day.
    return f"geonames-{world.tables[2].newest}-{digest.hexdigest()[:8]}"


def _named(world: World, names: Names) -> Parts:
    """`country.<tag>`, `region.<tag>`, `city.<tag>`: the names of the dump, else those of the packaged file."""
    (countries, regions, _), base = world.tables, world.base
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
            # Countries: CLDR's names are reviewed; the dump adds missing ones.
            at = number - first
            table[at] = (table[at] or name.decode()) if level == "country" else name.decode()
        if cities:
            del cities[-1:]
            parts[f"city.{tag}"] = cities
    return parts | {name: "\n".join(lines).encode() for name, lines in tagged.items()}
