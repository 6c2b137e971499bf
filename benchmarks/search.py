"""Measures page, search and facet times of the embedded index for a customer with 1,000 photos, by size of the index.

    python -m benchmarks.search [--cache FOLDER] [--sizes 10000 100000 1000000] [--rounds 60]

Requests to indexes of all sizes are interleaved, so that other load affects all alike. Indexes are stored in the cache folder.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

from access.precision import LocationPrecision, TimePrecision
from access.scope import Grant, Scope
from access.viewer import Viewer, ViewerKind
from datasources.photo_key import PhotoKey
from datasources.search.conditions import All, AnyOf, Between, Field, FileNamePart, HasWord, WithinBox, WithinCircle
from datasources.search.port import Clause, Coordinates, FacetRequest, Order, PhotoDocument, PhotoIndex, SearchRequest, TextQuery
from datasources.search.tantivy.index import TantivyIndex

CUSTOMER = "customer"
_ITS_PHOTOS = 1_000
_OTHERS_PHOTOS = 2_500
_BATCH = 2_000
_COMMIT = 100_000
_EXACT = LocationPrecision.EXACT

_WORDS = (
    "beach sunset mountain dog cat birthday cake snow lake river street market museum family dinner summer winter plage "
    "été montagne chien strand berg hund geburtstag playa perro cumpleaños spiaggia tramonto compleanno 東京 京都の桜 海"
).split()
_CAMERAS = ("Apple iPhone 15", "Google Pixel 8", "Canon EOS R6", "Nikon Z6", "Fujifilm X-T5", None)


def documents(size: int) -> Iterator[PhotoDocument]:
    """Photos of all customers, with the thousand photos of the customer distributed evenly."""
    rng = random.Random(size)
    every = size // _ITS_PHOTOS
    for number in range(size):
        owner = CUSTOMER if number % every == 0 else f"other{number // _OTHERS_PHOTOS}"
        yield random_document(owner, rng)


def random_document(owner: str, rng: random.Random) -> PhotoDocument:
    year, month, day = rng.randint(2005, 2025), rng.randint(1, 12), rng.randint(1, 28)
    at = Coordinates(rng.uniform(35, 60), rng.uniform(-10, 30)) if rng.random() < 0.85 else None
    city = rng.randint(1, 600)
    words = " ".join(rng.choices(_WORDS, k=6)) if rng.random() < 0.35 else None
    return PhotoDocument(
        key=PhotoKey(owner, f"{rng.getrandbits(128):032x}"),
        version=1,
        state="ACTIVE" if rng.random() < 0.95 else "TRASHED",
        media_type="PHOTO" if rng.random() < 0.9 else "VIDEO",
        added_at_ms=1_700_000_000_000 + rng.randint(0, 10**10),
        taken_local=f"{year}-{month:02d}-{day:02d}T{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00",
        albums=(f"album{rng.randint(1, 20)}",) if rng.random() < 0.3 else (),
        places={"COUNTRY": f"C{city % 40}", "REGION": f"R{city % 150}", "CITY": f"gn:{city}"} if at else {},
        exact=at,
        kilometer=at,
        city=at,
        country=at,
        people=tuple(f"person{rng.randint(1, 30)}" for _ in range(rng.randint(0, 2))),
        labels=tuple({f"label{min(399, int(rng.expovariate(0.02)))}" for _ in range(rng.randint(0, 4))}),
        text=(words,) if words else (),
        has_caption=words is not None,
        file_name=f"IMG_{rng.randint(0, 9999):04d}.JPG",
        camera=rng.choice(_CAMERAS),
        iso=float(rng.choice((50, 100, 200, 400, 800))),
        width=4000,
        height=3000,
        favorite=rng.random() < 0.05,
    )


_ACTIVE = AnyOf(Field.STATE, ("ACTIVE",))
_SIX = (Field.YEAR, Field.COUNTRY, Field.LABEL, Field.PERSON, Field.CAMERA, Field.MEDIA_TYPE)
_BEACH = TextQuery((Clause(HasWord("beach"), 1.5), Clause(HasWord("sunset"), 2.0)))
_FILTERS = All((_ACTIVE, Between(Field.YEAR, 2015, 2020), AnyOf(Field.MEDIA_TYPE, ("PHOTO",)), AnyOf(Field.CAMERA, _CAMERAS[:2])))


def _facets(*, covers: bool = False) -> tuple[FacetRequest, ...]:
    return tuple(FacetRequest(field, _ACTIVE, covers) for field in _SIX)


SEARCH_REQUESTS = {
    "page of 100": SearchRequest(condition=_ACTIVE, limit=100),
    "page of 100, filters, total": SearchRequest(condition=_FILTERS, limit=100, total=True),
    "search, 2 words, 50": SearchRequest(condition=_ACTIVE, text=_BEACH, order=Order.RELEVANCE, limit=50, total=True),
    "search, prefix and typo": SearchRequest(
        condition=_ACTIVE,
        text=TextQuery((Clause(HasWord("beac", fuzzy=True, prefix=True)),)),
        order=Order.RELEVANCE,
        limit=50,
    ),
    "search, part of a file name": SearchRequest(condition=All((_ACTIVE, FileNamePart("g_20"))), limit=50),
    "6 facets": SearchRequest(condition=_ACTIVE, facets=_facets()),
    "6 facets with covers": SearchRequest(condition=_ACTIVE, facets=_facets(covers=True)),
    "box": SearchRequest(condition=WithinBox(_EXACT, 0, 40, 10, 50), limit=100, total=True),
    "circle of 200 km": SearchRequest(condition=WithinCircle(_EXACT, 48, 8, 200_000), limit=100, total=True),
}


async def _opened(folder: Path, size: int) -> PhotoIndex:
    complete = folder / f"{size}-made"
    index = TantivyIndex.open(folder / str(size))
    if complete.exists():
        return index
    pending, seconds = documents(size), 0.0
    written = 0
    while batch := list(islice(pending, _BATCH)):
        start = time.perf_counter()
        await index.write(batch)
        written += len(batch)
        if written % _COMMIT == 0:
            await index.refresh()
        seconds += time.perf_counter() - start
    start = time.perf_counter()
    await index.refresh()
    seconds += time.perf_counter() - start
    print(f"indexed {size:,} photos: {size / seconds:,.0f} documents/s through write()")
    complete.touch()
    return index


async def measure(folder: Path, sizes: list[int], rounds: int) -> None:
    viewer = Viewer(ViewerKind.CUSTOMER, CUSTOMER, CUSTOMER)
    own = Scope(viewer, CUSTOMER)
    grants = tuple(Grant(f"other{i}", "album1", LocationPrecision.CITY, TimePrecision.DAY) for i in range(3))
    shared = Scope(viewer, CUSTOMER, grants)
    requests = {name: (own, request) for name, request in SEARCH_REQUESTS.items()}
    requests["page of 100, with 3 shared albums"] = (shared, SEARCH_REQUESTS["page of 100"])
    requests["6 facets, with 3 shared albums"] = (shared, SEARCH_REQUESTS["6 facets"])
    indexes = [await _opened(folder, size) for size in sizes]
    times: dict[tuple[str, int], list[float]] = {(name, size): [] for name in requests for size in sizes}
    for round_ in range(rounds + 3):
        for name, (scope, request) in requests.items():
            for size, index in zip(sizes, indexes, strict=True):
                start = time.perf_counter()
                await index.search(scope, request)
                if round_ >= 3:
                    times[name, size].append((time.perf_counter() - start) * 1000)
    print(f"{'p50 (p95) ms':36}" + "".join(f"{size:>18,}" for size in sizes) + f"{'ratio':>8}")
    for name in requests:
        cells = [times[name, size] for size in sizes]
        columns = "".join(f"{f'{median(c):.2f} ({quantiles(c, n=20)[-1]:.2f})':>18}" for c in cells)
        print(f"{name:36}{columns}{median(cells[-1]) / median(cells[0]):>8.2f}")
    for index in indexes:
        await index.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure(options.cache or Path(scratch), options.sizes, options.rounds))


if __name__ == "__main__":
    main()
