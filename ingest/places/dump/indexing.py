"""Builds the name index of a dump: sorted names with their places, weights and title case flags."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from datasources.locations.search_weights import ALIAS, FOREIGN, MAX_WEIGHT, PRIMARY
from ingest.places.counts import counted
from ingest.places.dump.naming import Names
from ingest.places.dump.world import World

_OFTEN = 10_000


def searched(world: World, names: Names, shown: Mapping[str, bytes], moved: Callable[[int, int], None]) -> dict[str, Any]:
    """The parts `search.*` and `place.name`. `moved` is called with the progress and the total."""
    first_region = len(world.countries)
    countries, regions, places = world.tables
    for codes, called in ((world.country_of, countries.name), (world.region_of, regions.name)):
        for code, name in called.items():
            names.search(name, codes[code] + (first_region if codes is world.region_of else 0), PRIMARY)
    for part, lines in shown.items():
        level = part.partition(".")[0]
        if level in {"country", "region"}:
            for number, name in enumerate(lines.decode().split("\n"), first_region if level == "region" else 0):
                names.search(name, number, PRIMARY if part.endswith(".en") else FOREIGN)
    own, count = bytearray(), len(world.ids)
    for at, (written, aliases) in enumerate(places.called()):
        if at % _OFTEN == 0:
            moved(at, 3 * count)
        number = world.first_place + at
        own += written + b"\n"
        name = written.decode()
        names.search(name, number, PRIMARY)
        for alias in {*aliases} - {name}:
            names.search(alias, number, ALIAS)
    del own[-1:]
    merged = names.searched.count
    return {"place.name": own} | _postings(names, world.size(), lambda at: moved(count + 2 * count * at // merged, 3 * count))


def _postings(names: Names, size: npt.NDArray[Any], moved: Callable[[int], None]) -> dict[str, Any]:
    """The maximum weight of a place's names with the same spelling."""
    keys, counts, bearers, weights, capitals = bytearray(), array("I"), array("i"), array("B"), bytearray()
    last, number_before = None, -1
    for at, line in enumerate(names.searched):
        if at % _OFTEN == 0:
            moved(at)
        key, _, rest = line.partition(b"\0")
        number, bonus = int(rest[:8]), int(rest[8:11])
        weight = min(MAX_WEIGHT, int(size[number]) + bonus)
        if key != last:
            keys += key + b"\n"
            counts.append(0)
            capitals.append(0)
            last, number_before = key, -1
        capitals[-1] |= rest.endswith(b"1")
        if number == number_before:
            weights[-1] = max(weights[-1], weight)
        elif counts[-1] < 65535:  # noqa: PLR2004 - the maximum of two bytes
            counts[-1] += 1
            bearers.append(number)
            weights.append(weight)
            number_before = number
    del keys[-1:]
    return {
        "search.names": keys,
        "search.count": counted(np.frombuffer(counts, "u4")),
        "search.bearer": np.frombuffer(bearers, "<i4"),
        "search.weight": np.frombuffer(weights, "u1"),
        "search.capital": np.packbits(np.frombuffer(capitals, "?")),
    }
