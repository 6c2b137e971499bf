"""Lists albums. The albums of one customer are sorted in memory; photo counts and latest photos come from the index."""

from __future__ import annotations

from access.classes import DataClass
from access.scope import Scope
from datasources.search.conditions import Field
from datasources.search.port import Position
from datasources.tables.albums import SeenAlbum
from datasources.words import normalize
from resolvers.context import Context
from resolvers.paging import CursorCodec, ListPage, page_of, page_request
from resolvers.photo_set import counts_by_value

_MAX_KEY = (1 << 64) - 1
"""Sort keys of photos have 64 bits: subtracting them from this reverses the order, with empty albums last."""


async def albums_page(
    context: Context, scope: Scope, query: str | None, order: str, *, first: int | None, after: str | None
) -> ListPage[SeenAlbum]:
    """A page of the albums of a scope whose title contains `query`; raises `BadInput` and `StaleCursor`."""
    request = page_request(first=first, after=after)
    albums = list(await context.sources.albums.all(scope))
    for album in albums:
        context.albums.prime(album.record.key, album)
    if query is not None:
        text = normalize(query)
        albums = [a for a in albums if a.title is not None and text in normalize(a.title)]
    keys = await _sort_keys(context, albums, order, _single_owner(scope))
    albums.sort(key=lambda a: keys[a.record.id])
    return page_of(albums, request, _codec(context, scope, query, order), lambda a: keys[a.record.id])


async def album_cursor(context: Context, album: SeenAlbum) -> str:
    """The cursor of one of the viewer's own albums in the default order of the album list."""
    order = "LATEST_PHOTO_DESC"
    number, local = (await _sort_keys(context, [album], order))[album.record.id]
    return _codec(context, await context.own_scope(), None, order).write(Position(0.0, number, local))


def _codec(context: Context, scope: Scope, query: str | None, order: str) -> CursorCodec:
    bound = ("albums", order, query, scope.profile)
    return CursorCodec(context.sources.cursors, context.viewer.key, bound, lambda: context.sources.now_ms() // 1_000)


def _single_owner(scope: Scope) -> str | None:
    """The only owner of the scope; None if there are several."""
    owners = scope.owners
    return next(iter(owners)) if len(owners) == 1 else None


def _created_at_ms(album: SeenAlbum) -> int:
    """The time of creation for viewers who may see exact times; 0 for others."""
    return album.record.created_at_ms if album.visibility.may(DataClass.TIME) and album.visibility.clock_time else 0


async def _sort_keys(
    context: Context, albums: list[SeenAlbum], order: str, owner: str | None = None
) -> dict[str, tuple[int, str]]:
    if order == "TITLE_ASC":
        return {a.record.id: (0, f"{normalize(a.title or '')}\x1f{a.record.id}") for a in albums}
    if order == "CREATED_AT_DESC":
        return {a.record.id: (-_created_at_ms(a), a.record.id) for a in albums}
    counts = await counts_by_value(context, Field.ALBUM, owner=owner)
    latest = {a.record.id: counts.get(a.record.id, (0, None, None))[2] or 0 for a in albums}
    return {a.record.id: (_MAX_KEY - latest[a.record.id], a.record.id) for a in albums}
