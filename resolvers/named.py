"""Pages of public things found by name: places and labels."""

from __future__ import annotations

from collections.abc import Sequence

from datasources.locations.port import PlaceKind, PlaceMatch, PlaceRecord, Point
from resolvers.context import Context, Languages
from resolvers.errors import BadInput
from resolvers.filters import check_point
from resolvers.paging import PageMarks, Slice, cut, page_request

MOST_PLACES = 1_000
MOST_POINTS = 1_000
LONGEST_QUERY = 200


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
    ranks = {m.id: i for i, (m, _) in enumerate(found)}
    return cut(found, request, _marks(context, "places", query, languages, tuple(kinds)), lambda f: (ranks[f[0].id], f[0].id))


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
