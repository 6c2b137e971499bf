"""Pages of the viewer's own jobs, latest first."""

from __future__ import annotations

from datasources.search.port import Position
from datasources.tables.jobs import JobRecord
from resolvers.context import Context
from resolvers.paging import PageMarks, Slice, page_request


async def jobs_page(context: Context, *, first: int | None, after: str | None) -> Slice[JobRecord]:
    """Jobs that this viewer started."""
    request = page_request(first=first, after=after)
    marks = PageMarks(context.sources.cursors, context.viewer.key, ("jobs",), lambda: context.sources.now_ms() // 1_000)
    mark = marks.read(request.cursor)
    before = None if mark is None else mark.id
    found = await context.sources.jobs.of_viewer(context.viewer, limit=request.limit + 1, before=before)
    shown = [(marks.write(Position(0.0, 0, r.id)), r) for r in found[: request.limit]]
    return Slice(shown, len(found) > request.limit, mark is not None, len(shown))
