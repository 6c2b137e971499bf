"""A set of photos with its page, total, facets and histogram, loaded on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from access.scope import Scope
from datasources.errors import SourceError
from datasources.photo_key import PhotoKey
from datasources.search.conditions import AnyOf, Field
from datasources.search.port import FacetCounts, FacetRequest, Hit, Order, Position
from datasources.tables.photos import SeenPhoto
from resolvers.context import Context, Degradation
from resolvers.errors import Forbidden
from resolvers.facet_keys import FacetBy
from resolvers.filters import Filter
from resolvers.paging import CursorCodec, PageRequest
from resolvers.search_loader import STALE, IndexPageRequest, PageResult, PhotoQuery, QueryPart, TotalRequest

DEFAULT_CONDITION = AnyOf(Field.STATE, ("ACTIVE",))
"""The condition of an empty filter: active photos."""

ORDERS = {
    "TAKEN_AT_DESC": Order.TAKEN_DESC,
    "TAKEN_AT_ASC": Order.TAKEN_ASC,
    "ADDED_AT_DESC": Order.ADDED_DESC,
    "ADDED_AT_ASC": Order.ADDED_ASC,
    "RELEVANCE": Order.RELEVANCE,
}
"""Orders by the names of the GraphQL enum."""


class Library(Enum):
    """Which part of the viewer's scope a query covers."""

    MINE = "MINE"
    SHARED_WITH_ME = "SHARED_WITH_ME"
    ALL = "ALL"

    async def scope(self, context: Context) -> Scope:
        """The named part of the viewer's scope. The own library of a guest is the album of the link."""
        if self is Library.MINE:
            return await context.own_scope()
        scope = await context.scope()
        return scope.shared_only() if self is Library.SHARED_WITH_ME else scope


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """The photos of a page with their search hits."""

    hits: Sequence[tuple[Hit, SeenPhoto]]
    has_next: bool
    has_previous: bool


_EMPTY = PhotoPage((), has_next=False, has_previous=False)


@dataclass(eq=False)
class PhotoSet:
    """A set of photos. Only the selected fields are loaded, all of them in one index call."""

    context: Context
    query: PhotoQuery
    filter: Filter
    request: PageRequest
    cursors: CursorCodec
    from_table: bool = False
    """The page is read from the table's timeline index: the viewer's own unfiltered timeline does not need the search index."""
    weights: tuple[float, ...] = ()
    best_score: float = 0.0
    """The score of a photo that matches every part of the text."""
    failures: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _pending: set[asyncio.Future[object]] = field(default_factory=set)
    _page: asyncio.Future[PhotoPage] | None = None

    async def page(self) -> PhotoPage:
        """The photos of this page. Photos deleted after the search are left out, so the page may be shorter."""
        if self.request.limit == 0:
            return _EMPTY
        return await self._load_page(self.request.limit)

    async def page_info(self) -> PhotoPage:
        """The page for `pageInfo`. With `first: 0` it has no photos, but `has_next` is correct."""
        if self.query.scope.unbounded:
            return _EMPTY
        if self.request.limit > 0:
            return await self.page()
        probe = await self._hits(1)
        return PhotoPage((), has_next=bool(probe.hits), has_previous=self.request.cursor is not None)

    async def _load_page(self, limit: int) -> PhotoPage:
        """Loads the page once; edges and page info wait for the same load."""
        if self._page is None:
            self._page = asyncio.ensure_future(self._fetch(limit))
        return await self._page

    async def _fetch(self, limit: int) -> PhotoPage:
        part = await self._hits(limit)
        photos = await self.context.photos.load_many([h.key for h in part.hits])
        pairs = [(h, p) for h, p in zip(part.hits, photos, strict=True) if p is not None]
        back, beyond = self.request.backwards, self.request.cursor is not None
        return PhotoPage(pairs[::-1], beyond, part.more) if back else PhotoPage(pairs, part.more, beyond)

    async def _hits(self, limit: int) -> PageResult:
        require_named_owner(self.query.scope)
        decoded = self.cursors.read(self.request.cursor)
        after = None if decoded is None else decoded.position
        if self.from_table:
            return await self._table_hits(limit, after)
        found = await self._request("nodes", IndexPageRequest(limit, after, self.request.backwards))
        assert isinstance(found, PageResult)
        return found

    async def _table_hits(self, limit: int, after: Position | None) -> PageResult:
        descending = (self.query.order is Order.TAKEN_DESC) is not self.request.backwards
        edge = None if after is None else (after.key, after.id)
        found, more = await self.context.sources.photos.timeline(self.query.scope, descending=descending, limit=limit, after=edge)
        return PageResult([Hit(key, Position(0.0, number, key.id)) for number, key in found], more)

    async def total(self) -> int:
        """The number of photos in the set."""
        found = await self._request("total", TotalRequest())
        assert isinstance(found, int)
        return found

    async def facet(self, by: FacetBy) -> FacetCounts:
        """Counts by one facet, without the filter's selections in the same facet."""
        if by.identifies:
            require_named_owner(self.query.scope)
        return await self._counts("facet", FacetRequest(by.field, self.filter.without(by)))

    async def histogram(self, by: Field) -> FacetCounts:
        """Counts by a time field, with the newest photo of each bucket."""
        return await self._counts("histogram", FacetRequest(by, self.query.condition, covers=not self.query.scope.unbounded))

    async def _counts(self, name: str, request: FacetRequest) -> FacetCounts:
        found = await self._request(name, request)
        assert isinstance(found, FacetCounts)
        return found

    async def _request(self, name: str, request: IndexPageRequest | TotalRequest | FacetRequest) -> object:
        if any(by.identifies for by in self.filter.selected):
            require_named_owner(self.query.scope)
        load = asyncio.ensure_future(self.context.searches.one(QueryPart(self.query, request)))
        self._pending.add(load)
        load.add_done_callback(self._pending.discard)
        found = await load
        if isinstance(found, SourceError):
            self.failures.setdefault((found.source, type(found).__name__), set()).add(name)
            raise found
        return found

    async def degradations(self) -> list[Degradation]:
        """Failures and stale results of this set; waits until all of its requested fields are loaded."""
        await asyncio.sleep(0)
        while self._pending:
            await asyncio.wait(self._pending)
        known = {(d.source, d.reason): set(d.fields) for d in self.context.degradations() if d.reason == STALE}
        for failure, fields in self.failures.items():
            known.setdefault(failure, set()).update(fields)
        return [Degradation(s, r, tuple(sorted(f))) for (s, r), f in sorted(known.items())]

    def cursor(self, position: Position) -> str:
        """The cursor of a position in this set."""
        return self.cursors.write(position, self.weights)


def require_named_owner(scope: Scope) -> None:
    """Raises `Forbidden` for a scope of all customers, where only counts by values that identify nobody are allowed."""
    if scope.unbounded:
        raise Forbidden(
            "Photos, and facets by owner, album, person or keyword, are available for one customer only. Name a customer, or "
            "request totals, histograms or other facets.",
            "NAME_A_CUSTOMER",
        )


def photo_set(context: Context, scope: Scope, compiled: Filter, order: Order, request: PageRequest) -> PhotoSet:
    """A set of photos sorted by time."""
    query = PhotoQuery(scope=scope, condition=compiled.full(), order=order)
    codec = CursorCodec(
        context.sources.cursors,
        context.viewer.key,
        (query.condition, order, scope.profile),
        lambda: context.sources.now_ms() // 1_000,
    )
    plain = query.condition == DEFAULT_CONDITION and order in {Order.TAKEN_DESC, Order.TAKEN_ASC}
    own_only = scope.own is not None and scope == scope.own_only()
    return PhotoSet(context, query, compiled, request, codec, from_table=plain and own_only)


async def counts_by_value(
    context: Context, by: Field, *, owner: str | None = None
) -> dict[str, tuple[int, PhotoKey | None, int | None]]:
    """The number of active photos, the newest photo and its sort key for each value of a field, in the viewer's scope.

    A viewer with access to all customers counts the photos of `owner`, or of all customers without newest photos.
    """
    scope = await (context.scope() if owner is None else context.scope_for([owner]))
    if scope.unbounded and owner is not None:
        scope = scope.of_owner(owner)
    query = PhotoQuery(scope=scope, condition=DEFAULT_CONDITION)
    found = await context.searches.one(QueryPart(query, FacetRequest(by, DEFAULT_CONDITION, covers=not scope.unbounded)))
    if isinstance(found, SourceError):
        raise found
    assert isinstance(found, FacetCounts)
    return {b.value: (b.count, b.cover, b.latest) for b in found.buckets}
