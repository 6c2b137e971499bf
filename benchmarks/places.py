"""Compares accuracy, speed, start-up and memory of the gazetteer with other packages: `make bench-places`.

Rounds are interleaved, and the best round of each package counts, so that other load affects all alike. Start-up is measured in
separate processes. Search times are CPU times of the thread.
"""

from __future__ import annotations

import asyncio
import csv
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from datasources.locations.artefact import DEFAULT_PATH
from datasources.locations.gazetteer import Gazetteer

TRUTH = Path(__file__).parents[1] / "tests" / "locations"
SIZES = (1, 100, 10_000, 1_000_000)
REPEATS = {1: 2_000, 100: 200, 10_000: 3, 1_000_000: 1}
ROUNDS = 5
PREFIXES = (1, 2, 3, 4, 5, 6, 8, 12)
START = """
import time
begin, used = time.perf_counter(), time.process_time()
{0}
print(f"{{time.perf_counter() - begin:.2f}} s ({{time.process_time() - used:.2f}} s of CPU), "
      f"{{int(open('/proc/self/statm').read().split()[1]) * 4096 / 1e6:.0f}} MB resident")
"""
STARTS = {
    "gazetteer, points": "from datasources.locations.gazetteer import Gazetteer\nGazetteer.open().locate_one(45.0, 9.0)",
    "gazetteer, points and names": (
        "import asyncio\nfrom datasources.locations.gazetteer import Gazetteer\ng = Gazetteer.open(); g.locate_one(45.0, 9.0)\n"
        "asyncio.run(g.search('rome', ('en',)))"
    ),
    "reverse_geocoder, mode 1": "from reverse_geocoder import RGeocoder\nRGeocoder(mode=1, verbose=False).query([(45.0, 9.0)])",
    "reverse-geocode": "import reverse_geocode\nreverse_geocode.get((45.0, 9.0))",
}


def main() -> None:
    import reverse_geocode
    from reverse_geocoder import RGeocoder

    for name, code in STARTS.items():
        result = subprocess.run([sys.executable, "-c", START.format(code)], check=True, capture_output=True, text=True)
        print(f"{name}: {result.stdout.strip()}")
    print(f"artefact: {DEFAULT_PATH.stat().st_size / 1e6:.1f} MB")
    gazetteer, peer = Gazetteer.open(), RGeocoder(mode=1, verbose=False)
    speed(gazetteer, {"reverse_geocoder": peer.query, "reverse-geocode": reverse_geocode.search})
    for points in ("truth", "fresh"):
        accuracy(gazetteer, peer, points)
    asyncio.run(search(gazetteer))


def speed(gazetteer: Gazetteer, peers: Mapping[str, Callable[[list[tuple[float, float]]], object]]) -> None:
    """Prints microseconds per point, for random points weighted by population."""
    atlas, rng = gazetteer._atlas, np.random.default_rng(7)  # noqa: SLF001 - random points near places of the data
    weight = atlas._population + 1.0  # noqa: SLF001 - as above
    at = rng.choice(len(weight), max(SIZES), p=weight / weight.sum())
    points = np.column_stack([atlas.latitude[at], atlas.longitude[at]]) / 1e5 + rng.normal(0, 0.03, (len(at), 2))
    points = np.clip(points, (-88, -180), (88, 180))
    print(
        f"{'points':>9}{'gazetteer':>10}"
        + "".join(f"{name:>18}" for name in peers)
        + f"   microseconds per point, best of {ROUNDS}"
    )
    for size in SIZES:
        latitude, longitude = points[:size, 0].copy(), points[:size, 1].copy()
        pairs = [(lat, lon) for lat, lon in points[:size].tolist()]
        ours = partial(gazetteer.locate_one, *pairs[0]) if size == 1 else partial(gazetteer.numbers, latitude, longitude)
        runs: list[Callable[[], object]] = [ours, *(partial(query, pairs) for query in peers.values())]
        rounds = ([timed(run, REPEATS[size]) for run in runs] for _ in range(ROUNDS))
        best = [min(times) / size * 1e6 for times in zip(*rounds, strict=True)]
        print(f"{size:>9,}{best[0]:>10.2f}" + "".join(f"{b:>10.2f} ({b / best[0]:>4.1f}x)" for b in best[1:]))


def timed(run: Callable[[], object], repeats: int) -> float:
    start_s = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start_s) / repeats


def accuracy(gazetteer: Gazetteer, peer: Any, points: str) -> None:
    """Prints the number of correct results for a set of points; the same names are accepted from both packages."""
    from tests.locations.test_reference_points import levels, same

    rows = list(csv.DictReader((TRUTH / f"{points}.csv").read_text("utf-8").splitlines()))
    land = [row for row in rows if row["country"]]
    theirs = peer.query([(float(r["latitude"]), float(r["longitude"])) for r in land])
    ours = asyncio.run(all_levels(levels, gazetteer, land))
    for level, key in (("country", "cc"), ("region", "admin1"), ("city", "name")):
        compared = [(row, own, other) for row, own, other in zip(land, ours, theirs, strict=True) if row[level]]
        correct = sum(same(own[level], row[level]) for row, own, _ in compared)
        peers = sum(same(other[key], row[level]) for row, _, other in compared)
        own_text, peer_text = (f"{n} of {len(compared)} ({n / len(compared):.1%})" for n in (correct, peers))
        print(f"{points}.csv {level}: {own_text}, reverse_geocoder {peer_text}")
    sea = [row for row in rows if row["city"] == "none"]
    none = sum(row["country"] == "none" for row in asyncio.run(all_levels(levels, gazetteer, sea)))
    if sea:
        print(f"{points}.csv open sea and poles: {none} of {len(sea)} have no place, reverse_geocoder 0")


async def all_levels(levels: Any, gazetteer: Gazetteer, rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [await levels(gazetteer, row) for row in rows]


async def search(gazetteer: Gazetteer) -> None:
    """Prints search times of prefixes of the names of 400 random places and the 200 largest cities, with 50 results each."""
    names, population = gazetteer._names._own, gazetteer._atlas._population  # noqa: SLF001 - as above
    chosen = [*np.random.default_rng(5).choice(len(names), 400).tolist(), *np.argsort(-population)[:200].tolist()]
    await gazetteer.search("a", ("en",))
    print("search of the first letters of a name, milliseconds of CPU time: p50 and p99")
    for length in PREFIXES:
        times = []
        for number in chosen:
            start_s = time.thread_time()
            await gazetteer.search(names[number][:length], ("de",), limit=50)
            times.append((time.thread_time() - start_s) * 1e3)
        print(f"  {length:>2} letters: {np.percentile(times, 50):.2f}  {np.percentile(times, 99):.2f}")


if __name__ == "__main__":
    main()
