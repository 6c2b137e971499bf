"""Pages of public things found by name: places and labels."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from access.viewer import ViewerKind
from datasources.locations.port import PlaceKind, PlaceMatch, PlaceRecord, Point
from datasources.search.conditions import Field
from datasources.search.port import FacetCounts, FacetQuestion
from resolvers.context import Context, Languages
from resolvers.errors import BadInput
from resolvers.filters import check_point
from resolvers.paging import PageMarks, Slice, cut, page_request
from resolvers.photo_set import DEFAULT_CONDITION
from resolvers.search_loader import Part, PhotoQuery

MOST_PLACES = 200
MOST_POINTS = 1_000
LONGEST_QUERY = 200
_OWN, _TENFOLD = 40.0, 10.0
_AROUND = (10.0, 20.0, 30.0)
"""For photos in its country, its region, its city."""


async def places_page(
    context: Context, query: str, languages: Languages, kinds: Sequence[str], *, first: int | None, after: str | None
) -> Slice[tuple[PlaceMatch, PlaceRecord]]:
    """Places by any name in any language, best first."""
    request = page_request(first=first, after=after)
    _check(query)
    wanted = [PlaceKind[k] for k in kinds]
    matches = await context.sources.locations.search(query, languages, kinds=wanted, limit=MOST_PLACES)
    records = await context.places.load_many([m.id for m in matches])
    found = [(m, r) for m, r in zip(matches, records, strict=True) if r is not None]
    known = await _photographed(context) if found else {}
    found.sort(key=lambda f: -(f[0].score + _familiar(f[1], known)))
    ranks = {m.id: i for i, (m, _) in enumerate(found)}
    marks = _marks(context, "places", query, languages, tuple(kinds))
    page = cut(found, request, marks, lambda f: (ranks[f[0].id], f[0].id))
    return replace(page, whole=len(matches) < MOST_PLACES)


async def _photographed(context: Context) -> Mapping[str, int]:
    """How many photos of a customer's scope each place has; nothing for others, and nothing while the index is away."""
    scope = await context.scope()
    if context.viewer.kind is not ViewerKind.CUSTOMER:
        return {}
    query = PhotoQuery(scope=scope, condition=DEFAULT_CONDITION)
    parts = [Part(query, FacetQuestion(level, DEFAULT_CONDITION)) for level in (Field.COUNTRY, Field.REGION, Field.CITY)]
    answers = await asyncio.gather(*map(context.questions.one, parts))
    return {
        b.value: b.count for counts in answers if isinstance(counts, FacetCounts) for b in counts.buckets if b.value is not None
    }


def _familiar(place: PlaceRecord, known: Mapping[str, int]) -> float:
    """What a place gains, on the scale of scores, by the customer's own photos of it, or else of what it lies in."""
    if place.id in known:
        return _OWN + _TENFOLD * math.log10(known[place.id])
    return max((gain for above, gain in zip(place.ancestors, _AROUND, strict=False) if above in known), default=0)


async def labels_page(
    context: Context, query: str | None, languages: Languages, *, first: int | None, after: str | None
) -> Slice[str]:
    """Concepts with `query` in a word of any language; all of them without one."""
    request = page_request(first=first, after=after)
    _check(query or "")
    found = list(await context.sources.translations.search(query or "", languages))
    ranks = {c: i for i, c in enumerate(found)}
    return cut(found, request, _marks(context, "labels", query, languages), lambda c: (ranks[c], c))


async def places_at(context: Context, points: Sequence[tuple[float, float]]) -> list[PlaceRecord | None]:
    """The place of each point, in order; one call."""
    if len(points) > MOST_POINTS:
        raise BadInput(f"at most {MOST_POINTS:,} points", "LIST_SIZE")
    for latitude, longitude in points:
        check_point(latitude, longitude)
    ids = await context.points.load_many([Point(*p) for p in points])
    distinct = list(dict.fromkeys(i for i in ids if i is not None))
    known = dict(zip(distinct, await context.places.load_many(distinct), strict=True))
    return [known.get(i) if i else None for i in ids]


def _check(query: str) -> None:
    if len(query) > LONGEST_QUERY:
        raise BadInput(f"`query` may have {LONGEST_QUERY} characters", "QUERY_SIZE")


def _marks(context: Context, *question: object) -> PageMarks:
    return PageMarks(context.sources.cursors, context.viewer.key, question, lambda: context.sources.now_ms() // 1_000)
