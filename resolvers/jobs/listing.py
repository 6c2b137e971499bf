"""Lists the viewer's own jobs, newest first."""

from __future__ import annotations

from datasources.search.port import Position
from datasources.tables.jobs import JobRecord
from resolvers.context import Context
from resolvers.paging import CursorCodec, ListPage, page_request


async def jobs_page(context: Context, *, first: int | None, after: str | None) -> ListPage[JobRecord]:
    """A page of the jobs that the viewer started; raises `BadInput` and `StaleCursor`."""
    request = page_request(first=first, after=after)
    codec = CursorCodec(context.sources.cursors, context.viewer.key, ("jobs",), lambda: context.sources.now_ms() // 1_000)
    decoded = codec.read(request.cursor)
    before = None if decoded is None else decoded.id
    found = await context.sources.jobs.of_viewer(context.viewer, limit=request.limit + 1, before=before)
    shown = [(codec.write(Position(0.0, 0, r.id)), r) for r in found[: request.limit]]
    return ListPage(shown, len(found) > request.limit, decoded is not None, len(shown))
