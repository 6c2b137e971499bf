"""Compares the timeline page (100 photos, about 3,200 leaf values) with a hand-written function over the same records.

Both read the same embedded tables; the hand-written function has a fixed shape and no checks. Rounds are interleaved in one
process; the ratios are meaningful, not the milliseconds.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

from access.classes import DataClass
from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from datasources import Sources, wiring
from datasources.tables.albums import AlbumKey
from datasources.tables.people import PersonKey
from demo.library import demo_library
from execution.document_cache import DocumentCache
from execution.runner import Runner
from indexing.documents import catch_up
from indexing.index_lag import IndexLag
from resolvers.context import Context
from resolvers.importing.writer import RecordWriter
from resolvers.photo_precision import taken_at
from schema.build import build, denied_coordinates

ROUNDS = 30
QUERY = """{ photos(first: 100) { edges { cursor node {
  id version mediaType contentType fileSize width height durationSeconds takenAt takenAtLocal takenOn takenAtPrecision
  utcOffsetMinutes addedAt caption favorite hidden rating
  location { latitude longitude precision } place { id name country { name } }
  people { id name } albums { id title } labels(first: 5) { confidence label { key name } } camera { name lens }
} } pageInfo { hasNextPage endCursor } } }"""


async def library(folder: Path) -> tuple[Sources, Viewer]:
    """Imports the large household of the demo into a new folder."""
    sources = await wiring.embedded(folder)
    household = demo_library().households[0]
    owner = sources.ids.local_id("customer", household.external_id)
    writer, records = RecordWriter(sources, owner), list(household.records)
    for start in range(0, len(records), 250):
        await writer.write(records[start : start + 250])
    while await catch_up(sources):
        pass
    return sources, Viewer(ViewerKind.CUSTOMER, household.external_id, customer=owner)


def through_the_schema(sources: Sources, viewer: Viewer) -> Callable[[], Awaitable[bytes]]:
    """Executes the request like the endpoint, with a cached document, permission checks, loaders and orjson."""
    gateway = build()
    documents: DocumentCache[DataClass] = DocumentCache(
        gateway.graphql_schema, classify=gateway.classify, pricing=gateway.pricing
    )
    runner: Runner[DataClass] = Runner(gateway.graphql_schema, decide=denied_coordinates)
    index_lag = IndexLag()

    async def page() -> bytes:
        context = Context(sources, index_lag, viewer, ("en",))
        answer = await runner.execute(documents.prepare(QUERY), {}, context)
        await context.aclose()
        return orjson.dumps(answer)

    return page


def by_hand(sources: Sources, viewer: Viewer) -> Callable[[], Awaitable[bytes]]:
    """Builds the same page from the same reads, without schema and permission checks of fields."""
    ids = sources.ids.encode

    async def page() -> bytes:
        scope = Scope.of(viewer, await sources.grants.of_viewer(viewer), now_ms=sources.now_ms())
        entries, _ = await sources.photos.timeline(scope, descending=True, limit=100, after=None)
        photos = await sources.photos.by_ids(scope, [k for _, k in entries])
        records = [p.record for p in photos.values()]
        people = await sources.people.by_ids(scope, [PersonKey(r.owner, p) for r in records for p in r.people])
        albums = await sources.albums.by_ids(scope, [AlbumKey(r.owner, a) for r in records for a in r.albums])
        places = await sources.locations.by_ids([r.place for r in records if r.place])
        names = await sources.locations.names([*places, *(p.ancestors[0] for p in places.values() if p.ancestors)], ("en",))
        words = await sources.translations.words([m.concept for r in records for m in r.labels], ("en",))
        edges: list[dict[str, Any]] = []
        for _, key in entries:
            photo = photos[key]
            r, content, point = photo.record, photo.content, photo.coordinates
            place = places.get(r.place or "")
            edges.append({"cursor": key.id, "node": {
                "id": ids("Photo", *key), "version": r.version, "mediaType": r.media_type, "contentType": r.content_type,
                "fileSize": r.file_size, "width": r.width, "height": r.height, "durationSeconds": r.duration_s,
                "takenAt": taken_at(photo), "takenAtLocal": r.taken_local, "takenOn": r.taken_local and r.taken_local[:10],
                "takenAtPrecision": "EXACT", "utcOffsetMinutes": r.offset_minutes, "addedAt": r.added_at_ms,
                "caption": content and content.caption, "favorite": r.favorite, "hidden": r.hidden, "rating": r.rating,
                "location": point and {"latitude": point.latitude, "longitude": point.longitude, "precision": "EXACT"},
                "place": place and {"id": place.id, "name": names[place.id].text, "country": {
                    "name": names[(*place.ancestors, place.id)[0]].text}},
                "people": [{"id": ids("Person", r.owner, p), "name": people[PersonKey(r.owner, p)].name} for p in r.people],
                "albums": [{"id": ids("Album", r.owner, a), "title": albums[AlbumKey(r.owner, a)].title} for a in r.albums],
                "labels": [{"confidence": m.confidence, "label": {"key": m.concept, "name": words[m.concept].text}}
                           for m in r.labels[:5]],
                "camera": {"name": r.camera, "lens": r.lens},
            }})  # fmt: skip
        return orjson.dumps({"data": {"photos": {"edges": edges}}})

    return page


async def measure(folder: Path) -> None:
    """Prints the medians of interleaved rounds."""
    sources, viewer = await library(folder)
    variants = {"by hand": by_hand(sources, viewer), "through the schema": through_the_schema(sources, viewer)}
    times: dict[str, list[float]] = {name: [] for name in variants}
    sizes = {name: len(await page()) for name, page in variants.items()}
    for _ in range(ROUNDS):
        for name, page in variants.items():
            start_s = time.perf_counter()
            await page()
            times[name].append((time.perf_counter() - start_s) * 1_000)
    limit = statistics.median(times["by hand"])
    print(f"timeline page of 100 photos, {ROUNDS} interleaved rounds")
    for name, samples in times.items():
        median = statistics.median(samples)
        print(f"  {name:<20} {median:8.2f} ms  {median / limit:6.1f}x  {sizes[name]:>8,} bytes")
    await sources.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))
