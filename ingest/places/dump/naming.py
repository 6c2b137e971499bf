"""Reads alternateNamesV2.txt: displayed names by language, and names that are only searchable.

The displayed name of a language is the preferred one, else the short one, else the first; historic and colloquial names and
names without a language are not displayed. All names are searchable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

from datasources.locales import canonical
from datasources.locations.search_weights import ALIAS, FOREIGN
from datasources.locations.title_case import capitalized
from datasources.words import normalize
from ingest.places.dump.lines import BadLine, Reader, whole_number
from ingest.places.dump.sorting import SortedLines

_COLUMNS = 4
_NO_LANGUAGES = frozenset("post iata icao faac link wkdt abbr fr_1793 unlc tcid phon piny".split())
_LONGEST = 100
_YES = "1"


class Numbers(Protocol):
    """Maps geonameids to numbers."""

    def of(self, geonameid: int) -> int | None:
        """The number; None if the id is not a place, region or country of the file."""


@dataclass
class Names:
    """Collects searchable and displayed names of places, regions and countries."""

    searched: SortedLines
    shown: SortedLines
    order: int = 0

    def search(self, name: str, number: int, bonus: int) -> None:
        """Add a searchable name."""
        key = normalize(name)
        if key and len(key) <= _LONGEST and "\0" not in key:
            self.searched.add(b"%s\0%08d%03d%d" % (key.encode(), number, bonus, name == capitalized(key)))

    def show(self, tag: str, number: int, name: str, rank: int) -> None:
        """Add a name in a language; the lowest rank is displayed, the first one of equal ranks."""
        self.order += 1
        self.shown.add(b"%s\0%08d%d%010d%s" % (tag.encode(), number, rank, self.order, name.encode()))

    def read(self, reader: Reader, file: Path, numbers: Numbers) -> None:
        """Read all names of the mapped geonameids."""

        def take(row: list[str]) -> None:
            geonameid, language, name = whole_number(row[1], "geonameid"), row[2], row[3].strip()
            if language in _NO_LANGUAGES:
                return
            if not name:
                raise BadLine("no name")
            number = numbers.of(geonameid)
            if number is None:
                return
            preferred, short, colloquial, historic = (_flag(row, column) for column in range(4, 8))
            tag = canonical(language) if language else ""
            if language and not tag:
                raise BadLine("no language tag")
            display = tag and not historic and not colloquial
            self.search(name, number, FOREIGN if display else ALIAS)
            if display:
                self.show(tag, number, name, 0 if preferred else 1 if short else 2)

        reader.each(file, _COLUMNS, take)

    def tables(self) -> Iterator[tuple[str, Iterator[tuple[int, bytes]]]]:
        """(tag, numbers with names in order) per language tag."""
        for tag, lines in groupby(self.shown, key=lambda line: line.partition(b"\0")[0]):
            yield tag.decode(), _firsts(lines, len(tag) + 1)


def _firsts(lines: Iterator[bytes], begin: int) -> Iterator[tuple[int, bytes]]:
    last = b""
    for line in lines:
        number = line[begin : begin + 8]
        if number != last:
            last = number
            yield int(number), line[begin + 19 :]


def _flag(row: list[str], column: int) -> bool:
    return len(row) > column and row[column] == _YES
