"""Photo sets sorted by time: timelines and albums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from access.scope import Scope
from datasources.search.conditions import All, AnyOf, Field
from resolvers.context import Context
from resolvers.filters import Filter, compile_filter
from resolvers.paging import page_request
from resolvers.photo_set import ORDERS, PhotoSet, photo_set


def timeline(context: Context, scope: Scope, given: Any, order: str, page: Mapping[str, Any]) -> PhotoSet:
    """The photos of a scope that match a filter; `page` contains Relay's four arguments."""
    compiled = compile_filter(given, context.sources.ids)
    return photo_set(context, scope, compiled, ORDERS[order], page_request(**page))


def album_photos(
    context: Context, scope: Scope, album: tuple[str, str], given: Any, order: str, page: Mapping[str, Any]
) -> PhotoSet:
    """The photos of one album (owner, local id) that match a filter."""
    compiled = compile_filter(given, context.sources.ids)
    owner, album_id = album
    within = All((AnyOf(Field.ALBUM, (album_id,)), compiled.condition))
    narrowed = Filter(within, compiled.selections, compiled.selected)
    return photo_set(context, scope.of_owner(owner), narrowed, ORDERS[order], page_request(**page))
