"""Lists who read a customer's data, newest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from datasources.search.port import Position
from datasources.tables.access_log import ReadingRecord, principal_label
from resolvers.context import Context
from resolvers.paging import CursorCodec, ListPage, page_request


@dataclass(frozen=True, slots=True)
class AccessLogItem:
    """An access log record, and the reader's name as the customer may see it."""

    record: ReadingRecord
    principal: str


async def access_log_page(context: Context, *, first: int | None, after: str | None) -> ListPage[AccessLogItem]:
    """A page of the viewer's own access log; raises `BadInput` and `StaleCursor`."""
    request = page_request(first=first, after=after)
    codec = CursorCodec(context.sources.cursors, context.viewer.key, ("accessLog",), lambda: context.sources.now_ms() // 1_000)
    decoded = codec.read(request.cursor)
    before = None if decoded is None else f"{decoded.key:014d}#{decoded.id}"
    scope = await context.own_scope()
    found = await context.sources.access_log.of_customer(scope, before=before, limit=request.limit + 1)
    shown = found[: request.limit]
    by_customers = any(record.kind == "CUSTOMER" for record in shown)
    shares = await context.sources.grants.of_albums(scope.own) if by_customers and scope.own else ()
    known = frozenset(share.grantee for share in shares)
    names = [await _principal_of(context, record, known) for record in shown]
    cursors = [codec.write(Position(0.0, record.at_ms, record.id)) for record in shown]
    items = [(c, AccessLogItem(r, n)) for c, r, n in zip(cursors, shown, names, strict=True)]
    return ListPage(items, len(found) > request.limit, decoded is not None, len(items))


async def _principal_of(context: Context, record: ReadingRecord, known: Collection[str]) -> str:
    # Another customer's name is shown only while something is shared with them.
    named = record.kind == "CUSTOMER" and record.principal in known
    seen = await context.grantees.one(record.principal) if named and record.principal is not None else None
    return principal_label(record, seen.identity.display_name if seen and seen.identity else None)
