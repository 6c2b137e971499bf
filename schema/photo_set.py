"""Sets of photos: pages, totals, facets, histograms, however the set was asked for."""

from datetime import date
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers import facet_keys, facets
from resolvers.context import Context
from resolvers.photo_set import PhotoPage, PhotoSet
from schema.enums import FacetBy, FacetOrder, TimeUnit
from schema.fields import argument, field, value_field
from schema.node import Node, PageInfo, Total
from schema.photo import LazyPhoto, Photo


@strawberry.type(description="A span of time.")
class HistogramBucket:
    """A span of time."""

    context: strawberry.Private[Context]
    found: strawberry.Private[facets.TimeBucket]

    @field(C.TIME, "Its first day.")
    def start(self) -> date:
        return self.found.start

    @field(C.TIME, "The first day after it: give both to `takenOn`.")
    def end(self) -> date:
        return self.found.end

    @field(C.TIME, "How many photos.")
    def count(self) -> int:
        return self.found.count

    @field(C.TIME, "One of them.")
    async def cover(self) -> LazyPhoto | None:
        seen = None if self.found.cover is None else await self.context.photos.one(self.found.cover)
        return None if seen is None else Photo.of(self.context, seen)


@strawberry.type(description="Counts over time. At most 2,000 buckets: narrow the filter for days.")
class Histogram:
    """Counts over time."""

    buckets: list[HistogramBucket] = value_field(C.TIME, "Those that hold photos.")
    missing_count: int = value_field(C.TIME, "Photos without a time.")


@strawberry.type(description="One value of a property.")
class FacetBucket:
    """One value of a property."""

    context: strawberry.Private[Context]
    found: strawberry.Private[facets.NamedBucket]

    @field(C.PUBLIC, "Give it back in `PhotoFilter.facets`.")
    def key(self) -> str:
        return self.found.key

    @field(C.PUBLIC, "To show.")
    def name(self) -> str:
        return self.found.name

    @field(C.PUBLIC, "How many photos.")
    def count(self) -> int:
        return self.found.count

    @field(C.PUBLIC, "Whether the filter selects it.")
    def selected(self) -> bool:
        return self.found.selected

    @field(C.PUBLIC, "The place, person, label, album or customer it stands for.")
    async def node(self) -> Node | None:
        from schema.nodes import load_node

        return await load_node(self.context, self.found.key) if self.found.is_node else None


@strawberry.type(
    description="Counts by one property over the whole set. What was selected by `PhotoFilter.facets` for the same property "
    "is left out of its own counts."
)
class Facet:
    """Counts by one property."""

    by: FacetBy = value_field(C.PUBLIC, "The property.")
    buckets: list[FacetBucket] = value_field(C.PUBLIC, "The buckets asked for, then selected ones that would be missing.")
    other_count: int = value_field(C.PUBLIC, "Photos in the buckets not shown.")
    missing_count: int = value_field(C.PUBLIC, "Photos without a value.")
    end_cursor: str | None = value_field(C.PUBLIC, "To go on with more buckets; null at the end.")


@strawberry.type(description="A source that was late or off.")
class Degradation:
    """A source that was late or off."""

    source: str = value_field(C.PUBLIC, "Which.")
    reason: str = value_field(C.PUBLIC, "Why.")
    fields: list[str] = value_field(C.PUBLIC, "Which fields it cost.")


@strawberry.type(description="A photo in a page.")
class PhotoEdge:
    """A photo in a page."""

    cursor: str = value_field(C.PUBLIC, "To go on from.")
    node: Photo = value_field(C.OPERATIONAL, "The photo.")


@strawberry.interface(name="PhotoSet", description="A set of photos: what belongs to the whole of it, however it was asked for.")
class PhotoSetType:
    """The interface `PhotoSet`; every connection of photos inherits its resolvers."""

    context: strawberry.Private[Context]
    found: strawberry.Private[PhotoSet]

    @field(C.OPERATIONAL, "The photos of this page.")
    async def nodes(self) -> list[Photo]:
        page = await self.found.page()
        return [Photo.of(self.context, p) for _, p in page.hits]

    @field(C.PUBLIC, "Where the page lies.")
    async def page_info(self) -> PageInfo:
        page = await self.found.edges_of_page()
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=self._cursor(page, 0),
            end_cursor=self._cursor(page, -1),
        )

    @field(C.OPERATIONAL, "How many there are in all.")
    async def total(self) -> Total | None:
        count = await self.found.total()
        return Total(count=count, exact=count > 0 or not self.found.query.scope.unbounded)

    @field(C.PUBLIC, "Counts by one property.")
    async def facet(
        self,
        by: Annotated[FacetBy, argument(C.PUBLIC, "The property.")],
        first: Annotated[int | None, argument(C.PUBLIC, "How many buckets; selected ones always come besides.")] = 10,
        after: Annotated[str | None, argument(C.PUBLIC, "Only buckets after this cursor.")] = strawberry.UNSET,
        query: Annotated[str | None, argument(C.PUBLIC, "Only buckets with this in the name.")] = strawberry.UNSET,
        order: Annotated[FacetOrder | None, argument(C.PUBLIC, "In which order.")] = FacetOrder.COUNT_DESC,
        languages: Annotated[list[str] | None, argument(C.PUBLIC, "The languages of names.")] = strawberry.UNSET,
    ) -> Facet | None:
        from schema.place import chain

        wanted = facets.FacetRequest(
            facet_keys.FacetBy[by.name],
            10 if first is None else first,
            after or None,
            query if isinstance(query, str) else None,
            (order or FacetOrder.COUNT_DESC).name,
            chain(self.context, languages),
        )
        found = await facets.facet(self.found, wanted)
        return Facet(
            by=by,
            buckets=[FacetBucket(context=self.context, found=b) for b in found.buckets],
            other_count=found.other,
            missing_count=found.missing,
            end_cursor=found.end_cursor,
        )

    @field(C.TIME, "Counts over time, by the wall clock where the photos were taken, oldest first.")
    async def histogram(self, by: Annotated[TimeUnit, argument(C.PUBLIC, "The width of a bucket.")]) -> Histogram | None:
        found = await facets.histogram(self.found, by.name)
        return Histogram(
            buckets=[HistogramBucket(context=self.context, found=b) for b in found.buckets], missing_count=found.missing
        )

    @field(C.PUBLIC, "Which sources were late or off, and what that cost.")
    async def degraded(self) -> list[Degradation]:
        told = await self.found.degradations()
        return [Degradation(source=d.source, reason=d.reason, fields=list(d.fields)) for d in told]

    def _cursor(self, page: PhotoPage, at: int) -> str | None:
        return self.found.cursor(page.hits[at][0].position) if page.hits else None


@strawberry.type(description="A page of photos. Bind endless lists to `edges`: `nodes` are this page's only.")
class PhotoConnection(PhotoSetType):
    """A page of photos."""

    @classmethod
    def of(cls, found: PhotoSet) -> "PhotoConnection":
        """A set, nothing fetched yet."""
        return cls(context=found.context, found=found)

    @field(C.OPERATIONAL, "With cursors.")
    async def edges(self) -> list[PhotoEdge]:
        page = await self.found.page()
        return [PhotoEdge(cursor=self.found.cursor(h.position), node=Photo.of(self.context, p)) for h, p in page.hits]
