"""Lists places and labels, which are public data."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from access.viewer import ViewerKind
from datasources.locations.port import PlaceKind, PlaceMatch, PlaceRecord, Point
from datasources.search.conditions import Field
from datasources.search.port import FacetCounts, FacetRequest
from resolvers.context import Context, Languages
from resolvers.errors import BadInput
from resolvers.filters import check_point
from resolvers.paging import CursorCodec, ListPage, page_of, page_request
from resolvers.photo_set import DEFAULT_CONDITION
from resolvers.search_loader import PhotoQuery, QueryPart

MAX_PLACES = 200
MAX_POINTS = 1_000
MAX_QUERY_LENGTH = 200
_OWN, _TENFOLD = 40.0, 10.0
_AROUND = (10.0, 20.0, 30.0)
"""Score for photos in the place's country, region, city."""


async def places_page(
    context: Context, query: str, languages: Languages, kinds: Sequence[str], *, first: int | None, after: str | None
) -> ListPage[tuple[PlaceMatch, PlaceRecord]]:
    """Places by name in any language, best match first; raises `BadInput` and `StaleCursor`."""
    request = page_request(first=first, after=after)
    _check(query)
    place_kinds = [PlaceKind[k] for k in kinds]
    matches = await context.sources.locations.search(query, languages, kinds=place_kinds, limit=MAX_PLACES)
    records = await context.places.load_many([m.id for m in matches])
    found = [(m, r) for m, r in zip(matches, records, strict=True) if r is not None]
    known = await _photo_counts(context) if found else {}
    found.sort(key=lambda f: -(f[0].score + _familiarity(f[1], known)))
    ranks = {m.id: i for i, (m, _) in enumerate(found)}
    codec = _codec(context, "places", query, languages, tuple(kinds))
    page = page_of(found, request, codec, lambda f: (ranks[f[0].id], f[0].id))
    return replace(page, complete=len(matches) < MAX_PLACES)


async def _photo_counts(context: Context) -> Mapping[str, int]:
    """The number of photos of a customer at each place; empty for other viewers and while the index is unavailable."""
    if context.viewer.kind is not ViewerKind.CUSTOMER:
        return {}
    scope = await context.scope()
    query = PhotoQuery(scope=scope, condition=DEFAULT_CONDITION)
    parts = [QueryPart(query, FacetRequest(level, DEFAULT_CONDITION)) for level in (Field.COUNTRY, Field.REGION, Field.CITY)]
    results = await asyncio.gather(*map(context.searches.one, parts))
    return {
        b.value: b.count for counts in results if isinstance(counts, FacetCounts) for b in counts.buckets if b.value is not None
    }


def _familiarity(place: PlaceRecord, known: Mapping[str, int]) -> float:
    """The score that a place gains from the customer's photos there, or else in the places that contain it."""
    if place.id in known:
        return _OWN + _TENFOLD * math.log10(known[place.id])
    return max((gain for above, gain in zip(place.ancestors, _AROUND, strict=False) if above in known), default=0)


async def labels_page(
    context: Context, query: str | None, languages: Languages, *, first: int | None, after: str | None
) -> ListPage[str]:
    """Concepts with `query` in a word of any language; all concepts without a query."""
    request = page_request(first=first, after=after)
    _check(query or "")
    found = list(await context.sources.translations.search(query or "", languages))
    ranks = {c: i for i, c in enumerate(found)}
    return page_of(found, request, _codec(context, "labels", query, languages), lambda c: (ranks[c], c))


async def places_at(context: Context, points: Sequence[tuple[float, float]]) -> list[PlaceRecord | None]:
    """The place of each point, in order; one source call. Raises `BadInput`."""
    if len(points) > MAX_POINTS:
        raise BadInput(f"At most {MAX_POINTS:,} points are allowed.", "LIST_SIZE")
    for latitude, longitude in points:
        check_point(latitude, longitude)
    ids = await context.points.load_many([Point(*p) for p in points])
    distinct = list(dict.fromkeys(i for i in ids if i is not None))
    known = dict(zip(distinct, await context.places.load_many(distinct), strict=True))
    return [known.get(i) if i else None for i in ids]


def _check(query: str) -> None:
    if len(query) > MAX_QUERY_LENGTH:
        raise BadInput(f"`query` must have at most {MAX_QUERY_LENGTH} characters.", "QUERY_SIZE")


def _codec(context: Context, *query: object) -> CursorCodec:
    return CursorCodec(context.sources.cursors, context.viewer.key, query, lambda: context.sources.now_ms() // 1_000)
