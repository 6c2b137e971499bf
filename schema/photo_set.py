"""Sets of photos: their pages, totals, facets and histograms."""

from datetime import date
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers import facet_keys, facets
from resolvers.context import Context
from resolvers.photo_set import PhotoPage, PhotoSet
from schema.enums import FacetBy, FacetOrder, TimeUnit
from schema.fields import argument, field, value_field
from schema.node import CURSOR, EDGES, PAGE_INFO, Languages, Node, PageInfo, Total
from schema.photo import LazyPhoto, Photo


@strawberry.type(description="The photos of one year, month or day, counted.")
class HistogramBucket:
    """A bucket of a histogram."""

    context: strawberry.Private[Context]
    found: strawberry.Private[facets.TimeBucket]

    @field(C.TIME, "First day of the bucket.")
    def start(self) -> date:
        return self.found.start

    @field(C.TIME, "First day after the bucket. `start` and `end` can be passed to the filter `takenOn`.")
    def end(self) -> date:
        return self.found.end

    @field(C.TIME, "Number of photos in the bucket.")
    def count(self) -> int:
        return self.found.count

    @field(C.TIME, "The newest photo of the bucket.")
    async def cover(self) -> LazyPhoto | None:
        seen = None if self.found.cover is None else await self.context.photos.one(self.found.cover)
        return None if seen is None else Photo.of(self.context, seen)


@strawberry.type(description="Numbers of photos over time. At most 2,000 buckets: for days, use a narrower filter.")
class Histogram:
    """Numbers of photos over time."""

    buckets: list[HistogramBucket] = value_field(C.TIME, "Buckets that contain photos, oldest first.")
    missing_count: int = value_field(C.TIME, "Number of photos without a known time.")


@strawberry.type(description="One value of a property with the number of its photos.")
class FacetBucket:
    """A bucket of a facet."""

    context: strawberry.Private[Context]
    found: strawberry.Private[facets.NamedBucket]

    @field(C.PUBLIC, "Key of the bucket. Pass it in `PhotoFilter.facets` to select the bucket.")
    def key(self) -> str:
        return self.found.key

    @field(C.PUBLIC, "Name of the bucket for display, in the requested language where it has one.")
    def name(self) -> str:
        return self.found.name

    @field(C.PUBLIC, "Number of photos in the bucket.")
    def count(self) -> int:
        return self.found.count

    @field(C.PUBLIC, "Whether `PhotoFilter.facets` selects this bucket.")
    def selected(self) -> bool:
        return self.found.selected

    @field(C.PUBLIC, "The place, person, label, album or customer of the bucket. Null for other properties.")
    async def node(self) -> Node | None:
        from schema.nodes import load_node

        return await load_node(self.context, self.found.key, Node) if self.found.is_node else None


@strawberry.type(
    description="Numbers of photos for each value of one property, over the whole set. Selections of `PhotoFilter.facets` for "
    "the same property do not reduce these counts."
)
class Facet:
    """Numbers of photos for each value of one property."""

    by: FacetBy = value_field(C.PUBLIC, "Property that the photos are counted by.")
    buckets: list[FacetBucket] = value_field(C.PUBLIC, "Buckets of this page, followed by selected buckets that are not on it.")
    other_count: int = value_field(C.PUBLIC, "Number of photos in buckets that are not shown.")
    missing_count: int = value_field(C.PUBLIC, "Number of photos without a value of the property.")
    end_cursor: str | None = value_field(C.PUBLIC, "Cursor for the next page of buckets. Null on the last page.")


@strawberry.type(description="A data source that failed or was too slow, and the fields that are affected.")
class Degradation:
    """A data source that failed or was too slow."""

    source: str = value_field(C.PUBLIC, "Name of the data source.")
    reason: str = value_field(C.PUBLIC, "Reason of the failure as a short code.")
    fields: list[str] = value_field(C.PUBLIC, "Names of the fields that are null or possibly out of date.")


@strawberry.type(description="A photo in a page, with its cursor.")
class PhotoEdge:
    """A photo with its cursor."""

    cursor: str = value_field(C.PUBLIC, CURSOR)
    node: Photo = value_field(C.OPERATIONAL, "The photo at this position.")


@strawberry.interface(name="PhotoSet", description="A set of photos with a page of it, its total, facets and histogram.")
class PhotoSetType:
    """The interface `PhotoSet`. Each connection of photos inherits its resolvers."""

    context: strawberry.Private[Context]
    found: strawberry.Private[PhotoSet]

    @field(C.OPERATIONAL, "The photos of this page, without cursors.")
    async def nodes(self) -> list[Photo]:
        page = await self.found.page()
        return [Photo.of(self.context, p) for _, p in page.hits]

    @field(C.PUBLIC, PAGE_INFO)
    async def page_info(self) -> PageInfo:
        page = await self.found.page_info()
        return PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=self._cursor(page, 0),
            end_cursor=self._cursor(page, -1),
        )

    @field(C.OPERATIONAL, "Number of photos in the whole set, over all pages.")
    async def total(self) -> Total | None:
        count = await self.found.total()
        return Total(count=count, exact=count > 0 or not self.found.query.scope.unbounded)

    @field(C.PUBLIC, "Numbers of photos for each value of one property, over the whole set.")
    async def facet(
        self,
        by: Annotated[FacetBy, argument(C.PUBLIC, "Property to count by.")],
        first: Annotated[
            int | None, argument(C.PUBLIC, "Maximum number of buckets, 0 to 200. Selected buckets are returned in addition.")
        ] = 10,
        after: Annotated[str | None, argument(C.PUBLIC, "Return only buckets after this cursor.")] = strawberry.UNSET,
        query: Annotated[str | None, argument(C.PUBLIC, "Return only buckets whose name contains this text.")] = strawberry.UNSET,
        order: Annotated[FacetOrder | None, argument(C.PUBLIC, "Sort order of the buckets.")] = FacetOrder.COUNT_DESC,
        languages: Languages = strawberry.UNSET,
    ) -> Facet | None:
        from schema.place import requested_languages

        request = facets.FacetPageRequest(
            facet_keys.FacetBy[by.name],
            10 if first is None else first,
            after or None,
            query if isinstance(query, str) else None,
            (order or FacetOrder.COUNT_DESC).name,
            requested_languages(self.context, languages),
        )
        found = await facets.facet(self.found, request)
        return Facet(
            by=by,
            buckets=[FacetBucket(context=self.context, found=b) for b in found.buckets],
            other_count=found.other,
            missing_count=found.missing,
            end_cursor=found.end_cursor,
        )

    @field(C.TIME, "Numbers of photos over time, by the local time where they were taken.")
    async def histogram(
        self, by: Annotated[TimeUnit, argument(C.PUBLIC, "Length of a bucket: year, month or day.")]
    ) -> Histogram | None:
        found = await facets.histogram(self.found, by.name)
        return Histogram(
            buckets=[HistogramBucket(context=self.context, found=b) for b in found.buckets], missing_count=found.missing
        )

    @field(C.PUBLIC, "Data sources that failed or were too slow, with the affected fields. Empty if the result is complete.")
    async def degraded(self) -> list[Degradation]:
        degradations = await self.found.degradations()
        return [Degradation(source=d.source, reason=d.reason, fields=list(d.fields)) for d in degradations]

    def _cursor(self, page: PhotoPage, at: int) -> str | None:
        return self.found.cursor(page.hits[at][0].position) if page.hits else None


@strawberry.type(description="A page of photos with the total, facets and histogram of the whole set.")
class PhotoConnection(PhotoSetType):
    """A page of photos."""

    @classmethod
    def of(cls, found: PhotoSet) -> "PhotoConnection":
        """Returns the connection of a set. Nothing is fetched yet."""
        return cls(context=found.context, found=found)

    @field(C.OPERATIONAL, EDGES)
    async def edges(self) -> list[PhotoEdge]:
        page = await self.found.page()
        return [PhotoEdge(cursor=self.found.cursor(h.position), node=Photo.of(self.context, p)) for h, p in page.hits]
