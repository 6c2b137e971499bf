"""Pages of albums. Few enough for one customer to be sorted here; their order and counts come from the index."""

from __future__ import annotations

from access.scope import Scope
from datasources.search.conditions import Field
from datasources.search.port import Position
from datasources.tables.albums import SeenAlbum
from datasources.words import normalize
from resolvers.context import Context
from resolvers.paging import PageMarks, Slice, cut, page_request
from resolvers.photo_set import counts_by_value

_LAST = (1 << 64) - 1
"""Sort keys of photos are 64 bits wide: taken from this they go downwards. Empty albums come last."""


async def albums_page(
    context: Context, scope: Scope, query: str | None, order: str, *, first: int | None, after: str | None
) -> Slice[SeenAlbum]:
    """Albums of a scope in order, `query` anywhere in the title."""
    request = page_request(first=first, after=after)
    albums = list(await context.sources.albums.all(scope))
    for album in albums:
        context.albums.prime(album.record.key, album)
    if query is not None:
        wanted = normalize(query)
        albums = [a for a in albums if a.title is not None and wanted in normalize(a.title)]
    keys = await _sort_keys(context, albums, order, _only(scope))
    albums.sort(key=lambda a: keys[a.record.id])
    return cut(albums, request, _marks(context, scope, query, order), lambda a: keys[a.record.id])


async def album_cursor(context: Context, album: SeenAlbum) -> str:
    """Where one of the viewer's own albums stands in the list that a client gets unless it asks for another."""
    order = "LATEST_PHOTO_DESC"
    number, local = (await _sort_keys(context, [album], order))[album.record.id]
    return _marks(context, (await context.scope()).mine(), None, order).write(Position(0.0, number, local))


def _marks(context: Context, scope: Scope, query: str | None, order: str) -> PageMarks:
    bound = ("albums", order, query, scope.profile)
    return PageMarks(context.sources.cursors, context.viewer.key, bound, lambda: context.sources.now_ms() // 1_000)


def _only(scope: Scope) -> str | None:
    """The one customer whose albums are listed, if it is one."""
    owners = scope.owners
    return next(iter(owners)) if len(owners) == 1 else None


async def _sort_keys(
    context: Context, albums: list[SeenAlbum], order: str, owner: str | None = None
) -> dict[str, tuple[int, str]]:
    if order == "TITLE_ASC":
        return {a.record.id: (0, f"{normalize(a.title or '')}\x1f{a.record.id}") for a in albums}
    if order == "CREATED_AT_DESC":
        return {a.record.id: (-a.record.created_at_ms, a.record.id) for a in albums}
    counts = await counts_by_value(context, Field.ALBUM, owner=owner)
    latest = {a.record.id: counts.get(a.record.id, (0, None, None))[2] or 0 for a in albums}
    return {a.record.id: (_LAST - latest[a.record.id], a.record.id) for a in albums}
