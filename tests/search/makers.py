"""Test documents, scopes and helpers for tests of the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from access.precision import LocationPrecision, TimePrecision
from access.scope import Grant, Scope
from access.viewer import Viewer, ViewerKind
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Condition, Everything, Field
from datasources.search.port import Bucket, FacetRequest, Hit, PhotoDocument, PhotoIndex, Position, SearchRequest


def photo_id(number: int) -> str:
    """Ids that differ in the high half, like keyed hashes, but in a known order."""
    return f"{number:016x}{number:016x}"


def photo(number: int, owner: str = "ana", **columns: Any) -> PhotoDocument:
    usual: dict[str, Any] = {"version": 1, "state": "ACTIVE", "media_type": "PHOTO", "added_at_ms": 1_700_000_000_000 + number}
    return PhotoDocument(key=PhotoKey(owner, photo_id(number)), **(usual | columns))


def scope_of(own: str | None, *grants: Grant) -> Scope:
    viewer = Viewer(ViewerKind.CUSTOMER if own else ViewerKind.GUEST, own or "guest", own)
    return Scope(viewer, own, grants)


def grant(
    owner: str,
    album: str,
    location: LocationPrecision = LocationPrecision.EXACT,
    time: TimePrecision = TimePrecision.EXACT,
) -> Grant:
    return Grant(owner, album, location, time)


async def fill(index: PhotoIndex, *photos: PhotoDocument) -> None:
    await index.write(photos)
    await index.refresh()


ANA = scope_of("ana")
ALL = Everything()


async def found(index: PhotoIndex, condition: Condition = ALL, scope: Scope = ANA) -> set[int]:
    """The numbers of the photos that match a condition; checks that page, total and document frequency agree."""
    answer = await index.search(scope, SearchRequest(condition=condition, limit=1000, total=True))
    assert answer.total == len(answer.hits)
    assert (await index.document_frequencies(scope, [condition]))[1] == [answer.total]
    return {number_of(hit) for hit in answer.hits}


def number_of(hit: Hit) -> int:
    return int(hit.key.id[:16], 16)


async def walk(index: PhotoIndex, scope: Scope, request: SearchRequest) -> list[Hit]:
    """Every hit, page by page."""
    hits: list[Hit] = []
    after: Position | None = request.after
    while True:
        page = await index.search(scope, replaced(request, after=after))
        hits += page.hits
        if not page.more:
            return hits
        after = page.hits[-1].position


def replaced(request: SearchRequest, **changes: Any) -> SearchRequest:
    names = request.__struct_fields__
    return SearchRequest(**({name: getattr(request, name) for name in names} | changes))


async def counts(index: PhotoIndex, field: Field, scope: Scope = ANA, condition: Condition = ALL) -> dict[str, int]:
    answer = await index.search(scope, SearchRequest(facets=(FacetRequest(field, condition),)))
    return {bucket.value: bucket.count for bucket in answer.facets[0].buckets}


def cover_numbers(buckets: Sequence[Bucket]) -> dict[str, int]:
    return {b.value: int(b.cover.id[:16], 16) for b in buckets if b.cover}
