"""The photos before and after a photo in a filtered, sorted list."""

from __future__ import annotations

from typing import Any

from datasources.errors import SourceError
from datasources.photo_key import PhotoKey
from datasources.search.port import Position
from datasources.tables.photos import SeenPhoto
from resolvers.context import Context
from resolvers.filters import compile_filter
from resolvers.photo_set import ORDERS, Library, require_named_owner
from resolvers.search_loader import IndexPageRequest, PageResult, PhotoQuery, QueryPart

Neighbors = tuple[SeenPhoto | None, SeenPhoto | None]


async def neighbors_of(context: Context, key: PhotoKey, given: Any, order: str, library: str) -> Neighbors | None:
    """The previous and the next photo; None if the photo is not in this list. One search call for all photos of a request."""
    scope = await Library[library].scope(context)
    require_named_owner(scope)
    query = PhotoQuery(scope=scope, condition=compile_filter(given, context.sources.ids).full(), order=ORDERS[order])
    position = await context.positions.one((scope, query.order, key))
    if position is None:
        return None
    before, after = await context.searches.load_many([_one(query, position, back=True), _one(query, position, back=False)])
    return await _photo(context, before), await _photo(context, after)


def _one(query: PhotoQuery, position: Position, *, back: bool) -> QueryPart:
    return QueryPart(query, IndexPageRequest(1, position, back))


async def _photo(context: Context, found: object) -> SeenPhoto | None:
    if isinstance(found, SourceError):
        raise found
    assert isinstance(found, PageResult)
    return await context.photos.one(found.hits[0].key) if found.hits else None
