"""Sets of photos: a page, a total, facets and a histogram of the same photos, however they were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from access.scope import Scope
from datasources.errors import SourceError
from datasources.photo_key import PhotoKey
from datasources.search.conditions import AnyOf, Field
from datasources.search.port import FacetCounts, FacetQuestion, Hit, Order, Position
from datasources.tables.photos import SeenPhoto
from resolvers.context import Context, Degradation
from resolvers.errors import Forbidden
from resolvers.facet_keys import FacetBy
from resolvers.filters import Filter
from resolvers.paging import PageMarks, PageRequest
from resolvers.search_loader import STALE, IndexPageRequest, PagePart, Part, PhotoQuery, TotalWanted

DEFAULT_CONDITION = AnyOf(Field.STATE, ("ACTIVE",))
"""What a filter that says nothing means."""

ORDERS = {
    "TAKEN_AT_DESC": Order.TAKEN_DESC,
    "TAKEN_AT_ASC": Order.TAKEN_ASC,
    "ADDED_AT_DESC": Order.ADDED_DESC,
    "ADDED_AT_ASC": Order.ADDED_ASC,
    "RELEVANCE": Order.RELEVANCE,
}
"""The names that clients know."""


class Library(Enum):
    """Whose photos."""

    MINE = "MINE"
    SHARED_WITH_ME = "SHARED_WITH_ME"
    ALL = "ALL"

    def of(self, scope: Scope) -> Scope:
        """The part of a scope that it names."""
        if self is Library.MINE:
            return scope.mine()
        return scope.shared() if self is Library.SHARED_WITH_ME else scope


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """Photos of a page with their place in the order."""

    hits: Sequence[tuple[Hit, SeenPhoto]]
    has_next: bool
    has_previous: bool


_EMPTY = PhotoPage((), has_next=False, has_previous=False)


@dataclass(eq=False)
class PhotoSet:
    """A set that is asked for lazily: only what the client selected is fetched, all of it in one call."""

    context: Context
    query: PhotoQuery
    filter: Filter
    request: PageRequest
    marks: PageMarks
    from_table: bool = False
    """The viewer's own timeline without conditions: the table has it in order (DECISIONS 14)."""
    weights: tuple[float, ...] = ()
    best_score: float = 0.0
    """Of a photo that matches every part of a text."""
    troubles: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _pending: set[asyncio.Future[object]] = field(default_factory=set)
    _page: asyncio.Future[PhotoPage] | None = None

    async def page(self) -> PhotoPage:
        """The photos of this page. Those that vanished meanwhile are left out; the page may be short."""
        if self.request.limit == 0:
            return _EMPTY
        return await self._load(self.request.limit)

    async def edges_of_page(self) -> PhotoPage:
        """The same for `pageInfo`: of an empty page it still tells whether there are any."""
        if self.query.scope.unbounded:
            return _EMPTY
        if self.request.limit > 0:
            return await self.page()
        probe = await self._hits(1)
        return PhotoPage((), has_next=bool(probe.hits), has_previous=self.request.cursor is not None)

    async def _load(self, limit: int) -> PhotoPage:
        """Edges and page info ask at the same time: both wait for one page."""
        if self._page is None:
            self._page = asyncio.ensure_future(self._fetch(limit))
        return await self._page

    async def _fetch(self, limit: int) -> PhotoPage:
        part = await self._hits(limit)
        photos = await self.context.photos.load_many([h.key for h in part.hits])
        pairs = [(h, p) for h, p in zip(part.hits, photos, strict=True) if p is not None]
        back, beyond = self.request.backwards, self.request.cursor is not None
        return PhotoPage(pairs[::-1], beyond, part.more) if back else PhotoPage(pairs, part.more, beyond)

    async def _hits(self, limit: int) -> PagePart:
        require_named_owner(self.query.scope)
        mark = self.marks.read(self.request.cursor)
        after = None if mark is None else mark.position
        if self.from_table:
            return await self._table_hits(limit, after)
        found = await self._ask("nodes", IndexPageRequest(limit, after, self.request.backwards))
        assert isinstance(found, PagePart)
        return found

    async def _table_hits(self, limit: int, after: Position | None) -> PagePart:
        descending = (self.query.order is Order.TAKEN_DESC) is not self.request.backwards
        edge = None if after is None else (after.key, after.id)
        found, more = await self.context.sources.photos.timeline(self.query.scope, descending=descending, limit=limit, after=edge)
        return PagePart([Hit(key, Position(0.0, number, key.id)) for number, key in found], more)

    async def total(self) -> int:
        """How many photos there are in all."""
        found = await self._ask("total", TotalWanted())
        assert isinstance(found, int)
        return found

    async def facet(self, by: FacetBy) -> FacetCounts:
        """Counts by one property, its own selection left out."""
        return await self._counts("facet", FacetQuestion(by.field, self.filter.without(by)))

    async def histogram(self, by: Field) -> FacetCounts:
        """Counts of a field of time, with the newest photo of each bucket."""
        return await self._counts("histogram", FacetQuestion(by, self.query.condition, covers=not self.query.scope.unbounded))

    async def _counts(self, name: str, wanted: FacetQuestion) -> FacetCounts:
        found = await self._ask(name, wanted)
        assert isinstance(found, FacetCounts)
        return found

    async def _ask(self, name: str, wanted: IndexPageRequest | TotalWanted | FacetQuestion) -> object:
        answer = asyncio.ensure_future(self.context.questions.one(Part(self.query, wanted)))
        self._pending.add(answer)
        answer.add_done_callback(self._pending.discard)
        found = await answer
        if isinstance(found, SourceError):
            self.troubles.setdefault((found.source, type(found).__name__), set()).add(name)
            raise found
        return found

    async def degradations(self) -> list[Degradation]:
        """What sources that were late or off cost this set: known once everything asked of it has been answered."""
        await asyncio.sleep(0)
        while self._pending:
            await asyncio.wait(self._pending)
        known = {(d.source, d.reason): set(d.fields) for d in self.context.degradations() if d.reason == STALE}
        for trouble, fields in self.troubles.items():
            known.setdefault(trouble, set()).update(fields)
        return [Degradation(s, r, tuple(sorted(f))) for (s, r), f in sorted(known.items())]

    def cursor(self, position: Position) -> str:
        """To go on from here."""
        return self.marks.write(position, self.weights)


def require_named_owner(scope: Scope) -> None:
    """Raises `Forbidden` where customers are not named: over all of them there are counts, but no photos to leaf through."""
    if scope.unbounded:
        raise Forbidden("name a customer: over all of them there are totals, facets and histograms only", "NAME_A_CUSTOMER")


def photo_set(context: Context, scope: Scope, chosen: Filter, order: Order, request: PageRequest) -> PhotoSet:
    """A set in an order by time."""
    query = PhotoQuery(scope=scope, condition=chosen.full(), order=order)
    marks = PageMarks(
        context.sources.cursors,
        context.viewer.key,
        (query.condition, order, scope.profile),
        lambda: context.sources.now_ms() // 1_000,
    )
    plain = query.condition == DEFAULT_CONDITION and order in {Order.TAKEN_DESC, Order.TAKEN_ASC}
    own_only = scope.own is not None and scope == scope.mine()
    return PhotoSet(context, query, chosen, request, marks, from_table=plain and own_only)


async def counts_by_value(
    context: Context, by: Field, *, owner: str | None = None
) -> dict[str, tuple[int, PhotoKey | None, int | None]]:
    """Photos, newest photo and its place in time for each value of a field, over all active photos of the viewer's scope.

    Who has leave for every customer counts one `owner`'s, or all of them without covers.
    """
    scope = await context.scope()
    if scope.unbounded and owner is not None:
        scope = scope.of_owner(owner)
    query = PhotoQuery(scope=scope, condition=DEFAULT_CONDITION)
    found = await context.questions.one(Part(query, FacetQuestion(by, DEFAULT_CONDITION, covers=not scope.unbounded)))
    if isinstance(found, SourceError):
        raise found
    assert isinstance(found, FacetCounts)
    return {b.value: (b.count, b.cover, b.latest) for b in found.buckets}
