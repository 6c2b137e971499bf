"""A customer's own page of who read their data, latest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from datasources.search.port import Position
from datasources.tables.access_log import ReadingRecord, told_principal
from resolvers.context import Context
from resolvers.paging import PageMarks, Slice, page_request


@dataclass(frozen=True, slots=True)
class SeenReading:
    """A reading, and who it was in words that the customer may know."""

    record: ReadingRecord
    principal: str


async def readings_page(context: Context, *, first: int | None, after: str | None) -> Slice[SeenReading]:
    """A page of the viewer's own; raises `BadInput` and `StaleCursor`."""
    request = page_request(first=first, after=after)
    marks = PageMarks(context.sources.cursors, context.viewer.key, ("accessLog",), lambda: context.sources.now_ms() // 1_000)
    mark = marks.read(request.cursor)
    before = None if mark is None else f"{mark.key:014d}#{mark.id}"
    scope = await context.scope()
    found = await context.sources.readings.of_customer(scope, before=before, limit=request.limit + 1)
    shown = found[: request.limit]
    by_customers = any(record.kind == "CUSTOMER" for record in shown)
    shares = await context.sources.grants.of_albums(scope.own) if by_customers and scope.own else ()
    known = frozenset(share.grantee for share in shares)
    names = [await _who(context, record, known) for record in shown]
    cursors = [marks.write(Position(0.0, record.at_ms, record.id)) for record in shown]
    items = [(c, SeenReading(r, n)) for c, r, n in zip(cursors, shown, names, strict=True)]
    return Slice(items, len(found) > request.limit, mark is not None, len(items))


async def _who(context: Context, record: ReadingRecord, known: Collection[str]) -> str:
    # A customer's name only while something is shared with them: afterwards it is theirs again.
    named = record.kind == "CUSTOMER" and record.principal in known
    seen = await context.grantees.one(record.principal) if named and record.principal is not None else None
    return told_principal(record, seen.identity.display_name if seen and seen.identity else None)
