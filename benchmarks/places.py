"""Speed, accuracy, start-up and memory of the gazetteer beside its peers: `python -m benchmarks.places`.

Needs the `places` extra. Rounds are interleaved, since a machine's mood changes; the best round of each counts.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

TRUTH = Path(__file__).parents[1] / "tests" / "locations" / "truth.csv"
SIZES = (1, 100, 10_000, 1_000_000)
ROUNDS = 3


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def opened() -> tuple[Any, Callable[[float, float], int], Callable[..., object]]:
    begin = time.perf_counter()
    from datasources.locations.gazetteer import Gazetteer

    gazetteer = Gazetteer.open()
    print(f"ours: start {time.perf_counter() - begin:.2f} s with imports, {memory_mb():.0f} MB resident")
    return gazetteer, gazetteer.locate_one, gazetteer.locate


def main() -> None:
    gazetteer, one, many = opened()
    import reverse_geocode
    from reverse_geocoder import RGeocoder

    begin = time.perf_counter()
    peer = RGeocoder(mode=1, verbose=False)
    print(f"reverse_geocoder: start {time.perf_counter() - begin:.2f} s")
    atlas = gazetteer._atlas  # noqa: SLF001 - points are drawn from the data itself
    random = np.random.default_rng(7)
    weight = atlas._population + 1.0  # noqa: SLF001 - as above
    at = random.choice(len(weight), max(SIZES), p=weight / weight.sum())
    points = np.column_stack([atlas.latitude[at], atlas.longitude[at]]) / 1e5 + random.normal(0, 0.03, (len(at), 2))
    points = np.clip(points, (-88, -180), (88, 180))
    print("points      ours  reverse_geocoder  reverse-geocode   microseconds a point, best of", ROUNDS)
    for size in SIZES:
        arrays, pairs = points[:size], [tuple(pair) for pair in points[:size].tolist()]
        runs: list[Callable[[], object]] = [
            partial(one, *pairs[0]) if size == 1 else partial(many, arrays[:, 0], arrays[:, 1]),
            partial(peer.query, pairs),
            partial(reverse_geocode.search, pairs),
        ]
        best = [min(times) for times in zip(*([timed(run) for run in runs] for _ in range(ROUNDS)), strict=True)]
        print(f"{size:>9}" + "".join(f"{seconds / size * 1e6:>14.2f}" for seconds in best))
    truth(peer)


def timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def truth(peer: Any) -> None:
    rows = [row for row in csv.DictReader(TRUTH.read_text("utf-8").splitlines()) if row["country"]]
    pairs = [(float(row["latitude"]), float(row["longitude"])) for row in rows]
    for level, key in (("country", "cc"), ("region", "admin1"), ("city", "name")):
        found = peer.query(pairs)
        asked = [(row, hit) for row, hit in zip(rows, found, strict=True) if row[level]]
        right = sum(hit[key] in row[level].split("|") for row, hit in asked)
        print(f"reverse_geocoder {level}: {right} of {len(asked)} (ours: tests/locations/test_truth.py)")


if __name__ == "__main__":
    main()
