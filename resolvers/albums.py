"""Pages of albums. Few enough for one customer to be sorted here; their order and counts come from the index."""

from __future__ import annotations

from access.scope import Scope
from datasources.search.conditions import Field
from datasources.tables.albums import SeenAlbum
from datasources.words import normalize
from resolvers.context import Context
from resolvers.paging import PageMarks, Slice, cut, page_request
from resolvers.sets import counts_of


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
    keys = await _sort_keys(context, albums, order)
    albums.sort(key=lambda a: keys[a.record.id])
    bound = ("albums", order, query, tuple(sorted(scope.owners)))
    marks = PageMarks(context.sources.cursors, context.viewer.key, bound, lambda: context.sources.now_ms() // 1_000)
    return cut(albums, request, marks, lambda a: keys[a.record.id])


async def _sort_keys(context: Context, albums: list[SeenAlbum], order: str) -> dict[str, tuple[int, str]]:
    if order == "TITLE_ASC":
        return {a.record.id: (0, f"{normalize(a.title or '')}\x1f{a.record.id}") for a in albums}
    if order == "CREATED_AT_DESC":
        return {a.record.id: (-a.record.created_at_ms, a.record.id) for a in albums}
    latest = {album: at for album, (_, _, at) in (await counts_of(context, Field.ALBUM)).items()}
    return {a.record.id: (-(latest.get(a.record.id) or -1), a.record.id) for a in albums}
