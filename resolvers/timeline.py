"""Sets of photos in an order by time: the timeline, an album, a customer's."""

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
    """The photos of a scope under a filter; `page` holds Relay's four arguments."""
    chosen = compile_filter(given, context.sources.ids)
    return photo_set(context, scope, chosen, ORDERS[order], page_request(**page))


def in_album(context: Context, scope: Scope, album: tuple[str, str], given: Any, order: str, page: Mapping[str, Any]) -> PhotoSet:
    """The same of one album, (owner, local id)."""
    chosen = compile_filter(given, context.sources.ids)
    owner, album_id = album
    within = All((AnyOf(Field.ALBUM, (album_id,)), chosen.condition))
    narrowed = Filter(within, chosen.selections, chosen.selected)
    return photo_set(context, scope.of_owner(owner), narrowed, ORDERS[order], page_request(**page))
