"""What shares cost their recipient: requests with 10 and with 1,000 accepted shares and 10,000 pending invitations.

The bars: `photos(library: MINE)` with 1,000 accepted shares and 10,000 pending invitations at most 1.2 times the same with
none; `photos(library: ALL)` with 1,000 accepted shares at most 1.5 times the same with 10. Interleaved rounds in one process,
CPU time of the process; read the ratios, not the milliseconds.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import orjson

from access.classes import DataClass
from access.precision import LocationPrecision, TimePrecision
from access.viewer import Viewer, ViewerKind
from datasources import Sources, wiring
from datasources.photo_key import PhotoKey
from datasources.tables.albums import AlbumRecord
from datasources.tables.grants import GrantRecord
from datasources.tables.invitations import InvitationRecord
from datasources.tables.photos import Content, Draft, PhotoRecord
from execution.document_cache import DocumentCache
from execution.runner import Runner
from indexing.documents import index_photos
from indexing.index_lag import IndexLag
from resolvers.context import Context
from schema.build import build, denied_coordinates

ROUNDS: Final = 40
OWN_PHOTOS: Final = 1_000
PENDING: Final = 10_000
ACCEPTED: Final = {"none": 0, "few": 10, "many": 1_000, "mixed": 1_000}
"""Accepted shares of each recipient; those of `many` come from 100 senders with the default precision, those of
`mixed` come from one sender with three precisions of time, which is no bar."""
PHOTOS: Final = "nodes { id takenAtLocal caption }"
QUERIES: Final = {
    "photos MINE": f"{{ photos(first: 50) {{ {PHOTOS} }} }}",
    "photos MINE, filtered": f"{{ photos(first: 50, filter: {{mediaTypes: [PHOTO]}}) {{ {PHOTOS} total {{ count }} }} }}",
    "photos ALL": f"{{ photos(library: ALL, first: 50) {{ {PHOTOS} }} }}",
    "photos ALL, total": f"{{ photos(library: ALL, first: 50) {{ {PHOTOS} total {{ count }} }} }}",
    "search": f'{{ searchPhotos(query: "beach", first: 50) {{ {PHOTOS} }} }}',
    "albums MINE": "{ albums(first: 50) { nodes { id title photoCount } } }",
    "albums ALL": "{ albums(library: ALL, first: 50) { nodes { id title photoCount } } }",
    "people": "{ people(first: 50) { nodes { id name } } }",
    "places": '{ places(query: "roma", first: 3) { nodes { id } } }',
    "access log": "{ viewer { accessLog(first: 50) { nodes { at } } } }",
    "invitations": "{ viewer { invitations(first: 50) { nodes { id senderName } } } }",
}
BARS: Final = (("photos MINE", "many", "none", 1.2), ("photos ALL", "many", "few", 1.5))
Page = Callable[[], Awaitable[bytes]]


async def _photos(sources: Sources, owner: str, names: Sequence[str], albums: Callable[[int], tuple[str, ...]]) -> list[PhotoKey]:
    drafts = [
        Draft(
            PhotoRecord(
                owner=owner, id=sources.ids.local_id("photo", owner, name), version=0, added_at_ms=1, changed_at_ms=1,
                media_type="PHOTO", taken_local=f"20{n % 25:02d}-0{n % 9 + 1}-1{n % 9}T10:00:00", albums=albums(n),
                has_caption=True,
            ),
            Content(source_id=name, caption="beach"), None,
        )
        for n, name in enumerate(names)
    ]  # fmt: skip
    keys = []
    for start in range(0, len(drafts), 250):
        saved = await sources.photos.save(drafts[start : start + 250], now_ms=sources.now_ms())
        keys += [record.key for record in saved if record is not None]
    return keys


async def _sender(sources: Sources, owner: str, recipients: Sequence[str], albums: int, *, default: bool = True) -> None:
    """A customer with shared albums of one photo each."""
    await sources.customers.ensure(owner, owner, now_ms=1)
    ids = [sources.ids.local_id("album", owner, str(n)) for n in range(albums)]
    made = [AlbumRecord(owner=owner, id=album, version=0, created_at_ms=1) for album in ids]
    await asyncio.gather(*(sources.albums.save(album, title=f"album {n}") for n, album in enumerate(made)))
    granted = [
        GrantRecord(
            owner=owner, album=album, grantee=recipient, version=0, created_at_ms=1,
            location=LocationPrecision.CITY.value, time=(TimePrecision.EXACT if default else list(TimePrecision)[n % 3]).value,
        )
        for n, album in enumerate(ids)
        for recipient in recipients
    ]  # fmt: skip
    await asyncio.gather(*(sources.grants.save(grant) for grant in granted))
    await index_photos(sources, await _photos(sources, owner, list(map(str, range(albums))), lambda n: (ids[n],)))


async def library(folder: Path) -> tuple[Sources, dict[str, Viewer]]:
    """Recipients with equal libraries and other numbers of shares."""
    sources = await wiring.embedded(folder)
    recipients = {name: sources.ids.local_id("customer", name) for name in ACCEPTED}
    for name, owner in recipients.items():
        await sources.customers.ensure(owner, name, now_ms=1)
        await index_photos(sources, await _photos(sources, owner, list(map(str, range(OWN_PHOTOS))), lambda _: ()))
    for n in range(100):
        to = [recipients["many"], *([recipients["few"]] if n == 0 else [])]
        await _sender(sources, sources.ids.local_id("customer", f"sender {n}"), to, 10)
    await _sender(sources, sources.ids.local_id("customer", "the sender"), [recipients["mixed"]], 1_000, default=False)
    for start in range(0, PENDING, 500):
        waiting = (
            InvitationRecord(
                owner=sources.ids.local_id("customer", f"stranger {n // 50}"), album=sources.ids.local_id("album", str(n)),
                recipient=recipients["many"], version=0, created_at_ms=sources.now_ms() - n, location=0, time=1,
            )
            for n in range(start, start + 500)
        )  # fmt: skip
        await asyncio.gather(*(sources.invitations.save(record) for record in waiting))
    return sources, {name: Viewer(ViewerKind.CUSTOMER, name, customer=owner) for name, owner in recipients.items()}


def requests(sources: Sources) -> Callable[[Viewer, str], Page]:
    """Requests as the endpoint makes them: cached document, checks, loaders, executor, orjson."""
    gateway, lag = build(), IndexLag()
    documents: DocumentCache[DataClass] = DocumentCache(
        gateway.graphql_schema, classify=gateway.classify, pricing=gateway.pricing
    )
    runner: Runner[DataClass] = Runner(gateway.graphql_schema, decide=denied_coordinates)

    def of(viewer: Viewer, query: str) -> Page:
        async def page() -> bytes:
            context = Context(sources, lag, viewer, ("en",))
            answer = await runner.execute(documents.prepare(query), {}, context)
            await context.aclose()
            assert "errors" not in answer, answer["errors"]
            return orjson.dumps(answer)

        return page

    return of


async def measure(folder: Path, rounds: int) -> bool:
    """Prints one table; returns whether every bar holds."""
    sources, viewers = await library(folder)
    request = requests(sources)
    pages = {(q, v): request(viewer, text) for q, text in QUERIES.items() for v, viewer in viewers.items()}
    for page in pages.values():
        await page()
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in pages}
    for _ in range(rounds):
        for key, page in pages.items():
            began = time.process_time()
            await page()
            taken[key].append((time.process_time() - began) * 1_000)
    await sources.close()
    medians = {key: statistics.median(times) for key, times in taken.items()}
    print(f"CPU of one request, median of {rounds} interleaved rounds; ratios to the recipient without shares")
    for query in QUERIES:
        cells = (f"{v} {medians[query, v]:7.2f} ms {medians[query, v] / medians[query, 'none']:5.2f}x" for v in ACCEPTED)
        print(f"  {query:<22}", "   ".join(cells))
    held = True
    for query, loaded, base, most in BARS:
        ratio = medians[query, loaded] / medians[query, base]
        held = held and ratio <= most
        print(f"  bar: {query} with {loaded!r} is {ratio:.2f}x that with {base!r}, at most {most}x")
    return held


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(not asyncio.run(measure(Path(temporary), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
