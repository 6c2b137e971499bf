"""The index of names of a dump: sorted names, who bears each, with what weight, and which are written with capitals."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from datasources.locations.lines import Lines
from datasources.locations.search_weights import ALIAS, FOREIGN, HEAVIEST, PRIMARY
from ingest.places.counts import counted
from ingest.places.dump.naming import Names

if TYPE_CHECKING:
    from ingest.places.dump.assemble import World


def searched(world: World, names: Names, shown: Mapping[str, bytes]) -> dict[str, Any]:
    """The parts `search.*`; takes the aliases out of the tables."""
    places = world.tables[2]
    people = world.column(places.population, "<i8")
    size = np.concatenate(
        [_people(world.country, len(world.countries), people), _people(world.region, len(world.regions), people), people]
    )
    size = (20 * np.log10(np.maximum(size, 1))).astype(int)
    aliases = Lines(bytes(memoryview(places.aliases)[:-1]))
    places.aliases = bytearray()
    for number, at in enumerate(world.order.tolist(), world.first_place):
        names.search(world.names[at], number, PRIMARY)
        for name in aliases[at].split(","):
            names.search(name, number, ALIAS)
    first_region = len(world.countries)
    countries, regions, _ = world.tables
    for codes, called in ((world.country_of, countries.name), (world.region_of, regions.name)):
        for code, name in called.items():
            names.search(name, codes[code] + (first_region if codes is world.region_of else 0), PRIMARY)
    for part, lines in shown.items():
        level = part.partition(".")[0]
        if level in {"country", "region"}:
            for number, name in enumerate(lines.decode().split("\n"), first_region if level == "region" else 0):
                names.search(name, number, PRIMARY if part.endswith(".en") else FOREIGN)
    return _postings(names, size)


def _people(group: npt.NDArray[Any], count: int, people: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    inside = group >= 0
    return np.bincount(group[inside], weights=people[inside], minlength=count).astype(np.int64)


def _postings(names: Names, size: npt.NDArray[Any]) -> dict[str, Any]:
    """The heaviest of a place's names that are spelled alike."""
    keys, counts, bearers, weights, capitals = bytearray(), array("I"), array("i"), array("B"), bytearray()
    last, number_before = None, -1
    for line in names.searched:
        key, _, rest = line.partition(b"\0")
        number, bonus = int(rest[:8]), int(rest[8:11])
        weight = min(HEAVIEST, int(size[number]) + bonus)
        if key != last:
            keys += key + b"\n"
            counts.append(0)
            capitals.append(0)
            last, number_before = key, -1
        capitals[-1] |= rest.endswith(b"1")
        if number == number_before:
            weights[-1] = max(weights[-1], weight)
        elif counts[-1] < 65535:  # noqa: PLR2004 - what two bytes hold
            counts[-1] += 1
            bearers.append(number)
            weights.append(weight)
            number_before = number
    return {
        "search.names": bytes(memoryview(keys)[:-1]),
        "search.count": counted(np.frombuffer(counts, "u4")),
        "search.bearer": np.frombuffer(bearers, "<i4"),
        "search.weight": np.frombuffer(weights, "u1"),
        "search.capital": np.packbits(np.frombuffer(capitals, "?")),
    }
